"""HumanEval is read as published and says clearly what is wrong when it is not."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.errors import BadInput
from benchserver.core.task import CallCases, CheckScript, Shape, TaskSpec
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.humaneval import HumanEval
from tests.shared_data import shared

RECORD = {
    "task_id": "Tiny/0",
    "prompt": "def twice(n):\n",
    "entry_point": "twice",
    "canonical_solution": "    return 2 * n\n",
    "test": "def check(candidate):\n    assert candidate(2) == 4\n",
}


def source(tmp_path: Path, *records: Any, name: str = "tiny.jsonl") -> Path:
    path = tmp_path / name
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    path.write_text("\n".join(lines) + "\n")
    return path


def faults_of(path: Path) -> list[BadInput]:
    with pytest.raises(SourceFaults) as caught:
        HumanEval().read(path)
    return caught.value.faults


def run(task: TaskSpec, code: str) -> None:
    assert isinstance(task.tests, CheckScript)
    names: dict[str, Any] = {}
    exec(code, names)
    exec(task.tests.script, names)


def test_the_published_file_has_164_tasks_whose_references_pass() -> None:
    tasks = HumanEval().read(shared("humaneval/HumanEval.jsonl.gz"))
    assert len(tasks) == 164
    for task in tasks[:60]:
        run(task, task.reference)


def test_prompt_is_both_the_statement_and_the_trusted_code(tmp_path: Path) -> None:
    (task,) = HumanEval().read(source(tmp_path, RECORD))
    assert task.statement == task.prompt_code == RECORD["prompt"]
    assert task.reference == "def twice(n):\n    return 2 * n\n"
    assert (task.shape, task.entry_point) == (Shape.FUNCTION, "twice")
    assert isinstance(task.tests, CheckScript)
    assert task.tests.setup == RECORD["prompt"]
    assert task.tests.script == RECORD["test"] + "\n\ncheck(twice)\n"
    assert task.tests.proxies == ("twice",)


def test_a_wrong_answer_fails_the_script(tmp_path: Path) -> None:
    (task,) = HumanEval().read(source(tmp_path, RECORD))
    with pytest.raises(AssertionError):
        run(task, "def twice(n): return n")


def test_a_function_named_check_is_tested_and_not_the_test_itself(tmp_path: Path) -> None:
    record = RECORD | {"prompt": "def check(n):\n", "entry_point": "check"}
    (task,) = HumanEval().read(source(tmp_path, record))
    run(task, task.reference)
    with pytest.raises(AssertionError):
        run(task, "def check(n): return n")


@pytest.mark.parametrize("name", ["out.jsonl", "out.jsonl.gz"])
def test_what_was_written_is_read_back_the_same(tmp_path: Path, name: str) -> None:
    tasks = HumanEval().read(shared("humaneval/HumanEval.jsonl.gz"))
    HumanEval().write(tasks, tmp_path / name)
    assert HumanEval().read(tmp_path / name) == tasks


def test_a_written_file_holds_the_published_records_unchanged(tmp_path: Path) -> None:
    path = shared("humaneval/HumanEval.jsonl.gz")
    HumanEval().write(HumanEval().read(path), tmp_path / "out.jsonl")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    published = [json.loads(line) for line in lines if line.strip()]
    written = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert written == published


def test_every_flaw_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = source(
        tmp_path,
        RECORD,
        "{not json",
        {k: v for k, v in RECORD.items() if k != "test"} | {"task_id": "Tiny/2"},
        RECORD | {"task_id": "Tiny/3", "entry_point": "thrice"},
        RECORD | {"task_id": "Tiny/4", "canonical_solution": "    return ((\n"},
        RECORD | {"task_id": "Tiny/5", "test": "def test(candidate): pass\n"},
        RECORD,
        "[1, 2]",
        RECORD | {"task_id": 7},
    )
    places = [fault.place for fault in faults_of(path)]
    assert sorted(places) == sorted(f"tiny.jsonl:{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9))
    assert all(fault.mend for fault in faults_of(path))


def test_faults_never_show_what_the_task_says(tmp_path: Path) -> None:
    record = RECORD | {"test": "SECRET = = 1", "canonical_solution": "    SECRET ((", "prompt": 5}
    for fault in faults_of(source(tmp_path, record, '{"prompt": "SECRET')):
        assert "SECRET" not in str(fault)


def test_a_broken_gzip_and_bytes_that_are_no_text_are_faults(tmp_path: Path) -> None:
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(json.dumps(RECORD).encode())[:-20])
    (tmp_path / "latin.jsonl").write_bytes(b'{"prompt": "\xe9"}')
    (tmp_path / "empty.jsonl").write_bytes(b"")
    for name in ("cut.jsonl.gz", "latin.jsonl", "empty.jsonl"):
        (fault,) = faults_of(tmp_path / name)
        assert fault.place == name


def test_a_task_of_another_make_is_not_written(tmp_path: Path) -> None:
    (task,) = HumanEval().read(source(tmp_path, RECORD))
    other = TaskSpec(
        source_id="x",
        shape=Shape.FUNCTION,
        statement="s",
        tests=CallCases(cases=()),
        reference=task.reference,
    )
    with pytest.raises(BadInput, match="native"):
        HumanEval().write([task, other], tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
