"""The right format is found by itself, and doubt is told instead of guessed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchserver.core.errors import BadInput
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.base import SourceFaults
from tests.shared_data import shared


@pytest.mark.parametrize(
    ("path", "name"),
    [("humaneval/HumanEval.jsonl.gz", "humaneval"), ("mbpp/mbpp_1_100.jsonl", "mbpp")],
)
def test_published_files_are_recognised(path: str, name: str) -> None:
    assert registry.detect(shared(path)) == name
    assert registry.read(shared(path)) == registry.FORMATS[name].read(shared(path))


def test_every_format_is_listed_under_its_own_name() -> None:
    assert all(known.name == name for name, known in registry.FORMATS.items())


def test_an_absent_path_an_unknown_name_and_an_unknown_file_are_bad_input(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("hello")
    for path, format, problem in (
        (tmp_path / "absent", "auto", "nothing here"),
        (tmp_path / "absent", "native", "nothing here"),
        (tmp_path / "notes.txt", "auto", "no format fits"),
        (tmp_path, "auto", "no format fits"),
        (tmp_path, "natife", "unknown task format"),
    ):
        with pytest.raises(BadInput, match=problem) as caught:
            registry.read(path, format=format)
        assert caught.value.mend


def test_a_record_with_the_keys_of_two_formats_must_be_named(tmp_path: Path) -> None:
    humaneval = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
    record = dict.fromkeys((*humaneval, "code", "test_list"), "")
    path = tmp_path / "both.jsonl"
    path.write_text(json.dumps(record))
    with pytest.raises(BadInput, match="several formats fit: humaneval, mbpp"):
        registry.detect(path)


def test_a_named_format_is_believed(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text('{"a": 1}\n')
    with pytest.raises(SourceFaults):
        registry.read(tmp_path / "x.jsonl", format="humaneval")
