"""The contract of a sandbox: run untrusted code, report what truly happened, leave nothing.

One ``Box`` is made fresh for every request and never used again. Example: the judge asks for
``/usr/bin/python3 -I -S /box/main.py`` with 2 s of CPU; it gets back how the process ended, its
CPU and memory, and at most ``output_bytes`` of stdout. Whether that is right is the judge's affair.

Promises every engine keeps (``tests/contracts/test_sandbox.py`` runs them on each):
no network of any family, an empty environment, read-only file system except a small sized
scratch, no process left when the call returns, output capped by the reader, kill of the whole
tree, never any host path shared with the box. A sandbox that cannot start raises
``PlatformFault`` ("we failed"); a program that fails is a ``BoxResult``. Never a silent step down
to a weaker level: ``level`` says what was proved by ``probe()``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol, TypeVar

T = TypeVar("T")


class Level(StrEnum):
    """D21. FULL: everything incl. cgroup. RLIMITS: no cgroup available (demo, grade)."""

    FULL = "full"
    RLIMITS = "rlimits"


class Ending(StrEnum):
    """How the box ended, as the supervisor saw it (never as the candidate said)."""

    EXITED = "exited"
    SIGNALLED = "signalled"
    CPU_LIMIT = "cpu_limit"
    MEMORY_LIMIT = "memory_limit"
    OUTPUT_LIMIT = "output_limit"
    IDLE_LIMIT = "idle_limit"  # wall limit reached while the program waited by its own choice
    STARVED = "starved"  # wall limit reached because the host was busy: ours, retry


class OwnProgram(bytes):
    """A compiled program of *ours* (``.pyc``) that many boxes start by its ``main()``.

    An engine may keep it loaded in an interpreter that never runs anything else, and then need
    not lay it into the box. Nothing that came from outside may ever be marked so.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxRequest:
    """What to run. ``files`` appear read-only under ``/box``; cwd is a small writable ``/tmp``.

    ``argv[0]`` is a path inside the box, or ``python3``: the engine knows where its Python lies.
    ``files``: inner paths (``main.py``, ``src/a.rs``); those in ``executables`` may be executed.
    ``environment``: the whole environment beside PATH and LANG. ``toolchain``: a language whose
    prepared, read-only caches appear under ``/toolchain`` (docker: whose image is used).
    ``address_bytes``: address space that a runtime reserves beyond its memory (JVM, V8, Go).
    """

    argv: tuple[str, ...]
    files: Mapping[str, bytes] = field(default_factory=dict)
    executables: frozenset[str] = frozenset()
    environment: Mapping[str, str] = field(default_factory=dict)
    toolchain: str = ""
    address_bytes: int = 0
    cpu_seconds: float = 10.0
    wall_seconds: float = 60.0
    memory_bytes: int = 256 * 2**20
    output_bytes: int = 2**20
    scratch_bytes: int = 16 * 2**20
    processes: int = 64

    def __repr__(self) -> str:
        return f"<BoxRequest {self.argv[0]}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class BoxResult:
    """What happened. ``exit_code`` is meaningful only when ``ending`` is EXITED."""

    ending: Ending
    exit_code: int
    stdout: bytes
    stderr: bytes
    cpu_seconds: float
    wall_seconds: float
    memory_bytes: int

    def __repr__(self) -> str:
        return f"<BoxResult {self.ending} {self.exit_code}>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarantee:
    """One line of the start-up probe: what was attacked, whether it held, what it means."""

    name: str
    held: bool
    detail: str


class Sandbox(Protocol):
    """One isolation engine. Thread-safe: many boxes may run at once."""

    name: str
    level: Level

    def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
        """Run one box to its end with ``stdin`` and capture stdout/stderr."""
        ...

    def run_pair(
        self, *, examiner: BoxRequest, candidate: BoxRequest
    ) -> tuple[BoxResult, BoxResult]:
        """Run two boxes joined by two pipes (fd 3 reads from, fd 4 writes to the other side).

        The examiner's stdout is captured (its report); the candidate's stdin and stdout are empty
        and dropped. When the examiner ends, the candidate is killed.
        """
        ...

    def converse(self, candidate: BoxRequest, talk: Callable[[int, int], T]) -> tuple[T, BoxResult]:
        """Like ``run_pair``, with a function of ours on the other side instead of a box.

        ``talk(reading, writing)`` gets our ends of the two pipes and runs in a thread of its own,
        its answer is returned, its exception raised. When it ends, the candidate is killed; when
        the candidate ends, ``talk`` reads end-of-file. It must not close the descriptors.
        """
        ...

    def probe(self) -> tuple[Guarantee, ...]:
        """Attack a real box; raise ``MissingPart`` when a mandatory guarantee does not hold."""
        ...

    def close(self) -> None:
        """Remove whatever the engine keeps (cgroups, pools). Idempotent."""
        ...
