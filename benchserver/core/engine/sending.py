"""From claim to stored reply: each step one transaction, in the order that ``work`` keeps.

A claim raises the attempt's fence and every later write looks at it first, so a worker that lost
its lease changes nothing. Example: a frozen worker wakes up after its attempt was given to
another; ``held`` finds a newer fence, and the other's reply stands.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from benchserver.core.engine import rules
from benchserver.core.engine.facts import Claim, Ended, Failure, Outcome, Unit, Usage
from benchserver.core.engine.moves import fault, judged, move, outcome_unknown
from benchserver.core.engine.policy import UNSENT_TRIES_MAX, EnginePolicy
from benchserver.core.engine.rules import Opening, Random
from benchserver.core.engine.store import Store, Transaction
from benchserver.core.errors import PlatformFault
from benchserver.core.lifecycle import AttemptState
from benchserver.core.verdict import FaultKind, Judgement, Verdict

MISSED_DEADLINE = "missed_deadline"  # a send without a reply in time that is the model's verdict
_PAUSE = 15.0  # seconds before what cannot be sent for another's reason is looked at again
_SHORT_PAUSE = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """Where the rules run: on which store, by which numbers, with which dice."""

    store: Store
    policy: EnginePolicy
    random: Random


def held(tx: Transaction, claim: Claim, *, state: AttemptState) -> Unit | None:
    """The claimed attempt, locked, if the claim still holds and it is in ``state``; else None."""
    unit = tx.lock(claim.attempt_id)
    # A claim that a power cut took back may have been given to another with the same fence.
    if unit is None or _lost(unit, claim, state) or unit.owner != claim.worker:
        return None
    return unit


def _lost(unit: Unit, claim: Claim, state: AttemptState) -> bool:
    return unit.fence != claim.fence or unit.state != state


def claim_next(
    engine: Engine, *, endpoint: UUID, worker: str, hold_seconds: float
) -> Claim | Opening:
    """The next sendable attempt of an endpoint within its limits, ``CANARY``, or ``NOTHING``.

    The lane is locked, so the limits hold across all workers (D12, promise P11).
    """
    with engine.store.claiming() as tx:
        lane = tx.lane(endpoint)
        way = Opening.NOTHING if lane is None else rules.opening(lane)
        if lane is None or way is Opening.NOTHING:
            return Opening.NOTHING
        claim = None
        if way is Opening.SEND:
            claim = tx.take_due(
                endpoint=endpoint,
                worker=worker,
                lease_seconds=engine.policy.lease_seconds,
                hold_seconds=hold_seconds,
            )
            if claim is None:
                return Opening.NOTHING
        if lane.rps is not None:
            lane.tokens -= 1
            tx.spend_token(lane)
        if claim is None:
            rules.probing(lane)
            tx.save_lane(lane)
        return claim or way


def settle_canary(engine: Engine, *, endpoint: UUID, passed: bool) -> None:
    """Close the breaker, or rest twice as long."""
    with engine.store.transaction() as tx:
        lane = tx.troubled(endpoint)
        if lane is not None and lane.broken:
            rules.probed(lane, passed=passed, base=engine.policy.retry_base_seconds)
            tx.save_lane(lane)
            for _ in range(lane.limit if passed else 0):
                tx.wake("generate", endpoint)


def give_back(engine: Engine, *, claim: Claim, code: str) -> None:
    """We could not even prepare: nothing was sent, the attempt waits and says why."""
    with engine.store.transaction() as tx:
        unit = held(tx, claim, state=AttemptState.LEASED)
        if unit is not None:
            move(tx, unit, rules.waiting_state(unit), reason=code, delay=_PAUSE)


def set_aside(engine: Engine, *, endpoint: UUID, code: str) -> None:
    """It cannot be used as it is set up: it is paused until its provider changes it."""
    with engine.store.transaction() as tx:
        tx.pause_endpoint(endpoint, reason=code)


def give_up(engine: Engine, *, claim: Claim, code: str) -> None:
    """It can never be prepared: our fault, at once and for good, instead of trying for ever."""
    with engine.store.transaction() as tx:
        unit = held(tx, claim, state=AttemptState.LEASED)
        if unit is not None:
            fault(tx, unit, kind=FaultKind.PLATFORM, code=code)


def authorise(engine: Engine, *, claim: Claim, prepared_for: int) -> UUID | None:
    """Transaction A: the exposure becomes final and the send row exists, or nothing is sent.

    ``prepared_for``: the endpoint's revision whose address and key were opened. None when the claim
    was lost or sending is not allowed now (cancelled, closed, paused, changed, over its budget);
    the attempt then waits, is cancelled or faulted.
    """
    with engine.store.transaction() as tx:
        unit = held(tx, claim, state=AttemptState.LEASED)
        if unit is None:
            return None
        forbidden = rules.why_not(unit)
        if forbidden == "endpoint_changed" and _adopted(tx, unit):
            forbidden = ""
        if forbidden:
            _refuse_to_send(tx, unit, forbidden)
            return None
        if prepared_for != unit.revision:  # changed since it was opened: open it again
            move(tx, unit, rules.waiting_state(unit), reason="endpoint_changed")
            return None
        if not _within_budget(tx, unit):
            fault(tx, unit, kind=FaultKind.ENDPOINT, code="budget_spent")
            return None
        if not tx.expose(unit):
            raise PlatformFault("exposure_missing", str(unit.id))
        send = tx.add_send(unit, cause=unit.reason or "first")
        move(tx, unit, AttemptState.SENT)
        return send


def _adopted(tx: Transaction, unit: Unit) -> bool:
    """An endpoint mended before it gave any reply is the one that is evaluated; afterwards it
    would be another endpoint under the same name."""
    if tx.answered(unit.evaluation) or tx.flying(unit) or not tx.adopt(unit):
        return False
    unit.revision = unit.endpoint_revision
    return True


def _refuse_to_send(tx: Transaction, unit: Unit, code: str) -> None:
    if code == "cancelled":
        move(tx, unit, AttemptState.CANCELLED, reason=code)
    elif code == "paused":  # it keeps its reason: that is the cause of its next send
        move(tx, unit, rules.waiting_state(unit), reason=unit.reason)
    elif code == "endpoint_not_active":
        move(tx, unit, rules.waiting_state(unit), reason=code, delay=_PAUSE)
    elif code == "endpoint_changed" and not tx.answered(unit.evaluation):
        # What was sent to it as it was is still in flight: its end decides.
        move(tx, unit, rules.waiting_state(unit), reason=code, delay=_SHORT_PAUSE)
    else:
        fault(tx, unit, kind=FaultKind.ENDPOINT, code=code)


def _within_budget(tx: Transaction, unit: Unit) -> bool:
    """Count this request against the evaluation's budget; False when nothing is left."""
    budget = tx.budget(unit.evaluation) if unit.budgeted else None
    if budget is None:
        return True
    if rules.over_budget(budget):
        return False
    budget.requests += 1
    tx.save_budget(unit.evaluation, budget)
    return True


