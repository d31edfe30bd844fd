"""What each ranked model used per task: money, tokens written, seconds, with intervals.

All answered requests of an evaluation count, over hidden and public tasks alike; only the mean
over all of them and its interval leave. Example: ``{"mean": 1700, "low": 1500, "high": 1900,
"frontier": true}`` micro-USD.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from typing import Any

from benchserver.evaluations.models import Evaluation, Send
from benchserver.evaluations.score import asked
from benchserver.measurement.price import Use, frontier, use

UNITS = {
    "cost_micro_usd": "cost_micro_usd",
    "tokens_out": "tokens_out",
    "milliseconds": "milliseconds",
}


def prices(
    ranked: Sequence[Evaluation], better: Collection[tuple[str, str]]
) -> dict[str, dict[str, Any]]:
    """Model slug -> unit -> mean, low, high and whether it lies on the frontier; or null."""
    uses = {e.model.slug: _uses(e) for e in ranked}
    shown: dict[str, dict[str, Any]] = {slug: dict.fromkeys(UNITS) for slug in uses}
    for unit in UNITS:
        known = {slug: found[unit] for slug, found in uses.items() if unit in found}
        on, _ = frontier(known, better)
        for slug, found in known.items():
            shown[slug][unit] = _told(found, frontier=slug in on)
    return shown


def _told(found: Use, *, frontier: bool) -> dict[str, Any] | None:
    if math.isinf(found.high):
        return None
    parts = {"mean": found.mean, "low": found.low, "high": found.high}
    return {**{name: round(part) for name, part in parts.items()}, "frontier": frontier}


def _uses(evaluation: Evaluation) -> Mapping[str, Use]:
    """Each unit's use per request asked, where every answered request tells it."""
    samples = evaluation.track.protocol.samples
    entries = evaluation.form.standing.order_by("position")
    tasks = dict(entries.values_list("version_id", "version__family_mac"))
    labels: list[Hashable] = list(tasks.values())
    families = labels if len(set(labels)) < len(labels) else None
    sends = Send.objects.filter(attempt__in=asked(evaluation), outcome=Send.Outcome.ANSWERED)
    rows = list(sends.values_list("attempt__entry__version_id", *UNITS.values()))
    found: dict[str, Use] = {}
    for place, unit in enumerate(UNITS, 1):
        if not rows or any(row[place] is None for row in rows):
            continue
        sums: dict[Hashable, int] = defaultdict(int)
        for row in rows:
            sums[row[0]] += row[place]
        found[unit] = use([sums[task] / samples for task in tasks], families=families)
    return found
