"""Where things lie in a report's drawings, in percent of the width or in the units of one SVG.

Percentages let one drawing serve a phone and a desk. Example: on an axis from 20 to 80 points the
interval 35 to 50 starts at 25 % and is 25 % wide.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MAP_WIDTH, MAP_HEIGHT = 720.0, 420.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 170.0, 40.0, 24.0, 44.0
_LABEL_HEIGHT = 15.0


@dataclass(frozen=True, slots=True)
class Axis:
    """A column's shared axis in points, with round ends."""

    low: float
    high: float

    def at(self, value: float) -> str:
        inside = min(max(value, self.low), self.high)
        return f"{100 * (inside - self.low) / (self.high - self.low):.2f}%"

    @property
    def ticks(self) -> list[tuple[str, str]]:
        step = 10 if self.high - self.low <= 50 else 20
        first = math.ceil(self.low / step) * step
        return [(self.at(v), f"{v:g}") for v in range(first, int(self.high) + 1, step)]


def fitting(values: Iterable[float]) -> Axis:
    """The axis with ends at tens that holds all values, within 0 to 100 and 20 points or more."""
    known = list(values)
    low = math.floor(min(known) / 10) * 10
    high = max(math.ceil(max(known) / 10) * 10, low + 20)
    return Axis(max(0, min(low, 80)), min(100, high))


@dataclass(frozen=True, slots=True)
class Bar:
    """So many tasks between two difficulties: a bar of the item map, growing to the right."""

    y: float
    height: float
    width: float
    title: str


@dataclass(frozen=True, slots=True)
class Name:
    """A model on the map's scale. ``text_y`` is moved off its neighbours, ``y`` is the truth."""

    y: float
    text_y: float
    text: str
    x: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemMap:
    """Tasks by difficulty on the right, models by ability on the left, one scale in logits."""

    bars: tuple[Bar, ...]
    names: tuple[Name, ...]
    ticks: tuple[tuple[float, str], ...]
    unnamed: int
    width: float = MAP_WIDTH
    height: float = MAP_HEIGHT
    middle: float = _LEFT + 30


def item_map(
    difficulties: Sequence[float], abilities: Sequence[tuple[str, float]], *, bins: int = 24
) -> ItemMap:
    """``abilities``: (model, logits), best first; names that find no room are counted."""
    every = [*difficulties, *(a for _, a in abilities)]
    low, high = math.floor(min(every)), math.ceil(max(every))
    high = max(high, low + 2)

    def place(logits: float) -> float:
        return _TOP + (high - logits) / (high - low) * (MAP_HEIGHT - _TOP - _BOTTOM)

    names, unnamed = _names([(text, place(value)) for text, value in abilities])
    step = max(1, round((high - low) / 8))
    return ItemMap(
        bars=_bars(difficulties, low, high, bins, place(low) - place(high)),
        names=names,
        ticks=tuple((place(v), f"{v:+d}" if v else "0") for v in range(low, high + 1, step)),
        unnamed=unnamed,
    )


def _bars(
    difficulties: Sequence[float], low: int, high: int, bins: int, tall: float
) -> tuple[Bar, ...]:
    size = (high - low) / bins
    edges = [low + number * size for number in range(bins + 1)]
    counts = [0] * bins
    for value in difficulties:
        counts[min(int((value - low) / size), bins - 1)] += 1
    room = MAP_WIDTH - _LEFT - 30 - _RIGHT
    height = tall / bins
    return tuple(
        Bar(
            y=_TOP + tall - (number + 1) * height,
            height=height - 1,
            width=room * n / max(counts),
            title=f"{n} tasks between {edges[number]:.1f} and {edges[number + 1]:.1f}",
        )
        for number, n in enumerate(counts)
        if n
    )


def _names(placed: Sequence[tuple[str, float]]) -> tuple[tuple[Name, ...], int]:
    """Labels from the top down, each at its place or just below the one before."""
    found: list[Name] = []
    last = _TOP - _LABEL_HEIGHT
    lowest = MAP_HEIGHT - _BOTTOM + 12
    for text, y in sorted(placed, key=lambda pair: pair[1]):
        text_y = max(y, last + _LABEL_HEIGHT)
        if text_y > lowest or text_y - y > 4 * _LABEL_HEIGHT:
            continue
        found.append(Name(y=y, text_y=text_y, text=_short(text), x=_LEFT))
        last = text_y
    return tuple(found), len(placed) - len(found)


def _short(text: str, length: int = 24) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
