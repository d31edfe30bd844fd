"""A task's own checker decides: in a box of its own, with the candidate's output as mere data.

It reads input, answer and output, and never meets the candidate's box. A checker that dies of an
output is no judge's failure when it can still judge the author's own answer: then the output is
wrong, or every answer could be made unjudgeable. Example: an output without the integer that the
checker's ``assert`` expects.
"""

from __future__ import annotations

from benchserver.core.errors import PlatformFault
from benchserver.core.task import ProgramCase, Tool
from benchserver.engines.judges.tools import answer_of, tool_box
from benchserver.engines.sandbox.base import Sandbox


def check(*, tool: Tool, case: ProgramCase, output: bytes, sandbox: Sandbox) -> tuple[bool, str]:
    """Whether ``output`` is right, and a word when the checker could not say.

    Raises ``PlatformFault`` when the checker does not even judge the author's answer.
    """
    request = tool_box(tool, case, sandbox)
    said = answer_of(sandbox.run(request, stdin=output))
    if said is not None:
        return said, ""
    if answer_of(sandbox.run(request, stdin=case.expected.encode())) is None:
        raise PlatformFault("checker", "it cannot judge the answer of its own author")
    return False, "the checker broke"
