"""What a rank costs: money, tokens and time per task with intervals, and who is worth its price.

A dear model on top may be no better than a cheap one below it. So a model lies on the frontier only
when it is significantly better than everything surely cheaper, both by their intervals. Example: A
(.71 for 2 cents) and B (.75 for 20 cents) are not told apart by 24 tasks; B is off the frontier.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass

from benchserver.core.errors import BadInput
from benchserver.measurement.means import cluster_codes, clustered_mean, t_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """Mean use per task and its interval, in the unit of the values."""

    mean: float
    low: float
    high: float


def use(
    values: Sequence[float],
    *,
    families: Sequence[Hashable] | None = None,
    confidence: float = 0.95,
) -> Use:
    """Mean use per task, t interval on families less one degrees of freedom (Miller 2024).

    Cut at 0 below, open above. Known answer: 1, 2, 3, 4 give 2.5 with [.445739743239,
    4.554260256761]. One family shows no spread: from 0 without an upper end (``inf``). Raises
    ``BadInput`` for no values or one below 0.
    """
    if not values or not all(0 <= value < float("inf") for value in values):
        raise BadInput("use per task is a list of numbers from 0 up", place="price")
    if cluster_codes(families, len(values))[1] < 2:
        return Use(mean=sum(values) / len(values), low=0.0, high=float("inf"))
    mean, _, error, clusters = clustered_mean(values, families)
    half = t_quantile(0.5 + confidence / 2, clusters - 1) * error
    return Use(mean=mean, low=max(0.0, mean - half), high=mean + half)


def frontier(
    uses: Mapping[str, Use], better: Collection[tuple[str, str]]
) -> tuple[frozenset[str], frozenset[str]]:
    """(models on the frontier, models off it). ``better``: pairs (winner, loser) that differ.

    The frontier of Kapoor et al. 2024 (arXiv 2407.01502), with errors on both axes: off it is a
    model that some other one undercuts, its interval of use wholly below, without being shown to
    be worse. Known answer: the module's example, {A} and {B}; were (B, A) in ``better``, both on.
    """
    off = frozenset(
        model
        for model, own in uses.items()
        for other, theirs in uses.items()
        if theirs.high < own.low and (model, other) not in better
    )
    return frozenset(uses) - off, off
