"""One attempt's generation: write ahead, then send, then store the sealed reply.

The order is the promise: exposure and send row are committed *before* the first byte, so whatever
dies afterwards, no hidden task leaves unaccounted (D12). Example: killed between commit and bytes,
the attempt shows one send of unknown outcome and is sent once more; killed after the reply is
stored, it is never sent again. Only this verb reaches the network.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from benchserver.audit.keys import fetch, keep
from benchserver.core.errors import PlatformFault
from benchserver.core.lifecycle import AttemptState, RotationState
from benchserver.core.prompting import prompt as wrap_prompt
from benchserver.core.protocol import Protocol, from_payload
from benchserver.core.verdict import FaultKind, Judgement, Verdict
from benchserver.engines.endpoints.base import (
    EndpointClient,
    EndpointFailure,
    FailureKind,
    Generation,
    Reply,
    Target,
)
from benchserver.engines.vault.base import Context, Opener, Right, Sealer
from benchserver.evaluations import settle
from benchserver.evaluations.claim import Claim, claim_generation, held
from benchserver.evaluations.lanes import note_failure, note_success, rest
from benchserver.evaluations.models import Attempt, Evaluation, Exposure, Send
from benchserver.evaluations.models import Reply as StoredReply
from benchserver.evaluations.policy import UNSENT_TRIES_MAX, EnginePolicy
from benchserver.pools import unseal
from benchserver.pools.rotate import database_now
from benchserver.providers.models import Endpoint
from benchserver.providers.register import key_context, pause_endpoint

# Statuses that say "you are not welcome at all": nothing is gained by asking again.
_UNWELCOME = (401, 403, 404)
_CANARY = "Answer with the single word: ready"
MISSED_DEADLINE = "missed_deadline"  # a send without a reply in time that is the model's verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What generation needs from the composition root."""

    client: Callable[[str], EndpointClient]
    opener: Opener
    sealer: Sealer
    policy: EnginePolicy


def generate_next(*, endpoint_id: UUID, worker: str, engines: Engines) -> UUID | None:
    """Work on the endpoint's next attempt; returns its evaluation's id, or None if none is due."""
    deadline = _longest_deadline(endpoint_id)
    claim = claim_generation(
        endpoint_id=endpoint_id,
        worker=worker,
        lease_seconds=engines.policy.lease_seconds,
        hold_seconds=deadline + 60,
    )
    if claim is None:
        return None
    attempt = Attempt.objects.select_related("evaluation", "endpoint", "entry__version__task").get(
        pk=claim.attempt_id
    )
    try:
        prepared = _prepare(attempt, worker, engines)
    except PlatformFault as problem:
        _give_back(claim, problem.code)
        return attempt.evaluation_id
    send = authorise(claim=claim)
    if send is not None:
        _exchange(claim, send, attempt, prepared, engines)
    return attempt.evaluation_id


