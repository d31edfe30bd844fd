"""Is a task nearly another one? Statements and references are held against all others at intake.

Two tasks that share most of their text are one observation, not two, and a copy of a public task is
known before it is sent. Example: a task whose reference is another's with new names shares 100 %
of it and is advised: make both one family, or leave one out. Twins are meant to be kin and say so.
What is found is told to the author by name; kept are figures only. Nothing here touches the
database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from benchserver.core.task import TaskSpec
from benchserver.measurement.similarity import (
    HUMAN_LOOK,
    Document,
    Match,
    catch_probability,
    code_tokens,
    document_of,
    near_duplicates,
)
from benchserver.pools.intake import Gate, Report, Weight

GATE = "near_duplicates"
_LEAST_TOKENS = 30


def screen(
    tasks: Sequence[TaskSpec], *, others: Sequence[Document] = ()
) -> Mapping[str, tuple[Match, ...]]:
    """Per task the others that are near it and not declared kin (one family, or twins).

    ``others``: tasks that are stored already; their keys must differ from all source ids.
    """
    ours = [_long_enough(document_of(task)) for task in tasks]
    others = [_long_enough(document) for document in others]
    known = {task.source_id: task for task in tasks}
    found: dict[str, list[Match]] = {task.source_id: [] for task in tasks}
    for match in near_duplicates(ours, [*ours, *others], HUMAN_LOOK):
        if _are_kin(known.get(match.left), known.get(match.right)):
            continue
        for end in (match.left, match.right):
            if end in found:
                found[end].append(match)
    return {key: tuple(matches) for key, matches in found.items()}


def with_gate(report: Report, matches: Sequence[Match], *, among: int) -> Report:
    """The report with a gate more; ``among``: how many other tasks it was held against."""
    if not among:
        return report
    names = tuple(_named(report.source_id, match) for match in matches)
    return replace(report, gates=(*report.gates, gate(matches, among=among)), near=names)


def gate(matches: Sequence[Match], *, among: int) -> Gate:
    seen = f"one that did would be seen with a chance of {catch_probability(HUMAN_LOOK):.1%}"
    figure = f"none of {among} others shares {HUMAN_LOOK:.0%}; {seen}"
    if matches:
        nearest = max(matches, key=lambda match: match.jaccard)
        ends = {frozenset((match.left, match.right)) for match in matches}
        figure = (
            f"{len(ends)} of {among} others share up to {nearest.jaccard:.0%} of the "
            f"{nearest.part}; read both, and declare one family or leave one out"
        )
    return Gate(name=GATE, held=not matches, figure=figure, weight=Weight.ADVISES)


def _long_enough(document: Document) -> Document:
    """Short references are alike by need: only the statement counts there."""
    if len(code_tokens(document.reference)) >= _LEAST_TOKENS:
        return document
    return replace(document, reference="")


def _are_kin(one: TaskSpec | None, other: TaskSpec | None) -> bool:
    if one is None or other is None:
        return False
    twins = one.source_id == other.twin_of or other.source_id == one.twin_of
    return twins or bool(one.family and one.family == other.family)


def _named(source_id: str, match: Match) -> str:
    other = match.right if match.left == source_id else match.left
    return f"{match.jaccard:.0%} of the {match.part} is that of {other}"
