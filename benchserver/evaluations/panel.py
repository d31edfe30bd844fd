"""The panel runs a form: the same engine as for everybody, no quota, no exposure, no rank.

The schedule starts what an open form lacks; ``standings`` says of each model where it stands and
what is in the way. Example: ``run_panel(endpoint=..., track=..., weights_digest="9f..")`` starts
one by hand; with another digest than it was registered with it is refused, nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.db import transaction
from django.db.models import QuerySet

from benchserver.audit.record import record
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import EvaluationState, RotationState
from benchserver.evaluations.models import Evaluation
from benchserver.evaluations.request import begin, locked_form
from benchserver.pools.models import Form, TaskVersion, Track
from benchserver.pools.rotate import database_now
from benchserver.providers.models import Endpoint, PanelModel
from benchserver.providers.panel import check_weights, endpoint_of, members, panel_model


class Progress(StrEnum):
    COMPLETE = "complete"
    RUNNING = "running"
    DUE = "due"  # the schedule starts it
    MISSING = "missing"  # and will stay so until somebody does what the reason asks for


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a panel model stands with a form. ``why``: what is in the way and how to mend it."""

    member: PanelModel
    form: Form
    endpoint: Endpoint | None
    progress: Progress
    why: str = ""


def standings(form: Form) -> list[Standing]:
    """Every model of today's panel on a form, by slug."""
    runs = Evaluation.objects.filter(form=form, model__panel__isnull=False).order_by("created_at")
    newest = {run.model_id: run for run in runs}
    oldest, now = _oldest_task(form), database_now()
    open_now = form.rotation.state == RotationState.OPEN and form.rotation.closes_at > now
    found = []
    for member in members():
        endpoint = endpoint_of(member)
        progress, why = _progress(
            member, endpoint, newest.get(member.model_id), oldest=oldest, open_now=open_now
        )
        found.append(
            Standing(member=member, form=form, endpoint=endpoint, progress=progress, why=why)
        )
    return found


def _progress(
    member: PanelModel,
    endpoint: Endpoint | None,
    run: Evaluation | None,
    *,
    oldest: date | None,
    open_now: bool,
) -> tuple[Progress, str]:
    if oldest is not None and member.frozen_on >= oldest:
        return Progress.MISSING, (
            f"its weights ({member.frozen_on}) are not older than the form's oldest task "
            f"({oldest}), so it cannot link; register older ones"
        )
    if run is not None:
        return _of_run(run)
    if not open_now:
        return Progress.MISSING, "the rotation is not open; it can run the next one"
    why = _why_not_started(member, endpoint)
    return (Progress.MISSING, why) if why else (Progress.DUE, "")


def _of_run(run: Evaluation) -> tuple[Progress, str]:
    if run.state == EvaluationState.COMPLETE:
        return Progress.COMPLETE, ""
    if run.state == EvaluationState.RUNNING:
        return Progress.RUNNING, ""
    if run.state == EvaluationState.CANCELLED:
        return Progress.MISSING, f"{run.slug} was cancelled by hand; start it anew: panel run"
    return Progress.MISSING, f"{run.slug} ended with faults; mend its endpoint and resume it"


def _why_not_started(member: PanelModel, endpoint: Endpoint | None) -> str:
    if endpoint is None:
        return "it has no endpoint; register it anew: panel add"
    if endpoint.state != Endpoint.State.ACTIVE:
        paused = f" ({endpoint.pause_reason})" if endpoint.pause_reason else ""
        return f"its endpoint is {endpoint.state}{paused}; it runs once that is admitted"
    named = Evaluation.objects.filter(endpoint=endpoint).order_by("-created_at").first()
    if endpoint.revision != (named.endpoint_revision if named else 1):
        return (
            "its endpoint was changed since its weights were last named; name them once more: "
            f"panel run --model {member.model.slug} --weights FILE"
        )
    return ""


def due() -> list[Standing]:
    """Panel models that an open form still lacks and that may start now."""
    now = database_now()
    forms = Form.objects.filter(
        rotation__state=RotationState.OPEN,
        rotation__opens_at__lte=now,
        rotation__closes_at__gt=now,
    ).select_related("rotation", "track")
    found = [each for form in forms.order_by("track__slug") for each in standings(form)]
    return [each for each in found if each.progress is Progress.DUE]


def start_due(*, by: str) -> int:
    """Start what is due; how many. By the weights' name of the registration: an endpoint that was
    changed since they were last named is not due."""
    started = 0
    for each in due():
        if each.endpoint is None:
            continue
        with suppress(NotAllowed):  # somebody was quicker, or the window closed: seen again later
            run_panel(
                endpoint=each.endpoint,
                track=each.form.track,
                weights_digest=each.member.weights_digest,
                by=by,
            )
            started += 1
    return started


@transaction.atomic
def run_panel(*, endpoint: Endpoint, track: Track, weights_digest: str, by: str) -> Evaluation:
    """Start a panel model on the track's open form. ``weights_digest``: of what is served now.

    Raises ``BadInput`` for a model outside the panel and ``NotAllowed`` with code
    ``panel_weights_changed``, ``panel_retired``, ``panel_has_run``, ``endpoint_not_active`` or
    ``no_open_rotation``; nothing is written then.
    """
    check_weights(panel_model(endpoint.model.slug), weights_digest)
    form = locked_form(endpoint, track)
    mine = Evaluation.objects.filter(form=form, model=endpoint.model)
    going = mine.exclude(state=EvaluationState.CANCELLED).first()
    if going is not None:
        raise NotAllowed(
            f"{endpoint.model.slug} has {going.slug} on this form, {going.state}",
            code="panel_has_run",
        )
    found = list(form.standing.select_related("version__task"))
    evaluation = begin(endpoint, form, found, by=by)
    record("panel.run", by=by, target=evaluation.slug, weights=weights_digest)
    return evaluation


def competitors(evaluations: QuerySet[Evaluation]) -> QuerySet[Evaluation]:
    """Those of models that compete: the panel is never on a board nor in its counts."""
    return evaluations.filter(model__panel=None)


def linking_runs(forms: Sequence[Form]) -> list[Evaluation]:
    """Complete panel runs on these forms that may link them, one per model and form.

    Left out: models that left the panel, endpoints seen to change around the run, and weights that
    are not older than every task of the form.
    """
    runs = Evaluation.objects.filter(
        form__in=forms,
        model__panel__isnull=False,
        model__panel__retired_at=None,
        state=EvaluationState.COMPLETE,
        identity_mark=None,
    ).select_related("model__panel", "form", "track")
    oldest = {form.pk: _oldest_task(form) for form in forms}
    return [run for run in runs.order_by("created_at") if _older(run, oldest[run.form_id])]


def _older(run: Evaluation, oldest: date | None) -> bool:
    return bool(oldest is None or run.model.panel.frozen_on < oldest)


def _oldest_task(form: Form) -> date | None:
    """The day the form's oldest private task was written, else brought in; None without tasks."""
    entries = form.standing.filter(split="private").values("version_id")
    days = [
        written or imported.date()
        for written, imported in TaskVersion.objects.filter(pk__in=entries).values_list(
            "written_on", "imported_at"
        )
    ]
    return min(days, default=None)
