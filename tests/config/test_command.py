"""One entry for every command: what it starts, and what an error looks like."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

from benchserver.config import command
from benchserver.core.errors import MissingPart

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("words", "needed"),
    [
        (["publish", "--track", "python"], True),
        (["up"], True),
        (["migrate"], True),
        (["grade", "--tasks", "T"], False),
        (["verify", "bundle.json"], False),
        (["check"], False),
        (["publish", "--help"], False),
        (["--version"], False),
        ([], False),
    ],
)
def test_only_a_command_that_stores_something_gets_home_keys_and_services(
    words: list[str], needed: bool
):
    assert command.needs_home(["bench", *words]) is needed


def test_what_starts_its_own_services_are_commands_that_exist():
    assert set(get_commands()) >= command.OWN_SERVICES
    assert not command.OWN_SERVICES & command.ALONE


def test_a_missing_part_is_one_line_with_its_mend_and_status_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def refuse() -> None:
        raise MissingPart("a folder", mend="Make it")

    monkeypatch.setattr(command, "open_home", refuse)
    monkeypatch.setattr(sys, "argv", ["bench", "publish", "--track", "python"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "benchserver: missing_part: a folder. Make it\n"


def test_a_mistyped_command_makes_no_home_and_says_so(tmp_path: Path):
    home = tmp_path / "home"
    done = subprocess.run(
        [sys.executable, "manage.py", "publissh"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "BENCHSERVER_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode != 0
    assert "Unknown command" in done.stderr
    assert not home.exists()
