"""Scored subtasks: points for whole groups, and a pass only for all points."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.task import Subtask
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.judges.subtasks import judge_subtasks
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.tasks import program_task

SUBTASKS = (
    Subtask(name="small", points=30, cases=(0, 1)),
    Subtask(name="large", points=70, cases=(1, 2, 3)),
)


def outcomes(failing: dict[int, Verdict], judged: list[int] | None = None):
    def judge_case(number: int) -> Judgement:
        if judged is not None:
            judged.append(number)
        verdict = failing.get(number, Verdict.PASSED)
        return Judgement(verdict=verdict, cpu_seconds=1, memory_bytes=number, detail=str(number))

    return judge_case


def test_all_points_are_a_pass() -> None:
    found = judge_subtasks(SUBTASKS, outcomes({}))
    assert (found.verdict, found.points, found.points_total) == (Verdict.PASSED, 100, 100)
    assert (found.cpu_seconds, found.memory_bytes) == (4, 3)


def test_a_failed_group_costs_its_points_and_names_the_verdict() -> None:
    found = judge_subtasks(SUBTASKS, outcomes({3: Verdict.TIME_LIMIT}))
    assert (found.verdict, found.points, found.detail) == (Verdict.TIME_LIMIT, 30, "3")
    both = judge_subtasks(SUBTASKS, outcomes({1: Verdict.WRONG_ANSWER, 3: Verdict.TIME_LIMIT}))
    assert both.points == 0


@given(st.dictionaries(st.integers(0, 3), st.just(Verdict.WRONG_ANSWER)))
def test_points_are_those_of_the_groups_without_a_failure(failing: dict[int, Verdict]) -> None:
    judged: list[int] = []
    found = judge_subtasks(SUBTASKS, outcomes(failing, judged))
    earned = sum(s.points for s in SUBTASKS if not set(s.cases) & set(failing))
    assert found.points == earned
    assert found.passed is (earned == 100)
    assert len(judged) == len(set(judged)), "no case is judged twice"


def test_a_group_stops_at_its_first_failure() -> None:
    judged: list[int] = []
    one = (Subtask(name="all", points=1, cases=tuple(range(50))),)
    judge_subtasks(one, outcomes(dict.fromkeys(range(50), Verdict.WRONG_ANSWER), judged))
    assert len(judged) == 1


def test_a_program_earns_what_its_cases_earn(sandbox: Sandbox) -> None:
    task = program_task(("1\n", "1\n"), ("2\n", "4\n"), ("9\n", "81\n"), ("0\n", "shown"))
    groups = (
        Subtask(name="a", points=1, cases=(0,)),
        Subtask(name="b", points=2, cases=(1, 2)),
    )
    task = replace(task, tests=replace(task.tests, subtasks=groups))
    for code, points in (
        ("print(int(input()) ** 2)", 3),
        ("n = int(input()); print(n * n if n < 5 else 0)", 1),
        ("print(0)", 0),
    ):
        found = judge(task=task, code=code, sandbox=sandbox)
        assert (found.points, found.points_total) == (points, 3)
        assert found.passed is (points == 3)
