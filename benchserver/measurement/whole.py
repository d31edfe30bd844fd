"""Whole numbers for signed records: what is counted, and pairs told only as finely as they may be.

A count needs no error, but it needs a name like every other number. A p-value to six digits would
tell how often two models agree, and so single results to whoever knows one of the two; a step
("at most .01") does not. Example: p = .0266 is told as 50,000 millionths, "at most .05".
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable

from benchserver.core.errors import BadInput
from benchserver.measurement.means import t_quantile

P_STEPS_E6 = (100, 1_000, 10_000, 50_000, 200_000, 1_000_000)
CERTAIN_E6 = 50_000


def count(things: Iterable[Hashable], *, of: Hashable) -> int:
    """How many of the things are ``of``; nothing is estimated (docs/statistics.md, 2026).

    Known answer: passed, wrong, passed holds two passed.
    """
    return sum(thing == of for thing in things)


def p_step(p: float) -> int:
    """The smallest step that is not below p, in millionths (docs/statistics.md, 2026).

    Known answers: .0266 is 50000; .05 is 50000; .5 is 1000000. Raises ``BadInput`` outside 0 to 1.
    """
    if not 0 <= p <= 1:
        raise BadInput(f"{p} is no p-value", place="p")
    return next(step for step in P_STEPS_E6 if p <= step / 1_000_000)


def pair_margin(errors_e4: tuple[int, int], *, difference_e4: int, p_e6: int, clusters: int) -> int:
    """Half a 95 % interval of a difference, from what is public about two models.

    The smaller of two half-widths: both standard errors as if unpaired (Miller 2024), and the one
    at which the told p would be exact; widened or cut so that 0 lies inside exactly when p is
    above .05. Known answers, 24 clusters: errors 930 and 1020, difference 2500, p at most .05:
    2500; p at most .2: 2855. Raises ``BadInput`` below two clusters.
    """
    if clusters < 2:
        raise BadInput("a margin needs at least two families of tasks", place="pairs")
    critical, size = t_quantile(0.975, clusters - 1), abs(difference_e4)
    half = critical * math.hypot(*errors_e4)
    if p_e6 < P_STEPS_E6[-1]:
        half = min(half, size * critical / t_quantile(1 - p_e6 / 2_000_000, clusters - 1))
    return round(half if p_e6 <= CERTAIN_E6 else max(half, size))
