"""Which parts of a form a breakdown tells of one evaluation, with the noise that each keeps.

A part is all hidden tasks of one language, or of one topic, as intake noted them in clear. Its
noise comes from the operating system's random source at the first publication after closing, is
stored before anything leaves, and is read back ever after. Example: 31 of 60 in Rust is drawn -1
and is told as 30, in each snapshot; a part of 12 tasks is never told.
"""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.db.models import QuerySet

from benchserver.core.disclosure import MIN_CELL
from benchserver.core.releases import EPSILON, NoisyRelease, audit_noisy
from benchserver.core.spans import TaskSet
from benchserver.core.task import Split
from benchserver.evaluations import told
from benchserver.evaluations.models import CellNoise, Evaluation
from benchserver.evaluations.score import TaskResult, results
from benchserver.measurement.noise import cell_scale, discrete_laplace, privacy_spent
from benchserver.pools.models import TaskVersion

KINDS = ("language", "topic")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyCell:
    """A part as it may leave: ``passed`` holds the noise. ``sizes``: of its families of tasks."""

    kind: str
    value: str
    tasks: int
    samples: int
    passed: int
    epsilon: Fraction
    sizes: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Epsilons: what this evaluation's cells cost its tasks, what any task of the model bore."""

    here: Fraction
    ever: Fraction


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    kind: str
    value: str
    results: tuple[TaskResult, ...]
    release: NoisyRelease


def noisy_cells(evaluation: Evaluation, *, min_cell: int = MIN_CELL) -> list[NoisyCell]:
    """Every part that may leave, by kind and value. Call in the transaction that publishes."""
    found = []
    for part in _parts(evaluation):
        row = _kept(evaluation, part) or _drawn(evaluation, part, min_cell)
        if row is not None:
            found.append(_told(part, row))
    return found


def spent(evaluation: Evaluation) -> Spent:
    """The privacy that the cells of this evaluation, and all of its model, have used up."""
    here = CellNoise.objects.filter(evaluation=evaluation)
    ever = CellNoise.objects.filter(evaluation__model=evaluation.model_id)
    return Spent(here=_most(here), ever=_most(ever))


def _most(rows: QuerySet[CellNoise]) -> Fraction:
    return privacy_spent(
        (row.tasks.versions, Fraction(row.epsilon_e3, 1000)) for row in rows.select_related("tasks")
    )


def _parts(evaluation: Evaluation) -> list[_Part]:
    tasks = results(evaluation, Split.PRIVATE)
    form = frozenset(task.version_id for task in tasks)
    named = TaskVersion.objects.filter(pk__in=form)
    names = {str(pk): kinds for pk, *kinds in named.values_list("pk", *KINDS)}
    groups: dict[tuple[str, str], list[TaskResult]] = {}
    for task in tasks:
        for kind, value in zip(KINDS, names[task.version_id], strict=True):
            if value:
                groups.setdefault((kind, value), []).append(task)
    return [_part(evaluation, *key, groups[key], form) for key in sorted(groups)]


def _part(
    evaluation: Evaluation, kind: str, value: str, members: Sequence[TaskResult], form: TaskSet
) -> _Part:
    return _Part(
        kind=kind,
        value=value,
        results=tuple(members),
        release=NoisyRelease(
            model=evaluation.model.slug,
            label=f"{kind} {value} of {evaluation.slug}",
            tasks=frozenset(task.version_id for task in members),
            form=form,
            passed=sum(task.passed for task in members),
            epsilon=EPSILON,
        ),
    )


def _kept(evaluation: Evaluation, part: _Part) -> CellNoise | None:
    return CellNoise.objects.filter(
        evaluation=evaluation,
        kind=part.kind,
        value=part.value,
        tasks=told.digest_of(part.release.tasks),
        passed=part.release.passed,
    ).first()


def _drawn(evaluation: Evaluation, part: _Part, min_cell: int) -> CellNoise | None:
    """A new row with its noise; None where the part may not leave or is the whole form."""
    release = part.release
    if release.tasks == release.form or audit_noisy(
        _history(evaluation), release, min_cell=min_cell
    ):
        return None
    told.keep_sets([release.tasks])
    scale = cell_scale(part.results[0].samples, release.epsilon)
    return CellNoise.objects.create(
        evaluation=evaluation,
        kind=part.kind,
        value=part.value,
        tasks_id=told.digest_of(release.tasks),
        passed=release.passed,
        epsilon_e3=round(release.epsilon * 1000),
        noise=discrete_laplace(scale, secrets.randbelow),
    )


def _history(evaluation: Evaluation) -> list[NoisyRelease]:
    """What was told of the model's parts before, on all its forms."""
    rows = CellNoise.objects.filter(evaluation__model=evaluation.model_id).select_related("tasks")
    return [
        NoisyRelease(
            model=evaluation.model.slug,
            label=f"{row.kind} {row.value}",
            tasks=frozenset(row.tasks.versions),
            form=frozenset(row.tasks.versions),
            passed=row.passed,
            epsilon=Fraction(row.epsilon_e3, 1000),
        )
        for row in rows
    ]


def _told(part: _Part, row: CellNoise) -> NoisyCell:
    sizes = Counter(task.family for task in part.results)
    return NoisyCell(
        kind=part.kind,
        value=part.value,
        tasks=len(part.results),
        samples=part.results[0].samples,
        passed=row.passed + row.noise,
        epsilon=Fraction(row.epsilon_e3, 1000),
        sizes=tuple(sorted(sizes.values())),
    )
