"""Is a task good enough? Planted bad tasks must be caught by the gate that is meant for them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchserver import wiring
from benchserver.core import solution
from benchserver.core.task import CallCase, CallCases, Shape, Split, TaskSpec, UnitTests
from benchserver.core.verdict import Judgement, Verdict
from benchserver.pools.intake import (
    REFERENCE_RUNS,
    Beside,
    Effort,
    examine,
    examine_all,
    null_solutions,
)
from tests import factories

GOOD = factories.task(3, Split.PRIVATE)


def held(report) -> dict[str, bool]:
    return {gate.name: gate.held for gate in report.gates}


def test_in_the_real_sandbox_a_good_task_passes_and_planted_bad_ones_do_not(wired):
    judging = wiring.judging()
    beside = Beside(wrong=["def shift_3(x):\n    return x - 3\n"])
    good = examine(GOOD, judging=judging, beside=beside)
    names = ("reference", "null_solutions", "wrong_solutions", "mutants")
    assert held(good) == dict.fromkeys(names, True)
    assert good.good
    assert good.first_fault() == ""
    # its tests accept a function that returns nothing
    lazy = CallCases(cases=(CallCase(args=(1,), expected=None),))
    accepts_none = replace(GOOD, tests=lazy, reference="def shift_3(x):\n    return None\n")
    report = examine(accepts_none, judging=judging)
    assert held(report) == {"reference": True, "null_solutions": False}
    assert report.first_fault() == "null_solutions: 5 of 6 rejected"
    # its reference does not solve it
    failing = examine(replace(GOOD, reference="def shift_3(x):\n    return x\n"), judging=judging)
    assert held(failing) == {"reference": False}
    assert "0 of 3 runs passed, last verdict wrong_answer" in failing.first_fault()
    # its reference solves it as it pleases
    flaky = "import random\ndef shift_3(x):\n    return x + random.choice([0, 1, 2, 3, 4, 5, 6])\n"
    assert held(examine(replace(GOOD, reference=flaky), judging=judging)) == {"reference": False}


def counted(verdicts):
    """A judge that says these verdicts in turn, and how often it was asked."""
    asked: list[str] = []

    def judging(task: TaskSpec, code: str) -> Judgement:
        asked.append(code)
        return Judgement(verdict=verdicts[len(asked) - 1])

    return judging, asked


def test_one_flaky_run_of_the_reference_is_enough_to_refuse():
    judging, asked = counted([Verdict.PASSED, Verdict.TIME_LIMIT, Verdict.PASSED])
    report = examine(GOOD, judging=judging)
    assert len(asked) == REFERENCE_RUNS  # and no further gate is tried
    assert report.first_fault() == "reference: 2 of 3 runs passed, last verdict time_limit"


@pytest.mark.parametrize(("runs", "bound"), [(3, "63.2%"), (30, "9.5%")])
def test_the_report_says_which_rate_of_flips_so_many_runs_still_allow(runs, bound):
    verdicts = [Verdict.PASSED] * runs + [Verdict.WRONG_ANSWER] * 99
    report = examine(
        GOOD,
        judging=counted(verdicts)[0],
        beside=Beside(wrong=["a"] * 30),
        effort=Effort(runs=runs),
    )
    figures = {gate.name: gate.figure for gate in report.gates}
    assert figures["reference"] == f"{runs} of {runs} runs passed, flips in at most {bound} of runs"
    assert figures["wrong_solutions"] == "30 of 30 rejected, at most 9.5% of such get through"
    assert report.reference_runs == runs


def test_a_wrong_solution_of_the_author_that_passes_refuses_the_task():
    nulls = len(null_solutions(GOOD))
    judging, _ = counted(
        [Verdict.PASSED] * 3 + [Verdict.WRONG_ANSWER] * (nulls + 1) + [Verdict.PASSED]
    )
    report = examine(GOOD, judging=judging, beside=Beside(wrong=["a", "b"]))
    assert report.first_fault() == "wrong_solutions: 1 of 2 rejected"
    assert report.gauge is None  # faults tell nothing of such a task


def test_another_right_solution_that_fails_refuses_the_task():
    judging, _ = counted([Verdict.PASSED] * (REFERENCE_RUNS + 1) + [Verdict.WRONG_ANSWER])
    report = examine(GOOD, judging=judging, beside=Beside(right=["a", "b"]))
    assert report.first_fault() == "right_solutions: 1 of 2 other right solutions passed"


def test_without_mutants_nothing_is_said_of_them():
    judging, _ = counted([Verdict.PASSED] * REFERENCE_RUNS + [Verdict.WRONG_ANSWER] * 9)
    report = examine(GOOD, judging=judging, effort=Effort(mutants=0))
    assert held(report) == {"reference": True, "null_solutions": True}


@pytest.mark.parametrize("shape", list(Shape))
def test_the_empty_program_is_among_what_solves_nothing(shape):
    codes = null_solutions(replace(GOOD, shape=shape))
    assert "" in codes
    assert len(codes) == len(set(codes)) >= 4


def test_blank_files_solve_no_exercise():
    tests = UnitTests(framework="catch2", files=(), solution_files=("a.cpp", "a.h"))
    task = replace(GOOD, shape=Shape.UNITTESTS, tests=tests)
    empty, blank = null_solutions(task)
    assert empty == ""
    assert solution.split(blank) == {"a.cpp": "\n", "a.h": "\n"}


def test_reports_come_in_the_order_of_the_tasks_and_hold_no_content():
    tasks = [replace(GOOD, source_id=str(n)) for n in range(6)]
    right = {t.reference for t in tasks}

    def judging(task, code):
        return Judgement(verdict=Verdict.PASSED if code in right else Verdict.WRONG_ANSWER)

    reports = list(examine_all(tasks, judging=judging, beside=lambda _: Beside(), workers=3))
    assert [report.source_id for report in reports] == list("012345")
    assert all(report.good for report in reports)
    assert "shift_3" not in "".join(repr(report) for report in reports)


def canary(reference: str, statement: str = "Return the launch code.") -> TaskSpec:
    spec = factories.task(3, Split.CANARY)
    return replace(spec, statement=statement, reference=reference)


@pytest.mark.parametrize(
    ("reference", "statement", "good"),
    [
        ("def shift_3(x):\n    return 8231907456612\n", "Return the launch code.", True),
        ("def shift_3(x):\n    return 'k7q2zt91xp'\n", "Return the launch code.", True),
        ("def shift_3(x):\n    return 82319074\n", "Return the launch code.", False),
        ("def shift_3(x):\n    return 8231907456612\n", "Return 8231907456612.", False),
        ("def shift_3(x):\n    return x + 3\n", "Add 3.", False),
        ("def shift_3(x):\n    return 'a-{{salt}}-b'\n", "Use {{salt}}.", False),
    ],
)
def test_a_canary_task_needs_a_constant_that_nobody_is_shown(reference, statement, good) -> None:
    judging, _ = counted([Verdict.PASSED] * REFERENCE_RUNS + [Verdict.WRONG_ANSWER] * 20)
    report = examine(canary(reference, statement), judging=judging)
    assert held(report)["unsolvable"] is good
    assert report.good is good
    if not good:
        assert report.first_fault().startswith("unsolvable: a constant of")
        assert "8231907456612" not in report.first_fault()
