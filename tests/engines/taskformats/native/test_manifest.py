"""task.toml is strict: a typing error is told, never taken for a default."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines.taskformats.native.pools import (
    FUNCTION,
    PROGRAM,
    faults_of,
    only_fault,
    place,
    read_one,
)

BASE = FUNCTION["task.toml"]


@pytest.mark.parametrize(
    ("extra", "line", "word"),
    [
        ('dificulty = "hard"\n', 4, "'difficulty'"),
        ('difficulty = "brutal"\n', 4, "easy, medium, hard"),
        ('split = "secret"\n', 4, "public, private"),
        ('language = "cobol"\n', 4, "python"),
        ('judging_class = "none"\n', 4, "provable, mitigated"),
        ('created = "2026-13-01"\n', 4, "YYYY-MM-DD"),
        ('created = "20261101"\n', 4, "YYYY-MM-DD"),
        ('tolerance = "tight"\n', 4, "1e-6"),
        ('tolerance = "-1"\n', 4, "1e-6"),
        ('comparator = "tokens"\n', 4, "Remove"),
        ("[limits]\nmemory_mb = 0\n", 5, "whole number"),
        ("[limits]\nmemory_mb = 1.5\n", 5, "whole number"),
        ("[limits]\nmemory_mb = true\n", 5, "whole number"),
        ("[limits]\nmemory_gb = 1\n", 5, "'memory_mb'"),
        ("[limits]\noutput_kb = 1\noutput_bytes = 1024\n", 6, "one of the two"),
        ('sources = "me"\n', 0, "list of strings"),
        ("author = 3\n", 0, "string"),
        ("limits = 3\n", 0, "[limits]"),
        ('proxies = ["a"]\n', 0, "proxies"),
    ],
)
def test_a_flaw_is_one_fault_with_its_line_and_a_mend(
    tmp_path: Path, extra: str, line: int, word: str
) -> None:
    fault = only_fault(tmp_path / "t", FUNCTION | {"task.toml": BASE + extra})
    assert fault.place == (f"t/task.toml:{line}" if line else "t/task.toml")
    assert word in fault.mend


def test_broken_toml_is_told_with_its_line(tmp_path: Path) -> None:
    fault = only_fault(tmp_path / "t", FUNCTION | {"task.toml": BASE + "split = = 1\n"})
    assert fault.place == "t/task.toml:4"


def test_missing_keys_are_named(tmp_path: Path) -> None:
    place(tmp_path / "t", FUNCTION | {"task.toml": 'author = "a"\n'})
    problems = " ".join(fault.problem for fault in faults_of(tmp_path / "t"))
    assert "'id' is missing" in problems
    assert "'shape' is missing" in problems


def test_a_function_needs_a_name_and_a_program_has_none(tmp_path: Path) -> None:
    bare = 'id = "x"\nshape = "function"\n'
    assert "entry_point" in only_fault(tmp_path / "a", FUNCTION | {"task.toml": bare}).problem
    named = PROGRAM["task.toml"] + 'entry_point = "main"\n'
    assert "entry_point" in only_fault(tmp_path / "b", PROGRAM | {"task.toml": named}).problem


def test_floats_are_compared_only_with_a_tolerance(tmp_path: Path) -> None:
    manifest = PROGRAM["task.toml"] + 'comparator = "float"\n'
    fault = only_fault(tmp_path / "t", PROGRAM | {"task.toml": manifest})
    assert "tolerance" in fault.problem
    task = read_one(tmp_path / "u", PROGRAM | {"task.toml": manifest + 'tolerance = "0.001"\n'})
    assert task.tests.comparator == "float"  # type: ignore[union-attr]
    assert task.tests.tolerance == "0.001"  # type: ignore[union-attr]


def test_another_language_has_files_of_its_own_ending(tmp_path: Path) -> None:
    files = {k: v for k, v in PROGRAM.items() if k != "reference.py"}
    manifest = files["task.toml"] + 'language = "go"\n'
    task = read_one(tmp_path, files | {"task.toml": manifest, "reference.go": "package main\n"})
    assert (task.language, task.reference) == ("go", "package main\n")
