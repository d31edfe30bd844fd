"""What is written as a package judges the same when it is read again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchserver.core.errors import BadInput
from benchserver.core.task import Blanks, Letters, ProgramCases, Subtask
from benchserver.engines.taskformats.icpc import Icpc
from tests.engines.judges.tasks import cases_task, program_task
from tests.engines.taskformats.icpc.packages import package, task_of
from tests.shared_data import shared


def again(task, home: Path):
    Icpc().write([task], home / "out")
    (found,) = Icpc().read_in(home / "out", "")
    return found


@pytest.mark.parametrize("name", ["hello", "oddecho", "different"])
def test_real_packages_come_back_as_they_were(name: str, tmp_path: Path) -> None:
    task = task_of(shared(f"problem-packages/{name}"))
    found = again(task, tmp_path)
    assert isinstance(task.tests, ProgramCases)
    assert (found.statement, found.reference) == (task.statement, task.reference)
    assert (found.limits, found.sources) == (task.limits, task.sources)
    assert found.tests.cases == task.tests.cases
    assert found.tests.subtasks == task.tests.subtasks
    assert found.tests.letters == task.tests.letters
    assert (found.tests.checker is None) == (task.tests.checker is None)
    if found.tests.checker is not None:
        texts = [text for _, text in found.tests.checker.files]
        assert texts == [text for _, text in task.tests.checker.files]


def test_the_rule_of_comparison_survives(tmp_path: Path) -> None:
    task = task_of(package(tmp_path))
    rule = {
        "comparator": "float",
        "tolerance": "1e-3",
        "relative_tolerance": "0.1",
        "letters": Letters.EXACT,
        "blanks": Blanks.KEPT,
    }
    tests = replace(task.tests, **rule)
    assert again(replace(task, tests=tests), tmp_path).tests == tests


def test_a_task_of_another_source_gets_names_of_its_own(tmp_path: Path) -> None:
    task = replace(program_task(("1\n", "2\n"), ("3\n", "4\n")), statement="Add one.\n")
    found = again(replace(task, reference="print(int(input()) + 1)\n"), tmp_path)
    assert [(c.stdin, c.expected) for c in found.tests.cases] == [("1\n", "2\n"), ("3\n", "4\n")]
    assert "Add one." in found.statement


def test_what_the_format_cannot_say_is_refused(tmp_path: Path) -> None:
    shared_case = Subtask(name="a", points=1, cases=(0,))
    task = program_task(("1\n", "2\n"))
    twice = replace(task.tests, subtasks=(shared_case, replace(shared_case, name="b")))
    for odd in (
        cases_task([((1,), 2)]),
        replace(task, tests=twice),
        replace(task, language="perl"),
    ):
        with pytest.raises(BadInput):
            Icpc().write([odd], tmp_path / "out")
    assert not (tmp_path / "out").exists()