def _longest_deadline(endpoint_id: UUID) -> int:
    running = Evaluation.objects.filter(endpoint_id=endpoint_id, state="running")
    payloads = running.values_list("protocol_payload", flat=True)
    return max((from_payload(p).deadline_seconds for p in payloads), default=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    target: Target
    generation: Generation
    client: EndpointClient

    def __repr__(self) -> str:
        return "<prepared>"


def _prepare(attempt: Attempt, worker: str, engines: Engines) -> _Prepared:
    """Open prompt and key. Raises ``PlatformFault`` (ours) when they cannot be opened."""
    protocol = from_payload(attempt.evaluation.protocol_payload)
    spec = unseal.prompt(version=attempt.entry.version, opener=engines.opener, by=worker)
    return _Prepared(
        target=_target(attempt.endpoint, engines.opener),
        generation=_generation(wrap_prompt(spec), protocol, str(attempt.pk)),
        client=engines.client(attempt.endpoint.protocol),
    )


def _target(endpoint: Endpoint, opener: Opener) -> Target:
    key = ""
    if endpoint.key_sealed is not None:
        wrapped = fetch(endpoint.key_data_key)
        key = opener.open(wrapped, key_context(endpoint), bytes(endpoint.key_sealed)).decode()
    return Target(base_url=endpoint.base_url, model=endpoint.wire_model, api_key=key)


def _generation(text: str, protocol: Protocol, key: str) -> Generation:
    return Generation(
        prompt=text,
        max_tokens=protocol.max_tokens,
        temperature=protocol.temperature,
        top_p=protocol.top_p,
        deadline_seconds=float(protocol.deadline_seconds),
        idempotency_key=key,
    )


@transaction.atomic
def authorise(*, claim: Claim) -> Send | None:
    """Transaction A: the exposure becomes final and the send row exists, or nothing is sent.

    None when the claim was lost or sending is no longer allowed (cancelled, closed, changed); the
    attempt then waits, is cancelled or faulted with that reason.
    """
    attempt = held(claim, state=AttemptState.LEASED)
    if attempt is None:
        return None
    forbidden = _why_not(attempt)
    if forbidden:
        _refuse_to_send(attempt, forbidden)
        return None
    exposure = Exposure.objects.filter(
        version_id=attempt.entry.version_id,
        owner_group_id=attempt.evaluation.owner_group_id,
        rotation_id=attempt.evaluation.rotation_id,
    )
    if exposure.update(first_sent_at=Coalesce("first_sent_at", Now())) != 1:
        raise PlatformFault("exposure_missing", str(attempt.pk))
    ordinal = attempt.sends.count() + 1
    send = Send.objects.create(
        attempt=attempt, ordinal=ordinal, cause=attempt.reason or "first", fence=claim.fence
    )
    settle.move(attempt, AttemptState.SENT)
    return send


def _why_not(attempt: Attempt) -> str:
    """The code of what forbids sending now; empty when it is allowed."""
    evaluation = attempt.evaluation
    if evaluation.cancel_requested_at is not None:
        return "cancelled"
    rotation = evaluation.rotation
    if rotation.state != RotationState.OPEN or database_now() >= rotation.closes_at:
        return "rotation_closed"
    if attempt.endpoint.state != Endpoint.State.ACTIVE:
        return "endpoint_not_active"
    if attempt.endpoint.revision != evaluation.endpoint_revision:
        return "endpoint_changed"
    return ""


def _refuse_to_send(attempt: Attempt, code: str) -> None:
    if code == "cancelled":
        settle.move(attempt, AttemptState.CANCELLED, reason=code)
    elif code == "endpoint_not_active":
        settle.move(attempt, _waiting_state(attempt), reason=code, delay=15)
    else:
        settle.fault(attempt, kind=FaultKind.ENDPOINT, code=code)


def _waiting_state(attempt: Attempt) -> AttemptState:
    """Where an unsent attempt waits: it keeps the mark of an earlier send of unknown outcome."""
    return AttemptState.AMBIGUOUS if attempt.unknown_sends else AttemptState.READY


@transaction.atomic
def _give_back(claim: Claim, code: str) -> None:
    """We could not even prepare: nothing was sent, the attempt waits and says why."""
    attempt = held(claim, state=AttemptState.LEASED)
    if attempt is not None:
        settle.move(attempt, _waiting_state(attempt), reason=code, delay=15)


def _exchange(
    claim: Claim, send: Send, attempt: Attempt, prepared: _Prepared, engines: Engines
) -> None:
    try:
        reply = prepared.client.send(
            prepared.target, prepared.generation, before_first_byte=lambda: still_mine(claim)
        )
    except EndpointFailure as failure:
        alive = failure.code == "timeout" and _answers_canary(prepared)
        settle_failure(claim=claim, send=send, failure=failure, policy=engines.policy, alive=alive)
    else:
        settle_reply(claim=claim, send=send, reply=reply, sealer=engines.sealer)


def still_mine(claim: Claim) -> bool:
    """The last look before the first byte: lease held, not cancelled. The window left is one
    system call and cannot be closed; the send is accounted either way."""
    return Attempt.objects.filter(
        pk=claim.attempt_id,
        fence=claim.fence,
        state=AttemptState.SENT,
        lease_until__gt=Now(),
        evaluation__cancel_requested_at=None,
    ).exists()


def _answers_canary(prepared: _Prepared) -> bool:
    """Is the endpoint well? A public throw-away prompt; no task is used up by asking (D11)."""
    canary = Generation(
        prompt=_CANARY,
        max_tokens=64,
        temperature="0",
        top_p="1",
        deadline_seconds=30.0,
        idempotency_key="canary-" + prepared.generation.idempotency_key,
    )
    try:
        prepared.client.send(prepared.target, canary)
    except EndpointFailure:
        return False
    return True


@transaction.atomic
def settle_reply(*, claim: Claim, send: Send, reply: Reply, sealer: Sealer) -> bool:
    """Store the complete reply, sealed; False when the claim was lost (only its cost is booked)."""
    _book(send, attempt_id=claim.attempt_id, reply=reply)
    attempt = held(claim, state=AttemptState.SENT)
    if attempt is None or StoredReply.objects.filter(attempt_id=claim.attempt_id).exists():
        return False
    context = reply_context(attempt.pk)
    wrapped, sealed = sealer.seal(Right.EXECUTE, {context: reply.text.encode()})
    StoredReply.objects.create(
        attempt=attempt,
        send=send,
        stop_reason=reply.stop_reason.value,
        data_key=keep(wrapped),
        sealed=sealed[context],
    )
    note_success(attempt.endpoint_id)
    settle.move(attempt, AttemptState.GENERATED)
    settle.wake("judge", attempt.pk)
    return True


def reply_context(attempt_id: UUID) -> Context:
    """What a sealed reply is bound to."""
    return Context(table="reply", row=str(attempt_id), field="text")


def _book(send: Send, *, attempt_id: UUID, reply: Reply) -> None:
    """Tokens and cost of one answered send, by the evaluation's price snapshot."""
    evaluation = Attempt.objects.select_related("evaluation").get(pk=attempt_id).evaluation
    usage = reply.usage
    cost = cost_micro_usd(evaluation, usage.tokens_in, usage.tokens_out)
    Send.objects.filter(pk=send.pk).update(
        outcome=Send.Outcome.ANSWERED,
        status=200,
        tokens_in=usage.tokens_in,
        tokens_out=usage.tokens_out,
        usage_reported=usage.reported,
        cost_micro_usd=cost,
        milliseconds=round(reply.seconds * 1000),
        ended_at=Now(),
    )


def cost_micro_usd(evaluation: Evaluation, tokens_in: int, tokens_out: int) -> int | None:
    """Micro-USD, rounded up; None without a price. Prices are per million tokens (D20)."""
    if evaluation.price_in is None or evaluation.price_out is None:
        return None
    exact = tokens_in * evaluation.price_in + tokens_out * evaluation.price_out
    return -(-exact // 1_000_000)


@transaction.atomic
def settle_failure(
    *, claim: Claim, send: Send, failure: EndpointFailure, policy: EnginePolicy, alive: bool
) -> None:
    """Account for a failed send and decide what the attempt does next (D11, D12).

    ``alive``: a public canary passed after the deadline, so the missing reply is the model's.
    """
    Send.objects.filter(pk=send.pk).update(
        outcome=_OUTCOMES[failure.kind],
        code=MISSED_DEADLINE if alive else failure.code[:60],
        status=failure.status,
        milliseconds=round(failure.seconds * 1000),
        ended_at=Now(),
    )
    attempt = held(claim, state=AttemptState.SENT)
    if attempt is None:
        return
    # What we stopped ourselves before the first byte says nothing about the endpoint.
    if not alive and failure.code != "cancelled":
        note_failure(attempt.endpoint_id, base=policy.retry_base_seconds)
    _MOVES[failure.kind](attempt, failure, policy, alive)


def _not_sent(a: Attempt, failure: EndpointFailure, policy: EnginePolicy, alive: bool) -> None:
    a.unsent_tries += 1
    if a.unsent_tries > UNSENT_TRIES_MAX:
        settle.fault(a, kind=FaultKind.ENDPOINT, code=failure.code)
        return
    delay = settle.backoff(a.unsent_tries, base=policy.retry_base_seconds)
    settle.move(a, _waiting_state(a), reason=failure.code, delay=delay)


def _refused(a: Attempt, failure: EndpointFailure, policy: EnginePolicy, alive: bool) -> None:
    a.refused_sends += 1
    if a.refused_sends > policy.refused_sends_max:
        settle.fault(a, kind=FaultKind.ENDPOINT, code=failure.code)
        return
    base, wished = policy.retry_base_seconds, failure.retry_after
    delay = settle.backoff(a.refused_sends, base=base, retry_after=wished)
    if wished is not None:
        rest(a.endpoint_id, seconds=delay, reason=failure.code)
    settle.move(a, _waiting_state(a), reason=failure.code, delay=delay)


def _unknown(a: Attempt, failure: EndpointFailure, policy: EnginePolicy, alive: bool) -> None:
    if alive:
        settle.judged(a, Judgement(verdict=Verdict.TIME_LIMIT, detail="no reply in time"))
        return
    delay = settle.backoff(1, base=policy.retry_base_seconds)
    settle.outcome_unknown(a, kind=FaultKind.ENDPOINT, code=failure.code, delay=delay)


def _rejected(a: Attempt, failure: EndpointFailure, policy: EnginePolicy, alive: bool) -> None:
    if failure.status not in _UNWELCOME:
        settle.fault(a, kind=FaultKind.ENDPOINT, code=failure.code)
        return
    pause_endpoint(endpoint_id=a.endpoint_id, reason=failure.code, by="engine")
    _refused(a, failure, policy, alive)


_OUTCOMES = {
    FailureKind.NOT_SENT: Send.Outcome.NOT_SENT,
    FailureKind.REFUSED: Send.Outcome.REFUSED,
    FailureKind.UNKNOWN: Send.Outcome.UNKNOWN,
    FailureKind.REJECTED: Send.Outcome.REJECTED,
    FailureKind.INVALID: Send.Outcome.INVALID,
}
_MOVES: dict[FailureKind, Callable[[Attempt, EndpointFailure, EnginePolicy, bool], None]] = {
    FailureKind.NOT_SENT: _not_sent,
    FailureKind.REFUSED: _refused,
    FailureKind.UNKNOWN: _unknown,
    FailureKind.REJECTED: _rejected,
    FailureKind.INVALID: _unknown,  # the provider has the task; what it meant nobody knows
}
