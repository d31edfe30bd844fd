"""Tasks for one function in any language."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchserver.core.task import CallCase, CallCases, CheckScript, Limits, Shape, State, TaskSpec

LIMITS = Limits(cpu_milliseconds=1500, memory_bytes=96 * 2**20, output_bytes=100_000)


def cases(
    language: str,
    *pairs: tuple[Sequence[Any], Any],
    state: State = State.SHARED,
    signature: str = "",
    name: str = "f",
) -> TaskSpec:
    """``pairs``: (arguments, expected), as wire values."""
    made = tuple(CallCase(args=tuple(args), expected=expected) for args, expected in pairs)
    tests = CallCases(cases=made, state=state, signature=signature)
    return _task(language, tests, name)


def script(language: str, text: str, *, setup: str = "", names: str = "f") -> TaskSpec:
    tests = CheckScript(setup=setup, script=text, proxies=tuple(names.split()))
    return _task(language, tests, tests.proxies[0])


def _task(language: str, tests: CallCases | CheckScript, name: str) -> TaskSpec:
    return TaskSpec(
        source_id="t/1",
        shape=Shape.FUNCTION,
        statement="",
        tests=tests,
        reference="",
        language=language,
        entry_point=name,
        limits=LIMITS,
    )
