"""The drop folder cannot leak: git ignores whatever an admin puts there."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "tasks_private"


def git(*arguments: str) -> subprocess.CompletedProcess[str]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this tree is no git work tree")
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
    )


def test_git_tracks_only_the_page_the_rule_and_the_example_pool() -> None:
    tracked = git("ls-files", "tasks_private").stdout.split("\n")
    outside = {name for name in tracked if name and not name.startswith("tasks_private/example/")}
    assert outside <= {"tasks_private/README.md", "tasks_private/.gitignore"}


@pytest.mark.parametrize(
    "name",
    ["secret.jsonl", "pool/task.toml", ".env", "example2/a.md", "example.jsonl", "a/README.md"],
)
def test_anything_else_would_be_ignored(name: str) -> None:
    assert git("check-ignore", "-q", "--no-index", f"tasks_private/{name}").returncode == 0


@pytest.mark.parametrize("name", ["README.md", ".gitignore", "example/new/task.toml"])
def test_what_is_meant_to_be_tracked_is_not_ignored(name: str) -> None:
    assert git("check-ignore", "-q", "--no-index", f"tasks_private/{name}").returncode == 1
