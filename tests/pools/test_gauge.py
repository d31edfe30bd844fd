"""Do the tests notice small faults? Weak ones are told, blind ones are refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchserver import wiring
from benchserver.core.mutants import mutants
from benchserver.core.task import CallCase, CallCases, Split, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.pools.gauge import FIRST, MOST, Gauge, Reach, gauge
from benchserver.pools.intake import Beside, Effort, examine
from tests import factories

# 12 and more places for a fault, so that a few of them say little
CODE = """def shift_3(x):
    total = x + 1
    total = total + 1
    if x > 1000:
        return total + 1
    if x < -1000:
        return 1 + total
    for step in range(1):
        total = total + 1
    return total
"""
LONG = replace(factories.task(3, Split.PRIVATE), reference=CODE)
EVERY = mutants(CODE, most=MOST)


def killing(survivors) -> tuple:
    """A judge whom these mutants get past, and what it was asked."""
    asked: list[tuple[TaskSpec, str]] = []
    alive = {m.code for m in survivors}

    def judging(task: TaskSpec, code: str) -> Judgement:
        asked.append((task, code))
        lives = code in alive or code == CODE
        return Judgement(verdict=Verdict.PASSED if lives else Verdict.WRONG_ANSWER)

    return judging, asked


def measured(survivors, *, equivalent=(), most=MOST, cpu_seconds=0.1) -> tuple[Gauge, list]:
    judging, asked = killing(survivors)
    found = gauge(
        LONG,
        judging=judging,
        wrong=(),
        equivalent=equivalent,
        most=most,
        cpu_seconds=cpu_seconds,
    )
    return found, asked


def test_twelve_killed_mutants_are_enough_and_no_more_are_tried():
    found, asked = measured([])
    assert len(asked) == FIRST < len(EVERY)
    assert (found.tried, found.killed, found.enough) == (FIRST, FIRST, True)
    assert found.figure == "12 of 12 mutants killed (100%, 76% to 100%)"


def test_one_that_lives_has_all_of_them_tried_and_its_author_told():
    found, asked = measured(EVERY[:1])
    assert len(asked) == len(EVERY)
    assert found.enough  # one of so many
    assert [m.key for m in found.survivors] == [EVERY[0].key]
    weak, _ = measured(EVERY[:4])
    assert not weak.enough
    assert not weak.too_few
    assert weak.figure.endswith("name the mutants that change nothing in equivalent_mutants")
    assert "total" not in weak.figure


def test_tests_that_notice_hardly_anything_are_too_few():
    found, _ = measured(EVERY[: 3 * len(EVERY) // 4])
    assert found.too_few
    assert not found.enough


def test_a_mutant_that_its_author_found_to_change_nothing_does_not_count():
    named = [m.key for m in EVERY[:4]]
    found, asked = measured(EVERY[:4], equivalent=named)
    assert len(asked) == len(EVERY)  # 8 of 8 would say too little
    assert (found.killed, found.equivalent, found.enough) == (len(EVERY) - 4, 4, True)
    assert "4 more change nothing" in found.figure
    # naming one that the tests do kill changes nothing either
    assert measured([], equivalent=named)[0] == measured([])[0]


def test_where_all_there_are_were_killed_few_are_enough():
    short = replace(LONG, reference="def shift_3(x):\n    return x + 3\n")
    judging, asked = killing([])
    found = gauge(short, judging=judging, wrong=(), equivalent=(), most=MOST, cpu_seconds=0.1)
    assert (found.reach, len(asked), found.enough) == (Reach.ALL, 3, True)
    capped = gauge(short, judging=judging, wrong=(), equivalent=(), most=3, cpu_seconds=0.1)
    assert (capped.reach, capped.enough) == (Reach.SAMPLE, False)  # perhaps there are more


@pytest.mark.parametrize(("seconds", "limit"), [(0.0, 500), (0.2, 2000), (60.0, 10_000)])
def test_a_mutant_gets_ten_times_what_the_reference_takes_and_never_more_than_the_task(
    seconds, limit
):
    _, asked = measured([], cpu_seconds=seconds)
    assert {task.limits.cpu_milliseconds for task, _ in asked} == {limit}


@pytest.mark.parametrize(("wrong", "enough"), [(0, False), (3, False), (12, True)])
def test_in_other_languages_the_wrong_solutions_stand_for_faults(wrong, enough):
    judging, asked = killing([])
    java = replace(LONG, language="java")
    codes = [str(n) for n in range(wrong)]
    found = gauge(java, judging=judging, wrong=codes, equivalent=(), most=MOST, cpu_seconds=0)
    assert (found.enough, found.tried, asked) == (enough, wrong, [])
    assert found.figure.endswith(
        "bring 12 or more, to stand for the faults that a model may make"
    ) is (not enough)


def test_in_the_real_sandbox_weak_tests_are_advised_and_blind_ones_refused(wired):
    edges = (0, 1000, 1001, -1000, -1001)
    strong = CallCases(cases=tuple(CallCase(args=(x,), expected=x + 3) for x in edges))
    report = examine(
        replace(LONG, tests=strong),
        judging=wiring.judging(),
        effort=Effort(runs=1),
        beside=Beside(right=["def shift_3(x):\n    return 3 + x\n"]),
    )
    names = ["reference", "right_solutions", "null_solutions", "mutants"]
    assert [gate.name for gate in report.gates] == names
    assert report.good
    # one call that meets none of the branches
    branchy = CODE.replace("    total = x + 1", "    if x != 5:\n        x = x * 2 // 3 - 7\n" * 8)
    blind = CallCases(cases=(CallCase(args=(5,), expected=7),))
    refused = examine(
        replace(
            LONG, tests=blind, reference=branchy.replace("    total = total", "    total = x", 1)
        ),
        judging=wiring.judging(),
        effort=Effort(runs=1),
    )
    assert not refused.good
    assert refused.first_fault().startswith("mutants: ")
