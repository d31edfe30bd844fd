"""What goes into a box: one file without imports of ours, compiled by the box's own Python."""

from __future__ import annotations

import ast

import pytest

from benchserver.engines.judges.compose import box_program, code_bytes, source_of
from benchserver.engines.sandbox.base import Sandbox


@pytest.mark.parametrize("name", ["candidate", "examiner"])
def test_a_box_program_imports_nothing_of_ours_and_nothing_slow(name: str) -> None:
    tree = ast.parse(source_of(name))
    imported = {
        getattr(node, "module", None) or alias.name
        for node in tree.body
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    slow = {"typing", "json", "re", "collections", "os"}
    assert not imported & slow
    assert not any(module.startswith("benchserver") for module in imported)


def test_it_is_compiled_once_per_sandbox(sandbox: Sandbox) -> None:
    assert box_program("candidate", sandbox) is box_program("candidate", sandbox)


def test_what_runs_tests_is_not_in_the_candidates_program() -> None:
    names = {node.name for node in ast.parse(source_of("candidate")).body if hasattr(node, "name")}
    assert "serve" in names
    assert not names & {"examine", "Line", "Stub", "restore"}


def test_malformed_text_stays_malformed() -> None:
    with pytest.raises(UnicodeDecodeError):
        code_bytes("x = '\ud800'").decode()
