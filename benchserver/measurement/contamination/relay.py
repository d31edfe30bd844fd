"""Does one endpoint forward to another? Two models that make the same mistakes.

Able models agree on what they solve; it is identical *wrong* answers that betray a relay. Among
the tasks both fail, equal fingerprints of failure are counted against how often panel models of
like ability share theirs. Example: of 40 tasks both fail, 30 alike where .35 is usual: p 2.9e-7.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from scipy import stats

from benchserver.core.errors import BadInput
from benchserver.measurement.contamination.canaries import Passes, honest_rate

Failures = Mapping[Any, Hashable]  # task -> fingerprint of the wrong answer


@dataclass(frozen=True, slots=True)
class Shared:
    """Tasks that both fail, and those of them that fail alike."""

    wrong: int
    same: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Likest:
    """``p_value``: after all models that were looked at; ``excess``: share alike above the base."""

    shared: Shared
    excess: float
    p_value: float


def shared_failures(first: Failures, second: Failures) -> Shared:
    both = first.keys() & second.keys()
    return Shared(wrong=len(both), same=sum(first[task] == second[task] for task in both))


def tail(shared: Shared, *, base: float) -> float:
    """Chance of so many alike or more (the binomial tail, Bernoulli 1713).

    Known answers: 30 of 40 at .35 2.9e-7, 18 of 40 .124. Raises ``BadInput``.
    """
    if not 0 <= shared.same <= shared.wrong or not 0 <= base <= 1:
        raise BadInput("counts of shared failures or their base cannot be", place="relay")
    return float(stats.binom.sf(shared.same - 1, shared.wrong, base))


def base_rate(panel: Sequence[Failures]) -> float:
    """How often panel pairs fail alike, at the upper end of what they leave possible.

    Raises ``BadInput`` unless some pair of the panel failed the same task.
    """
    pairs = [shared_failures(a, b) for a, b in combinations(panel, 2)]
    wrong, same = sum(p.wrong for p in pairs), sum(p.same for p in pairs)
    if not wrong:
        raise BadInput("no two panel models failed the same task", place="relay.panel")
    return honest_rate(Passes(same, wrong))


def likest(
    own: Failures, others: Sequence[Failures], *, base: float, least: int = 1
) -> Likest | None:
    """Of several models the one most suspiciously alike, p times their number (Bonferroni 1936).

    ``least``: tasks that both must fail before likeness says anything; None when no model has as
    many. Known answer: 45 looked at make of 2.9e-7 1.3e-5. Raises ``BadInput`` for a base that
    cannot be.
    """
    shared = [shared_failures(own, other) for other in others]
    told = [one for one in shared if one.wrong >= max(1, least)]
    found = [
        Likest(
            shared=one,
            excess=one.same / one.wrong - base,
            p_value=min(1.0, len(told) * tail(one, base=base)),
        )
        for one in told
    ]
    return min(found, key=lambda one: (one.p_value, -one.excess), default=None)
