"""What both doors to an evaluation, API and page, do around the verbs.

The verb and the row that wakes a worker are one transaction; the wake is published only after it is
committed, so no worker looks for an evaluation that is not there yet. Example:
``start(endpoint, track, by="token bs_3f...")``.
"""

from __future__ import annotations

from django.db import transaction

from benchserver import dispatch, wiring
from benchserver.core.engine.facts import Limits
from benchserver.evaluations import control, identity, request
from benchserver.evaluations.models import Evaluation
from benchserver.pools.models import Track
from benchserver.portal.endpoints import ask_admission
from benchserver.providers.models import Endpoint


@transaction.atomic
def start(endpoint: Endpoint, track: Track, *, by: str, limits: Limits | None = None) -> Evaluation:
    """Raises ``NotAllowed`` as ``evaluations.request`` does; a refusal writes nothing. An endpoint
    that awaits admission is visited first; its evaluation waits and says so."""
    made = request.request(
        endpoint=endpoint, track=track, by=by, policy=wiring.engine_policy(), limits=limits
    )
    if endpoint.state == Endpoint.State.AWAITING:
        ask_admission(endpoint, cause="asked", by=by)
    identity.hold(endpoint.pk)
    _publish()
    return made


@transaction.atomic
def cancel(evaluation: Evaluation, *, by: str) -> None:
    """Raises ``NotAllowed`` when it has ended."""
    control.cancel(evaluation=evaluation, by=by)
    _publish()


@transaction.atomic
def pause(evaluation: Evaluation, *, by: str) -> None:
    """Raises ``NotAllowed`` when it has ended."""
    control.pause(evaluation=evaluation, by=by)


@transaction.atomic
def resume(evaluation: Evaluation, *, by: str, limits: Limits | None = None) -> None:
    """Raises ``NotAllowed`` when there is nothing that may be tried again. After a long pause the
    public questions about who answers come before the next task."""
    control.resume(evaluation=evaluation, by=by, limits=limits)
    identity.hold(evaluation.endpoint_id)
    _publish()


def _publish() -> None:
    transaction.on_commit(lambda: dispatch.flush())
