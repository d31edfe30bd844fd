"""Which estimators stand behind each definition of the methodology page, from the one table.

Example: under "Rank" the page names ``rank-intervals@1``, ``holm@1`` and ``max-t@1``, each leading
to its line with source and known answer.
"""

from __future__ import annotations

from collections.abc import Mapping

from benchserver.measurement.estimators import ESTIMATORS, Estimator

# The page's anchors, with ``_`` for ``-`` as templates want it.
BEHIND: Mapping[str, tuple[str, ...]] = {
    "score": ("task-mean",),
    "interval": ("told-error", "clustered-error", "t-interval", "wilson"),
    "tier": ("leader-tiers", "mcnemar-exact", "paired-difference"),
    "rank": ("rank-intervals", "holm", "max-t"),
    "resolution": ("observed-resolution", "detectable-difference"),
    "compare": ("paired-difference", "pair-margin", "p-step", "holm", "max-t"),
    "across": ("equated-score", "panel-rasch", "panel-link"),
    "gap": ("gap",),
    "breakdown": ("noisy-share", "discrete-laplace", "discrete-laplace-sd", "privacy-spent"),
    "fault": ("count",),
    "seen_before": ("seen-before",),
    "evaluations": ("count",),
    "identity": ("model-equality", "border-inputs", "trailing-alarm"),
    "cost": ("use-per-task", "count"),
    "price": ("use-per-task", "price-frontier"),
}


def behind() -> dict[str, list[Estimator]]:
    """Anchor -> its estimators."""
    return {anchor: [ESTIMATORS[name] for name in names] for anchor, names in BEHIND.items()}


def registry() -> list[Estimator]:
    """All estimators by id."""
    return sorted(ESTIMATORS.values(), key=lambda each: each.id)
