"""What should an admin do next? Computed from what is there, most pressing first.

Example: a pool without tasks gives the ``import_tasks`` line to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django import template
from django.urls import reverse

from benchserver.console.panelsheet import panel_sheets
from benchserver.core.lifecycle import EvaluationState, RotationState
from benchserver.evaluations import exposures
from benchserver.evaluations.correct import overturned
from benchserver.evaluations.models import Evaluation
from benchserver.leaderboard.exposure import usual_policy
from benchserver.leaderboard.reissue import boards_to_reissue
from benchserver.pools.models import Pool, Rotation, Task, Track
from benchserver.pools.rotate import database_now
from benchserver.providers.models import Endpoint, Provider

SOON = timedelta(days=60)
register = template.Library()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do: why, and the page or the command that does it."""

    why: str
    link: str = ""
    command: str = ""


@register.simple_tag
def next_steps() -> list[Step]:
    return [*_missing(), *_troubled()]


def _missing() -> list[Step]:
    """What must be there before the first evaluation, in its order."""
    steps = []
    if not Pool.objects.exists():
        steps.append(Step("No pool yet: it holds the tasks.", reverse("admin:pools_pool_add")))
    elif not Track.objects.exists():
        steps.append(Step("No track yet: one per board.", reverse("admin:pools_track_add")))
    for pool in Pool.objects.all():
        if not Task.objects.filter(pool=pool, retired_at=None).exists():
            command = f"./bench import_tasks PATH --pool {pool.slug}"
            steps.append(Step(f"Pool {pool} has no tasks.", command=command))
        elif not _rotation_ahead(pool):
            command = f"./bench rotation plan --pool {pool.slug}"
            steps.append(Step(f"Pool {pool} has no rotation, open or planned.", command=command))
    if not Provider.objects.exists():
        steps.append(Step("No provider yet.", command="./bench create_provider NAME --email E"))
    return steps


def _rotation_ahead(pool: Pool) -> bool:
    ahead = (RotationState.OPEN.value, RotationState.PLANNED.value)
    return Rotation.objects.filter(pool=pool, state__in=ahead).exists()


def _short_lived() -> list[Step]:
    """Pools whose tasks run out before new ones can be written."""
    steps, now = [], database_now()
    for pool in Pool.objects.filter(rotations__isnull=False).distinct():
        found = exposures.outlook(pool, usual_policy(), now=now)
        if found.forecast.until is not None and found.forecast.until - now < SOON:
            link = reverse("admin:pools_pool_change", args=[pool.pk])
            steps.append(Step(f"Pool {pool}: {exposures.in_words(found)}", link))
    return steps


def _corrections() -> list[Step]:
    """Boards that show withdrawn tasks, and disputes that speak against a stored verdict."""
    steps = []
    for rotation in Rotation.objects.filter(forms__withdrawals__isnull=False).distinct():
        for track in boards_to_reissue(rotation):
            command = f"./bench publish --track {track.slug} --rotation {rotation.slug}"
            steps.append(Step(f"Board {track} still shows withdrawn tasks.", command=command))
    wrong = overturned().count()
    if wrong:
        link = reverse("admin:evaluations_secondopinion_changelist") + "?state__exact=settled"
        steps.append(Step(f"Stored verdicts that two other machines contradict: {wrong}.", link))
    return steps


def _stale() -> list[Step]:
    """Plans that were due and could not open, with the line that makes room for another."""
    refused = Rotation.objects.filter(state=RotationState.PLANNED).exclude(reason="")
    return [
        Step(
            f"Rotation {rotation} cannot open: {rotation.reason}",
            command=f"./bench rotation abandon --pool {rotation.pool.slug} --name {rotation.slug}",
        )
        for rotation in refused.select_related("pool").order_by("opens_at")
    ]


def _unlinked() -> list[Step]:
    """Reference models that an open rotation lacks and that nothing will start."""
    link = reverse("admin:providers_panelmodel_runs")
    return [
        Step(f"Panel runs of {sheet.track}, {sheet.form}, that something is in the way of.", link)
        for sheet in panel_sheets()
        if sheet.stuck
    ]


def _troubled() -> list[Step]:
    """What runs but needs a look."""
    steps = [*_short_lived(), *_corrections(), *_stale(), *_unlinked()]
    incomplete = Evaluation.objects.filter(
        state=EvaluationState.INCOMPLETE.value, rotation__state=RotationState.OPEN.value
    ).count()
    if incomplete:
        link = reverse("admin:evaluations_evaluation_changelist") + "?state__exact=incomplete"
        why = f"Evaluations that ended with faults, for their providers to resume: {incomplete}."
        steps.append(Step(why, link))
    paused = Endpoint.objects.filter(state=Endpoint.State.PAUSED).exclude(pause_reason="").count()
    if paused:
        link = reverse("admin:providers_endpoint_changelist") + "?state__exact=paused"
        steps.append(Step(f"Paused endpoints: {paused}.", link))
    return steps
