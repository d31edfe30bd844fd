"""The chart "What a point costs": where each model lies, and labels that never collide.

Money, tokens or time per task runs along a logarithmic axis, the score upwards. A label tries
places around its point, near ones first, and takes the first that touches no label, no dot and no
edge; one that finds none is left out and counted, and stays readable in the table. Example: two
models of the same cost and score get their names above each other.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

from benchserver.website.figures import count, money, seconds, shortened

LABEL_HEIGHT = 15.0
LETTER = 7.4  # px, a generous mean advance of a 12 px sans serif letter
DOT = 5.0
NAME_LENGTH = 22
CROWD = 40  # above this many models lines to far labels would only add to the tangle


@dataclass(frozen=True, slots=True)
class Unit:
    """What is used: its key in addresses, its member of ``price``, its word, how it reads."""

    key: str
    member: str
    word: str
    axis: str
    tell: Callable[[int], str]


UNITS = (
    Unit("money", "cost_micro_usd", "money", "cost per task, logarithmic", money),
    Unit("tokens", "tokens_out", "tokens", "tokens written per task, logarithmic", count),
    Unit("time", "milliseconds", "time", "waiting per task, logarithmic", seconds),
)


@dataclass(frozen=True, slots=True)
class Point:
    """One model: use per task in the unit, score and interval in ten-thousandths.

    ``least``, ``most``: the interval of the use, 0 when unknown; ``frontier``: better than all
    that is surely cheaper, None where an older snapshot does not say.
    """

    name: str
    cost: int
    score: int
    low: int
    high: int
    least: int = 0
    most: int = 0
    frontier: bool | None = None


@dataclass(frozen=True, slots=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )


@dataclass(frozen=True, slots=True)
class Label:
    text: str
    x: int
    y: int
    box: Box
    leader: tuple[int, int, int, int] | None


@dataclass(frozen=True, slots=True)
class Dot:
    x: int
    y: int
    top: int
    bottom: int
    left: int
    right: int
    open: bool
    title: str
    label: Label | None


@dataclass(frozen=True, slots=True)
class Grid:
    at: int
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    width: int
    height: int
    left: int
    right: int
    top: int
    bottom: int
    dots: tuple[Dot, ...]
    frontier: str
    scores: tuple[Grid, ...]
    costs: tuple[Grid, ...]
    unlabelled: int
    middle: int
    axis: str
    frontier_known: bool


def draw(
    points: Sequence[Point], *, width: int, height: int, unit: Unit = UNITS[0]
) -> Chart | None:
    """The chart for models with a use above zero; None when fewer than two have one."""
    if not drawable(points):
        return None
    priced = [p for p in points if p.cost > 0]
    frame = _Frame.around(priced, width=width, height=height, unit=unit)
    centres = [(frame.x(p.cost), frame.y(p.score)) for p in priced]
    steps = _staircase(priced, frame)
    lines = [_around(a, b) for a, b in pairwise(steps)]
    whiskers = [
        Box(x - 2, frame.y(p.high), x + 2, frame.y(p.low))
        for p, (x, _) in zip(priced, centres, strict=True)
    ]
    labels = _labels([p.name for p in priced], centres, frame.area, lines, whiskers)
    dots = [_dot(p, frame, c, label) for p, c, label in zip(priced, centres, labels, strict=True)]
    return Chart(
        width=width,
        height=height,
        left=round(frame.area.left),
        right=round(frame.area.right),
        top=round(frame.area.top),
        bottom=round(frame.area.bottom),
        dots=tuple(dots),
        frontier="M" + " L".join(f"{x} {y}" for x, y in steps),
        scores=tuple(frame.score_grid()),
        costs=tuple(frame.cost_grid()),
        unlabelled=labels.count(None),
        middle=round((frame.area.left + frame.area.right) / 2),
        axis=unit.axis,
        frontier_known=any(p.frontier is not None for p in priced),
    )


def drawable(points: Sequence[Point]) -> bool:
    return sum(p.cost > 0 for p in points) >= 2


@dataclass(frozen=True, slots=True)
class _Frame:
    """The drawing area in px and what its edges mean."""

    area: Box
    cost_low: float
    cost_high: float
    score_low: int
    score_high: int
    unit: Unit

    @classmethod
    def around(cls, points: Sequence[Point], *, width: int, height: int, unit: Unit) -> _Frame:
        low = math.log10(min(p.cost for p in points))
        high = math.log10(max(p.cost for p in points))
        pad = max((high - low) * 0.08, 0.12)
        bottom = max(min(p.low for p in points), 0) // 1000 * 1000
        top = -(-min(max(p.high for p in points), 10_000) // 1000) * 1000
        area = Box(44, 14, width - 10, height - 46)
        return cls(area, low - pad, high + pad, bottom, max(top, bottom + 1000), unit)

    def x(self, cost: int) -> float:
        """Its place; what lies beyond an end stays at the end."""
        inside = min(max(math.log10(max(cost, 1)), self.cost_low), self.cost_high)
        share = (inside - self.cost_low) / (self.cost_high - self.cost_low)
        return self.area.left + share * (self.area.right - self.area.left)

    def y(self, e4: int) -> float:
        inside = min(max(e4, self.score_low), self.score_high)
        share = (inside - self.score_low) / (self.score_high - self.score_low)
        return self.area.bottom - share * (self.area.bottom - self.area.top)

    def score_grid(self) -> Iterable[Grid]:
        step = 2000 if self.score_high - self.score_low > 5000 else 1000
        for e4 in range(-(-self.score_low // step) * step, self.score_high + 1, step):
            yield Grid(round(self.y(e4)), str(e4 // 100))

    def cost_grid(self) -> Iterable[Grid]:
        """Powers of ten; with fewer than two inside, 1-2-5 steps; never closer than 56 px."""
        for factors in ((1,), (1, 2, 5), range(1, 10)):
            found = self._ticks(factors)
            if len(found) >= 2:
                break
        last = -math.inf
        for tick in found:
            if tick.at - last >= 56:
                last = tick.at
                yield tick

    def _ticks(self, factors: Iterable[int]) -> list[Grid]:
        powers = range(max(math.floor(self.cost_low), 0), math.floor(self.cost_high) + 1)
        costs = sorted(factor * 10**power for power in powers for factor in factors)
        inside = [c for c in costs if self.cost_low <= math.log10(c) <= self.cost_high]
        return [Grid(round(self.x(c)), self.unit.tell(c)) for c in inside]


def _dot(point: Point, frame: _Frame, centre: tuple[float, float], label: Label | None) -> Dot:
    tell = frame.unit.tell
    title = f"{point.name}: {point.score / 100:.1f} points at {tell(point.cost)} per task"
    if point.most:
        title += f" ({tell(point.least)} to {tell(point.most)})"
    if point.frontier:
        title += ", on the frontier"
    x, y = centre
    return Dot(
        x=round(x),
        y=round(y),
        top=round(frame.y(point.high)),
        bottom=round(frame.y(point.low)),
        left=round(frame.x(point.least) if point.most else x),
        right=round(frame.x(point.most) if point.most else x),
        open=point.frontier is False,
        title=title,
        label=label,
    )


def _staircase(points: Sequence[Point], frame: _Frame) -> list[tuple[int, int]]:
    """The corners of the line over models that no cheaper model equals, to the right edge."""
    best = -1
    corners: list[tuple[int, int]] = []
    for point in sorted(points, key=lambda p: (p.cost, -p.score)):
        if point.score <= best:
            continue
        best = point.score
        x, y = round(frame.x(point.cost)), round(frame.y(point.score))
        if corners:
            corners.append((x, corners[-1][1]))
        corners.append((x, y))
    return [*corners, (round(frame.area.right), corners[-1][1])]


def _around(one: tuple[int, int], other: tuple[int, int]) -> Box:
    """The room a straight piece of the line takes, so that no label lies on it."""
    (x1, y1), (x2, y2) = one, other
    return Box(min(x1, x2) - 2, min(y1, y2) - 2, max(x1, x2) + 2, max(y1, y2) + 2)


def _labels(
    names: Sequence[str],
    centres: Sequence[tuple[float, float]],
    area: Box,
    lines: Sequence[Box],
    whiskers: Sequence[Box],
) -> list[Label | None]:
    """A free place for each name, best scores first since readers look for those.

    Near places come first, and among them those that cross no ``whiskers`` (drawn intervals);
    a name across a whisker is still legible. One far away gets a line to its dot.
    """
    taken = [*lines, *(Box(x - DOT, y - DOT, x + DOT, y + DOT) for x, y in centres)]
    labels: list[Label | None] = [None] * len(names)
    for i in sorted(range(len(names)), key=lambda i: (centres[i][1], centres[i][0], i)):
        places = list(_places(shortened(names[i], NAME_LENGTH), *centres[i]))
        near = [p for p in places if p.leader is None and _is_nearest(p.box, i, centres)]
        far = [p for p in places if p.leader] if len(names) <= CROWD else []
        tries = product((near, far), ([*taken, *whiskers], taken))
        label = next((found for each, room in tries if (found := _free(each, area, room))), None)
        if label:
            taken += [label.box, *_along(label)]
            labels[i] = label
    return labels


def _free(places: Iterable[Label], area: Box, taken: Sequence[Box]) -> Label | None:
    """The first place inside the area whose label and line touch nothing."""
    for label in places:
        drawn = (label.box, *_along(label))
        if label.box.within(area) and not any(d.touches(t) for d in drawn for t in taken):
            return label
    return None


def _is_nearest(box: Box, own: int, centres: Sequence[tuple[float, float]]) -> bool:
    """Whether no other dot lies as near to a label as its own, so that nobody mistakes it."""
    mine = _distance(box, *centres[own])
    others = (c for i, c in enumerate(centres) if i != own and c != centres[own])
    return all(_distance(box, *other) > mine + DOT for other in others)


def _distance(box: Box, x: float, y: float) -> float:
    across = max(box.left - x, 0, x - box.right)
    return math.hypot(across, max(box.top - y, 0, y - box.bottom))


def _along(label: Label) -> list[Box]:
    """The room of a leader line as small boxes, from where it leaves its dot."""
    if label.leader is None:
        return []
    x1, y1, x2, y2 = label.leader
    length = math.hypot(x2 - x1, y2 - y1)
    shares = (at / length for at in range(round(DOT) + 3, round(length), 4))
    spots = ((x1 + share * (x2 - x1), y1 + share * (y2 - y1)) for share in shares)
    return [Box(x - 1, y - 1, x + 1, y + 1) for x, y in spots]


def text_width(text: str) -> float:
    """A generous estimate in px at 12 px: wide scripts count as two letters."""
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in text)
    return LETTER * (len(text) + wide)


def _places(text: str, x: float, y: float) -> Iterable[Label]:
    """Candidate places around a point, near ones first; far ones get a leader line."""
    width = text_width(text)
    for distance in (0, 12, 18, 28, 44, 62, 82, 104):
        for side in (9.0, -9.0 - width):
            for up in (-distance, distance) if distance else (0,):
                yield _label(text, x, y, x + side, y + up, width, leader=distance > 18)
        if distance:
            for up in (-distance, distance):
                yield _label(text, x, y, x - width / 2, y + up, width, leader=distance > 18)


def _label(
    text: str, x: float, y: float, left: float, middle: float, width: float, *, leader: bool
) -> Label:
    box = Box(left, middle - LABEL_HEIGHT / 2, left + width, middle + LABEL_HEIGHT / 2)
    end_x = min(max(x, box.left), box.right)
    end_y = box.bottom if box.bottom < y else box.top if box.top > y else middle
    line = (round(x), round(y), round(end_x), round(end_y)) if leader else None
    return Label(text, round(left), round(middle + 4), box, line)
