"""Exercise folders become tasks, every flaw is named, and what is written reads back the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchserver.core import solution
from benchserver.core.errors import BadInput
from benchserver.core.task import CheckScript, JudgingClass, Shape, TaskSpec, UnitTests
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.exercism import Exercism
from tests.shared_data import shared

FORMAT = Exercism()
FILES = {
    ".meta/config.json": json.dumps(
        {
            "authors": ["ann", "bob"],
            "files": {"solution": ["a.go"], "test": ["a_test.go"], "example": [".meta/example.go"]},
            "source_url": "https://example.org/a",
        },
        indent=2,
    ),
    ".docs/instructions.md": "# Instructions\n\nDouble it.\n",
    ".docs/instructions.append.md": "# More\n\nQuickly.\n",
    "a.go": "package a\n\nfunc Double(n int) int {\n}\n",
    "a_test.go": "package a\n\nfunc TestDouble(t *testing.T) {}\n",
    "cases_test.go": "package a\n",
    "go.mod": "module a\n",
    ".meta/example.go": "package a\n\nfunc Double(n int) int { return 2 * n }\n",
}


def lay(home: Path, **changes: str | None) -> Path:
    """The exercise under ``home``; a change of None leaves the file out."""
    for path, text in {**FILES, **changes}.items():
        if text is not None:
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(text)
    return home


def faults_of(path: Path) -> list[BadInput]:
    with pytest.raises(SourceFaults) as caught:
        FORMAT.read(path)
    return caught.value.faults


def config(**files: Any) -> str:
    data = json.loads(FILES[".meta/config.json"])
    data["files"] |= files
    return json.dumps(data, indent=1)


def test_a_folder_becomes_a_mitigated_task(tmp_path: Path) -> None:
    (task,) = registry.read(lay(tmp_path / "doubling"))
    assert task.source_id == "go/doubling"
    assert (task.shape, task.language) == (Shape.UNITTESTS, "go")
    assert task.judging_class is JudgingClass.MITIGATED
    assert task.reference == FILES[".meta/example.go"]
    assert (task.family, task.author) == ("doubling", "ann, bob")
    assert task.sources == ("https://example.org/a",)
    assert isinstance(task.tests, UnitTests)
    assert [path for path, _ in task.tests.files] == ["a_test.go", "cases_test.go", "go.mod"]
    assert task.tests.solution_files == ("a.go",)


def test_the_statement_is_the_instructions_and_the_files_to_write(tmp_path: Path) -> None:
    (task,) = FORMAT.read(lay(tmp_path / "a"))
    assert task.statement == (
        "# Instructions\n\nDouble it.\n\n# More\n\nQuickly.\n\n## Files to write\n\n"
        "`a.go`:\n\n```go\npackage a\n\nfunc Double(n int) int {\n}\n```\n"
    )


def test_a_tree_is_read_in_order_and_an_id_stands_once(tmp_path: Path) -> None:
    lay(tmp_path / "x" / "b")
    lay(tmp_path / "x" / "a")
    assert [task.source_id for task in FORMAT.read(tmp_path)] == ["go/a", "go/b"]
    lay(tmp_path / "y" / "a")
    (fault,) = faults_of(tmp_path)
    assert fault.place == "y/a"


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({".meta/config.json": '{\n  "files": [1,\n'}, "a/.meta/config.json:3", "JSON"),
        ({".meta/config.json": "[1]"}, "a/.meta/config.json:1", "JSON object"),
        ({".meta/config.json": "{}"}, "a/.meta/config.json", "'files'"),
        ({".meta/config.json": config(test=[])}, "a/.meta/config.json:", "files.test"),
        ({".meta/config.json": config(test="a_test.go")}, "a/.meta/config.json:", "files.test"),
        ({".meta/config.json": config(solution=["../a.go"])}, "a/.meta/config.json:", "leaves"),
        ({".meta/config.json": config(example=["x.py"])}, "a/.meta/config.json", "fills no a.go"),
        ({".meta/config.json": config(test=["a.cob"])}, "a/a.cob", "unknown kind"),
        ({"a_test.go": " \n"}, "a/a_test.go", "blank"),
        ({"a_test.go": None}, "a/a_test.go", "missing"),
        ({"a.go": None}, "a/a.go", "missing"),
        ({".meta/example.go": None}, "a/.meta/example.go", "missing"),
        ({".docs/instructions.md": None}, "a/.docs/instructions.md", "missing"),
    ],
)
def test_a_flaw_is_named_with_its_place(
    tmp_path: Path, changes: dict[str, Any], place: str, words: str
) -> None:
    (fault,) = faults_of(lay(tmp_path / "t" / "a", **changes).parent)
    assert fault.place.startswith(place)
    assert words in fault.problem
    assert fault.mend


def test_all_flaws_are_told_at_once(tmp_path: Path) -> None:
    lay(tmp_path / "a", **{"a_test.go": None, ".docs/instructions.md": ""})
    lay(tmp_path / "b", **{".meta/config.json": "{"})
    assert len(faults_of(tmp_path)) == 3


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.go").write_text("package secret\n")
    home = lay(tmp_path / "t" / "a", **{"a_test.go": None})
    (home / "a_test.go").symlink_to(tmp_path / "secret.go")
    (fault,) = faults_of(tmp_path / "t")
    assert "leaves" in fault.problem


def test_only_an_empty_place_is_written_to(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="taken"):
        FORMAT.write([], lay(tmp_path))


def test_a_task_that_is_no_exercise_is_not_written(tmp_path: Path) -> None:
    (task,) = FORMAT.read(lay(tmp_path / "a"))
    import dataclasses

    other = dataclasses.replace(task, statement="no files here")
    with pytest.raises(BadInput, match="does not fit"):
        FORMAT.write([other], tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.fixture(scope="module")
def real() -> list[TaskSpec]:
    return registry.read(shared("polyglot"))


def test_all_24_real_exercises_are_read(real: list[TaskSpec]) -> None:
    assert len(real) == 24
    provable = [task.source_id for task in real if task.judging_class is JudgingClass.PROVABLE]
    assert provable == [f"python/{name}" for name in PYTHON]
    assert {task.language for task in real if isinstance(task.tests, UnitTests)} == {
        *("cpp", "go", "java", "javascript", "rust")
    }
    assert all(isinstance(task.tests, (CheckScript, UnitTests)) for task in real)


PYTHON = ("bowling", "grade-school", "phone-number", "pig-latin")


def test_the_real_exercises_read_back_the_same(real: list[TaskSpec], tmp_path: Path) -> None:
    FORMAT.write(real, tmp_path / "out")
    again = {task.source_id: task for task in FORMAT.read(tmp_path / "out")}
    assert [again[task.source_id] for task in real] == real


def test_several_files_and_a_helper_of_the_example(real: list[TaskSpec]) -> None:
    by_id = {task.source_id: task for task in real}
    assert by_id["cpp/grade-school"].solution_files == ("grade_school.cpp", "grade_school.h")
    assert by_id["java/bowling"].solution_files == ()
    assert set(solution.split(by_id["java/bowling"].reference)) == {
        *("src/main/java/BowlingGame.java", "src/main/java/Frame.java")
    }
    assert by_id["rust/bowling"].tests.solution_files == ("src/lib.rs",)  # no manifest
