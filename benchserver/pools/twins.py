"""A twin rewrites another task: other names, constants, story and order, what is asked stays.

A model that remembers solves the original and not the twin, so both must be met by the same model
in one form. Example: "tide-bell" is public and "harbour-horn" with ``twin_of = "tide-bell"`` is
private: taken in. A public twin of a private task would give the private one away and is refused,
as is a twin whose statement is nearly the original's. Nothing here touches the database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from benchserver.core.task import Split, TaskSpec
from benchserver.measurement.similarity import CANDIDATE, jaccard, text_shingles
from benchserver.pools.intake import Gate, Report

GATE = "twin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """What decides whether two tasks may be a pair. ``judged``: shape, language, judging class;
    ``rewrites``: it is a twin itself."""

    split: str
    judged: tuple[str, str, str]
    rewrites: bool


def side(task: TaskSpec) -> Side:
    split = task.split or Split.PRIVATE
    judged = (task.shape.value, task.language, task.judging_class.value)
    return Side(split=split.value, judged=judged, rewrites=bool(task.twin_of))


def misfit(twin: Side, original: Side) -> str:
    """Why these two could not stand in one form as a pair, as a phrase; empty when they can."""
    if original.rewrites:
        return "its original is a twin itself"
    if twin.split != Split.PRIVATE:
        return f"a twin is private, this one is {twin.split}"
    if original.split == Split.CANARY:
        return "its original is a canary, which nobody can solve"
    if twin.judged != original.judged:
        return "shape, language or judging class is not its original's: no track takes both"
    return ""


def with_gate(task: TaskSpec, report: Report, *, known: Mapping[str, TaskSpec]) -> Report:
    """The report of a twin with a gate more; ``known``: the tasks of the same source by id, since
    only there are both statements open to be compared."""
    if not task.twin_of:
        return report
    return replace(report, gates=(*report.gates, gate(task, known.get(task.twin_of))))


def gate(twin: TaskSpec, original: TaskSpec | None) -> Gate:
    """Is the original there, does it fit, and do the two read differently?"""
    if original is None or original.source_id == twin.source_id:
        return Gate(name=GATE, held=False, figure="its original is not in this source")
    flaw = misfit(side(twin), side(original))
    if flaw:
        return Gate(name=GATE, held=False, figure=flaw)
    alike = jaccard(text_shingles(twin.statement), text_shingles(original.statement))
    figure = f"shares {alike:.0%} of its original's statement, below {CANDIDATE:.0%} is needed"
    return Gate(name=GATE, held=alike < CANDIDATE, figure=figure)
