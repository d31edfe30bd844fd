"""Whether numbers may leave, given all that has ever left about the same tasks: the auditor.

A number that is harmless today can be subtracted from one of last spring. So an owner group's
releases are held against everything it was ever told or shown: other rotations that kept some of
the tasks, other tracks over the same pool, corrections, slices. Example: a board of 150 tasks is
followed by one of 147 of them: refused, for 3 tasks' results would be left over.

What was released stays as it was: the same set with another count tells the corrected verdicts.
Counts that hold noise are no equations, so they are not searched for combinations; they are held
to the smallest cell and to a budget per task (``audit_noisy``).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from benchserver.core.disclosure import (
    MIN_CELL,
    Cell,
    Refusal,
    set_refusals,
    value_refusals,
)
from benchserver.core.spans import TaskSet, components


@dataclass(frozen=True, slots=True)
class Release:
    """A count about one evaluation's private tasks. ``form``: the whole it is a part of, which
    counts as told too, since its total is what every board shows."""

    evaluation: str
    model: str
    cell: Cell
    form: TaskSet


EPSILON = Fraction(1)  # of one noisy cell: about a fifth of the sampling error on 200 tasks
PRIVACY_BUDGET = Fraction(4)  # per model and task, over all cells that were ever told


@dataclass(frozen=True, slots=True)
class NoisyRelease:
    """A count with noise about one evaluation's private tasks. ``form``: the whole it is part of.

    ``passed``: the hidden count; of another count the noise is another, and is paid for again.
    """

    model: str
    label: str
    tasks: TaskSet
    form: TaskSet
    passed: int
    epsilon: Fraction


def audit(
    told: Sequence[Release], fresh: Sequence[Release], *, min_cell: int = MIN_CELL
) -> tuple[Refusal, ...]:
    """All reasons why ``fresh`` may not leave; empty: release. All are of one owner group.

    ``told``: everything that ever left about the group's models. What was told before, on the same
    set with the same count, tells nothing new and is never refused. Sets are compared over all
    models of the group (their results are nearly alike), counts within each model.
    """
    changed = _changed(told, fresh)
    known = {r.cell.task_ids for r in told}
    news = [r for r in fresh if r.cell.task_ids not in known]
    outside = [_outside(r) for r in fresh if not r.cell.task_ids <= r.form]
    near = _near([*told, *fresh], [r.cell.task_ids for r in news])
    found = [*changed, *outside]
    if news:
        found += set_refusals(_labels(near), min_cell=min_cell)
    for model in sorted({r.model for r in fresh}):
        found += _value_refusals(model, told, fresh)
    return tuple(dict.fromkeys(found))


def audit_noisy(
    told: Sequence[NoisyRelease],
    fresh: NoisyRelease,
    *,
    min_cell: int = MIN_CELL,
    budget: Fraction = PRIVACY_BUDGET,
) -> tuple[Refusal, ...]:
    """All reasons why a noisy count may not leave; empty: release. ``told``: of the same model.

    What was told before is never refused. Small cells and complements are, although noise hides
    single results: a number about a handful of tasks is about them. Differences of two sets are
    not looked at, since no sum of noisy counts is exact.
    """
    if fresh in told:
        return ()
    size, rest = len(fresh.tasks), len(fresh.form - fresh.tasks)
    spent = most_spent((r.tasks, r.epsilon) for r in [*told, fresh])
    rules = (
        ("outside_form", not fresh.tasks <= fresh.form, "a cell has tasks outside its form"),
        ("small_cell", size < min_cell, f"a cell has fewer than {min_cell} tasks"),
        ("small_complement", 0 < rest < min_cell, f"it leaves fewer than {min_cell} tasks outside"),
        ("budget_spent", spent > budget, "the model's privacy budget is spent"),
    )
    return tuple(Refusal(code, (fresh.label,), why) for code, broken, why in rules if broken)


def most_spent(cells: Iterable[tuple[Iterable[Hashable], Fraction]]) -> Fraction:
    """What the cells together spend on the task they spend most on."""
    totals: dict[Hashable, Fraction] = {}
    for tasks, epsilon in cells:
        for task in set(tasks):
            totals[task] = totals.get(task, Fraction(0)) + epsilon
    return max(totals.values(), default=Fraction(0))


def overlaps(
    told: Mapping[str, TaskSet], planned: Mapping[str, TaskSet], *, min_cell: int = MIN_CELL
) -> tuple[Refusal, ...]:
    """The same before anything is sent: label -> set of what was told, and of forms to come.

    A planned set below ``min_cell`` is left out: no number on it will ever leave.
    """
    known = set(told.values())
    large = {k: s for k, s in planned.items() if len(s) >= min_cell and s not in known}
    everything = {s: label for label, s in [*large.items(), *told.items()]}
    touched = {s for part in components(everything) if part & set(large.values()) for s in part}
    labels = {s: label for s, label in everything.items() if s in touched}
    return set_refusals(labels, min_cell=min_cell) if large else ()


def _changed(told: Sequence[Release], fresh: Sequence[Release]) -> list[Refusal]:
    counts = {(r.evaluation, r.cell.task_ids): r.cell for r in told}
    found = []
    for release in fresh:
        old = counts.setdefault((release.evaluation, release.cell.task_ids), release.cell)
        if (old.passed, old.total) != (release.cell.passed, release.cell.total):
            reason = "the count on this set was told before and has changed since"
            found.append(Refusal("changed_count", (release.cell.label,), reason))
    return found


def _outside(release: Release) -> Refusal:
    return Refusal("outside_form", (release.cell.label,), "a cell has tasks outside its form")


def _near(releases: Sequence[Release], news: Sequence[TaskSet]) -> list[Release]:
    """Releases whose tasks meet those of the new sets, directly or through other sets."""
    parts = components([s for r in releases for s in (r.cell.task_ids, r.form)])
    touched = {s for part in parts if not part.isdisjoint(news) for s in part}
    return [r for r in releases if r.cell.task_ids in touched]


def _labels(releases: Sequence[Release]) -> dict[TaskSet, str]:
    """Each distinct set once, by the first label it had; forms beside their parts."""
    labels: dict[TaskSet, str] = {}
    for release in releases:
        labels.setdefault(release.cell.task_ids, release.cell.label)
    for release in releases:
        labels.setdefault(release.form, f"the form of {release.cell.label}")
    return labels


def _value_refusals(model: str, told: Sequence[Release], fresh: Sequence[Release]) -> list[Refusal]:
    """Counts of one model: of its first run on each set, as readers see one number per set."""
    mine = [r for r in [*told, *fresh] if r.model == model and r.cell.task_ids]
    pairs = {(r.evaluation, r.cell.task_ids) for r in told}
    news = [r for r in fresh if (r.evaluation, r.cell.task_ids) not in pairs]
    found: list[Refusal] = []
    for evaluation in sorted({r.evaluation for r in news if r.model == model}):
        found += _of_one(mine, news, evaluation)
    return found


def _of_one(mine: Sequence[Release], news: Sequence[Release], evaluation: str) -> list[Refusal]:
    """This run's cells first, then those of the model's other runs on other sets."""
    own_first = sorted(mine, key=lambda r: r.evaluation != evaluation)
    cells: dict[TaskSet, Cell] = {}
    for release in own_first:
        cells.setdefault(release.cell.task_ids, release.cell)
    fresh = {r.cell.task_ids for r in news if r.evaluation == evaluation}
    touched = {s for part in components(cells) if part & fresh for s in part}
    return list(value_refusals([c for s, c in cells.items() if s in touched]))
