"""Which judge: a literal table from a task's shape to its judge. Example: ``judge(task=..., ...)``
sends a FUNCTION task to the function judge; a new shape is one file and one line here."""

from __future__ import annotations

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Shape, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.base import Judge
from benchserver.engines.judges.compose import MAX_CODE
from benchserver.engines.judges.endings import isolation_of
from benchserver.engines.judges.function import judge_function
from benchserver.engines.judges.program import judge_program
from benchserver.engines.judges.unittests.judge import judge_unittests
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox

JUDGES: dict[Shape, Judge] = {
    Shape.FUNCTION: judge_function,
    Shape.PROGRAM: judge_program,
    Shape.UNITTESTS: judge_unittests,
}


def judge(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
    """Judge ``code`` against ``task``. Raises ``PlatformFault`` when we failed, never a model."""
    if not code.strip():
        return Judgement(verdict=Verdict.NO_CODE, isolation=isolation_of(sandbox))
    if len(code) > MAX_CODE:
        return Judgement(
            verdict=Verdict.COMPILE_ERROR, detail="too long", isolation=isolation_of(sandbox)
        )
    if task.language not in LANGUAGES:
        raise PlatformFault("language", f"no judge for {task.language}")
    return JUDGES[task.shape](task=task, code=code, sandbox=sandbox)
