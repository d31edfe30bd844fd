"""Everybody against the model that leads: by how much, how surely, and what pairing tells more.

The board's tiers adjust all pairs together; this is for looking around, model by model, so its
p-values are adjusted for false findings only (Benjamini and Hochberg) and claim nothing. Example:
100 tasks, the leader alone solves 14, the other alone 6: 8 points ahead, p .115 by McNemar's exact
test and .078 by its mid-p; compared as if they had met unrelated tasks the error is half as large
again. Where tasks come in families, the score's interval is also drawn by a bootstrap over them.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchserver.console.matrix.findings import Part
from benchserver.console.matrix.reading import Floats, Table
from benchserver.console.matrix.standings import Line
from benchserver.core.errors import BadInput
from benchserver.measurement import pairs
from benchserver.measurement.multiplicity import benjamini_hochberg
from benchserver.measurement.scores import cluster_bootstrap

_SHOWN = 20  # rivals, best first
_DRAWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meeting:
    """The tasks that both models ran."""

    leader: Floats
    other: Floats
    families: Sequence[Hashable] | None

    @property
    def is_single(self) -> bool:
        """One sample a task and no families: then counts of tasks say everything."""
        both = np.concatenate([self.leader, self.other])
        return self.families is None and bool(np.isin(both, (0.0, 1.0)).all())


def against_leader(table: Table, lines: Sequence[Line]) -> Part | None:
    """None where no other model shares enough tasks with the leader."""
    first = max(lines, key=lambda line: line.expected)
    rivals = sorted((line for line in lines if line is not first), key=lambda x: -x.expected)
    found = [_meet(table, first.model, line.model) for line in rivals[:_SHOWN]]
    known = [each for each in found if each is not None]
    if not known:
        return None
    for each, p in zip(known, benjamini_hochberg([k["p_value"] for k in known]), strict=True):
        each["p_found"] = p
    single = all("mid_p" in each for each in known)
    drawn = _bootstrap(table, first)
    return Part(
        key="leader",
        title=f"How far ahead is {first.model}?",
        sentences=_words(drawn),
        estimators=_estimators(single),
        values={"leader": first.model, "bootstrap": drawn, "rivals": known},
        head=(
            "Model",
            "Ahead by",
            "Interval",
            "Error",
            "Unpaired",
            "p",
            "Mid-p",
            "p, all looked at",
        ),
        rows=tuple(_row(each) for each in known),
    )


def _estimators(single: bool) -> tuple[str, ...]:
    named = ("paired-difference", "benjamini-hochberg", "cluster-bootstrap")
    return (*named, "mcnemar-exact", "mcnemar-mid-p", "newcombe") if single else named


def _meet(table: Table, leader: str, other: str) -> dict[str, Any] | None:
    meeting = _meeting(table, leader, other)
    try:
        paired = pairs.paired_difference(
            meeting.leader.tolist(), meeting.other.tolist(), families=meeting.families
        )
    except BadInput:
        return None
    unpaired = pairs.unpaired_error(meeting.leader.tolist(), meeting.other.tolist())
    told = {
        "model": other,
        "tasks": len(meeting.leader),
        "difference": paired.mean,
        "se": paired.se,
        "low": paired.interval.low,
        "high": paired.interval.high,
        "se_unpaired": unpaired,
        "p_value": paired.p_value,
    }
    return told | (_counted(meeting) if meeting.is_single else {})


def _meeting(table: Table, leader: str, other: str) -> _Meeting:
    a, b = (table.scores[table.models.index(name)] for name in (leader, other))
    both = ~np.isnan(a) & ~np.isnan(b)
    families = table.families
    if families is not None:
        families = tuple(f for f, use in zip(families, both, strict=True) if use)
    return _Meeting(leader=a[both], other=b[both], families=families)


def _counted(meeting: _Meeting) -> dict[str, Any]:
    """Single samples: McNemar's tests, and the interval of who had compared two unrelated runs."""
    only = pairs.discordant(meeting.leader.tolist(), meeting.other.tolist())
    n = len(meeting.leader)
    passed = int(meeting.leader.sum()), int(meeting.other.sum())
    unpaired = pairs.newcombe(passed[0], n, passed[1], n)
    return {
        "only_leader": only[0],
        "only_other": only[1],
        "p_value": pairs.mcnemar_exact(*only),
        "mid_p": pairs.mcnemar_mid_p(*only),
        "unpaired_low": unpaired.low,
        "unpaired_high": unpaired.high,
    }


def _bootstrap(table: Table, line: Line) -> dict[str, Any]:
    """The leader's interval by drawing whole families; ``refused`` says why there is none."""
    scores = table.scores[table.models.index(line.model)]
    known = ~np.isnan(scores)
    labels = table.families or tuple(range(len(scores)))
    families = [label for label, use in zip(labels, known, strict=True) if use]
    try:
        found = cluster_bootstrap(scores[known].tolist(), families=families, draws=_DRAWS)
    except BadInput as problem:
        return {"refused": problem.problem}
    return {"low": found.low, "high": found.high}


def _words(drawn: dict[str, Any]) -> tuple[str, ...]:
    if "refused" in drawn:
        interval = f"No bootstrap is drawn: {drawn['refused']}."
    else:
        low, high = 100 * drawn["low"], 100 * drawn["high"]
        interval = f"Its score drawn anew by families lies in {low:.1f} to {high:.1f}."
    return (
        "For looking around: of the models whose last p is at most .05, about one in twenty may be "
        "no worse than the leader. What the table can claim is in its tiers.",
        "Unpaired is the error of somebody who forgets that both met the same tasks. " + interval,
    )


def _row(each: dict[str, Any]) -> tuple[str, ...]:
    return (
        each["model"],
        f"{100 * each['difference']:+.1f}",
        f"{100 * each['low']:+.1f} to {100 * each['high']:+.1f}",
        f"{100 * each['se']:.1f}",
        f"{100 * each['se_unpaired']:.1f}",
        f"{each['p_value']:.4f}",
        f"{each['mid_p']:.4f}" if "mid_p" in each else "",
        f"{each['p_found']:.4f}",
    )
