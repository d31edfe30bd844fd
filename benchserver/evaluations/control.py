"""Cancel, pause and resume: what a provider or an admin may do to a started evaluation.

Example: an evaluation left ``incomplete`` by an outage is resumed; its faulted attempts become
ready again (those with a stored reply are only judged again), nothing is charged twice (D11). One
that is paused sends nothing until it is resumed; what it has reserved and spent stays as it is.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from benchserver.audit.prepared import rows
from benchserver.audit.record import record
from benchserver.core.engine import mending
from benchserver.core.engine.facts import Limits
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import ENDED, EVALUATION, AttemptState, EvaluationState
from benchserver.evaluations import budget, settle, statements
from benchserver.evaluations.models import Evaluation, Exposure, Reply
from benchserver.evaluations.store import PostgresStore
from benchserver.pools.models import Form, FormEntry
from benchserver.pools.rotate import database_now
from benchserver.providers.models import Endpoint

_PROVIDER, _OPERATOR = Evaluation.Pauser.PROVIDER, Evaluation.Pauser.OPERATOR
_WAITING = (AttemptState.READY, AttemptState.AMBIGUOUS)
_OPEN = [state.value for state in AttemptState if state not in ENDED]


@transaction.atomic
def cancel(*, evaluation: Evaluation, by: str) -> None:
    """Stop it for good; calls in flight end accounted, nothing new is sent.

    Reservations it never used are given back, so that they crowd nobody out. Raises
    ``NotAllowed`` when it has ended. The row and its log entry stay: every start counts.
    """
    # A request of the same group counts and writes under this lock; it shares the reservations.
    Form.objects.select_for_update().get(pk=evaluation.form_id)
    locked = Evaluation.objects.select_for_update().get(pk=evaluation.pk)
    EVALUATION.check(locked.state, EvaluationState.CANCELLED)
    locked.state = EvaluationState.CANCELLED.value
    locked.cancel_requested_at = locked.ended_at = database_now()
    locked.save()
    with PostgresStore().transaction() as tx:
        mending.cancel_units(tx, locked.pk)
    _release(locked)
    record("evaluation.cancelled", by=by, target=locked.slug, provider=locked.provider.slug)


def _release(evaluation: Evaluation) -> None:
    """Delete what was reserved and never sent, but for what another evaluation of the group may
    still send. Its own attempts are cancelled and locked, so no send can come in between."""
    alive = Evaluation.objects.filter(
        owner_group=evaluation.owner_group_id,
        rotation=evaluation.rotation_id,
        state__in=(EvaluationState.RUNNING, EvaluationState.INCOMPLETE),
    ).exclude(pk=evaluation.pk)
    needed = FormEntry.objects.filter(form__in=alive.values("form")).values("version")
    Exposure.objects.filter(
        owner_group=evaluation.owner_group_id,
        rotation=evaluation.rotation_id,
        version__in=FormEntry.objects.filter(form=evaluation.form_id).values("version"),
        first_sent_at=None,
    ).exclude(version__in=needed).delete()


@transaction.atomic
def pause(*, evaluation: Evaluation, by: str, who: Evaluation.Pauser = _PROVIDER) -> None:
    """Send nothing more until it is resumed or its rotation closes; calls in flight end, replies
    are judged. Pausing again changes nothing, but the operator's pause replaces a provider's.

    Raises ``NotAllowed`` (``bad_state``) unless it is running.
    """
    locked = _locked(evaluation)
    if locked.state != EvaluationState.RUNNING:
        raise NotAllowed(f"it is {locked.state}, nothing of it is sent", code="bad_state")
    if locked.paused_at is not None and (locked.paused_by == who or who != _OPERATOR):
        return
    locked.paused_at, locked.paused_by = locked.paused_at or database_now(), who.value
    locked.save(update_fields=("paused_at", "paused_by"))
    record("evaluation.paused", by=by, target=locked.slug, provider=locked.provider.slug)


def _locked(evaluation: Evaluation) -> Evaluation:
    rows = Evaluation.objects.select_for_update(of=("self",))
    found: Evaluation = rows.select_related("rotation", "endpoint", "provider").get(
        pk=evaluation.pk
    )
    return found


@transaction.atomic
def resume(
    *,
    evaluation: Evaluation,
    by: str,
    who: Evaluation.Pauser = _PROVIDER,
    limits: Limits | None = None,
) -> None:
    """Lift its pause, or start the faulted attempts of an incomplete evaluation again, inside its
    window and within ``limits`` when they are given anew.

    An attempt that has used its two sends of unknown outcome stays faulted: sending it again needs
    an admin. Raises ``NotAllowed`` (``bad_state``, ``paused_by_operator``, ``rotation_closed``,
    ``nothing_to_resume``, ``endpoint_not_active``, ``endpoint_changed``).
    """
    locked = _locked(evaluation)
    if locked.paused_by == _OPERATOR and who != _OPERATOR:
        mend = "Ask the operator: only the operator lifts this pause."
        raise NotAllowed("the operator has paused it", code="paused_by_operator", mend=mend)
    if locked.state == EvaluationState.RUNNING and locked.paused_at is not None:
        again = locked.attempts.filter(state__in=_WAITING).count()
    else:
        again = _revive(locked)
    budget.set_limits(locked, limits)
    locked.paused_at, locked.paused_by = None, ""
    locked.save()
    for _ in range(min(again, locked.endpoint.max_concurrency)):
        settle.wake("generate", locked.endpoint_id)
    record(
        "evaluation.resumed",
        by=by,
        target=locked.slug,
        provider=locked.provider.slug,
        attempts=again,
    )


def _revive(locked: Evaluation) -> int:
    """The next round of an incomplete evaluation; how many attempts it has."""
    EVALUATION.check(locked.state, EvaluationState.RUNNING)
    _check_resumable(locked)
    with PostgresStore().transaction() as tx:
        again = mending.resume_units(tx, locked.pk)
    if not again:
        raise NotAllowed("no attempt may be sent again", code="nothing_to_resume")
    locked.state, locked.round, locked.ended_at = "running", locked.round + 1, None
    return again


def _check_resumable(evaluation: Evaluation) -> None:
    if database_now() >= evaluation.rotation.closes_at:
        raise NotAllowed("its rotation has closed", code="rotation_closed")
    if evaluation.endpoint.state not in (Endpoint.State.ACTIVE, Endpoint.State.AWAITING):
        raise NotAllowed(
            f"endpoint {evaluation.endpoint.name} is {evaluation.endpoint.state}",
            code="endpoint_not_active",
            mend="Mend the endpoint first.",
        )
    changed = evaluation.endpoint.revision != evaluation.endpoint_revision
    if changed and Reply.objects.filter(attempt__evaluation=evaluation).exists():
        raise NotAllowed("the endpoint was changed since", code="endpoint_changed")


def still_open(evaluation_id: UUID) -> bool:
    """Does any attempt still wait or run? Named by state, so that the index finds one at once."""
    return bool(rows(statements.STILL_OPEN, [evaluation_id, _OPEN])[0][0])
