"""Has a daily figure left its own past? A slow alarm for endpoints that are asked once a day.

Each day's short answers are compared with the first ones; what varies varies every day, so the
figure is held against its own last fourteen quiet days. Example: about .11 for two weeks, then
.73, .70 and .75: an alarm on the third of these days; one odd day, or two, are none.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchserver.core.errors import BadInput
from benchserver.measurement.equality import K, total_variation

WINDOW = 14
LEAST = 0.2  # of total variation above the trailing mean
SDS = 4.0
DAYS = 3
UNSTABLE = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Trail:
    """``alarm``: as of the last day; ``mean``, ``sd``: of the quiet days it is held against, None
    before there are fourteen; ``unstable``: its answers vary too much for this to say anything."""

    alarm: bool
    odd_days: int
    mean: float | None
    sd: float | None
    unstable: bool


def distance(
    reference: Mapping[K, Sequence[Hashable]], today: Mapping[K, Sequence[Hashable]]
) -> float:
    """Mean total variation over the prompts that both have (B3IT, ICML 2026).

    Known answer: distances .08, .10 and .15 have mean .11; .9, .6 and .7 have .7333. Raises
    ``BadInput`` when they have no prompt in common.
    """
    both = [p for p in reference if reference[p] and today.get(p)]
    if not both:
        raise BadInput("no prompt has answers on both days", place="trailing")
    return float(np.mean([total_variation(reference[p], today[p]) for p in both]))


def trailing_alarm(daily: Sequence[float]) -> Trail:
    """More than .2 and more than four standard deviations above the mean of the last fourteen
    quiet days, three days running (B3IT, ICML 2026).

    ``daily``: one distance to the reference a day, oldest first, in [0, 1]. An odd day does not
    join the days it is held against, or its own size would hide the next one. Known answer:
    fourteen days of .11, then .7333 thrice: an alarm on the third. Raises ``BadInput`` for a
    distance that cannot be.
    """
    if not all(0 <= value <= 1 for value in daily):
        raise BadInput("a distance lies between 0 and 1", place="trailing.daily")
    quiet: list[float] = []
    odd = 0
    for value in daily:
        if len(quiet) >= WINDOW and _odd(value, quiet[-WINDOW:]):
            odd += 1
        else:
            odd = 0
            quiet.append(value)
    held = quiet[-WINDOW:] if len(quiet) >= WINDOW else []
    unstable = bool(held) and float(np.median(held)) >= UNSTABLE
    return Trail(
        alarm=odd >= DAYS and not unstable,
        odd_days=odd,
        mean=float(np.mean(held)) if held else None,
        sd=float(np.std(held, ddof=1)) if held else None,
        unstable=unstable,
    )


def _odd(value: float, quiet: Sequence[float]) -> bool:
    above = value - float(np.mean(quiet))
    return above > LEAST and above > SDS * float(np.std(quiet, ddof=1))
