"""One attempt's generation, as the world sees it: open prompt and key, send, seal the reply.

When and whether is the engine's (``core/engine/work.py``): exposure and send row are committed
before ``_exchange`` is called. Example: killed between commit and bytes, the attempt shows one send
of unknown outcome and is sent once more. Only this verb reaches the network.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from benchserver.audit.keys import keep
from benchserver.audit.prepared import run
from benchserver.core.engine import work
from benchserver.core.engine.facts import Claim, Failure, Outcome, Usage
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.engine.sending import Engine
from benchserver.core.errors import BadInput, PlatformFault, UnusableEndpoint
from benchserver.core.ids import new_id
from benchserver.core.prompting import prompt as wrap_prompt
from benchserver.core.protocol import Protocol, from_payload
from benchserver.engines.endpoints.base import (
    EndpointClient,
    EndpointFailure,
    Generation,
    Reply,
    Target,
)
from benchserver.engines.vault.base import Context, Opener, Right, Sealer
from benchserver.evaluations import opened, salting, statements
from benchserver.evaluations.models import Attempt
from benchserver.evaluations.store import PostgresStore
from benchserver.pools import unseal
from benchserver.providers.admit import BAD_OPTIONS, open_target
from benchserver.providers.models import Endpoint

_TO_SETTLE = 60.0  # seconds beyond the deadline, for a canary and for storing what came
_CANARY = "Answer with the single word: ready"


@dataclass(frozen=True, slots=True, kw_only=True)
class Engines:
    """What generation needs from the composition root."""

    client: Callable[[str, Mapping[str, Any]], EndpointClient]  # a protocol and its options
    opener: Opener
    sealer: Sealer
    policy: EnginePolicy
    mac_key: bytes = b""  # of the salts in salted tasks


def engine(policy: EnginePolicy) -> Engine:
    """The engine on this process's database."""
    return Engine(store=PostgresStore(), policy=policy, random=random.random)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worked:
    """What an errand came to. ``answered``: a reply came, so its attempt goes on to a judge."""

    evaluation: UUID
    answered: bool


def generate_next(*, endpoint_id: UUID, worker: str, engines: Engines) -> Worked | None:
    """Work on the endpoint's next attempt; None if none is due."""
    crew = _Crew(worker, engines)
    errand = work.generation(
        engine(engines.policy),
        endpoint=endpoint_id,
        worker=worker,
        hold_seconds=_TO_SETTLE,
    )
    work.drive(errand, crew.perform)
    if crew.attempt is None:
        return None
    return Worked(evaluation=crew.attempt.evaluation_id, answered=crew.answered)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    target: Target
    generation: Generation
    client: EndpointClient

    def __repr__(self) -> str:
        return "<prepared>"


class _Crew:
    """What one errand of generation needs from the world: keys, network, vault."""

    def __init__(self, worker: str, engines: Engines) -> None:
        self.worker = worker
        self.engines = engines
        self.attempt: Attempt | None = None
        self.prepared: _Prepared | None = None
        self.answered = False

    def perform(self, effect: work.Effect) -> work.Result:
        if isinstance(effect, work.Canary):
            return _is_well(effect.endpoint, self.engines)
        if isinstance(effect, work.Prepare):
            return self._open(effect.claim)
        if isinstance(effect, work.Transmit) and self.attempt and self.prepared:
            result = _exchange(effect, self.attempt, self.prepared, self.engines)
            self.answered = isinstance(result, work.Answer)
            return result
        raise PlatformFault("unknown_effect", type(effect).__name__)

    def _open(self, claim: Claim) -> int:
        found = opened.for_prompt(claim.attempt_id)
        self.attempt = found.attempt
        self.prepared = _prepare(found, self.worker, self.engines)
        revision: int = found.attempt.endpoint.revision
        return revision


def _prepare(found: opened.Opened, worker: str, engines: Engines) -> _Prepared:
    """Open prompt and key. Raises ``PlatformFault`` (ours) when they cannot be opened, ``BadInput``
    when what we stored cannot be read, ``UnusableEndpoint`` for options that no rule allows."""
    attempt = found.attempt
    protocol = from_payload(attempt.evaluation.protocol_payload)
    spec = unseal.prompt(version=attempt.entry.version, opener=engines.opener, by=worker)
    if salting.is_salted(spec):
        salt = salting.own_salt(attempt.evaluation, attempt.entry.version, key=engines.mac_key)
        spec = salting.salted_prompt(spec, salt)
    return _Prepared(
        target=open_target(attempt.endpoint, engines.opener, data_key=lambda: found.key),
        generation=_generation(wrap_prompt(spec), protocol, str(attempt.pk)),
        client=_client(attempt.endpoint, engines),
    )


