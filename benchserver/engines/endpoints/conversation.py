"""One exchange in any wire protocol: ask, hear the answer whole or streamed, say what it was.

Here the parts meet: a ``Dialect`` knows the words, ``Transport`` the network. Example: a stream
that ends before the model said why it stopped is UNKNOWN ``cut``, however well it was framed, and
never half a reply.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TypeVar

from benchserver.engines.endpoints import strict_json
from benchserver.engines.endpoints.base import (
    EndpointFailure,
    FailureKind,
    Generation,
    Reply,
    StopReason,
    Target,
    Usage,
)
from benchserver.engines.endpoints.dialect import (
    SHAPE_ERRORS,
    Dialect,
    Hearing,
    Said,
    estimated,
    is_declined,
    short,
)
from benchserver.engines.endpoints.pinned import Stopped
from benchserver.engines.endpoints.sse import Event
from benchserver.engines.endpoints.transport import JsonAnswer, Transport

_DONE = b"[DONE]"  # how most protocols end a stream; no protocol means anything else by it

T = TypeVar("T")


class Conversation:
    """An ``EndpointClient``. ``extra_headers``: the provider's own, already checked."""

    def __init__(
        self, dialect: Dialect, transport: Transport, *, extra_headers: Mapping[str, str] | None
    ):
        self.name = dialect.name
        self._dialect = dialect
        self._transport = transport
        self._extra_headers = dict(extra_headers or {})

    def send(
        self,
        target: Target,
        generation: Generation,
        *,
        before_first_byte: Callable[[], bool] | None = None,
    ) -> Reply:
        """Raises ``EndpointFailure`` only, whatever the endpoint does."""
        started = time.monotonic()
        try:
            said = self._exchange(target, generation, before_first_byte)
        except EndpointFailure as failure:
            failure.seconds = failure.seconds or time.monotonic() - started
            raise
        except Stopped as stopped:
            code = stopped.code
        else:
            return _reply(said, generation, time.monotonic() - started)
        kind = FailureKind.UNKNOWN if code == "cut" else FailureKind.INVALID
        raise EndpointFailure(kind, code, status=200, seconds=time.monotonic() - started)

    def _exchange(
        self,
        target: Target,
        generation: Generation,
        before_first_byte: Callable[[], bool] | None,
    ) -> Said:
        dialect = self._dialect
        hearing = dialect.hearing() if dialect.streams else None
        base = self._transport.address(target.base_url)
        limit = generation.deadline_seconds
        answer = self._transport.post_json(
            dialect.address(base, target.model),
            headers={
                **self._extra_headers,
                **dialect.headers(target),
                "Idempotency-Key": generation.idempotency_key,
            },
            body=dialect.body(target, generation),
            take=_taker(hearing) if hearing else None,
            declines=is_declined,
            deadline_seconds=limit,
            # Not streamed: the first byte comes when the last token is done.
            first_byte_seconds=None if hearing else limit,
            before_first_byte=before_first_byte,
        )
        return self._said(answer, hearing)

    def _said(self, answer: JsonAnswer, hearing: Hearing | None) -> Said:
        if answer.status != 200:
            return Said(text="", stop=StopReason.REFUSAL)
        if hearing is None or not answer.streamed:  # a server may not know how to stream
            return _understood(lambda: self._dialect.read(answer.data))
        said = _understood(hearing.said)
        if said is None:
            raise Stopped("cut")
        return said


def _taker(hearing: Hearing) -> Callable[[Event], bool]:
    def take(event: Event) -> bool:
        if event.data.strip() == _DONE:
            return True
        return _understood(lambda: hearing.take(event.name, strict_json.loads(event.data)))

    return take


def _understood(read: Callable[[], T]) -> T:
    """What ``read`` gives; what it stumbles over becomes ``Stopped``. The error itself may quote
    the answer, so the new one is raised where no handler holds it."""
    try:
        return read()
    except strict_json.NotStrict as problem:
        code = problem.code
    except SHAPE_ERRORS:
        code = "bad_shape"
    raise Stopped(code)


def _reply(said: Said, generation: Generation, seconds: float) -> Reply:
    usage = said.usage or Usage(
        tokens_in=estimated(generation.prompt), tokens_out=estimated(said.text), reported=False
    )
    return Reply(
        text=said.text,
        stop_reason=said.stop,
        usage=usage,
        seconds=seconds,
        reported_model=short(said.model),
        tool_calls=said.tool_calls,
    )
