"""Run one test in one fresh box and say what the supervisor saw.

Example: ``passed`` needs the returned nonce and then the end of the box: with status 0, or still
on its way out when the conversation was over. A box that was stopped at a limit has not passed.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Limits
from benchserver.engines.judges.build import Built
from benchserver.engines.judges.unittests.handover import Word, hand_over, read_list
from benchserver.engines.sandbox.base import BoxResult, Ending, Sandbox


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    word: Word
    result: BoxResult

    @property
    def passed(self) -> bool:
        """SIGNALLED: it had closed the line after the nonce, and the supervisor cleared it away."""
        ended = self.result.ending
        ended_well = ended is Ending.SIGNALLED or (
            ended is Ending.EXITED and self.result.exit_code == 0
        )
        return ended_well and self.word is Word.RETURNED


def run_test(built: Built, name: str, limits: Limits, sandbox: Sandbox) -> Run:
    """One test by its id. Raises ``PlatformFault`` when the host starved the box."""
    request = built.request(limits=limits, arguments=("run", name))
    word, result = sandbox.converse(request, hand_over)
    _refuse_starved(result)
    return Run(word=word, result=result)


def list_tests(built: Built, limits: Limits, sandbox: Sandbox) -> tuple[str, ...]:
    """The ids that the runner lists; the solution in the box must be a trusted one."""
    request = built.request(limits=limits, arguments=("list",))
    names, result = sandbox.converse(request, read_list)
    _refuse_starved(result)
    return names


def _refuse_starved(result: BoxResult) -> None:
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
