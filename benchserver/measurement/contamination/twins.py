"""Does a model solve a task but not its rewritten twin? Remembering breaks on another surface.

A twin has other names, constants, story and order, the same tests. The rewriting may have made it
harder, so what the panel loses from original to twin is the measure. Example: 18 pairs in which
only the original was solved against 5 the other way round is p .0053 one-sided; were the panel's
pairs 36 to 10, nothing would be left.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.pairs import mcnemar_exact, mcnemar_mid_p


@dataclass(frozen=True, slots=True)
class Split:
    """Pairs in which only the original, and only the twin, was solved."""

    only_original: int
    only_twin: int

    def __post_init__(self) -> None:
        if min(self.only_original, self.only_twin) < 0:
            raise BadInput("a count of pairs is negative", place="twins")


@dataclass(frozen=True, slots=True, kw_only=True)
class Twins:
    """``p_value``: the larger of the plain one-sided p and the one against the panel; ``effect``:
    share of all pairs by which originals are solved more often, less the panel's own."""

    p_plain: float
    p_value: float
    p_two_sided: float
    p_mid: float
    effect: float


def twin_test(
    seen: Split, *, pairs: int, panel: Split | None = None, panel_pairs: int = 0
) -> Twins:
    """McNemar one-sided on discordant pairs, calibrated on the panel's (McNemar 1947).

    Against the panel: Fisher's exact test of both splits, which allows for a small panel.
    Known answers: 18 and 5 .0053110122681, mid-p .0066107511520. Raises ``BadInput`` for more
    discordant pairs than pairs.
    """
    share = _share(seen, pairs)
    plain = one_sided(seen)
    against = plain if panel is None else _against(seen, panel)
    return Twins(
        p_plain=plain,
        p_value=max(plain, against),
        p_two_sided=mcnemar_exact(seen.only_original, seen.only_twin),
        p_mid=mcnemar_mid_p(seen.only_original, seen.only_twin),
        effect=share - (_share(panel, panel_pairs) if panel and panel_pairs else 0.0),
    )


def one_sided(seen: Split) -> float:
    """Chance of so many originals alone if neither were easier (McNemar 1947).

    Known answers: 18 and 5 .0053110122681; 6 and 0 .015625. Without discordant pairs it is 1.
    """
    n = seen.only_original + seen.only_twin
    return float(stats.binom.sf(seen.only_original - 1, n, 0.5))


def _against(seen: Split, panel: Split) -> float:
    sides = (seen, panel)
    cells = np.array([[side.only_original, side.only_twin] for side in sides])
    return float(stats.fisher_exact(cells, alternative="greater").pvalue)


def _share(seen: Split, pairs: int) -> float:
    if pairs < max(1, seen.only_original + seen.only_twin):
        raise BadInput("more discordant pairs than pairs", place="twins.pairs")
    return (seen.only_original - seen.only_twin) / pairs
