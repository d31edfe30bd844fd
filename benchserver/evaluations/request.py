"""A provider asks: this endpoint, this track. Checked, charged, written down, then due.

In one transaction the quota is checked, exposure is reserved for the *whole* form, the evaluation
and its attempts (task x sample) are made and its start is put into the public log. Example: a group
that has used its two evaluations of this rotation gets ``quota_used`` and nothing is written.
"""

from __future__ import annotations

import secrets
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q

from benchserver.audit.record import record
from benchserver.core import forms
from benchserver.core.engine.facts import Limits
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.errors import NotAllowed
from benchserver.core.ids import opaque
from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.evaluations import budget
from benchserver.evaluations.lanes import ensure_lane
from benchserver.evaluations.models import Attempt, Evaluation, Exposure
from benchserver.evaluations.settle import wake
from benchserver.evaluations.told import adversary, lockout
from benchserver.ledger.append import append
from benchserver.measurement.exposure.budget import seen_before
from benchserver.pools.models import Form, FormEntry, TaskVersion, Track
from benchserver.pools.queries import open_form
from benchserver.pools.rotate import database_now
from benchserver.providers.models import Endpoint, OwnerGroup, PanelModel
from benchserver.transparency import entries


@transaction.atomic
def request(
    *,
    endpoint: Endpoint,
    track: Track,
    by: str,
    policy: EnginePolicy | None = None,
    limits: Limits | None = None,
) -> Evaluation:
    """Start an evaluation, within ``limits`` where it has any.

    Raises ``NotAllowed`` with code ``endpoint_not_active``, ``key_missing``, ``no_open_rotation``,
    ``quota_used``, ``already_running``, ``exposure_spent`` or ``disclosure_*``; nothing is written
    then.
    """
    policy = policy or EnginePolicy()
    if PanelModel.objects.filter(model=endpoint.model_id).exists():
        raise NotAllowed("a panel model does not compete", code="panel_model")
    form = locked_form(endpoint, track)
    group = endpoint.provider.owner_group
    _check_quota(group, form, endpoint, policy)
    found = list(form.standing.select_related("version__task"))
    _check_exposure(group, form, found, policy)
    _check_overlap(group, form)
    evaluation = begin(endpoint, form, found, by=by)
    _reserve(evaluation, found)
    budget.set_limits(evaluation, limits)
    return evaluation


def locked_form(endpoint: Endpoint, track: Track) -> Form:
    """The track's open form, for one request at a time: what is counted is then written."""
    _check_endpoint(endpoint)
    form = open_form(track, database_now())
    if form is None:
        raise NotAllowed(
            f"no rotation of {track.slug} is open",
            code="no_open_rotation",
            mend="See /rotations/ for the next window.",
        )
    Form.objects.select_for_update().get(pk=form.pk)
    return form


def begin(endpoint: Endpoint, form: Form, found: list[FormEntry], *, by: str) -> Evaluation:
    """Write the evaluation, its attempts and its start in the log, and wake the workers."""
    track = form.track
    evaluation = _create(endpoint, track, form, found, endpoint.provider.owner_group)
    _create_attempts(evaluation, form, found)
    evaluation.log_index = append(
        "run-start",
        entries.run_start(
            run=evaluation.slug,
            rotation=form.rotation.slug,
            model=endpoint.model.slug,
            attempt=Evaluation.objects.filter(form=form, model=endpoint.model).count(),
            track=track.slug,
        ),
    )
    evaluation.save(update_fields=("log_index",))
    ensure_lane(endpoint.pk)
    for _ in range(min(endpoint.max_concurrency, evaluation.total)):
        wake("generate", endpoint.pk)
    record("evaluation.requested", by=by, target=evaluation.slug, provider=endpoint.provider.slug)
    return evaluation


def _check_endpoint(endpoint: Endpoint) -> None:
    # One that awaits admission may be asked for: the evaluation waits with it and says so.
    if endpoint.state not in (Endpoint.State.ACTIVE, Endpoint.State.AWAITING):
        raise NotAllowed(
            f"endpoint {endpoint.name} is {endpoint.state}"
            + (f": {endpoint.pause_reason}" if endpoint.pause_reason else ""),
            code="endpoint_not_active",
            mend="Change what is wrong with it (PATCH endpoints/{id}/), then ask again.",
        )


def _check_quota(group: OwnerGroup, form: Form, endpoint: Endpoint, policy: EnginePolicy) -> None:
    """Started evaluations count, also incomplete ones; cancelled before any send they do not."""
    mine = Evaluation.objects.filter(owner_group__in=adversary(group), rotation=form.rotation)
    same = mine.filter(endpoint=endpoint, form=form, state=EvaluationState.RUNNING)
    if same.exists():
        raise NotAllowed(
            f"{same[0].slug} of this endpoint is running",
            code="already_running",
            mend="Wait for it or cancel it.",
        )
    sent = Count("attempts__sends", filter=Q(attempts__sends__isnull=False))
    counted = mine.annotate(sent=sent).exclude(state=EvaluationState.CANCELLED, sent=0)
    if counted.count() >= policy.evaluations_per_rotation:
        raise NotAllowed(
            f"your group has used its {policy.evaluations_per_rotation} evaluations of it",
            code="quota_used",
            mend=f"The rotation closes at {form.rotation.closes_at:%Y-%m-%d %H:%M} UTC; "
            "an incomplete evaluation can be resumed without using quota.",
        )


