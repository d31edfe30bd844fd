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
class Pair:
    """``p_value``: after Bonferroni over all pairs; ``excess``: share alike above the base."""

    first: str
    second: str
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


def suspicious_pairs(models: Mapping[str, Failures], *, base: float) -> list[Pair]:
    """All pairs, most suspicious first, p-values times the number of pairs (Bonferroni 1936).

    Known answer: 45 pairs make of 2.9e-7 1.3e-5. Raises ``BadInput`` for an impossible base.
    """
    pairs = list(combinations(sorted(models), 2))
    found = [_pair(a, b, models, base, len(pairs)) for a, b in pairs]
    return sorted(found, key=lambda pair: (pair.p_value, pair.first, pair.second))


def _pair(a: str, b: str, models: Mapping[str, Failures], base: float, pairs: int) -> Pair:
    shared = shared_failures(models[a], models[b])
    excess = shared.same / shared.wrong - base if shared.wrong else 0.0
    p = min(1.0, pairs * tail(shared, base=base))
    return Pair(first=a, second=b, shared=shared, excess=excess, p_value=p)
