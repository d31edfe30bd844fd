"""The panel runs a form: the same engine as for everybody, no quota, no exposure, no rank.

Example: ``run_panel(endpoint=..., track=..., weights_digest="9f..")`` starts one panel model on the
open form; with another digest than it was registered with it is refused and nothing is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.db.models import QuerySet

from benchserver.audit.record import record
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import EvaluationState
from benchserver.evaluations.models import Evaluation
from benchserver.evaluations.request import begin, locked_form
from benchserver.pools.models import Form, TaskVersion, Track
from benchserver.providers.models import Endpoint
from benchserver.providers.panel import check_weights, panel_model


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