def _check_exposure(
    group: OwnerGroup, form: Form, found: list[FormEntry], policy: EnginePolicy
) -> None:
    """c exposures per task and group over all rotations, C groups per task (D9).

    A form this group already meets in this rotation is the same exposure (D13).
    """
    private = [e.version_id for e in found if e.split != Split.PUBLIC]  # canaries wear out too
    met = Exposure.objects.filter(version__in=private)
    ours = adversary(group)
    elsewhere = (
        met.filter(owner_group__in=ours, first_sent_at__isnull=False)
        .exclude(rotation=form.rotation)
        .values("version")
        .annotate(n=Count("rotation", distinct=True))
        .filter(n__gte=policy.exposure_per_provider)
    )
    if elsewhere.exists():
        raise NotAllowed(
            f"your group has met {elsewhere.count()} of these tasks before, as often as allowed",
            code="exposure_spent",
            mend="The next rotation will hold fresh tasks.",
        )
    crowded = (
        met.exclude(owner_group__in=ours)
        .values("version")
        .annotate(n=Count("owner_group", distinct=True))
        .filter(n__gte=policy.exposure_per_task)
    )
    if crowded.exists():
        raise NotAllowed(
            f"{crowded.count()} of these tasks have been met by {policy.exposure_per_task} "
            "groups, as many as allowed",
            code="exposure_spent",
            mend="The next rotation will hold fresh tasks.",
        )


def _check_overlap(group: OwnerGroup, form: Form) -> None:
    """Nothing is sent whose result could never be told: two of a group's forms that differ by few
    tasks would tell those tasks' results."""
    found = lockout(group, form)
    if found:
        raise NotAllowed(
            f"your group has been evaluated on nearly the same private tasks: {found[0].reason}",
            code=f"disclosure_{found[0].code}",
            mend="Stay on that track, or wait for the next rotation.",
        )


def _create(
    endpoint: Endpoint, track: Track, form: Form, found: list[FormEntry], group: OwnerGroup
) -> Evaluation:
    protocol = track.protocol
    return Evaluation.objects.create(
        slug=opaque("ev"),
        provider=endpoint.provider,
        owner_group=group,
        model=endpoint.model,
        endpoint=endpoint,
        endpoint_revision=endpoint.revision,
        rotation=form.rotation,
        track=track,
        form=form,
        protocol_payload=protocol.to_payload(),
        total=len(found) * protocol.samples,
        price_in=endpoint.price_in,
        price_out=endpoint.price_out,
        seen_before_e4=_seen_before_e4(group, form, found),
    )


def _seen_before_e4(group: OwnerGroup, form: Form, found: list[FormEntry]) -> int:
    """Share of private tasks whose family the group had met in an earlier rotation, in 1/10,000."""
    private = [e.version for e in found if e.split == Split.PRIVATE]
    known = set(
        TaskVersion.objects.filter(
            exposures__owner_group__in=adversary(group), exposures__first_sent_at__isnull=False
        )
        .exclude(exposures__rotation=form.rotation)
        .values_list("family_mac", flat=True)
    )
    return round(10_000 * seen_before([version.family_mac for version in private], known))


def _create_attempts(evaluation: Evaluation, form: Form, found: list[FormEntry]) -> None:
    """One attempt per task and sample, in an order of the evaluation's own (D17)."""
    pure = forms.Form(
        tuple(
            forms.FormEntry(position=e.position, version_id=str(e.version_id), split=Split(e.split))
            for e in found
        )
    )
    order = forms.order_for(pure, evaluation_seed=secrets.token_hex(16))
    by_position = {e.position: e for e in found}
    samples = evaluation.track.protocol.samples
    Attempt.objects.bulk_create(
        (
            Attempt(
                evaluation=evaluation,
                endpoint=evaluation.endpoint,
                entry=by_position[entry.position],
                sample=sample,
                order=sample * len(order) + place,
            )
            for sample in range(samples)
            for place, entry in enumerate(order)
        ),
        batch_size=1000,
    )


def _reserve(evaluation: Evaluation, found: list[FormEntry]) -> None:
    """Reserve the whole form's exposure; a second evaluation of the group shares the rows."""
    group: UUID = evaluation.owner_group_id
    Exposure.objects.bulk_create(
        (
            Exposure(version_id=e.version_id, owner_group_id=group, rotation=evaluation.rotation)
            for e in found
        ),
        ignore_conflicts=True,
        batch_size=1000,
    )
