"""What an admin reads beside the findings: figures that no grade rests on, each with its id.

Some are weak alone (a fall at the cutoff may be harder tasks), some need a prior that nobody can
prove, one is no sign of memory at all (another model behind the endpoint). Example: two canary
passes of ten, of which honest models pass .5 %, make of a prior of 5 % a chance of 92 %.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchserver.measurement.contamination import battery, canaries, cliff, gaps
from benchserver.measurement.estimators import label
from benchserver.measurement.means import mean_score

PRIOR = 0.05  # of a leak, before anything is looked at
LEAKED = 0.3  # of the canaries, by a model that has met some of them
_STRATA = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """``value`` in the unit that ``what`` names; ``p_value``: None where there is no test."""

    test: str
    what: str
    value: float
    p_value: float | None = None


def figures(subject: battery.Subject) -> list[Figure]:
    """All that there is data for, in a fixed order; empty without any."""
    return [*_gap(subject.measured), *_canaries(subject.canaries), *_falls(subject.dated)]


def _gap(measured: battery.Measured | None) -> list[Figure]:
    """The plain rule, whose few degrees of freedom hardly ever decide anything."""
    if measured is None:
        return []
    one, two = (mean_score(side) for side in measured.own)
    panel = [float(np.mean(public) - np.mean(private)) for public, private in measured.panel]
    se = math.hypot(one.se, two.se)
    if not se + float(np.ptp(panel)):
        return []  # every task alike for everybody: no error, no test
    found = gaps.against_panel(one.mean - two.mean, se, panel)
    what = "public less private score, less the panel's mean gap"
    test = label("gap-vs-panel")
    return [Figure(test=test, what=what, value=found.adjusted, p_value=found.p_value)]


def _canaries(counted: battery.Counted | None) -> list[Figure]:
    if counted is None:
        return []
    honest = canaries.honest_rate(counted.panel)
    known = canaries.posterior(canaries.mixed_factor(counted.model), prior=PRIOR)
    found = [
        Figure(test=label("canary-factor"), what=f"{_CHANCE}, both rates unknown", value=known)
    ]
    if honest >= LEAKED:  # too few panel runs: no rate of theirs is below a leak's
        return found
    factor = canaries.bayes_factor(counted.model, honest=honest, leaked=LEAKED)
    chance = canaries.posterior(factor, prior=PRIOR)
    what = f"{_CHANCE}, honest {honest:.2%}, leaked {LEAKED:.0%}"
    return [Figure(test=label("canary-posterior"), what=what, value=chance), *found]


_CHANCE = f"chance of a leak by the canaries, {PRIOR:.0%} before"


def _falls(dated: battery.Dated | None) -> list[Figure]:
    """Odds ratios at the declared cutoff: plain, and within strata of the panel's difficulty."""
    if dated is None:
        return []
    sides = cliff.windows(dated.written, cutoff=dated.cutoff, start=dated.start)
    if not sides.before or not sides.after:
        return []
    solved = [float(score > 0.5) for score in dated.scores]  # Fisher counts whole tasks
    plain = cliff.table(solved, sides)
    ratio = cliff.odds_ratio(plain)
    found = []
    if np.isfinite(ratio):
        what = "odds ratio of solving, before the cutoff to after"
        test = label("cliff-fisher")
        found.append(Figure(test=test, what=what, value=ratio, p_value=cliff.fisher(plain)))
    return [*found, *_strata(dated, sides)]


def _strata(dated: battery.Dated, sides: cliff.Windows) -> list[Figure]:
    tables = [cliff.table(dated.scores, part) for part in _by_difficulty(dated, sides)]
    telling = [t for t in tables if 0 < t.passed_before + t.passed_after < t.before + t.after]
    if not telling:
        return []
    pooled = cliff.mantel_haenszel(telling)
    if not np.isfinite(pooled.odds_ratio):
        return []
    what = f"common odds ratio over {len(telling)} strata of difficulty"
    test = label("cliff-strata")
    return [Figure(test=test, what=what, value=pooled.odds_ratio, p_value=pooled.p_corrected)]


def _by_difficulty(dated: battery.Dated, sides: cliff.Windows) -> list[cliff.Windows]:
    """Thirds of the tasks on both sides by the panel's passes, those with a task on each side."""
    places = [*sides.before, *sides.after]
    rates = [_rate(dated, place) for place in places]
    edges = np.quantile(rates, [n / _STRATA for n in range(1, _STRATA)])
    third = dict(zip(places, np.searchsorted(edges, rates).tolist(), strict=True))
    parts = [
        cliff.Windows(
            before=_of(third, sides.before, number), after=_of(third, sides.after, number)
        )
        for number in range(_STRATA)
    ]
    return [part for part in parts if part.before and part.after]


def _of(third: dict[int, int], places: Sequence[int], number: int) -> tuple[int, ...]:
    return tuple(place for place in places if third[place] == number)


def _rate(dated: battery.Dated, place: int) -> float:
    samples = dated.panel_samples[place]
    return dated.panel_passed[place] / samples if samples else 0.0
