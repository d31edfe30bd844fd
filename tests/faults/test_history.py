"""The offline checker sees a real process's sins: each is put into a sound history once."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from benchserver.console.simulation.checker import check
from tests.faults import history as telling
from tests.faults.gate import Request

Rows = dict[str, list[tuple[Any, ...]]]
SOUND: Rows = {
    telling.UNITS: [("a", "judged", 1), ("b", "faulted", 1)],
    telling.EXPOSED: [("a", 1.0), ("b", 1.1)],
    telling.SENDS: [
        ("s1", "a", 1, "first", "answered", 5, 7, None, 1.0),
        ("s2", "b", 1, "first", "unknown", None, None, None, 1.1),
        ("s3", "b", 2, "worker_lost", "unknown", None, None, None, 3.0),
    ],
    telling.REPLIES: [("a", "s1")],
    telling.VERDICTS: [("a", "passed")],
}


def log() -> list[Request]:
    return [
        Request(0, "a", 1.2, True, ended=1.9, tokens=(5, 7)),
        Request(1, "b", 1.3, True, unattended=2.0),
        Request(2, "public", 1.4, False, ended=1.5),
        Request(3, "b", 3.1, True, ended=3.5, tokens=(5, 7)),
    ]


def problems(rows: Rows, seen: list[Request], **about: Any) -> list[str]:
    told = {"evaluation": "ev_1", "limit": 4, "passed": 1, **about}
    return check(telling.history(seen, lambda text, _: rows[text], **told))


def test_a_sound_history_has_no_violation():
    assert problems(SOUND, log()) == []


def _row(table: str, number: int, column: int, value: Any) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        row = list(rows[table][number])
        row[column] = value
        rows[table][number] = tuple(row)

    return change


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        (_row(telling.SENDS, 0, -1, 1.25), "I1"),  # written after the request had arrived
        (_row(telling.EXPOSED, 0, 1, 1.25), "I1"),
        (_row(telling.SENDS, 2, 3, "first"), "I2"),
        (_row(telling.VERDICTS, 0, 1, "wrong_answer"), "I3"),
        (_row(telling.UNITS, 1, 1, "sent"), "I4"),
        (_row(telling.SENDS, 1, 4, "pending"), "I5"),
        (_row(telling.SENDS, 0, 5, 6), "I5"),
        (lambda rows: rows[telling.VERDICTS].append(("a", "passed")), "I3"),
        (lambda rows: rows[telling.SENDS].pop(), "I2"),  # two requests on one row
    ],
)
def test_a_row_that_is_wrong_is_noticed(change: Callable[[Rows], None], promise: str):
    rows = copy.deepcopy(SOUND)
    change(rows)
    assert [p for p in problems(rows, log()) if p.startswith(promise)]


def test_other_sins_are_noticed():
    third = [*log(), Request(4, "b", 3.6, True, unattended=3.7)]
    assert any(p.startswith("I2 b was sent 3 times") for p in problems(SOUND, third))
    assert any(p.startswith("I6") for p in problems(SOUND, log(), passed=2))
    assert any(p.startswith("I9") for p in problems(SOUND, log(), limit=1))
    late = [*log()[:3], Request(3, "b", 9.0, True, ended=9.5)]
    assert any(p.startswith("I10") for p in problems(SOUND, late, cancelled=2.0))
