"""A package becomes one task in one language; a folder of packages becomes several."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.errors import BadInput
from benchserver.core.task import Shape
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.icpc import (
    Icpc,
    alternative_solutions,
    wrong_solutions,
)
from tests.engines.taskformats.icpc.packages import package, problems_of, task_of
from tests.shared_data import shared

CPP = {"submissions/accepted/b.cc": "int main() {}\n", "submissions/wrong_answer/c.cc": "wrong\n"}


def test_a_package_says_everything_a_task_needs(tmp_path: Path) -> None:
    task = task_of(package(tmp_path))
    assert (task.source_id, task.family, task.shape) == ("double", "double", Shape.PROGRAM)
    assert (task.language, task.author) == ("python", "A. Author")
    assert task.sources == ("Test", "license:cc0")
    assert task.reference == "print(2 * int(input()))\n"


def test_another_language_is_another_task_of_the_same_family(tmp_path: Path) -> None:
    path = package(tmp_path, dict(CPP))
    task = registry.read(path, language="cpp")[0]
    assert (task.source_id, task.family, task.language) == ("double/cpp", "double", "cpp")
    assert task.reference == "int main() {}\n"
    with pytest.raises(SourceFaults, match="no accepted submission that can be judged"):
        registry.read(path, language="rust")


def test_only_packages_can_be_read_in_a_language_of_choice() -> None:
    with pytest.raises(BadInput, match="Leave the language out"):
        registry.read(shared("humaneval/HumanEval.jsonl.gz"), language="go")


def test_wrong_and_alternative_solutions_are_those_in_the_language_of_the_task(
    tmp_path: Path,
) -> None:
    more = {
        **CPP,
        "submissions/accepted/other.py": "other\n",
        "submissions/time_limit_exceeded/slow.py": "slow\n",
        "submissions/slow_accepted/neither.py": "neither\n",
    }
    path = package(tmp_path, dict(more))
    assert wrong_solutions(path, task_of(path)) == ["slow\n"]
    assert alternative_solutions(path, task_of(path)) == ["other\n"]
    assert wrong_solutions(tmp_path, task_of(path, "cpp")) == ["wrong\n"]


def test_a_folder_of_packages_is_read_in_the_order_of_names(tmp_path: Path) -> None:
    package(tmp_path, name="b")
    package(tmp_path, name="a")
    assert [task.source_id for task in registry.read(tmp_path)] == ["a", "b"]


def test_all_faults_of_all_packages_are_told_at_once(tmp_path: Path) -> None:
    package(tmp_path, {"data/secret/1.ans": None}, name="a")
    package(tmp_path, {"problem.yaml": "name: [\n"}, name="b")
    package(tmp_path, {"submissions/accepted/a.py": None}, name="c")
    package(tmp_path, {"problem_statement/problem.en.tex": None}, name="d")
    assert problems_of(tmp_path) == [
        "a/data/secret/1.ans: the file is missing",
        "b/problem.yaml:2: this is not YAML",
        "c/submissions: no accepted submission that can be judged",
        "d/problem_statement: no English statement",
    ]


@pytest.mark.parametrize("name", ["hello", "oddecho", "different"])
def test_real_packages_are_recognised_and_read(name: str) -> None:
    path = shared(f"problem-packages/{name}")
    assert registry.detect(path) == "icpc"
    assert [task.source_id for task in registry.read(path)] == [name]


def test_a_folder_that_is_no_package_is_not_recognised(tmp_path: Path) -> None:
    assert not Icpc().recognises(tmp_path)
    assert problems_of(tmp_path) == [f"{tmp_path.name}: no problem.yaml in it"]
