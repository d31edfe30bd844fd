"""``measure board`` computes the true board, in its own process, beside bare arithmetic."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from benchserver.console.measuring.board import lines, measure_board
from benchserver.core.errors import BadInput

SMALL, MANY = (5, 30, 2), (24, 40, 3)


def test_each_size_is_a_whole_board_with_its_limit_and_its_peak() -> None:
    document = measure_board([SMALL, MANY], rounds=1)
    small, many = document["runs"]
    assert (small["models"], small["tasks"], small["samples"]) == SMALL
    assert (small["pairs"], small["families"], small["adjustment"]) == (10, 10, "holm")
    assert (many["pairs"], many["adjustment"]) == (276, "max-t")
    for run in (small, many):
        assert run["seconds"] > 0 < run["limit_seconds"]
        assert run["ratio"] == pytest.approx(run["seconds"] / run["limit_seconds"])
        assert run["peak_mb"] >= run["before_mb"] > 0
        assert 1 <= run["tiers"] <= run["models"]


def test_the_table_names_every_size() -> None:
    head, *rows = lines(measure_board([SMALL], rounds=1))
    assert "peak MB" in head
    assert rows[0].split()[:3] == ["5", "30", "2"]


@pytest.mark.parametrize("size", [(1, 30, 2), (5, 3, 2), (5, 30, 0), (20_000, 20_000, 5)])
def test_what_is_no_board_is_refused(size: tuple[int, int, int]) -> None:
    with pytest.raises(BadInput):
        measure_board([size])


def test_the_command_answers_in_json(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("measure", "board", "--size", "4x12x2", "--rounds", "1", "--json")
    assert json.loads(capsys.readouterr().out)["runs"][0]["pairs"] == 6
