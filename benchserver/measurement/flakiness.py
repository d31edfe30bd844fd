"""How sure are we that a judgement repeats, and what a judge that errs does to a score.

No flip seen is not "never flips": three runs without one still allow a rate of 63 %, thirty
allow 9.5 %. Running again until it passes hides it and pays the wrong answers: with "any of 3" a
wrong program that slips through in 20 % of runs passes in 48.8 %. So only faults of our own
machinery are run again, and what a count of runs can promise is printed beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from math import comb

from benchserver.core.errors import BadInput
from benchserver.measurement.means import check_counts, wilson

MUTANTS_KILLED = 0.90  # share a test suite must kill
MUTANTS_LOWER = 0.75  # and the lower end of its Wilson interval
MUTANTS_BLIND = 0.50  # what its upper end must reach, or the tests surely miss most faults


def rate_bound(runs: int, flips: int = 0, *, confidence: float = 0.95) -> float:
    """The highest rate that ``flips`` in ``runs`` still allow, one-sided (Clopper, Pearson 1934).

    Without a flip it is 1 - (1 - confidence)^(1 / runs). Also the false-accept rate after so many
    wrong programs were all rejected. Known answers: 10 .259, 30 .095, 59 .0495, 299 .00997.
    Raises ``BadInput`` for counts that cannot be.
    """
    check_counts(flips, runs, "rate_bound")
    if flips == runs:
        return 1.0
    if not flips:
        return -math.expm1(math.log1p(-confidence) / runs)
    from scipy.special import betaincinv

    return float(betaincinv(flips + 1, runs - flips, confidence))


def runs_needed(rate: float, *, confidence: float = 0.95) -> int:
    """The fewest runs that, all alike, bound the rate of flips at ``rate`` (Clopper, Pearson
    1934). Known answers: .05 needs 59, .01 needs 299."""
    if not 0 < rate < 1:
        raise BadInput("a rate lies between 0 and 1", place="rate")
    return math.ceil(math.log1p(-confidence) / math.log1p(-rate) - 1e-9)


def any_of(rate: float, tries: int) -> float:
    """The chance that at least one of ``tries`` passes: what "retry on failure" makes of a rate.

    Known answer: .20 and 3 tries .488 (Bernoulli 1713).
    """
    _check_tries(rate, tries)
    return -math.expm1(tries * math.log1p(-rate)) if rate < 1 else 1.0


def majority_of(rate: float, tries: int) -> float:
    """The chance that more than half of an odd number of tries pass (Condorcet 1785).

    Known answer: .20 and 3 tries .104.
    """
    _check_tries(rate, tries)
    if tries % 2 == 0:
        raise BadInput("a majority needs an odd number of tries", place="tries")
    half = range(tries // 2 + 1, tries + 1)
    return math.fsum(comb(tries, k) * rate**k * (1 - rate) ** (tries - k) for k in half)


def observed_score(score: float, *, false_accept: float, false_reject: float) -> float:
    """What a judge that errs reports: p (1 - fr) + (1 - p) fa (Rogan and Gladen 1978).

    Known answer: .5 with fa .1 and fr .05 is .525.
    """
    _check_rates(false_accept, false_reject)
    _check_share(score)
    return score * (1 - false_reject) + (1 - score) * false_accept


def corrected_score(observed: float, *, false_accept: float, false_reject: float) -> float:
    """The true score behind an observed one: (obs - fa) / (1 - fr - fa) (Rogan and Gladen 1978).

    Known answer: .525 with fa .1 and fr .05 is .5. Raises ``BadInput`` where the rates cannot
    have given ``observed``: it would lie outside 0 to 1.
    """
    _check_rates(false_accept, false_reject)
    _check_share(observed)
    score = (observed - false_accept) / (1 - false_reject - false_accept)
    if not -1e-12 <= score <= 1 + 1e-12:
        raise BadInput(f"{observed} cannot come from a judge with such rates", place="score")
    return min(1.0, max(0.0, score))


@dataclass(frozen=True, slots=True, kw_only=True)
class Killed:
    """``share`` of the mutants that count; ``low`` and ``high``: its Wilson interval. ``too_few``:
    even the interval's upper end lies below one half."""

    share: float
    low: float
    high: float
    enough: bool
    too_few: bool


def mutants_killed(killed: int, mutants: int, *, equivalent: int = 0) -> Killed:
    """Do the tests notice small faults: at least .90 killed and the Wilson lower end >= .75.

    ``equivalent``: mutants that behave like the reference; they do not count (DeMillo, Lipton
    and Sayward 1978; Wilson 1927). Known answer: 18 of 20 is .90 with [.699, .972]: not enough.
    """
    if not 0 <= equivalent < mutants:
        raise BadInput(f"{equivalent} equivalent of {mutants} mutants", place="mutants")
    counted = mutants - equivalent
    share, interval = killed / counted, wilson(killed, counted)
    return Killed(
        share=share,
        low=interval.low,
        high=interval.high,
        enough=share >= MUTANTS_KILLED and interval.low >= MUTANTS_LOWER,
        too_few=interval.high < MUTANTS_BLIND,
    )


def _check_tries(rate: float, tries: int) -> None:
    _check_share(rate)
    if tries < 1:
        raise BadInput("at least one try", place="tries")


def _check_share(share: float) -> None:
    if not 0 <= share <= 1:
        raise BadInput(f"{share} is no share", place="share")


def _check_rates(false_accept: float, false_reject: float) -> None:
    _check_share(false_accept)
    _check_share(false_reject)
    if false_accept + false_reject >= 1:
        raise BadInput("such a judge tells nothing: fa + fr is 1 or more", place="rates")
