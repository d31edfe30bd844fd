"""The command says the rate seen beside the one stated, for people and programs."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from benchserver.core.errors import BadInput


def test_clean_and_cheating_models_are_told_with_the_stated_rate(capsys) -> None:
    call_command("simulate", "contamination", "--models", "8", "--json")
    found = json.loads(capsys.readouterr().out)
    assert found["stated_per_board"] == 0.0005
    assert found["kinds"]["clean"]["marked"] == 0
    worst = found["kinds"]["remembers 70 %, 60 % of the canaries, recites"]
    assert worst["marked"] >= 6
    assert sum(worst["grades"].values()) == 8
    assert worst["tests"]["regurgitation@1"] >= 6
    assert set(found["kinds"]["clean"]["tests"].values()) == {0}


def test_the_lines_say_the_same(capsys) -> None:
    call_command("simulate", "contamination", "--models", "2")
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("2 models of each kind")
    assert lines[1].strip().startswith("clean: 0 (0.0%)")
    assert "at most 0.05%" in lines[-1]


@pytest.mark.parametrize("wrong", [("--models", "0"), ("--panel", "2"), ("--pairs", "101")])
def test_what_cannot_be_drawn_is_refused(wrong) -> None:
    with pytest.raises(BadInput):
        call_command("simulate", "contamination", *wrong)
