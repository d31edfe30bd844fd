"""Who has been shown how much of a pool, and until when the pool lasts at this pace.

Counted from the exposure and send rows, never estimated; the forecast takes the present intake and
the providers of lately as they are. Example: ten groups that met the 150 tasks of each of three
rotations have seen 450 of 600 private tasks, and 150 fresh ones last one rotation more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, QuerySet

from benchserver.core.lifecycle import RotationState
from benchserver.core.rotation import Policy, spent
from benchserver.core.task import Split
from benchserver.evaluations.models import Exposure, Send
from benchserver.evaluations.queries import exposed
from benchserver.measurement.exposure.budget import Caps, groups_left, tasks_seen
from benchserver.measurement.exposure.forecast import (
    Forecast,
    Stock,
    Use,
    lasts,
    per_quarter,
)
from benchserver.pools.models import Form, Pool, Rotation, TaskVersion
from benchserver.pools.rotate import candidates_of

LATELY = 4  # rotations whose groups count as "these providers"
USUAL_DAYS = 14.0
USUAL_FORM = 150
_INTAKE_DAYS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One owner group. ``tasks``: private ones of this form it met; ``ever``: of the pool, ever.

    ``samples``: attempts of this form that were sent; ``sends``: transmissions, repeats included.
    """

    group: str
    name: str
    tasks: int
    ever: int
    samples: int
    sends: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What the forecast rests on, and the forecast."""

    stock: Stock
    use: Use
    forecast: Forecast


def shown(form: Form) -> tuple[Shown, ...]:
    """Every owner group that met private tasks of a form, by name."""
    mine = _final(form.rotation.pool).filter(
        rotation=form.rotation, version__in=form.entries.values("version_id")
    )
    names = dict(mine.values_list("owner_group__slug", "owner_group__name").distinct())
    here = _seen(mine)
    ever = _seen(_final(form.rotation.pool).filter(owner_group__slug__in=names))
    samples, sends = _transmissions(form)
    return tuple(
        Shown(
            group=slug,
            name=names[slug],
            tasks=here[slug],
            ever=ever[slug],
            samples=samples.get(slug, 0),
            sends=sends.get(slug, 0),
        )
        for slug in sorted(names)
    )


def private_tasks(pool: Pool) -> int:
    """How many private tasks a pool has ever held: what a share of it is a share of."""
    return pool.tasks.filter(split=Split.PRIVATE).count()


def outlook(pool: Pool, policy: Policy, *, now: datetime, form_tasks: int = 0) -> Outlook:
    """Until when the pool fills whole forms. ``form_tasks``: 0 takes the newest rotation's."""
    rotations = list(pool.rotations.exclude(state=RotationState.ABANDONED)[:LATELY])
    stock = Stock(fresh=_fresh(pool, policy, now), intake=_intake(pool, now))
    use = Use(
        form_tasks=form_tasks or _form_tasks(rotations) or USUAL_FORM,
        every_days=_every_days(rotations),
        groups=_groups(_final(pool).filter(rotation__in=rotations)),
    )
    starts = max((r.closes_at for r in rotations if r.state == RotationState.OPEN), default=now)
    forecast = lasts(stock, use, _caps(policy), start=max(starts, now))
    return Outlook(stock=stock, use=use, forecast=forecast)


def in_words(found: Outlook) -> str:
    """The forecast as one sentence anybody can read.

    Example: "With 120 new tasks a quarter and 8 provider groups, full forms of 150 tasks last until
    about 3 March 2027."
    """
    use, forecast = found.use, found.forecast
    intake = per_quarter(found.stock.intake)
    if not use.groups:
        return "Nobody has been sent a task of this pool lately, so nothing is used up."
    given = f"With {_many(intake, 'new task')} a quarter and {_many(use.groups, 'provider group')}"
    forms = f"full forms of {_many(use.form_tasks, 'task')}"
    if forecast.until is None:
        end = "this pool lasts: intake brings what its rotations use."
        return f"{given}, {end if forecast.keeps_up else forms + ' last for more than ten years.'}"
    if not forecast.rotations:
        return f"{given}, this pool does not fill one more full form of {use.form_tasks}."
    day = f"{forecast.until.day} {forecast.until:%B %Y}"
    words = f"{given}, {forms} last until about {day}."
    if forecast.turned_away:
        words += f" {_many(forecast.turned_away, 'group')} more than a task allows came."
    return words


