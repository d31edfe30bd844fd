"""What one task says about models: how hard it is, and whether it agrees with the other tasks.

A task that able models fail and weak ones pass is either wrong or remembered. Its *item-rest*
correlation shows it: passes on the task against the score on all *other* tasks; the score on all
tasks contains the task itself and flatters it. With few models a correlation is noise, so it
means something only beyond a critical value. Example: eight models, -.40 against a critical .62
asks nobody for anything; -.70 asks for a look.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from benchserver.core.errors import BadInput
from benchserver.measurement.means import Interval, check_counts, t_quantile

Floats = npt.NDArray[np.float64]
EDGE_SHARE = 0.27  # of the models in the top and in the bottom group (Kelley 1939)
_FLAT = 1e-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """``item_rest``: None where the task or the rest has no spread. ``top_less_bottom``: D."""

    share: float
    item_rest: float | None
    top_less_bottom: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTable:
    """``kr20``, ``sem``: None where all models have one total; ``sem`` is in tasks."""

    models: int
    items: tuple[Item, ...]
    critical: float | None
    kr20: float | None
    sem: float | None


def analyse(matrix: Sequence[Sequence[float]]) -> ItemTable:
    """All figures of a table of models (rows) by tasks (columns), scores in [0, 1].

    ``critical`` is None below three models. Raises ``BadInput`` for ragged rows, an empty table
    or a score outside [0, 1].
    """
    table = _checked(matrix)
    alpha = reliability(matrix)
    spread = float(np.std(table.sum(axis=1)))
    rests = item_rest(matrix)
    edges = top_less_bottom(matrix)
    return ItemTable(
        models=len(table),
        items=tuple(
            Item(share=float(p), item_rest=r, top_less_bottom=d)
            for p, r, d in zip(table.mean(axis=0), rests, edges, strict=True)
        ),
        critical=critical_correlation(len(table)) if len(table) > 2 else None,
        kr20=alpha,
        sem=None if alpha is None else spread * math.sqrt(max(0.0, 1 - alpha)),
    )


def item_rest(matrix: Sequence[Sequence[float]]) -> list[float | None]:
    """Corrected item-total correlation: each task against the sum of the others (Henrysson 1963).

    None without spread. Known answer: the 8 x 6 table of the tests gives None, .361158, .75,
    .359864, -.399227, .75.
    """
    table = _checked(matrix)
    centred = table - table.mean(axis=0)
    totals = centred.sum(axis=1)
    own = (centred**2).mean(axis=0)
    with_total = (centred * totals[:, None]).mean(axis=0)
    rest = (totals**2).mean() + own - 2 * with_total
    covariance = with_total - own
    flat = (own < _FLAT) | (rest < _FLAT)
    scale = np.sqrt(np.where(flat, 1.0, own * rest))
    return [
        None if nothing else min(1.0, max(-1.0, float(r)))  # rounding may pass 1 by an ulp
        for nothing, r in zip(flat, covariance / scale, strict=True)
    ]


def critical_correlation(models: int, *, alpha: float = 0.05) -> float:
    """The one-sided critical value of a correlation over so many models (Student 1908).

    r = t / sqrt(df + t^2), df = models - 2. Known answers: 8 .62, 15 .44, 30 .31. Raises
    ``BadInput`` below three models.
    """
    if models < 3:
        raise BadInput("a correlation needs three models", place="models")
    if not 0 < alpha < 0.5:
        raise BadInput("alpha lies between 0 and 1/2", place="alpha")
    t = t_quantile(1 - alpha, models - 2)
    return t / math.sqrt(models - 2 + t * t)


def reliability(matrix: Sequence[Sequence[float]]) -> float | None:
    """KR-20, for shares of samples Cronbach's alpha: how well the tasks agree on the models.

    L/(L-1) * (1 - sum of task variances / variance of totals), population variances. None
    without spread or with one task. Known answer: the 8 x 6 table gives .50625 (Kuder and
    Richardson 1937).
    """
    table = _checked(matrix)
    tasks: int = table.shape[1]
    spread = float(np.var(table.sum(axis=1)))
    if tasks < 2 or spread < _FLAT:
        return None
    return tasks / (tasks - 1) * (1 - float(np.var(table, axis=0).sum()) / spread)


def top_less_bottom(matrix: Sequence[Sequence[float]]) -> list[float]:
    """D: share passed by the best 27 % of the models less that of the worst, by the *other* tasks.

    Models tied at the edge of a group share its last places, so their order is irrelevant
    (Kelley 1939). Known answer: rows 111, 110, 000, 000 give 1, 1, 1 on the first two tasks'
    rest and 0.5 where the two best tie.
    """
    table = _checked(matrix)
    size = max(1, round(EDGE_SHARE * len(table)))
    rest = table.sum(axis=1)[:, None] - table
    return [
        float(_edge(rest[:, j], size) @ table[:, j] - _edge(-rest[:, j], size) @ table[:, j])
        for j in range(table.shape[1])
    ]


def _edge(score: Floats, size: int) -> Floats:
    """Weights, sum 1, of the ``size`` highest scores; ties at the edge share what is left."""
    cut = np.sort(score)[-size]
    above, at = score > cut + _FLAT, np.abs(score - cut) <= _FLAT
    weights: Floats = (above + at * (size - above.sum()) / at.sum()) / size
    return weights


def jeffreys(passed: int, total: int, *, confidence: float = 0.95) -> tuple[float, Interval]:
    """A task's difficulty from few models: mean and interval of Beta(c + 1/2, n - c + 1/2).

    Never 0 or 1, so that a task nobody passed has a difficulty (Jeffreys 1946). Known answer:
    0 of 8 is .0556 [.00006, .262].
    """
    check_counts(passed, total, "jeffreys")
    from scipy.special import betaincinv

    a, b, tail = passed + 0.5, total - passed + 0.5, (1 - confidence) / 2
    low, high = (float(betaincinv(a, b, q)) for q in (tail, 1 - tail))
    return a / (total + 1), Interval(low, high)


def _checked(matrix: Sequence[Sequence[float]]) -> Floats:
    if not len(matrix) or len({len(row) for row in matrix}) != 1:
        raise BadInput("all models of a table meet the same tasks", place="items")
    table = np.asarray(matrix, dtype=np.float64)
    if not table.size:
        raise BadInput("there are no tasks", place="items")
    if not ((table >= 0) & (table <= 1)).all():  # NaN fails both comparisons
        raise BadInput("a task score lies outside 0 to 1", place="items")
    return table
