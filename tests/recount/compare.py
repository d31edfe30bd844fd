"""Held against each other leaf by leaf: what a snapshot tells and what the raw rows make of it.

A number that only one side has is a difference too, so that nothing is left out: a new member of a
snapshot fails until somebody recounts it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tests.recount.board import expected
from tests.recount.rows import Connection

NEWEST = "SELECT DISTINCT ON (track) body FROM leaderboard_snapshot ORDER BY track, sequence DESC"
DECIDED = ("frontier", "comparable")  # yes or no, by an estimator
DATES = ("until",)

Path = tuple[Any, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every number, every decision and every forecast date, with its path."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, each in inner:
            yield from leaves(each, (*path, key))
    elif isinstance(value, bool):
        if path[-1] in DECIDED:
            yield path, value
    elif isinstance(value, int | float) or (path and path[-1] in DATES):
        yield path, value


def recount(connection: Connection) -> list[str]:
    """What differs in the newest snapshot of every board; empty when all numbers agree."""
    bodies = [json.loads(body) for (body,) in connection.execute(NEWEST).fetchall()]
    return [
        f"{body['track']['slug']} {each}"
        for body in bodies
        for each in disagreements(body, expected(connection, body))
    ]


def disagreements(body: dict[str, Any], numbers: dict[str, Any]) -> list[str]:
    """One line per number that is not what the raw rows make of it, or that only one side has."""
    told, found = dict(leaves(body)), dict(leaves(numbers))
    if body["method"] == "1":  # before comparisons and prices
        found = {path: v for path, v in found.items() if path in told}
    wrong = []
    for path in sorted({*told, *found}, key=str):
        if told.get(path) != found.get(path):
            where = ".".join(map(str, path))
            wrong.append(f"{where}: published {told.get(path)}, recounted {found.get(path)}")
    return wrong
