"""If each exposure leaks with some chance, how much could a later evaluation gain from it?

Nobody has measured that chance (lambda); the tables are what-ifs, and salted canaries are the way
to measure it. Example: at lambda = .01 ten exposures leak 9.6 % of the tasks, worth 4.8 points to
a model that passes half of them anyway; at .05 a single one is worth 2.5.
"""

from __future__ import annotations

import math

from benchserver.core.errors import BadInput


def leaked_share(rate: float, exposures: int) -> float:
    """1 - (1 - lambda)^e, independent leaks (note of 2026, section 7.2).

    Known answers: .01 and 2 .0199; .01 and 10 .0956.
    """
    _check(rate)
    if exposures < 0:
        raise BadInput("exposures are not negative", place="exposures")
    if rate == 1:
        return float(exposures > 0)
    return -math.expm1(exposures * math.log1p(-rate))


def gain(rate: float, exposures: int, *, score: float) -> float:
    """Expected gain of a model that knows what leaked: leaked share * (1 - p) (note of 2026, 7.2).

    Known answers at p = .5: (.01, 2) .00995; (.01, 10) .0478; (.05, 1) .025.
    """
    if not 0 <= score <= 1:
        raise BadInput(f"{score} is no score", place="score")
    return leaked_share(rate, exposures) * (1 - score)


def exposures_allowed(rate: float, *, score: float, most: float) -> int | None:
    """The most exposures whose gain stays at or below ``most``; None: no number is too many.

    Known answers at p = .5 (note of 2026, 7.2): one point 2 at .01 and 0 at .05; five points 10
    and 2.
    """
    _check(rate)
    if not 0 <= score <= 1 or most < 0:
        raise BadInput("a score and a gain of at least 0", place="exposures_allowed")
    if not rate or 1 - score <= most:
        return None
    if rate == 1:
        return 0
    return math.floor(math.log1p(-most / (1 - score)) / math.log1p(-rate) + 1e-9)


def share_worth_one_error(score: float, tasks: int) -> float:
    """Which leaked share moves a score by one standard error: sqrt(p (1-p) / L) / (1 - p).

    Known answer: .5 on 150 tasks .0816 (note of 2026, section 7.2).
    """
    if not 0 <= score < 1 or tasks < 1:
        raise BadInput("a score below 1 on at least one task", place="leak")
    return math.sqrt(score * (1 - score) / tasks) / (1 - score)


def _check(rate: float) -> None:
    if not 0 <= rate <= 1:
        raise BadInput(f"{rate} is no chance of a leak", place="rate")
