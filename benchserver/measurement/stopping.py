"""May we stop sampling? Yes, when no further sample can change a tier of the board.

The missing samples are drawn many times from what the present ones say about each task, each drawn
board is put into tiers by the very rule of ``ranks.py``, and sampling may stop only when *every*
drawn board has the tiers of today. Example: after 2 of 5 samples a model that leads by twenty
points leads in all drawn completions: the other three samples buy no tier.

This is stochastic curtailment (Lan, Simon and Halperin 1982) with predictive draws (Spiegelhalter,
Freedman and Blackburn 1986). If a change has the chance q, all n draws miss it with (1 - q)^n, so
a look errs with at most max q (1 - q)^n < 1 / (e n). ``draws_for`` takes so many that all looks
together err in half of ``ERROR_RATE``, 1 %; the other half is for tasks that do not follow the
beta law below.

Above twenty models a board's own p-values are drawn by lot, too dear for every drawn board. There a
pair differs when its statistic reaches today's cutoff, and the tiers must stay for one 2 % lower
and one 2 % higher as well. Boundaries that spend alpha on a growing sample of *tasks* do not fit:
here the tasks are all there from the start and only their samples grow.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput
from benchserver.measurement.ranks import HOLM_UP_TO, tier_numbers, walked_down
from benchserver.measurement.resampling import cutoff, statistics

Floats = npt.NDArray[np.float64]
Counts = npt.NDArray[np.int64]

ERROR_RATE = 0.01
BAND = 0.02  # of today's cutoff, for what another table and its lots move it by


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """``settled``: no drawn completion moved a model to another tier. ``reason``: why not, in
    words, empty when settled. ``left``: samples not taken yet, over all models and tasks."""

    settled: bool
    reason: str
    left: int


def look(
    passed: Sequence[Sequence[int]],
    done: Sequence[Sequence[int]],
    planned: int,
    *,
    families: Sequence[Hashable] | None = None,
    alpha: float = 0.05,
    draws: int | None = None,
    seed: int = 0,
) -> Look:
    """Would the tiers stay if all samples were taken? (Lan, Simon and Halperin 1982.)

    ``passed``, ``done``: models x tasks, passes and samples so far; ``planned``: samples per task
    in the end. Each model's tasks follow a beta law fitted by moments; a task's own samples update
    it, and its missing ones are binomial. Known answer: with nothing left it is settled; with one
    sample a task it never is. Raises ``BadInput`` for counts that cannot be.
    """
    c, n = _checked(passed, done, planned)
    left = int((planned - n).sum())
    obstacle = _obstacle(n, left)
    if obstacle or not left:
        return Look(settled=not obstacle, reason=obstacle, left=left)
    generator = np.random.default_rng(seed)
    now = tier_numbers(c / n, families=families, alpha=alpha)
    tiers_of = _rule(c / n, families, alpha)
    laws = [_law(c, n, row) for row in range(len(c))]
    for _ in range(draws or draws_for(planned)):
        final = np.asarray(
            [_completed(generator, *laws[i], c[i], n[i], planned) for i in range(len(c))]
        )
        if any(tiers != now for tiers in tiers_of(final)):
            return Look(settled=False, reason="a tier may still change", left=left)
    return Look(settled=True, reason="", left=left)


def settled_after(
    outcomes: Sequence[Sequence[Sequence[bool]]],
    *,
    families: Sequence[Hashable] | None = None,
    alpha: float = 0.05,
) -> int | None:
    """The first number of samples per task after which one could have stopped, or None.

    ``outcomes``: models x tasks x samples in the order they were taken, all complete; None when
    only the last sample settled it (Lan, Simon and Halperin 1982). Known answer: one sample a
    task gives None. Raises ``BadInput`` for rows of different length.
    """
    table = np.asarray(outcomes, dtype=np.int64)
    if table.ndim != 3:
        raise BadInput("every task of a board has the same samples", place="stopping")
    planned = table.shape[2]
    for k in range(2, planned):
        passed = table[:, :, :k].sum(axis=2)
        found = look(
            passed.tolist(),
            np.full_like(passed, k).tolist(),
            planned,
            families=families,
            alpha=alpha,
            seed=k,
        )
        if found.settled:
            return k
    return None


def draws_for(planned: int) -> int:
    """Draws a look needs, so that all looks before the last sample err in half of ``ERROR_RATE``.

    A look follows every full pass but the first and the last. Known answer: 5 samples, 3 looks:
    221 draws.
    """
    looks = max(1, planned - 2)
    return math.ceil(2 * looks / (math.e * ERROR_RATE))


def _rule(
    table: Floats, families: Sequence[Hashable] | None, alpha: float
) -> Callable[[Floats], Iterator[list[int]]]:
    """The tiers a drawn board may have: by the board's own rule, or by today's cutoff and both ends
    of its band."""
    if len(table) <= HOLM_UP_TO:
        return lambda final: iter([tier_numbers(final, families=families, alpha=alpha)])
    today = cutoff(table, families=families, alpha=alpha)

    def by_cutoff(final: Floats) -> Iterator[list[int]]:
        found = statistics(final, families=families)
        for share in (1.0, 1 - BAND, 1 + BAND):
            yield walked_down(final, found >= share * today)

    return by_cutoff


def _checked(
    passed: Sequence[Sequence[int]], done: Sequence[Sequence[int]], planned: int
) -> tuple[Counts, Counts]:
    try:
        c, n = np.asarray(passed, dtype=np.int64), np.asarray(done, dtype=np.int64)
    except ValueError:
        raise BadInput("all models of a board meet the same tasks", place="stopping") from None
    if c.ndim != 2 or c.shape != n.shape or not c.size:
        raise BadInput("all models of a board meet the same tasks", place="stopping")
    if not ((c >= 0) & (c <= n) & (n <= planned)).all():
        raise BadInput("a count of samples cannot be", place="stopping")
    return c, n


def _obstacle(n: Counts, left: int) -> str:
    """Why nothing can be foretold, in words; empty when it can."""
    if not left:
        return ""
    if n.min() < 1:
        return "a task has no sample yet"
    if n.max() < 2:
        return "one sample of a task does not tell how the next may differ"
    return ""


def _law(c: Counts, n: Counts, row: int) -> tuple[float, float]:
    """The beta law of one model's tasks, by moments: the less its repeated samples agree, the
    nearer its tasks are to one another. A model without repeated samples borrows the others'."""
    own = n[row] > 1
    within = _within(c[row][own], n[row][own]) if own.any() else _within(c[n > 1], n[n > 1])
    mean = (float(c[row].sum()) + 0.5) / (float(n[row].sum()) + 1)
    agreement = float(np.clip(1 - within / (mean * (1 - mean)), 0.01, 0.99))
    weight = 1 / agreement - 1
    return mean * weight, (1 - mean) * weight


def _within(c: Counts, n: Counts) -> float:
    """Mean p (1 - p) of tasks, with one imagined task whose two samples differ: a few that agree
    by luck do not promise that all others will."""
    s = c / n
    return (float((s * (1 - s) * n / (n - 1)).sum()) + 0.5) / (len(n) + 1)


def _completed(
    generator: np.random.Generator, a: float, b: float, c: Counts, n: Counts, planned: int
) -> Floats:
    """Task scores of one model after all samples, the missing ones drawn."""
    rates = generator.beta(a + c, b + n - c)
    return np.asarray((c + generator.binomial(planned - n, rates)) / planned, dtype=np.float64)
