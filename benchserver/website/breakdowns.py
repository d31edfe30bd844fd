"""How a row's breakdown reads: a share by language or topic, its interval, and how much is noise.

Example: Rust, 60 tasks, ``50.0``, ``±13.1``, of which the noise makes ``2.3``. A snapshot from
before there were breakdowns, or of an open rotation, has none.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchserver.website.figures import clean, ends, plural, points

KINDS = {"language": "Language", "topic": "Topic"}


@dataclass(frozen=True, slots=True)
class Part:
    kind: str
    name: str
    tasks: str
    score: str
    interval: str
    noise: str


@dataclass(frozen=True, slots=True)
class Breakdown:
    """``spent``, ``ever``, ``limit``: epsilons of this form, of the model, and allowed in all."""

    parts: tuple[Part, ...]
    spent: str
    ever: str
    limit: str


def breakdown_of(row: Mapping[str, Any]) -> Breakdown | None:
    """None where nothing was told."""
    told = row.get("breakdown")
    if not told or not told["cells"]:
        return None
    return Breakdown(
        parts=tuple(_part(cell) for cell in told["cells"]),
        spent=_epsilon(told["epsilon_e3"]),
        ever=_epsilon(told["epsilon_ever_e3"]),
        limit=_epsilon(told["epsilon_limit_e3"]),
    )


def _part(cell: Mapping[str, Any]) -> Part:
    low, high = max(0, cell["low_e4"]), min(10_000, cell["high_e4"])
    return Part(
        kind=KINDS[cell["kind"]],
        name=clean(cell["value"]),
        tasks=plural(cell["tasks"], "task"),
        score=points(min(10_000, max(0, cell["score_e4"]))),
        interval=ends(low, high) if low <= high else ends(cell["low_e4"], cell["high_e4"]),
        noise=points(cell["noise_e4"]),
    )


def _epsilon(e3: int) -> str:
    return f"{e3 / 1000:g}"
