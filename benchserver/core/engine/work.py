"""A worker's errand from claim to settlement, as a generator that asks its driver for every effect.

The order is the promise: exposure and send row are committed *before* ``Transmit`` is asked for,
so whatever dies afterwards, no hidden task leaves unaccounted (D12). In production the driver is a
loop that opens, sends and judges; under simulation it is a dice-thrower that may kill, freeze or
resume an errand at every effect. Example: an errand dropped at ``Transmit`` leaves a committed send
row, which the reconciler finds.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from benchserver.core.engine import judging, sending
from benchserver.core.engine.facts import Claim, Failure, Usage
from benchserver.core.engine.rules import Opening
from benchserver.core.engine.sending import Engine
from benchserver.core.errors import BadInput, PlatformFault, UnusableEndpoint
from benchserver.core.verdict import Judgement


@dataclass(frozen=True, slots=True)
class Prepare:
    """Open prompt and key; answer with the endpoint's revision. The driver throws in what forbids
    it: ``PlatformFault`` (not now), ``UnusableEndpoint`` (not as it is set up) or ``BadInput``
    (never: our own rules refuse what we stored)."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Transmit:
    """Send it, asking ``store.mine(claim)`` right before the first byte; answer with ``Answer``
    or ``Failure``."""

    claim: Claim
    send: UUID


@dataclass(frozen=True, slots=True)
class Canary:
    """Ask the endpoint something public; answer with True when it answers well."""

    endpoint: UUID


@dataclass(frozen=True, slots=True)
class Judge:
    """Judge the stored reply; answer with ``Judged``, or throw ``PlatformFault`` in."""

    claim: Claim


@dataclass(frozen=True, slots=True)
class Answer:
    """``keep`` stores the sealed text, called inside the settling transaction."""

    usage: Usage
    keep: Callable[[], None]

    def __repr__(self) -> str:
        return "<Answer sealed>"


@dataclass(frozen=True, slots=True)
class Judged:
    """``also`` is done in the transaction that stores the verdict."""

    judgement: Judgement
    also: Callable[[], None]


UNREADABLE = "unreadable"  # a task or protocol of ours that our own rules refuse
Ended = TypeVar("Ended")
Effect = Prepare | Transmit | Canary | Judge
Result = Answer | Failure | Judged | int | None


def generation(
    engine: Engine, *, endpoint: UUID, worker: str, hold_seconds: float
) -> Generator[Effect, Result, UUID | None]:
    """Work on an endpoint's next attempt; returns its id, or None when none was due."""
    claim = sending.claim_next(engine, endpoint=endpoint, worker=worker, hold_seconds=hold_seconds)
    if claim is Opening.CANARY:
        try:
            passed = yield Canary(endpoint)
        except UnusableEndpoint as problem:
            sending.set_aside(engine, endpoint=endpoint, code=problem.code)
            passed = False
        sending.settle_canary(engine, endpoint=endpoint, passed=bool(passed))
        return None
    if not isinstance(claim, Claim):
        return None
    try:
        revision = yield Prepare(claim)
    except PlatformFault as problem:
        sending.give_back(engine, claim=claim, code=problem.code)
        return claim.attempt_id
    except UnusableEndpoint as problem:
        sending.set_aside(engine, endpoint=endpoint, code=problem.code)
        sending.give_back(engine, claim=claim, code=problem.code)
        return claim.attempt_id
    except BadInput:
        sending.give_up(engine, claim=claim, code=UNREADABLE)
        return claim.attempt_id
    send = sending.authorise(
        engine, claim=claim, prepared_for=revision if isinstance(revision, int) else 0
    )
    if send is None:
        return claim.attempt_id
    result = yield Transmit(claim, send)
    if isinstance(result, Answer):
        sending.settle_reply(engine, claim=claim, send=send, usage=result.usage, keep=result.keep)
    elif isinstance(result, Failure):
        sending.settle_failure(engine, claim=claim, send=send, failure=result)
    return claim.attempt_id


def judgement(
    engine: Engine, *, attempt_id: UUID, worker: str, hold_seconds: float
) -> Generator[Effect, Result, bool]:
    """Judge one stored reply; returns False when it was taken or done."""
    claim = judging.claim_reply(
        engine, attempt_id=attempt_id, worker=worker, hold_seconds=hold_seconds
    )
    if claim is None:
        return False
    try:
        result = yield Judge(claim)
    except PlatformFault as problem:
        judging.settle_broken(engine, claim=claim, code=problem.code)
        return True
    if isinstance(result, Judged):
        judging.settle_verdict(engine, claim=claim, judgement=result.judgement, also=result.also)
    return True


def drive(errand: Generator[Effect, Result, Ended], perform: Callable[[Effect], Result]) -> Ended:
    """Run an errand to its end. Whatever ``perform`` raises that the errand does not catch goes
    through: the attempt then waits for the reconciler."""
    try:
        effect = next(errand)
        while True:
            try:
                result = perform(effect)
            except (PlatformFault, UnusableEndpoint, BadInput) as problem:
                effect = errand.throw(problem)
            else:
                effect = errand.send(result)
    except StopIteration as end:
        done: Ended = end.value
        return done
