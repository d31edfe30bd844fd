"""A task folder cannot make us read anything outside it, nor too much, nor no text."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.engines.taskformats.native.pools import FUNCTION, only_fault, place, read_one


def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path) -> None:
    place(tmp_path / "t", {k: v for k, v in FUNCTION.items() if k != "statement.md"})
    (tmp_path / "key").write_text("a private key")
    (tmp_path / "t" / "statement.md").symlink_to(tmp_path / "key")
    fault = only_fault(tmp_path / "t", {})
    assert (fault.place, fault.problem) == ("t/statement.md", "a link leaves the task folder")


def test_a_tests_folder_that_leaves_is_refused(tmp_path: Path) -> None:
    place(tmp_path / "t", {k: v for k, v in FUNCTION.items() if not k.startswith("tests")})
    place(tmp_path / "other", {"cases.jsonl": '{"args": [], "expected": 1}'})
    (tmp_path / "t" / "tests").symlink_to(tmp_path / "other")
    with pytest.raises(Exception, match="a link leaves the task folder"):
        read_one(tmp_path / "t", {})


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    place(tmp_path, {k: v for k, v in FUNCTION.items() if k != "statement.md"})
    place(tmp_path, {"notes.md": "A snail.\n"})
    (tmp_path / "statement.md").symlink_to("notes.md")
    assert read_one(tmp_path, {}).statement == "A snail.\n"


def test_links_that_lead_nowhere_or_in_circles_are_faults(tmp_path: Path) -> None:
    for name, target in (("nowhere", "absent"), ("circle", "statement.md")):
        place(tmp_path / name, {k: v for k, v in FUNCTION.items() if k != "statement.md"})
        (tmp_path / name / "statement.md").symlink_to(target)
        assert only_fault(tmp_path / name, {}).place == f"{name}/statement.md"


def test_a_file_above_four_mebibytes_is_refused(tmp_path: Path) -> None:
    fault = only_fault(tmp_path / "t", FUNCTION | {"statement.md": "x" * (4 * 2**20 + 1)})
    assert fault.problem == "larger than 4 MiB"


def test_bytes_that_are_no_utf8_are_told_with_their_line(tmp_path: Path) -> None:
    place(tmp_path / "t", FUNCTION)
    (tmp_path / "t" / "statement.md").write_bytes(b"one\ntwo\n\xff\n")
    assert only_fault(tmp_path / "t", {}).place == "t/statement.md:3"


def test_a_pipe_or_a_folder_in_the_place_of_a_file_is_a_fault(tmp_path: Path) -> None:
    place(tmp_path / "t", {k: v for k, v in FUNCTION.items() if k != "statement.md"})
    (tmp_path / "t" / "statement.md").mkdir()
    assert only_fault(tmp_path / "t", {}).place == "t/statement.md"
    (tmp_path / "t" / "statement.md").rmdir()
    os.mkfifo(tmp_path / "t" / "statement.md")
    assert only_fault(tmp_path / "t", {}).place == "t/statement.md"


def test_line_ends_are_kept_as_they_are(tmp_path: Path) -> None:
    assert read_one(tmp_path, FUNCTION | {"statement.md": "a\r\nb\rc"}).statement == "a\r\nb\rc"
