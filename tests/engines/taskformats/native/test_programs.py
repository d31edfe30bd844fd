"""Tools and subtasks of program tasks, as their author writes them, and what may not be written."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.task import Blanks, Letters, ProgramCases, Subtask, Tool
from tests.engines.taskformats.native.pools import PROGRAM, faults_of, place, read_one

CHECKED = PROGRAM["task.toml"] + '[checker]\nlanguage = "cpp"\nfiles = ["c.cpp", "c.h"]\n'
TOOLS = {"tools/c.cpp": "int main() {}\n", "tools/c.h": "\n"}


def test_a_checker_subtasks_and_a_rule_are_read(tmp_path: Path) -> None:
    rule = 'letters = "any_case"\nblanks = "kept"\nrelative_tolerance = "0"\ntolerance = "1e-6"\n'
    tables = CHECKED.removeprefix(PROGRAM["task.toml"])
    subtask = '[[subtasks]]\nname = "small"\npoints = 30\ncases = ["01"]\n'
    text = PROGRAM["task.toml"] + rule + tables + subtask
    tests = read_one(tmp_path, {**PROGRAM, **TOOLS, "task.toml": text}).tests
    assert isinstance(tests, ProgramCases)
    assert tests.checker == Tool(
        language="cpp", files=(("c.cpp", "int main() {}\n"), ("c.h", "\n"))
    )
    assert tests.subtasks == (Subtask(name="small", points=30, cases=(0,)),)
    assert (tests.letters, tests.blanks) == (Letters.ANY_CASE, Blanks.KEPT)
    assert (tests.tolerance, tests.relative_tolerance) == ("1e-6", "0")


@pytest.mark.parametrize(
    ("more", "files", "problem"),
    [
        ('[checker]\nlanguage = "cpp"\nfiles = []\n', {}, "the checker has no files"),
        ('[checker]\nlanguage = "cpp"\nfiles = ["c.cpp"]\n', {}, "the file is missing"),
        ('[checker]\nlanguage = "cpp"\nfiles = ["../c.cpp"]\n', {}, "a tool's file lies deeper"),
        ('[interactor]\nfiles = ["c.cpp"]\n', TOOLS, "key 'language' is missing"),
        ("", TOOLS, "unknown file"),
        ("checker = 1\n", {}, "checker is no table"),
        ("subtasks = 1\n", {}, "subtasks is no list of tables"),
        ('[[subtasks]]\nname = "a"\npoints = 1\ncases = ["02"]\n', {}, "names no pair"),
        ('[[subtasks]]\nname = "a"\npoints = -1\ncases = ["01"]\n', {}, "points are no whole"),
        ('[[subtasks]]\nname = "a"\npoint = 1\ncases = ["01"]\n', {}, "unknown key 'point'"),
        ('tolerance = "0"\n', {}, "tolerance is no positive number"),
    ],
)
def test_what_is_wrong_with_them_is_told(
    more: str, files: dict[str, str], problem: str, tmp_path: Path
) -> None:
    text = PROGRAM["task.toml"] + more
    faults = faults_of(place(tmp_path, {**PROGRAM, **files, "task.toml": text}))
    assert any(problem in fault.problem for fault in faults)


def test_two_deciders_are_one_too_many(tmp_path: Path) -> None:
    text = CHECKED + '[interactor]\nlanguage = "cpp"\nfiles = ["c.cpp"]\n'
    faults = faults_of(place(tmp_path, {**PROGRAM, **TOOLS, "task.toml": text}))
    assert "both a checker and an interactor" in [fault.problem for fault in faults]
