"""Small tasks for judge tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchserver.core.task import (
    CallCase,
    CallCases,
    CheckScript,
    Limits,
    ProgramCase,
    ProgramCases,
    Shape,
    TaskSpec,
    Tests,
)

SMALL = Limits(cpu_milliseconds=800, memory_bytes=96 * 2**20, output_bytes=100_000)


def _task(tests: Tests, *, shape: Shape, entry_point: str = "", limits: Limits = SMALL) -> TaskSpec:
    return TaskSpec(
        source_id="t/1",
        shape=shape,
        statement="",
        tests=tests,
        reference="",
        entry_point=entry_point,
        limits=limits,
    )


def script_task(
    script: str, *, setup: str = "", proxies: tuple[str, ...] = ("f",), limits: Limits = SMALL
) -> TaskSpec:
    """A function task judged by test code."""
    tests = CheckScript(setup=setup, script=script, proxies=proxies)
    return _task(tests, shape=Shape.FUNCTION, entry_point=proxies[0], limits=limits)


def cases_task(cases: Sequence[tuple[Sequence[Any], Any]], *, tolerance: str = "") -> TaskSpec:
    """A function task judged by data: pairs of (arguments, expected), as wire values."""
    tests = CallCases(
        cases=tuple(CallCase(args=tuple(args), expected=expected) for args, expected in cases),
        tolerance=tolerance,
    )
    return _task(tests, shape=Shape.FUNCTION, entry_point="f")


def program_task(
    *cases: tuple[str, str], comparator: str = "tokens", tolerance: str = ""
) -> TaskSpec:
    """A stdin/stdout task of (stdin, expected) pairs."""
    tests = ProgramCases(
        cases=tuple(ProgramCase(stdin=stdin, expected=expected) for stdin, expected in cases),
        comparator=comparator,
        tolerance=tolerance,
    )
    return _task(tests, shape=Shape.PROGRAM)
