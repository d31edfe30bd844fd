"""A pool is a folder of task folders; whatever is wrong is told at once and nothing is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.errors import BadInput
from benchserver.core.task import Shape, Split
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.native import (
    Native,
    alternative_solutions,
    wrong_solutions,
)
from tests.engines.taskformats.native.pools import (
    FUNCTION,
    PROGRAM,
    faults_of,
    only_fault,
    place,
    read_one,
)

FULL = """
id = "snail"
shape = "function"
language = "python"
entry_point = "snail"
split = "private"
topic = "numbers"
difficulty = "hard"
family = "molluscs"
created = 2026-10-02
author = "somebody"
sources = ["own invention"]
license = "CC0-1.0"
canary = "c"
twin_of = "slug"
tolerance = "1e-6"
[limits]
cpu_milliseconds = 1500
memory_mb = 64
output_kb = 8
"""


def test_all_that_the_manifest_says_reaches_the_task(tmp_path: Path) -> None:
    task = read_one(tmp_path, FUNCTION | {"task.toml": FULL})
    assert (task.source_id, task.shape, task.split) == ("snail", Shape.FUNCTION, Split.PRIVATE)
    assert (task.topic, task.difficulty, task.family) == ("numbers", "hard", "molluscs")
    assert (task.created, task.author, task.twin_of) == ("2026-10-02", "somebody", "slug")
    assert task.sources == ("own invention", "license:CC0-1.0")
    assert task.limits.cpu_milliseconds == 1500
    assert (task.limits.memory_bytes, task.limits.output_bytes) == (64 * 2**20, 8 * 2**10)


def test_a_pool_is_read_in_the_order_of_its_folder_names(tmp_path: Path) -> None:
    place(tmp_path / "b", FUNCTION)
    place(tmp_path / "a", PROGRAM)
    place(tmp_path, {"README.md": "loose files are nobody's task"})
    assert Native().recognises(tmp_path)
    assert [t.source_id for t in Native().read(tmp_path)] == ["heron", "snail"]


def test_prompt_code_is_read_and_trusted_by_the_tests(tmp_path: Path) -> None:
    files = {k: v for k, v in FUNCTION.items() if k != "tests/cases.jsonl"}
    check = {"tests/check.py": "def check(c):\n    assert c(1) == 2\n", "prompt.py": "import os\n"}
    task = read_one(tmp_path, files | check)
    assert task.prompt_code == "import os\n"
    assert task.tests.setup == "import os\n"  # type: ignore[union-attr]


def test_faults_of_all_folders_come_together_and_nothing_is_returned(tmp_path: Path) -> None:
    place(tmp_path / "good", FUNCTION)
    place(tmp_path / "bad1", FUNCTION | {"task.toml": "id = 3\nshape = 'function'\n"})
    place(tmp_path / "bad2", PROGRAM | {"tests/02.in": "b"})
    place(tmp_path / "lost", {"statement.md": "no manifest"})
    place(tmp_path / "twin", FUNCTION)
    places = {fault.place for fault in faults_of(tmp_path)}
    assert {"bad1/task.toml", "bad2/tests/02.out", "lost", "twin/task.toml"} <= places


@pytest.mark.parametrize("inner", ["statement.md", "reference.py", "tests/cases.jsonl"])
def test_a_missing_or_blank_file_is_a_fault_that_names_it(tmp_path: Path, inner: str) -> None:
    blank = only_fault(tmp_path / "blank", FUNCTION | {inner: " \n"})
    assert blank.place == f"blank/{inner}"
    files = {k: v for k, v in FUNCTION.items() if k != inner}
    assert only_fault(tmp_path / "none", files).place.startswith(f"none/{inner.split('/')[0]}")


@pytest.mark.parametrize("inner", ["promt.py", "tests/case.jsonl", "wrong/a.txt", "reference.js"])
def test_a_misspelt_file_is_a_fault_and_not_ignored(tmp_path: Path, inner: str) -> None:
    fault = only_fault(tmp_path / "t", FUNCTION | {inner: "x = 1\n"})
    assert (fault.place, fault.problem) == (f"t/{inner}", "unknown file")


def test_notes_and_solutions_beside_the_task_are_allowed(tmp_path: Path) -> None:
    more = {"notes.md": "n", "generate.py": "g", "alt/a.py": "a", "wrong/w.py": "w"}
    assert read_one(tmp_path, FUNCTION | more).source_id == "snail"


def test_wrong_and_alternative_solutions_are_found_by_the_id_of_the_task(tmp_path: Path) -> None:
    files = FUNCTION | {"wrong/b.py": "B = 1\n", "wrong/a.py": "A = 1\n", "alt/o.py": "O = 1\n"}
    place(tmp_path / "one", files)
    place(tmp_path / "two", PROGRAM)
    assert wrong_solutions(tmp_path, "snail") == ["A = 1\n", "B = 1\n"]
    assert wrong_solutions(tmp_path / "one", "snail") == ["A = 1\n", "B = 1\n"]
    assert alternative_solutions(tmp_path, "snail") == ["O = 1\n"]
    assert wrong_solutions(tmp_path, "heron") == []
    with pytest.raises(BadInput, match="no task"):
        wrong_solutions(tmp_path, "absent")


def test_a_blank_wrong_solution_is_a_fault(tmp_path: Path) -> None:
    place(tmp_path, FUNCTION | {"wrong/a.py": ""})
    with pytest.raises(SourceFaults):
        wrong_solutions(tmp_path, "snail")


def test_an_empty_pool_and_a_file_are_faults(tmp_path: Path) -> None:
    assert "task.toml" in str(faults_of(tmp_path)[0])
    (tmp_path / "file").write_text("x")
    assert "not a folder" in str(faults_of(tmp_path / "file")[0])
    assert not Native().recognises(tmp_path / "file")


def test_a_task_folder_that_links_out_of_the_pool_is_a_fault(tmp_path: Path) -> None:
    place(tmp_path / "outside", FUNCTION)
    place(tmp_path / "pool" / "heron", PROGRAM)
    (tmp_path / "pool" / "snail").symlink_to(tmp_path / "outside")
    (fault,) = faults_of(tmp_path / "pool")
    assert fault.place == "snail"


def test_a_harbor_folder_is_not_taken_for_a_native_one(tmp_path: Path) -> None:
    place(tmp_path, {"task.toml": 'version = "1.0"\n', "instruction.md": "do it"})
    assert not Native().recognises(tmp_path)
