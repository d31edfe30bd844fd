"""Run the example pool's own programs here and now, without a sandbox.

They are part of this project and harmless; the sandboxed judge sees them too, but on fewer cases.
"""

from __future__ import annotations

import contextlib
import copy
import io
import sys
from collections.abc import Callable
from typing import Any

from benchserver.core.task import CallCases, ProgramCases, TaskSpec
from benchserver.engines.judges import compare, wire


def first_failure(task: TaskSpec, code: str) -> int | None:
    """Number (from 1) of the first case the code fails, or None when it passes all."""
    tests = task.tests
    if isinstance(tests, ProgramCases):
        checks = [_program_check(code, c.stdin, c.expected) for c in tests.cases]
    else:
        assert isinstance(tests, CallCases)
        checks = [_call_check(task, code, c.args, c.expected) for c in tests.cases]
    limit = sys.getrecursionlimit()
    try:
        return next((n for n, check in enumerate(checks, start=1) if not _holds(check)), None)
    finally:
        sys.setrecursionlimit(limit)


def _holds(check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (Exception, SystemExit):
        return False


def _program_check(code: str, stdin: str, expected: str) -> Callable[[], bool]:
    def check() -> bool:
        return compare.same_text(_printed(code, stdin), expected, comparator="tokens")

    return check


def _printed(code: str, stdin: str) -> str:
    out, before = io.StringIO(), sys.stdin
    sys.stdin = io.StringIO(stdin)
    try:
        with contextlib.redirect_stdout(out):
            exec(compile(code, "solution", "exec"), {"__name__": "__main__"})
    finally:
        sys.stdin = before
    return out.getvalue()


def _call_check(task: TaskSpec, code: str, args: Any, expected: Any) -> Callable[[], bool]:
    def check() -> bool:
        names: dict[str, Any] = {}
        exec(compile(code, "solution", "exec"), names)
        answer = names[task.entry_point](*copy.deepcopy([wire.decode(a) for a in args]))
        return compare.same(answer, wire.decode(expected))

    return check
