"""What a reader of any table asks beyond the board: is it full, and does somebody remember it?

Everything here is a call into ``measurement``; this module only picks what a table can answer.
Example: a table without dates has no time cliff, and the report leaves the question out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from benchserver.console.matrix.reading import Floats, Table
from benchserver.console.matrix.standings import ALPHA, Line
from benchserver.measurement.contamination import cliff
from benchserver.measurement.multiplicity import holm
from benchserver.measurement.saturation import saturation

_LEAST = 20  # tasks on each side of a cutoff


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One question and its answer. ``values``: the same for machines."""

    key: str
    title: str
    sentences: tuple[str, ...]
    estimators: tuple[str, ...]
    values: Any
    head: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = field(default_factory=tuple)


def told_apart(lines: Sequence[Line], resolves: float | None) -> str:
    """The claim in words: what this table can tell, and what not."""
    tiers = lines[-1].tier
    first = [line.model for line in lines if line.tier == 1]
    if tiers == 1:
        head = f"These results do not tell the {len(lines)} models apart."
    elif len(first) == 1:
        head = f"{first[0]} is better than every other model; {tiers} tiers can be told apart."
    else:
        others = len(first) - 1
        head = (
            f"{tiers} tiers can be told apart; {first[0]} leads and "
            f"{others} other{'s' if others > 1 else ''} cannot be told from it."
        )
    if resolves is None:
        return head
    return f"{head} Two models must differ by about {resolves:.1f} points to be told apart."


def saturated(table: Table, lines: Sequence[Line]) -> Part:
    top = max(lines, key=lambda line: line.score)
    clusters = len(set(table.families)) if table.families else top.tasks
    found = saturation(top.score, se=top.se, tasks=clusters)
    if found.alarm:
        sentences = (
            f"Nearly: {'; '.join(found.reasons)}. Harder tasks would help, not a finer ranking.",
        )
    else:
        sentences = (f"No: the best model may be at {100 * found.high:.1f} points at most.",)
    return Part(
        key="saturation",
        title="Is the benchmark full?",
        sentences=sentences,
        estimators=("saturation",),
        values={"alarm": found.alarm, "high": found.high, "reasons": list(found.reasons)},
    )


def cliffs(table: Table, cutoffs: Mapping[str, date]) -> Part | None:
    """Each dated model against those whose cutoff lies before the first task: they saw no side."""
    if table.dates is None or not cutoffs:
        return None
    written = [date.fromisoformat(day) if day else None for day in table.dates]
    first = min(day for day in written if day)
    controls = [m for m in table.models if m in cutoffs and cutoffs[m] < first]
    found = [
        _cliff(table, model, cutoffs[model], written, controls)
        for model in table.models
        if model in cutoffs and cutoffs[model] >= first
    ]
    known = [each for each in found if each is not None]
    adjusted = holm([each["p_value"] for each in known])
    for each, p in zip(known, adjusted, strict=True):
        each["p_adjusted"] = p
    return Part(
        key="time_cliff",
        title="Who falls off after its cutoff?",
        sentences=_cliff_words(known, controls, first),
        estimators=("cliff-residuals",),
        values={"controls": controls, "models": known},
        head=("Model", "Before", "After", "Fall beyond difficulty", "p", "p of all together"),
        rows=tuple(_cliff_row(each) for each in known),
    )


def _cliff(
    table: Table,
    model: str,
    cutoff: date,
    written: Sequence[date | None],
    controls: Sequence[str],
) -> dict[str, Any] | None:
    """None where a side has too few tasks or nobody can say how hard they are."""
    row = table.scores[table.models.index(model)]
    rows: Floats = table.scores[[table.models.index(name) for name in controls]]
    ran = ~np.isnan(row) & (~np.isnan(rows)).all(axis=0)
    dated = [day if use else None for day, use in zip(written, ran, strict=True)]
    sides = cliff.windows(dated, cutoff=cutoff)
    if not controls or min(len(sides.before), len(sides.after)) < _LEAST:
        return None
    places = [n for n, use in enumerate(ran) if use]
    scores = row[places].tolist()
    if not 0 < sum(scores) < len(scores):
        return None
    passed = rows[:, places].sum(axis=0).tolist()
    hard = cliff.panel_difficulties(passed, [len(controls)] * len(places))
    values = np.full(len(row), np.nan)
    values[places] = cliff.residuals(scores, hard)
    shift = cliff.residual_shift(values.tolist(), sides)
    counts = cliff.table(row.tolist(), sides)
    return {
        "model": model,
        "cutoff": cutoff.isoformat(),
        "before": counts.passed_before / counts.before,
        "after": counts.passed_after / counts.after,
        "tasks_before": int(counts.before),
        "tasks_after": int(counts.after),
        "effect": shift.effect,
        "p_value": shift.p_value,
    }


def _cliff_words(
    known: Sequence[dict[str, Any]], controls: Sequence[str], first: date
) -> tuple[str, ...]:
    if not known:
        return (
            "Nothing can be said: it takes models that saw none of the tasks, and "
            f"{_LEAST} tasks on each side of a cutoff.",
        )
    fallen = [each["model"] for each in known if each["p_adjusted"] <= ALPHA]
    who = ", ".join(fallen) if fallen else "nobody"
    return (
        f"After the difficulty of the tasks is taken out, the fall is beyond chance for: {who}.",
        f"Difficulty is read off the {len(controls)} models whose date lies before the first task "
        f"({first.isoformat()}): {', '.join(controls)}. Three months around a cutoff count for "
        "neither side. A fall is a reason to look, not a proof.",
    )


def _cliff_row(each: dict[str, Any]) -> tuple[str, ...]:
    return (
        f"{each['model']} ({each['cutoff']})",
        f"{100 * each['before']:.1f}",
        f"{100 * each['after']:.1f}",
        f"{100 * each['effect']:+.1f}",
        f"{each['p_value']:.4f}",
        f"{each['p_adjusted']:.4f}",
    )
