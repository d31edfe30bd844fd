"""Is a model's public score further above its private one than the panel's is?

The public tasks may simply be easier; the frozen panel, which remembers neither, says by how much.
Example: a gap of .18 where six panel models have gaps around .03 leaves .148, t 2.96, p .016.

``residual_gap`` is the one that is graded: each task's difficulty is taken out first, and how many
degrees of freedom the panel's spread is worth depends on how much of the error it makes up.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination.cliff import panel_difficulties, residuals

Split = tuple[Sequence[float], Sequence[float]]  # scores of the public tasks, and of the private


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """``adjusted``: the gap less the panel's mean gap; p-values one-sided (too large a gap)."""

    adjusted: float
    statistic: float
    df: float
    p_value: float
    p_normal: float


def against_panel(gap: float, se: float, panel: Sequence[float]) -> Gap:
    """Is this gap larger than the panel's own gaps? A prediction interval's t with m - 1 df,
    conservative because ``se`` is counted as known (Student 1908).

    ``gap``, ``se``: public minus private score and its error; ``panel``: each panel model's gap.
    Known answer: 168/200 against 132/200, panel .03 .05 -.01 .04 .02 .06: statistic 2.9587,
    p .0158. Raises ``BadInput`` below two panel models or without any spread.
    """
    if len(panel) < 2:
        raise BadInput("the panel's gaps need two models", place="gaps.panel")
    if se < 0:
        raise BadInput("a gap without any error cannot be judged", place="gaps.se")
    spread = _some(se**2 + float(np.var(panel, ddof=1)) * (1 + 1 / len(panel)))
    return _gap(gap - float(np.mean(panel)), spread=spread, df=len(panel) - 1)


def residual_gap(own: Split, panel: Sequence[Split], *, samples: int) -> Gap:
    """The same with each task's difficulty taken out, by degrees of freedom (Satterthwaite 1946).

    ``own``, ``panel``: (public, private) task scores in [0, 1] of the model and of each panel
    model, on the same tasks; ``samples``: how many a score is the mean of. A gap is the mean
    residual of the public tasks less that of the private ones. The panel's spread counts at least
    what the sampling of its tasks makes it: a spread that is small by luck proves nothing.
    Known answer: two tasks a split, own scores 1, .8 and .2, .4, panel .6, .4 everywhere and
    .4, .6 everywhere: adjusted .6, spread floored. Raises ``BadInput`` below two panel models that
    solve some and not all, or for a model that solves all or nothing.
    """
    telling = [one for one in panel if tells(one)]
    if len(telling) < 2 or not tells(own):
        raise BadInput("a gap needs models that solve some tasks and not all", place="gaps.panel")
    if min(len(own[0]), len(own[1])) < 2:
        raise BadInput("a gap needs two tasks in each split", place="gaps")
    shifts = _shifts([own, *telling], samples)
    return _judged(shifts[0], shifts[1:])


@dataclass(frozen=True, slots=True)
class _Shift:
    """A gap of residuals, and the variance that drawing the tasks gives it."""

    gap: float
    variance: float
    df: int


def tells(one: Split) -> bool:
    """Whether it solves something and not everything; else it has no residuals."""
    scores = [*one[0], *one[1]]
    return 0 < sum(scores) < len(scores)


def _shifts(models: Iterable[Split], samples: int) -> list[_Shift]:
    """``models``: the one that is judged and the panel; difficulties come from the panel alone."""
    listed = [([*public, *private], len(public)) for public, private in models]
    panel = np.array([scores for scores, _ in listed[1:]])
    counts = np.full(panel.shape[1], float(len(panel) * samples))
    hardness = panel_difficulties((panel.sum(axis=0) * samples).tolist(), counts.tolist())
    return [_shift(residuals(scores, hardness), public) for scores, public in listed]


def _shift(values: Sequence[float], public: int) -> _Shift:
    sides = (np.asarray(values[:public]), np.asarray(values[public:]))
    variances = [float(side.var(ddof=1)) / len(side) for side in sides]
    gap = float(sides[0].mean() - sides[1].mean())
    return _Shift(gap=gap, variance=sum(variances), df=min(map(len, sides)) - 1)


def _judged(own: _Shift, panel: Sequence[_Shift]) -> Gap:
    m = len(panel)
    gaps = [one.gap for one in panel]
    # The panel's own residuals were drawn towards it by 1 - 1/m.
    drawn = float(np.mean([one.variance for one in panel])) * m / (m - 1)
    among = max(float(np.var(gaps, ddof=1)), drawn) * (1 + 1 / m)
    spread = _some(own.variance + among)
    df = spread**2 / (own.variance**2 / own.df + among**2 / (m - 1))
    return _gap(own.gap - float(np.mean(gaps)), spread=spread, df=df)


def _some(spread: float) -> float:
    if not (spread > 0 and math.isfinite(spread)):
        raise BadInput("a gap without any error cannot be judged", place="gaps.se")
    return spread


def _gap(adjusted: float, *, spread: float, df: float) -> Gap:
    """``spread``: the variance of ``adjusted``."""
    statistic = adjusted / math.sqrt(spread)
    return Gap(
        adjusted=adjusted,
        statistic=statistic,
        df=df,
        p_value=float(stats.t.sf(statistic, df)),
        p_normal=float(stats.norm.sf(statistic)),
    )