def _client(endpoint: Endpoint, engines: Engines) -> EndpointClient:
    """Options were checked when they were stored; the rules may have become stricter since."""
    try:
        return engines.client(endpoint.protocol, endpoint.options)
    except BadInput:
        raise UnusableEndpoint(BAD_OPTIONS) from None


def _generation(text: str, protocol: Protocol, key: str) -> Generation:
    return Generation(
        prompt=text,
        max_tokens=protocol.max_tokens,
        temperature=protocol.temperature,
        top_p=protocol.top_p,
        deadline_seconds=float(protocol.deadline_seconds),
        idempotency_key=key,
    )


def _exchange(
    effect: work.Transmit, attempt: Attempt, prepared: _Prepared, engines: Engines
) -> work.Answer | Failure:
    """One send over the network; what it brought, or how it failed."""
    try:
        reply = prepared.client.send(
            prepared.target,
            prepared.generation,
            before_first_byte=lambda: PostgresStore().mine(effect.claim),
        )
    except EndpointFailure as failure:
        # Whoever lost its claim meanwhile holds no slot for a canary either.
        mine = failure.code == "timeout" and PostgresStore().mine(effect.claim)
        alive = mine and _answers_canary(prepared)
        return failure_of(failure, alive=alive)
    return answer(reply, attempt_id=attempt.pk, send=effect.send, sealer=engines.sealer)


def failure_of(failure: EndpointFailure, *, alive: bool = False) -> Failure:
    """``alive``: a public canary passed after the deadline, so the missing reply is the model's."""
    return Failure(
        outcome=Outcome(failure.kind.value),
        code=failure.code,
        status=failure.status,
        retry_after=failure.retry_after,
        seconds=failure.seconds,
        alive=alive,
    )


def answer(reply: Reply, *, attempt_id: UUID, send: UUID, sealer: Sealer) -> work.Answer:
    """The reply as the engine settles it: its usage, and how to keep its text, sealed."""
    usage = reply.usage
    return work.Answer(
        usage=Usage(
            tokens_in=usage.tokens_in,
            tokens_out=usage.tokens_out,
            reported=usage.reported,
            seconds=reply.seconds,
        ),
        keep=lambda: _keep(reply, attempt_id, send, sealer),
    )


def _keep(reply: Reply, attempt_id: UUID, send: UUID, sealer: Sealer) -> None:
    context = reply_context(attempt_id)
    wrapped, sealed = sealer.seal(Right.EXECUTE, {context: reply.text.encode()})
    facts = (attempt_id, send, reply.stop_reason.value, keep(wrapped), sealed[context])
    run(statements.KEEP_REPLY, facts)


def reply_context(attempt_id: UUID) -> Context:
    """What a sealed reply is bound to."""
    return Context(table="reply", row=str(attempt_id), field="text")


def _is_well(endpoint_id: UUID, engines: Engines) -> bool:
    """Half-open: may the endpoint be sent tasks again? (Its key not opening is ours: not now.)"""
    endpoint = Endpoint.objects.get(pk=endpoint_id)
    try:
        target = open_target(endpoint, engines.opener)
    except PlatformFault:
        return False
    client = _client(endpoint, engines)
    return _passes(client, target, key=f"canary-{new_id()}")


def _answers_canary(prepared: _Prepared) -> bool:
    """Is the endpoint well? No task is used up by asking (D11)."""
    key = "canary-" + prepared.generation.idempotency_key
    return _passes(prepared.client, prepared.target, key=key)


def _passes(client: EndpointClient, target: Target, *, key: str) -> bool:
    """A public throw-away prompt, answered within half a minute."""
    canary = Generation(
        prompt=_CANARY,
        max_tokens=64,
        temperature="0",
        top_p="1",
        deadline_seconds=30.0,
        idempotency_key=key,
    )
    try:
        client.send(target, canary)
    except EndpointFailure:
        return False
    return True
