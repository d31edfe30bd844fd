"""When is the virtual environment built, and when is it left alone?"""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.runtime import environment


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout whose locks name nothing, so that building is quick and real."""
    (tmp_path / environment.BASE_LOCK).write_text("# nothing\n")
    (tmp_path / environment.DEVELOPMENT_LOCK).write_text("# nothing at all\n")
    monkeypatch.setattr(environment, "_create", create)
    monkeypatch.setattr(environment, "_install", lambda folder, lock, packages: built.append(lock))
    built.clear()
    return tmp_path


built: list[Path] = []


def create(folder: Path) -> None:
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").symlink_to("/usr/bin/python3")


def test_it_is_built_once_and_again_only_when_the_lock_changes(root: Path):
    environment.ensure(root, development=False)
    environment.ensure(root, development=False)
    assert len(built) == 1
    (root / environment.BASE_LOCK).write_text("# something else\n")
    environment.ensure(root, development=False)
    assert len(built) == 2


def test_the_development_lock_serves_both(root: Path):
    environment.ensure(root, development=True)
    environment.ensure(root, development=False)
    assert [lock.name for lock in built] == [environment.DEVELOPMENT_LOCK]


def test_an_interrupted_build_is_redone_from_nothing(root: Path):
    environment.ensure(root, development=False)
    left = root / ".venv" / "half-written"
    left.touch()
    (root / ".venv" / environment.MARKER).touch()
    environment.ensure(root, development=False)
    assert len(built) == 2
    assert not left.exists()
    assert not (root / ".venv" / environment.MARKER).exists()


def test_the_interpreter_is_one_that_every_account_can_run():
    chosen = Path(environment._interpreter())
    assert environment.STRANGER.can_enter(chosen)