def settle_reply(
    engine: Engine, *, claim: Claim, send: UUID, usage: Usage, keep: Callable[[], None]
) -> bool:
    """Store the complete reply by ``keep``; False when the claim was lost: then only its cost is
    booked."""
    with engine.store.transaction() as tx:
        unit = tx.lock(claim.attempt_id)
        if unit is None:
            return False
        _book(tx, unit, send, usage)
        if _lost(unit, claim, AttemptState.SENT) or unit.replied:
            return False
        keep()
        lane = tx.troubled(unit.endpoint) if unit.troubled else None
        if lane is not None:
            rules.went_well(lane)
            tx.save_lane(lane)
        move(tx, unit, AttemptState.GENERATED)
        tx.wake("judge", unit.id)
        return True


def _book(tx: Transaction, unit: Unit, send: UUID, usage: Usage) -> None:
    """Tokens and cost of one answered send, by the evaluation's price snapshot."""
    cost = rules.cost_micro_usd(
        unit.price_in, unit.price_out, tokens_in=usage.tokens_in, tokens_out=usage.tokens_out
    )
    ended = Ended(
        outcome=Outcome.ANSWERED,
        status=200,
        seconds=usage.seconds,
        usage=usage,
        cost_micro_usd=cost,
    )
    tx.end_send(send, ended)
    budget = tx.budget(unit.evaluation) if unit.budgeted else None
    if budget is not None:
        budget.tokens += usage.tokens_in + usage.tokens_out
        budget.micro_usd += cost or 0
        tx.save_budget(unit.evaluation, budget)


