"""What has left this room about private tasks, and whether one number more may leave.

Every count that a provider reads or a board shows is a row of ``Told``, with the frozen set of
versions it rests on. Before another leaves, the auditor (``core/releases.py``) holds it against all
rows of the same owner group, over rotations, tracks and corrections. Example: a group that was told
its 150 tasks is not told 147 of them later; its page says which set would leak, and no task.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from benchserver.core.disclosure import MIN_CELL, Cell, Refusal
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import EvaluationState
from benchserver.core.releases import Release, audit, overlaps
from benchserver.core.spans import TaskSet
from benchserver.core.task import Split
from benchserver.evaluations.models import Evaluation, Told, ToldSet
from benchserver.evaluations.score import TaskResult, results
from benchserver.pools.models import Form, FormEntry, Pool
from benchserver.pools.rotate import private_sets
from benchserver.providers.models import OwnerGroup

PRIVATE = "private"


def adversary(group: OwnerGroup) -> set[UUID]:
    """The group, and the groups under which its accounts were evaluated before a merge: past rows
    keep the group they were made under, so all of them are counted together (D15)."""
    earlier = Evaluation.objects.filter(provider__owner_group=group)
    return {group.pk, *earlier.values_list("owner_group_id", flat=True)}


def private_set(form_id: UUID) -> TaskSet:
    """The private versions that stand in a form."""
    return _sets([form_id]).get(form_id, frozenset())


def whole(evaluation: Evaluation, tasks: Sequence[TaskResult]) -> Release:
    """An evaluation's headline as a release; ``tasks``: its private results."""
    ids = frozenset(task.version_id for task in tasks)
    cell = Cell(
        label=_label(evaluation, PRIVATE, len(ids)),
        task_ids=ids,
        passed=sum(task.passed for task in tasks),
        total=sum(task.samples for task in tasks),
    )
    return Release(evaluation.slug, evaluation.model.slug, cell, private_set(evaluation.form_id))


def history(group: OwnerGroup) -> list[Release]:
    """Everything that ever left about the models of a group, oldest first, each number once."""
    rows = Told.objects.filter(evaluation__in=_evaluations_of(group)).order_by("pk")
    rows = rows.select_related("evaluation__model", "evaluation__rotation", "evaluation__track")
    found = list(rows)
    members = {
        s.digest: frozenset(s.versions)
        for s in ToldSet.objects.filter(pk__in={row.tasks_id for row in found})
    }
    ids = {row.evaluation.form_id for row in found}
    standing, frozen = _sets(ids), _sets(ids, frozen=True)
    releases = (_release(row, members[row.tasks_id], standing, frozen) for row in found)
    return list(dict.fromkeys(releases))


def refusals(
    group: OwnerGroup, fresh: Sequence[Release], *, min_cell: int = MIN_CELL
) -> tuple[Refusal, ...]:
    """Why these numbers of a group may not leave now; empty: they may. Call in a transaction."""
    lock(group)
    return audit(history(group), fresh, min_cell=min_cell)


def lock(group: OwnerGroup) -> None:
    """One at a time: what is told of a group, and which of its forms' tasks still stand."""
    OwnerGroup.objects.select_for_update(no_key=True).get(pk=group.pk)


def keep(fresh: Iterable[tuple[Evaluation, Release]], *, to: Told.To, label: str = PRIVATE) -> None:
    """Write down what leaves. Idempotent."""
    pairs = list(fresh)
    keep_sets(release.cell.task_ids for _, release in pairs)
    Told.objects.bulk_create(
        (
            Told(
                evaluation=evaluation,
                to=to.value,
                label=label,
                tasks_id=digest_of(release.cell.task_ids),
                passed=release.cell.passed,
                samples=release.cell.total,
            )
            for evaluation, release in pairs
        ),
        ignore_conflicts=True,
    )


@transaction.atomic
def withheld_from_provider(evaluation: Evaluation, *, min_cell: int = MIN_CELL) -> str:
    """Why its provider may not read this evaluation's hidden total; empty, and noted, if it may.

    The provider is held to the board's rules: it reads its numbers earlier, never other ones.
    """
    lock(evaluation.provider.owner_group)
    tasks = results(evaluation, Split.PRIVATE)
    if len(tasks) < min_cell:
        return f"the form has fewer than {min_cell} hidden tasks"
    release = whole(evaluation, tasks)
    same = {"tasks": digest_of(release.cell.task_ids), "passed": release.cell.passed}
    if evaluation.told.filter(to=Told.To.PROVIDER, label=PRIVATE, **same).exists():
        return ""
    found = refusals(evaluation.provider.owner_group, [release], min_cell=min_cell)
    if found:
        return found[0].reason
    keep([(evaluation, release)], to=Told.To.PROVIDER)
    return ""


