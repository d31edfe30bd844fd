"""Who failed? The four families of failure, which never mix.

A wrong program is a *verdict* (see ``verdict.py``) and no exception at all. Exceptions are for
everything else: the endpoint failed, we failed, or somebody handed in something malformed.
Example: a model's 429 raises ``EndpointFault``; a sandbox that cannot start raises
``PlatformFault``; a task folder without tests raises ``BadInput`` that names file and mend.

No message of these classes ever holds task text, tests, replies or keys: they are logged.
"""

from __future__ import annotations


class BenchserverError(Exception):
    """Root of all errors this project raises on purpose."""


class BadInput(BenchserverError):
    """Somebody's input is malformed: says where, what and how to mend it.

    ``place`` is a file, file:line, field or argument; ``mend`` is one imperative sentence.
    """

    def __init__(self, problem: str, *, place: str = "", mend: str = "", code: str = "bad_input"):
        self.problem = problem
        self.place = place
        self.mend = mend
        self.code = code
        super().__init__(str(self))

    def __str__(self) -> str:
        head = f"{self.place}: {self.problem}" if self.place else self.problem
        return f"{head}. {self.mend}" if self.mend else head


class NotAllowed(BenchserverError):
    """The request is well formed but a rule forbids it now (quota, exposure, state)."""

    def __init__(self, reason: str, *, code: str, mend: str = ""):
        self.reason = reason
        self.code = code
        self.mend = mend
        super().__init__(f"{reason}. {mend}" if mend else reason)


class PlatformFault(BenchserverError):
    """We failed: worker, sandbox, database, key. Never counted against a model."""

    def __init__(self, code: str, detail: str = ""):
        self.code = code
        self.detail = detail
        super().__init__(f"{code}: {detail}" if detail else code)


class UnusableEndpoint(BenchserverError):
    """What an endpoint is set up with does not fit our rules (any more): its provider can change
    it, sending again cannot."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


class MissingPart(PlatformFault):
    """A part this machine needs is missing; ``mend`` is the one line that supplies it."""

    def __init__(self, part: str, *, mend: str):
        self.part = part
        self.mend = mend
        super().__init__("missing_part", f"{part}. {mend}")
