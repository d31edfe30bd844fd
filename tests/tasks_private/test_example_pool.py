"""The example pool keeps what docs and README promise of it."""

from __future__ import annotations

import ast
import dataclasses
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from benchserver.core.errors import MissingPart
from benchserver.core.mutants import mutants
from benchserver.core.task import CallCases, ProgramCases, Shape, Split, TaskSpec
from benchserver.core.verdict import Verdict
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.native import (
    alternative_solutions,
    equivalent_mutants,
    wrong_solutions,
)
from benchserver.pools.gauge import MOST, gauge
from tests.tasks_private.running import first_failure

POOL = Path(__file__).parents[2] / "tasks_private" / "example"
TASKS = {task.source_id: task for task in registry.read(POOL)}
every_task = pytest.mark.parametrize("task_id", TASKS)
SPLITS = (Split.PUBLIC, Split.PRIVATE)  # canary tasks are planted, never examples
TOPICS = ("strings", "numbers", "sequences", "grids", "graphs", "simulation")


@cache
def wrong(task_id: str) -> list[str]:
    return wrong_solutions(POOL / task_id, task_id)


def cases_of(task: TaskSpec) -> tuple[object, ...]:
    assert isinstance(task.tests, CallCases | ProgramCases)
    return task.tests.cases


def shortened(task: TaskSpec, cases: int) -> TaskSpec:
    """The task with its first cases only: enough to see the whole way through the judge."""
    assert isinstance(task.tests, CallCases | ProgramCases)
    tests = dataclasses.replace(task.tests, cases=task.tests.cases[:cases])
    return dataclasses.replace(task, tests=tests)


def nulls(task: TaskSpec) -> list[str]:
    """Solutions that solve nothing: empty work, constants, an echo."""
    if task.shape is Shape.PROGRAM:
        constants = ["0", "-1", "none", "1"]
        printing = [f"print({text!r})\n" for text in constants]
        return ["pass\n", "import sys\nprint(sys.stdin.read())\n", *printing]
    answers = ["None", "0", "-1", "''", "[]", "True", "args[0]"]
    return [f"def {task.entry_point}(*args):\n    return {answer}\n" for answer in answers]


def test_both_splits_hold_twelve_functions_and_twelve_programs() -> None:
    counts = Counter((task.split, task.shape) for task in TASKS.values())
    shapes = (Shape.FUNCTION, Shape.PROGRAM)
    assert counts == {(split, shape): 12 for split in SPLITS for shape in shapes}


def test_topics_and_difficulties_are_spread_evenly() -> None:
    topics = Counter((task.split, task.topic) for task in TASKS.values())
    assert topics == {(split, topic): 4 for split in SPLITS for topic in TOPICS}
    levels = Counter((task.split, task.difficulty) for task in TASKS.values())
    assert levels == {(s, level): 8 for s in SPLITS for level in ("easy", "medium", "hard")}


def test_every_task_is_a_family_of_its_own_with_full_provenance() -> None:
    assert len({task.family for task in TASKS.values()}) == len(TASKS)
    assert len({task.canary for task in TASKS.values()}) == len(TASKS)
    for task in TASKS.values():
        assert task.author == "benchserver authors"
        assert task.sources == ("original", "license:Apache-2.0")
        assert "2026-10-01" <= task.created <= "2026-11-30"


@every_task
def test_a_task_has_enough_different_cases(task_id: str) -> None:
    cases = cases_of(TASKS[task_id])
    assert len(cases) >= 15
    assert len(set(map(repr, cases))) == len(cases)


@every_task
def test_a_statement_is_neither_terse_nor_long(task_id: str) -> None:
    assert 80 <= len(TASKS[task_id].statement.split()) <= 250


@every_task
def test_the_examples_of_the_statement_are_hidden_tests_too(task_id: str) -> None:
    task = TASKS[task_id]
    if isinstance(task.tests, ProgramCases):
        shown = re.findall(
            r"Input:\n\n```\n(.*?)```\n\nOutput:\n\n```\n(.*?)```", task.statement, re.DOTALL
        )
        known = {(case.stdin, case.expected) for case in task.tests.cases}
        assert shown
        assert set(shown) <= known
    else:
        calls = re.findall(rf">>> {task.entry_point}(\(.*\))\n", task.statement)
        shown_args = [ast.literal_eval(f"[{call[1:-1]}]") for call in calls]
        known_args = [list(case.args) for case in cases_of(task)]  # type: ignore[attr-defined]
        assert shown_args
        assert all(args in known_args for args in shown_args)


@every_task
def test_the_reference_passes_every_case(task_id: str) -> None:
    assert first_failure(TASKS[task_id], TASKS[task_id].reference) is None


@every_task
def test_a_second_solution_of_another_make_passes_every_case(task_id: str) -> None:
    others = alternative_solutions(POOL / task_id, task_id)
    assert others or TASKS[task_id].difficulty != "hard"
    assert [first_failure(TASKS[task_id], code) for code in others] == [None] * len(others)


@every_task
def test_plausible_wrong_solutions_and_null_solutions_fail(task_id: str) -> None:
    assert len(wrong(task_id)) >= 2
    for code in (*wrong(task_id), *nulls(TASKS[task_id])):
        assert first_failure(TASKS[task_id], code) is not None, code


def test_a_fault_that_is_said_to_change_nothing_is_one_of_the_reference() -> None:
    for task in TASKS.values():
        keys = {m.key for m in mutants(task.reference, prompt_code=task.prompt_code, most=MOST)}
        assert set(equivalent_mutants(POOL, task.source_id)) <= keys


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    from benchserver.engines.sandbox.registry import open_sandbox

    try:
        opened = open_sandbox("auto")
    except MissingPart as part:
        pytest.skip(f"no sandbox on this machine: {part}")
    yield opened
    opened.close()


@pytest.mark.parametrize("task_id", list(TASKS)[::4])
def test_the_judge_agrees_on_references_and_empty_replies(task_id: str, sandbox: Sandbox) -> None:
    from benchserver.engines.judges.registry import judge

    task = shortened(TASKS[task_id], 3)
    assert judge(task=task, code=task.reference, sandbox=sandbox).verdict is Verdict.PASSED
    assert not judge(task=task, code=nulls(task)[0], sandbox=sandbox).passed
    assert judge(task=task, code="", sandbox=sandbox).verdict is Verdict.NO_CODE


@pytest.mark.soak
@every_task
def test_the_tests_notice_nearly_every_small_fault(task_id: str, sandbox: Sandbox) -> None:
    from benchserver.engines.judges.registry import judge

    found = gauge(
        TASKS[task_id],
        judging=lambda task, code: judge(task=task, code=code, sandbox=sandbox),
        wrong=(),
        equivalent=equivalent_mutants(POOL / task_id, task_id),
        most=MOST,
        cpu_seconds=0.1,
    )
    assert found.enough, found.figure


@pytest.mark.soak
@every_task
def test_the_judge_passes_the_reference_and_no_wrong_one(task_id: str, sandbox: Sandbox) -> None:
    from benchserver.engines.judges.registry import judge

    task = TASKS[task_id]
    assert judge(task=task, code=task.reference, sandbox=sandbox).passed
    for code in wrong(task_id):
        assert not judge(task=task, code=code, sandbox=sandbox).passed