def lockout(group: OwnerGroup, form: Form, *, min_cell: int = MIN_CELL) -> tuple[Refusal, ...]:
    """Why results on this form could never be told to a group, before anything is sent."""
    return _lockout(group, {"this form": private_set(form.pk)}, min_cell=min_cell)


def lockouts(
    pool: Pool, planned: Mapping[str, TaskSet], *, min_cell: int = MIN_CELL
) -> dict[str, tuple[Refusal, ...]]:
    """Per owner group of a pool: why the planned forms (track -> private versions) shut it out."""
    groups = OwnerGroup.objects.filter(evaluations__track__pool=pool).distinct().order_by("slug")
    found = {group.slug: _lockout(group, planned, min_cell=min_cell) for group in groups}
    return {slug: reasons for slug, reasons in found.items() if reasons}


def require_open_to_all(pool: Pool, version_ids: Collection[str], *, min_cell: int) -> None:
    """Raises ``NotAllowed`` (code ``disclosure_<rule>``) when a rotation of these versions would
    shut out owner groups evaluated before: their new results could never be told."""
    found = lockouts(pool, private_sets(pool, version_ids), min_cell=min_cell)
    if found:
        first = next(iter(found.values()))[0]
        raise NotAllowed(
            f"{len(found)} owner groups could not be evaluated on it: {first.reason} "
            f"({'; '.join(first.labels)})",
            code=f"disclosure_{first.code}",
            mend=f"Plan again: exchange no private task or at least {min_cell} of each track.",
        )


def _lockout(
    group: OwnerGroup, planned: Mapping[str, TaskSet], *, min_cell: int
) -> tuple[Refusal, ...]:
    """Each planned form alone: a group need not enter every track."""
    met = _evaluations_of(group).exclude(state=EvaluationState.CANCELLED)
    forms = _sets(met.order_by().values_list("form_id", flat=True).distinct())
    known = {f"form {n}": s for n, s in enumerate(forms.values(), 1) if len(s) >= min_cell}
    known |= {r.cell.label: r.cell.task_ids for r in history(group)}
    found: list[Refusal] = []
    for name, tasks in planned.items():
        found += overlaps(known, {name: tasks}, min_cell=min_cell)
    return tuple(found)


def _evaluations_of(group: OwnerGroup) -> QuerySet[Evaluation]:
    ours = adversary(group)
    return Evaluation.objects.filter(
        Q(owner_group__in=ours) | Q(provider__owner_group__in=ours)
    ).distinct()


def _release(
    row: Told,
    tasks: TaskSet,
    standing: Mapping[UUID, TaskSet],
    frozen: Mapping[UUID, TaskSet],
) -> Release:
    """A headline is a form as it stood then; a slice's form is the smallest that still holds it."""
    evaluation = row.evaluation
    now = standing.get(evaluation.form_id, frozenset())
    form = now if tasks <= now else frozen[evaluation.form_id]
    label = _label(evaluation, row.label, len(tasks))
    cell = Cell(label=label, task_ids=tasks, passed=row.passed, total=row.samples)
    whole_form = tasks if row.label == PRIVATE else form
    return Release(evaluation.slug, evaluation.model.slug, cell, whole_form)


def _label(evaluation: Evaluation, label: str, tasks: int) -> str:
    where = f"rotation {evaluation.rotation.slug}, track {evaluation.track.slug}"
    return f"{label} of {evaluation.model.slug}, {where}: {tasks} tasks"


def _sets(form_ids: Iterable[UUID], *, frozen: bool = False) -> dict[UUID, TaskSet]:
    """Private versions per form: those that stand, or all that were once frozen."""
    found: dict[UUID, set[str]] = {}
    rows = FormEntry.objects.filter(form__in=list(form_ids), split=Split.PRIVATE).order_by()
    kept = rows if frozen else rows.filter(withdrawn=None)
    for form, version in kept.values_list("form_id", "version_id"):
        found.setdefault(form, set()).add(str(version))
    return {form: frozenset(ids) for form, ids in found.items()}


def keep_sets(sets: Iterable[TaskSet]) -> None:
    """Write down sets that a number rests on. Idempotent."""
    ToldSet.objects.bulk_create(
        (ToldSet(digest=digest_of(tasks), versions=sorted(tasks)) for tasks in set(sets)),
        ignore_conflicts=True,
    )


def digest_of(tasks: TaskSet) -> str:
    """The key of a set's row."""
    return hashlib.sha256("\n".join(sorted(tasks)).encode()).hexdigest()
