"""The copy of a private checkout: tracked files, kept up to date, nothing else."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from benchserver.runtime import mirror


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    root.mkdir()
    git = ["git", "-C", str(root)]
    subprocess.run([*git, "init", "-q"], check=True)
    (root / ".gitignore").write_text("private/\n")
    (root / "tool").write_text("#!/bin/sh\n")
    (root / "tool").chmod(0o700)
    (root / "private").mkdir()
    (root / "private" / "task.txt").write_text("hidden")
    subprocess.run([*git, "add", "-A"], check=True)
    return root


def test_tracked_files_are_copied_readable_by_all_and_ignored_ones_never(checkout: Path):
    copy = checkout.parent / "copy"
    assert mirror.update(checkout, copy) == 2
    assert (copy / "tool").stat().st_mode & 0o777 == 0o755
    assert not (copy / "private").exists()


def test_a_second_run_copies_only_what_changed_and_removes_what_is_gone(checkout: Path):
    copy = checkout.parent / "copy"
    mirror.update(checkout, copy)
    (copy / ".venv").mkdir()
    (copy / ".venv" / "python").touch()
    assert mirror.update(checkout, copy) == 0
    (checkout / "tool").write_text("#!/bin/sh\necho changed\n")
    (checkout / ".gitignore").unlink()
    assert mirror.update(checkout, copy) == 1
    assert not (copy / ".gitignore").exists()
    assert (copy / ".venv" / "python").exists()


def test_without_git_all_files_but_caches_are_copied(tmp_path: Path):
    root = tmp_path / "plain"
    (root / "__pycache__").mkdir(parents=True)
    (root / "__pycache__" / "x.pyc").touch()
    (root / "a.py").touch()
    mirror.update(root, tmp_path / "copy")
    assert [path.name for path in (tmp_path / "copy").iterdir()] == ["a.py"]


def test_a_checkout_the_services_can_reach_is_used_as_it_is():
    assert mirror.reachable_checkout(Path("/usr")) == Path("/usr")
