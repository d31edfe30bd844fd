"""MBPP is read as published, carriage returns and awkward names included."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.errors import BadInput
from benchserver.core.task import CheckScript
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.mbpp import Mbpp
from tests.shared_data import shared

RECORD: dict[str, Any] = {
    "text": "Write a function to double a number.",
    "code": "def twice(n):\r\n  return 2 * n",
    "task_id": 1,
    "test_setup_code": "",
    "test_list": ["assert set([twice(2)]) == {4}", "assert twice(0) == 0"],
    "challenge_test_list": [],
}


def source(tmp_path: Path, *records: dict[str, Any], name: str = "tiny.jsonl") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(json.dumps(record) for record in records))
    return path


def faults_of(path: Path) -> list[BadInput]:
    with pytest.raises(SourceFaults) as caught:
        Mbpp().read(path)
    return caught.value.faults


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # escapes in the published code
def test_the_shared_records_are_read_and_their_references_pass() -> None:
    tasks = Mbpp().read(shared("mbpp/mbpp_1_100.jsonl"))
    assert len(tasks) == 100
    for task in tasks:
        names: dict[str, Any] = {}
        exec(task.reference, names)
        assert isinstance(task.tests, CheckScript)
        exec(task.tests.setup + "\n" + task.tests.script, names)


def test_the_name_under_test_is_found_in_the_asserts(tmp_path: Path) -> None:
    (task,) = Mbpp().read(source(tmp_path, RECORD))
    assert task.entry_point == "twice"
    assert isinstance(task.tests, CheckScript)
    assert task.tests.proxies == ("twice",)  # set is called too, but is not the task's


def test_the_reference_that_defines_check_keeps_its_name() -> None:
    task = Mbpp().read(shared("mbpp/mbpp_1_100.jsonl"))[55]
    assert (task.source_id, task.entry_point) == ("MBPP/56", "check")


def test_the_statement_shows_exactly_one_assert(tmp_path: Path) -> None:
    (task,) = Mbpp().read(source(tmp_path, RECORD))
    assert task.statement.count("assert") == 1
    assert "twice" in task.statement
    assert task.prompt_code == ""


def test_every_assert_is_a_hidden_test(tmp_path: Path) -> None:
    (task,) = Mbpp().read(source(tmp_path, RECORD))
    assert isinstance(task.tests, CheckScript)
    assert task.tests.script.count("assert") == 2


def test_carriage_returns_are_gone(tmp_path: Path) -> None:
    (task,) = Mbpp().read(source(tmp_path, RECORD))
    assert "\r" not in task.reference


def test_helpers_the_asserts_call_are_proxied_too(tmp_path: Path) -> None:
    code = "def pair(n):\n  return [n, n]\n\ndef total(xs):\n  return sum(xs)\n"
    record = RECORD | {"code": code, "test_list": ["assert total(pair(2)) == 4"]}
    (task,) = Mbpp().read(source(tmp_path, record))
    assert isinstance(task.tests, CheckScript)
    assert task.tests.proxies == ("total", "pair")


def test_the_sanitised_form_is_a_list_with_prompt_and_imports(tmp_path: Path) -> None:
    record = {
        "prompt": "Double.",
        "code": "def twice(n): return 2 * n",
        "task_id": "a",
        "test_imports": ["import math"],
        "test_list": ["assert math.isclose(twice(1), 2)"],
    }
    (tmp_path / "sanitized.json").write_text(json.dumps([record], indent=2))
    assert Mbpp().recognises(tmp_path / "sanitized.json")
    (task,) = Mbpp().read(tmp_path / "sanitized.json")
    assert isinstance(task.tests, CheckScript)
    assert task.tests.setup == "import math"
    assert (task.source_id, task.entry_point) == ("a", "twice")


def test_what_was_written_is_read_back_the_same(tmp_path: Path) -> None:
    tasks = Mbpp().read(shared("mbpp/mbpp_1_100.jsonl"))
    Mbpp().write(tasks, tmp_path / "out.jsonl")
    assert Mbpp().read(tmp_path / "out.jsonl") == tasks


def test_an_assert_over_several_lines_survives(tmp_path: Path) -> None:
    record = RECORD | {"test_list": ["assert twice(\n  2\n) == 4"], "test_setup_code": "x = 1"}
    tasks = Mbpp().read(source(tmp_path, record))
    Mbpp().write(tasks, tmp_path / "out.jsonl")
    assert Mbpp().read(tmp_path / "out.jsonl") == tasks


def test_every_flaw_is_told_at_once_with_its_line(tmp_path: Path) -> None:
    path = source(
        tmp_path,
        RECORD | {"code": "def twice(:"},
        RECORD | {"task_id": 2, "test_list": ["assert other(1)"]},
        RECORD | {"task_id": 3, "test_list": "assert twice(1)"},
        RECORD | {"task_id": None},
        RECORD | {"task_id": 5, "test_list": ["assert twice("]},
        RECORD | {"task_id": 6},
        RECORD | {"task_id": 6},
    )
    faults = faults_of(path)
    assert {f.place for f in faults} == {f"tiny.jsonl:{n}" for n in (1, 2, 3, 4, 5, 7)}
    assert all(f.mend for f in faults)


def test_a_task_without_the_example_line_is_not_written(tmp_path: Path) -> None:
    (task,) = Mbpp().read(source(tmp_path, RECORD))
    from dataclasses import replace

    with pytest.raises(BadInput, match="native"):
        Mbpp().write([replace(task, statement="bare")], tmp_path / "out.jsonl")
