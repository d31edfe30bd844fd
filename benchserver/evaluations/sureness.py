"""How sure a board's scores are: what samples and tasks add to the error, and what judging may.

Two questions before the next form is frozen. Would more samples help, or more tasks? And what
would errors of the tests do to a score? Example: tests that miss 10 % of small faults and
references that fail in 5 % of their runs show a model that solves half of the tasks as 52.5 %, and
behind a shown 52.5 % stand 50 %.

Figures are of a whole board and go to admins only.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchserver.core.errors import BadInput
from benchserver.evaluations.outcomes import Outcomes
from benchserver.measurement.flakiness import corrected_score, observed_score
from benchserver.measurement.means import mean_score
from benchserver.measurement.scores import variance_split

_HALF = 0.5
_KEPT = ("tried", "noticed")  # counts of intake


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Means over models. ``between``: variance of tasks; ``within``: of one task's samples."""

    between: float
    within: float
    samples: int

    @property
    def share_within(self) -> float:
        """Of a task score's variance, what its few samples add."""
        noise = self.within / self.samples
        return noise / (self.between + noise)

    @property
    def more_samples(self) -> float:
        """By how much twice the samples would lower the standard error, 0 to 1."""
        return 1 - math.sqrt(1 - self.share_within / 2)

    @property
    def more_tasks(self) -> float:
        """The same of twice the tasks."""
        return 1 - math.sqrt(_HALF)


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What errors like those of intake would do to scores. Shares of 1.

    ``noticed`` of ``faults``: small faults put into the form's references; ``flips`` of ``runs``:
    of its references. ``half``: what a model that solves half of the tasks would be shown.
    ``best``: the best entrant's score, ``behind``: what would stand behind it; None without an
    entrant, or where such errors alone would show more.
    """

    faults: int
    noticed: int
    runs: int
    flips: int
    half: float
    best: float | None
    behind: float | None


def spread(table: Outcomes) -> Spread | None:
    """None for single samples, which show no spread, for one task, and where all are alike."""
    if table.samples < 2 or len(table.versions) < 2 or not table.models:
        return None
    split = [variance_split(row.tolist(), table.samples) for row in table.passed]
    between, within = (float(part) for part in np.mean(split, axis=0))
    if not between + within:
        return None
    return Spread(between=between, within=within, samples=table.samples)


def design(table: Outcomes) -> float | None:
    """How many times the families of its tasks raise a score's variance, mean over models.

    None where every task is its own family, or there is but one.
    """
    if not table.models or table.families is None or len(set(table.families)) < 2:
        return None
    rows = [mean_score(row.tolist(), families=table.families) for row in table.shares]
    return float(np.mean([estimate.design_effect for estimate in rows]))


def judging(
    table: Outcomes,
    *,
    intakes: Collection[Mapping[str, Any]],
    references: Collection[tuple[int, int]],
) -> Judging | None:
    """``intakes``: of the form's versions; ``references``: (runs, flips) of each.

    None without a fault tried or a reference run, and for tests that tell nothing.
    """
    faults, noticed = (
        sum(int(kept.get(f"faults_{name}", 0)) for kept in intakes) for name in _KEPT
    )
    runs, flips = (sum(pair[place] for pair in references) for place in (0, 1))
    if not faults or not runs or 1 - noticed / faults + flips / runs >= 1:
        return None
    rates = {"false_accept": 1 - noticed / faults, "false_reject": flips / runs}
    best = _best(table)
    return Judging(
        faults=faults,
        noticed=noticed,
        runs=runs,
        flips=flips,
        half=observed_score(_HALF, **rates),
        best=best,
        behind=None if best is None else _behind(best, rates),
    )


def _best(table: Outcomes) -> float | None:
    """Of entrants; the panel does not compete."""
    rows = table.shares[~table.panel]
    return float(rows.mean(axis=1).max()) if rows.size else None


def _behind(shown: float, rates: Mapping[str, float]) -> float | None:
    try:
        return corrected_score(shown, **rates)
    except BadInput:
        return None
