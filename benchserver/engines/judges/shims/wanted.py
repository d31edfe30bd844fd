"""What a shim must know of a task, and where our own sources lie (``sources/``).

Example: ``Wanted(entry_point="f", arity=2)`` for a function of two arguments.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchserver.core.errors import PlatformFault
from benchserver.core.task import CallCases, TaskSpec

_SOURCES = Path(__file__).parent / "sources"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """``signature``: the head the task declares (C); ``prompt_code``: trusted code it shows."""

    entry_point: str
    arity: int
    signature: str = ""
    prompt_code: str = ""


def wanted_of(task: TaskSpec, tests: CallCases) -> Wanted:
    """Raises ``PlatformFault`` when the *task* cannot be put to any candidate."""
    arities = {len(case.args) for case in tests.cases}
    if len(arities) != 1:
        raise PlatformFault("task_shape", "all cases need the same number of arguments")
    if not (task.entry_point.isidentifier() and task.entry_point.isascii()):
        raise PlatformFault("task_shape", "the entry point is not a name")
    return Wanted(
        entry_point=task.entry_point,
        arity=arities.pop(),
        signature=tests.signature,
        prompt_code=task.prompt_code,
    )


@cache
def shim(*names: str) -> str:
    """Our sources of these names one after the other, e.g. ``cpp/json.h``."""
    return "\n".join((_SOURCES / name).read_text(encoding="utf-8") for name in names)
