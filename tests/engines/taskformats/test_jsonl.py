"""Records keep their places, and hostile files are faults instead of trouble."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from benchserver.engines.taskformats import jsonl
from benchserver.engines.taskformats.faults import Faults


def read(path: Path) -> tuple[list[jsonl.Record], Faults]:
    faults = Faults()
    return jsonl.read_records(path, faults=faults), faults


def test_blank_lines_count_but_hold_no_record(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('\n{"k": 1}\n\n{"k": 2}\n')
    records, _ = read(tmp_path / "a.jsonl")
    assert [r.place for r in records] == ["a.jsonl:2", "a.jsonl:4"]


def test_a_line_separator_inside_a_string_ends_no_line(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"k": "a\u2028b\x85c"}\n', encoding="utf-8")
    records, _ = read(tmp_path / "a.jsonl")
    assert records[0].data == {"k": "a\u2028b\x85c"}


def test_a_gzip_bomb_is_a_fault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonl, "MAX_BYTES", 1000)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b" " * 100_000))
    records, faults = read(tmp_path / "a.jsonl.gz")
    assert records == []
    assert "unpacks to more than" in str(faults.found[0])


def test_deep_nesting_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("[" * 100_000)
    records, faults = read(tmp_path / "a.jsonl")
    assert (records, len(faults.found)) == ([], 1)


def test_a_json_file_must_be_a_list_of_objects(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"k": 1}')
    (tmp_path / "b.json").write_text('[{"k": 1}, 2]')
    assert "not a list" in str(read(tmp_path / "a.json")[1].found[0])
    records, faults = read(tmp_path / "b.json")
    assert [r.place for r in records] == ["b.json:[0]"]
    assert faults.found[0].place == "b.json:[1]"


def test_the_first_keys_of_anything_else_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(b"\xff\xfe")
    (tmp_path / "b.jsonl.gz").write_bytes(b"no gzip")
    (tmp_path / "c.txt").write_text('{"k": 1}')
    assert not any(jsonl.first_keys(p) for p in (*tmp_path.iterdir(), tmp_path))


def test_gzipped_output_depends_on_content_only(tmp_path: Path) -> None:
    for name in ("a.jsonl.gz", "b.jsonl.gz"):
        jsonl.write_records([{"k": "é"}], tmp_path / name)
    assert (tmp_path / "a.jsonl.gz").read_bytes() == (tmp_path / "b.jsonl.gz").read_bytes()