def _many(count: int, what: str) -> str:
    return f"{count} {what}" + ("" if count == 1 else "s")


def _final(pool: Pool) -> QuerySet[Exposure]:
    """Exposures of the pool's private tasks that happened; a reserved one may be given back."""
    return Exposure.objects.filter(
        version__task__pool=pool,
        version__task__split=Split.PRIVATE,
        first_sent_at__isnull=False,
    )


def _seen(found: QuerySet[Exposure]) -> Mapping[str, int]:
    return tasks_seen(found.values_list("owner_group__slug", "version__task_id"))


def _groups(found: QuerySet[Exposure]) -> int:
    return found.values("owner_group").distinct().count()


def _transmissions(form: Form) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """(attempts sent, sends) per owner group, private tasks of one form; bytes that left only."""
    private = Send.objects.filter(
        attempt__evaluation__form=form, attempt__entry__split=Split.PRIVATE
    ).exclude(outcome=Send.Outcome.NOT_SENT)
    counted = private.values_list("attempt__evaluation__owner_group__slug").annotate(
        attempts=Count("attempt", distinct=True), transmissions=Count("pk")
    )
    rows = list(counted)
    return {r[0]: r[1] for r in rows}, {r[0]: r[2] for r in rows}


def _fresh(pool: Pool, policy: Policy, now: datetime) -> int:
    """Private tasks for a next form: not worn, not leaked, and not in a form that is open."""
    return sum(
        1
        for task in candidates_of(pool, exposed=exposed(pool), now=now)
        if task.split is Split.PRIVATE
        and not (task.retired or task.in_current or spent(task, policy))
    )


def _intake(pool: Pool, now: datetime) -> float:
    """Private tasks a day that came after the first rotation opened: the first stock is no pace."""
    opened = pool.rotations.exclude(root="").aggregate(first=Min("opens_at"))["first"]
    if opened is None:
        return 0.0
    since = max(opened, now - timedelta(days=_INTAKE_DAYS))
    days = (now - since) / timedelta(days=1)
    came = TaskVersion.objects.filter(
        task__pool=pool, task__split=Split.PRIVATE, number=1, imported_at__gt=since
    ).count()
    return came / days if days >= 1 else 0.0


def _form_tasks(rotations: list[Rotation]) -> int:
    """Private tasks of the newest rotation's plan."""
    if not rotations:
        return 0
    planned = TaskVersion.objects.filter(pk__in=rotations[0].plan.get("versions", []))
    return planned.filter(task__split=Split.PRIVATE).count()


def _every_days(rotations: list[Rotation]) -> float:
    """The mean time between openings; of a single rotation its window."""
    if not rotations:
        return USUAL_DAYS
    newest, oldest = rotations[0], rotations[-1]
    if len(rotations) == 1:
        length = newest.closes_at - newest.opens_at
    else:
        length = (newest.opens_at - oldest.opens_at) / (len(rotations) - 1)
    return max(length / timedelta(days=1), 1 / 24)


def seen_of_pool(pool: Pool) -> dict[str, int]:
    """Different private tasks of a pool that each owner group was ever sent."""
    return dict(sorted(_seen(_final(pool)).items()))


def looks_left(pool: Pool, policy: Policy, now: datetime) -> int:
    """How many more (task, group) pairs the private tasks in use allow in all."""
    caps = _caps(policy)
    return sum(
        groups_left(task.exposed_groups, task.age_days, caps)
        for task in candidates_of(pool, exposed=exposed(pool), now=now)
        if task.split is Split.PRIVATE and not task.retired and not spent(task, policy)
    )


def _caps(policy: Policy) -> Caps:
    return Caps(
        per_group=policy.exposure_per_provider,
        per_task=policy.exposure_per_task,
        max_age_days=policy.max_age_days,
    )
