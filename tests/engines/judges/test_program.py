"""Programs by stdin and stdout: what passes, what fails, and as what."""

from __future__ import annotations

import pytest

from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.tasks import program_task

DOUBLE = program_task(("1\n", "2\n"), ("21\n", "42\n"))


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("print(2 * int(input()))", Verdict.PASSED),
        ("import sys\nprint(2 * int(sys.stdin.read()))\nexit()", Verdict.PASSED),
        ("if __name__ == '__main__': print(2 * int(input()))", Verdict.PASSED),
        ("print(2)", Verdict.WRONG_ANSWER),
        ("print(2 * int(input()), file=__import__('sys').stderr)", Verdict.WRONG_ANSWER),
        ("print(2 * int(input()))\nraise SystemExit(1)", Verdict.RUNTIME_ERROR),
        ("print(2 * int(input()))\n1 / 0", Verdict.RUNTIME_ERROR),
        ("print(2 * int(input())", Verdict.COMPILE_ERROR),
        ("print('\0')", Verdict.COMPILE_ERROR),
        ("", Verdict.NO_CODE),
        ("while True: pass", Verdict.TIME_LIMIT),
        ("import time\ntime.sleep(900)", Verdict.TIME_LIMIT),
        ("while True: print('x' * 1000)", Verdict.OUTPUT_LIMIT),
        ("x = [0] * (1 << 26)\nx = [list(range(10 ** 6)) for _ in x]", Verdict.MEMORY_LIMIT),
    ],
)
def test_verdicts(code: str, verdict: Verdict, sandbox: Sandbox) -> None:
    assert judge(task=DOUBLE, code=code, sandbox=sandbox).verdict is verdict


def test_every_case_runs_in_a_box_of_its_own(sandbox: Sandbox) -> None:
    code = """
import os
print(2 * int(input()) if not os.path.exists('/tmp/seen') else 'remembered')
open('/tmp/seen', 'w').close()
"""
    assert judge(task=DOUBLE, code=code, sandbox=sandbox).passed


def test_the_failing_case_is_named_by_number(sandbox: Sandbox) -> None:
    found = judge(task=DOUBLE, code="print(2)", sandbox=sandbox)
    assert found.detail == "case 1"


def test_numbers_may_differ_within_the_tolerance(sandbox: Sandbox) -> None:
    task = program_task(("3\n", "0.333333\n"), comparator="float", tolerance="1e-4")
    assert judge(task=task, code="print(1 / int(input()))", sandbox=sandbox).passed
    assert not judge(task=task, code="print(float('nan'))", sandbox=sandbox).passed
