"""Is a model's public score further above its private one than the panel's is?

The public tasks may simply be easier; the frozen panel, which remembers neither, says by how much.
Example: a gap of .18 where six panel models have gaps around .03 leaves .148, t 2.96, p .016.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchserver.core.errors import BadInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """``adjusted``: the gap less the panel's mean gap; p-values one-sided (too large a gap)."""

    adjusted: float
    statistic: float
    df: int
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
    spread = se**2 + float(np.var(panel, ddof=1)) * (1 + 1 / len(panel))
    if not (spread > 0 and math.isfinite(spread)) or se < 0:
        raise BadInput("a gap without any error cannot be judged", place="gaps.se")
    adjusted, df = gap - float(np.mean(panel)), len(panel) - 1
    statistic = adjusted / math.sqrt(spread)
    return Gap(
        adjusted=adjusted,
        statistic=statistic,
        df=df,
        p_value=float(stats.t.sf(statistic, df)),
        p_normal=float(stats.norm.sf(statistic)),
    )
