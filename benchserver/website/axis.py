"""One shared axis for a whole column: where a score lies, in percent of the drawing's width.

Percentages let one SVG stretch from a phone to a desk without distorting its dots and letters.
Example: on the axis 0 to 100 a score of 7083 ten-thousandths lies at ``70.83%``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

FULL_E4 = 10_000
STEP_E4 = 1_000
NARROWEST_E4 = 4_000


@dataclass(frozen=True, slots=True)
class Tick:
    x: str
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """An interval and its estimate. ``bound`` says on which side the estimate is open, if any."""

    low: str
    mid: str
    high: str
    bound: str = ""


@dataclass(frozen=True, slots=True)
class Axis:
    """Scores from ``low_e4`` to ``high_e4``, in ten-thousandths."""

    low_e4: int = 0
    high_e4: int = FULL_E4

    def at(self, e4: int) -> str:
        """The place of a score as a percentage; beyond an end it stays at the end."""
        inside = min(max(e4, self.low_e4), self.high_e4)
        hundredths = (inside - self.low_e4) * 10_000 // (self.high_e4 - self.low_e4)
        return f"{hundredths // 100}.{hundredths % 100:02d}%"

    def mark(self, e4: int, *, low: int, high: int, bound: str = "") -> Mark:
        return Mark(self.at(low), self.at(e4), self.at(high), bound)

    @property
    def ticks(self) -> tuple[Tick, ...]:
        step = STEP_E4 if self.high_e4 - self.low_e4 <= 5 * STEP_E4 else 2 * STEP_E4
        places = range(self.low_e4, self.high_e4 + 1, step)
        return tuple(Tick(self.at(e4), str(e4 // 100)) for e4 in places)


def fitting(values: Iterable[int]) -> Axis:
    """The axis of round ends that holds all values, at least 40 points long, within 0 to 100."""
    known = list(values)
    if not known:
        return Axis()
    low = max(min(known), 0) // STEP_E4 * STEP_E4
    high = -(-min(max(known), FULL_E4) // STEP_E4) * STEP_E4
    wide = max(high - low, NARROWEST_E4)
    if wide > 5 * STEP_E4:
        wide += wide % (2 * STEP_E4)  # so that ticks of 20 points end on the last one
    low = max(min(low, FULL_E4 - wide), 0)
    return Axis(low, low + wide)