def settle_failure(engine: Engine, *, claim: Claim, send: UUID, failure: Failure) -> None:
    """Account for a failed send and decide what the attempt does next (D11, D12)."""
    with engine.store.transaction() as tx:
        code = MISSED_DEADLINE if failure.alive else failure.code[:60]
        ended = Ended(
            outcome=failure.outcome, code=code, status=failure.status, seconds=failure.seconds
        )
        tx.end_send(send, ended)
        unit = held(tx, claim, state=AttemptState.SENT)
        if unit is None:
            return
        # What we stopped ourselves before the first byte says nothing about the endpoint.
        if not failure.alive and failure.code != "cancelled":
            _note_failure(tx, unit, failure, engine)
        _AFTER[failure.outcome](tx, unit, failure, engine)


def _note_failure(tx: Transaction, unit: Unit, failure: Failure, engine: Engine) -> None:
    lane = tx.lane(unit.endpoint)
    if lane is not None:
        rules.failed(lane, base=engine.policy.retry_base_seconds)
        tx.save_lane(lane)


def _not_sent(tx: Transaction, unit: Unit, failure: Failure, engine: Engine) -> None:
    unit.unsent_tries += 1
    if unit.unsent_tries > UNSENT_TRIES_MAX or _has_ended_others(tx, unit, failure.code):
        _end(tx, unit, failure.code)
        return
    delay = _backoff(engine, unit.unsent_tries)
    move(tx, unit, rules.waiting_state(unit), reason=failure.code, delay=delay)


def _refused(tx: Transaction, unit: Unit, failure: Failure, engine: Engine) -> None:
    unit.refused_sends += 1
    if unit.refused_sends > engine.policy.refused_sends_max or _has_ended_others(
        tx, unit, failure.code
    ):
        _end(tx, unit, failure.code)
        return
    delay = _backoff(engine, unit.refused_sends, failure.retry_after)
    lane = tx.lane(unit.endpoint) if failure.retry_after is not None else None
    if lane is not None:
        rules.rest(lane, seconds=delay, reason=failure.code)
        tx.save_lane(lane)
    move(tx, unit, rules.waiting_state(unit), reason=failure.code, delay=delay)


def _backoff(engine: Engine, tries: int, retry_after: float | None = None) -> float:
    base = engine.policy.retry_base_seconds
    return rules.backoff(tries, base=base, random=engine.random, retry_after=retry_after)


def _has_ended_others(tx: Transaction, unit: Unit, code: str) -> bool:
    lane = tx.troubled(unit.endpoint)
    return lane is not None and rules.is_final(lane, code)


def _end(tx: Transaction, unit: Unit, code: str) -> None:
    """The endpoint's fault ends the attempt; the lane remembers by which code."""
    lane = tx.lane(unit.endpoint)
    if lane is not None:
        rules.ended_by(lane, code)
        tx.save_lane(lane)
    fault(tx, unit, kind=FaultKind.ENDPOINT, code=code)


def _unknown(tx: Transaction, unit: Unit, failure: Failure, engine: Engine) -> None:
    if failure.alive:
        judged(tx, unit, Judgement(verdict=Verdict.TIME_LIMIT, detail="no reply in time"))
        return
    delay = _backoff(engine, 1)
    outcome_unknown(tx, unit, kind=FaultKind.ENDPOINT, code=failure.code, delay=delay)


def _rejected(tx: Transaction, unit: Unit, failure: Failure, engine: Engine) -> None:
    if failure.status not in rules.UNWELCOME:
        fault(tx, unit, kind=FaultKind.ENDPOINT, code=failure.code)
        return
    tx.pause_endpoint(unit.endpoint, reason=failure.code)
    _refused(tx, unit, failure, engine)


_AFTER: dict[Outcome, Callable[[Transaction, Unit, Failure, Engine], None]] = {
    Outcome.NOT_SENT: _not_sent,
    Outcome.REFUSED: _refused,
    Outcome.UNKNOWN: _unknown,
    Outcome.REJECTED: _rejected,
    Outcome.INVALID: _unknown,  # the provider has the task; what it meant nobody knows
}
