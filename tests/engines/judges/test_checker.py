"""A task's own checker decides what is right, and no output can break the judging."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Tool
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.tasks import program_task

# Right is any two numbers with the sum that the input asks for.
SUMS = """
import sys
total = int(open(sys.argv[1]).read())
a, b = map(int, sys.stdin.read().split())
exit(42 if a + b == total else 43)
"""


def task_with(source: str):
    task = program_task(("7\n", "3 4\n"))
    checker = Tool(language="python", files=(("check.py", source),))
    return replace(task, tests=replace(task.tests, checker=checker))


@pytest.mark.parametrize(
    ("code", "verdict", "detail"),
    [
        ("print(3, 4)", Verdict.PASSED, ""),
        ("n = int(input()); print(n - 1, 1)", Verdict.PASSED, ""),
        ("print(3, 5)", Verdict.WRONG_ANSWER, "case 0"),
        ("print('seven')", Verdict.WRONG_ANSWER, "the checker broke case 0"),
        ("", Verdict.NO_CODE, ""),
        ("print(3, 4); exit(1)", Verdict.RUNTIME_ERROR, "exited 1 case 0"),
    ],
)
def test_the_checker_decides(code: str, verdict: Verdict, detail: str, sandbox: Sandbox) -> None:
    found = judge(task=task_with(SUMS), code=code, sandbox=sandbox)
    assert (found.verdict, found.detail) == (verdict, detail)


def test_the_checker_and_the_answer_are_not_in_the_candidates_box(sandbox: Sandbox) -> None:
    code = """
import os
seen = [name for folder in ("/box", "/tmp") for name in os.listdir(folder)]
print(*(seen if {"case.in", "case.ans", "check.py"} & set(seen) else (3, 4)))
"""
    assert judge(task=task_with(SUMS), code=code, sandbox=sandbox).passed


def test_an_exit_status_of_the_candidate_is_no_verdict(sandbox: Sandbox) -> None:
    found = judge(task=task_with(SUMS), code="import os\nos._exit(42)", sandbox=sandbox)
    assert found.verdict is Verdict.RUNTIME_ERROR


def test_a_checker_that_cannot_judge_its_own_answer_is_our_fault(sandbox: Sandbox) -> None:
    for source in ("1 / 0", "exit(0)", "import os; os.abort()"):
        with pytest.raises(PlatformFault, match="checker"):
            judge(task=task_with(source), code="print(3, 4)", sandbox=sandbox)
