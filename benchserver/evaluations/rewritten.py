"""The twins of a form: does a model solve originals that it cannot solve rewritten?

A pair counts where one evaluation met both; a task is solved when more than half of its samples
pass. Example: of thirty pairs a model solves 25 originals and 8 twins, 18 originals alone and one
twin alone; the panel, for which both are as hard, says what the rewriting itself costs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchserver.core.task import Split
from benchserver.evaluations.score import TaskResult
from benchserver.measurement.contamination.twins import Split as Discordant
from benchserver.pools.models import Form, TaskVersion
from benchserver.pools.queries import pairs_among

MIN_PAIRS = 10  # fewer cannot reach any grade, and would only add to the tests that are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairs:
    """``originals``: twin -> its original, by version. ``known``: twins whose original is public,
    so that their reference is no secret either."""

    originals: Mapping[str, str]
    known: frozenset[str]


NONE = Pairs(originals={}, known=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """``pairs`` that a model met both sides of, and those of which it solved one side only."""

    pairs: int
    alone: Discordant


def pairs_of(form: Form) -> Pairs:
    """The pairs whose both sides stand in this form."""
    entries = form.entries.values("version_id")
    rows = TaskVersion.objects.filter(pk__in=entries).select_related("task")
    rows = rows.defer("prompt_sealed", "task_sealed", "salt_sealed")
    public = {str(row.pk) for row in rows if row.task.split == Split.PUBLIC}
    found = {str(twin): str(original) for twin, original in pairs_among(rows).items()}
    return Pairs(
        originals=found, known=frozenset(twin for twin, by in found.items() if by in public)
    )


def met(tasks: Sequence[TaskResult], pairs: Pairs) -> Met:
    """One evaluation's results over all pairs."""
    solved = {task.version_id: 2 * task.passed > task.samples for task in tasks}
    both = [
        (solved[original], solved[twin])
        for twin, original in pairs.originals.items()
        if twin in solved and original in solved
    ]
    first = sum(original and not twin for original, twin in both)
    second = sum(twin and not original for original, twin in both)
    return Met(pairs=len(both), alone=Discordant(first, second))


def summed(several: Sequence[Met]) -> Met:
    """What all of the panel together make of the pairs."""
    return Met(
        pairs=sum(one.pairs for one in several),
        alone=Discordant(
            sum(one.alone.only_original for one in several),
            sum(one.alone.only_twin for one in several),
        ),
    )
