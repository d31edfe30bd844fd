"""What one wire protocol has to say, apart from the network: the question and what answers mean.

A ``Dialect`` maps a ``Generation`` to a body and JSON to ``Said``; its ``Hearing`` takes a streamed
answer event by event. ``Conversation`` in ``conversation.py`` does the rest for all of them.
Example: text that arrives as "he", "llo" is kept by ``Gathered``, which stops at 256 KiB.

A dialect raises ``Stopped`` with a code for what it understands and cannot take; whatever else it
stumbles over in an answer (``SHAPE_ERRORS``) is ``bad_shape``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeGuard

from benchserver.engines.endpoints.address import Address
from benchserver.engines.endpoints.base import (
    EndpointFailure,
    FailureKind,
    Generation,
    StopReason,
    Target,
    ToolCall,
    Usage,
)
from benchserver.engines.endpoints.pinned import Stopped
from benchserver.engines.endpoints.transport import classified

MAX_TEXT_BYTES = 256 * 1024
MAX_TOOL_CALLS = 128
CHARACTERS_PER_TOKEN = 4  # the usual rule of thumb, used only when no usage is reported
SHAPE_ERRORS = (LookupError, TypeError, AttributeError, ValueError, ArithmeticError)

# Words of providers in an error that came with status 200 -> the status it would have had.
_TOLD = {
    "rate_limit": 429,
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "resource_exhausted": 429,
    "overloaded": 529,
    "overloaded_error": 529,
    "unavailable": 503,
    "server_error": 500,
    "api_error": 500,
    "internal": 500,
    "internal_error": 500,
    "internal_server_error": 500,
    "timeout_error": 504,
    "deadline_exceeded": 504,
    "invalid_api_key": 401,
    "authentication_error": 401,
    "unauthenticated": 401,
    "permission_error": 403,
    "permission_denied": 403,
    "insufficient_quota": 402,
    "billing_error": 402,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an answer says; ``usage`` is None where it does not."""

    text: str
    stop: StopReason
    usage: Usage | None = None
    model: Any = None
    tool_calls: tuple[ToolCall, ...] = ()

    def __repr__(self) -> str:
        return "<Said sealed>"


class Hearing(Protocol):
    """One streamed answer as it comes."""

    def take(self, name: str, data: Any) -> bool:
        """One event; True when it is the last of this reply."""
        ...

    def said(self) -> Said | None:
        """After the last event; None when the model had not come to its end."""
        ...


class Dialect(Protocol):
    """``streams``: ask for a stream. All may raise ``Stopped`` or one of ``SHAPE_ERRORS``."""

    name: str
    streams: bool

    def address(self, base: Address, model: str) -> Address: ...
    def headers(self, target: Target) -> dict[str, str]: ...
    def body(self, target: Target, generation: Generation) -> dict[str, Any]: ...
    def read(self, data: Any) -> Said: ...
    def hearing(self) -> Hearing: ...


class Room:
    """How many bytes may still be kept, by one text or by several together."""

    def __init__(self, left: int = MAX_TEXT_BYTES):
        self._left = left

    def take(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise Stopped("text_too_long")


class Gathered:
    """Text that grows piece by piece. Raises ``Stopped`` when its room is full."""

    def __init__(self, room: Room | None = None) -> None:
        self._text = io.StringIO()
        self._room = room or Room()

    def add(self, piece: Any) -> None:
        """None is nothing; anything else that is no text is a ``TypeError``."""
        if piece is None:
            return
        if not isinstance(piece, str):
            raise TypeError("text")
        self._room.take(len(piece.encode("utf-8")))
        self._text.write(piece)

    def __str__(self) -> str:
        return self._text.getvalue()


def joined(pieces: Iterable[Any]) -> str:
    """As ``Gathered`` would have them."""
    text = Gathered()
    for piece in pieces:
        text.add(piece)
    return str(text)


@dataclass(slots=True)
class CallDraft:
    """A tool call whose arguments still come."""

    arguments: Gathered
    id: str = ""
    name: str = ""

    def done(self) -> ToolCall:
        return ToolCall(id=self.id, name=self.name, arguments=str(self.arguments))


class CallDrafts:
    """Tool calls by the number the stream gives them. Raises ``Stopped`` for too many."""

    def __init__(self) -> None:
        self._drafts: dict[Any, CallDraft] = {}
        self._room = Room()

    def at(self, index: Any) -> CallDraft:
        draft = self._drafts.setdefault(index, CallDraft(Gathered(self._room)))
        if len(self._drafts) > MAX_TOOL_CALLS:
            raise Stopped("too_complex")
        return draft

    def done(self) -> tuple[ToolCall, ...]:
        return tuple(draft.done() for draft in self._drafts.values())


def call_of(*, id: Any, name: Any, arguments: Any) -> ToolCall:
    """A whole tool call; raises ``TypeError`` where name or arguments are no text."""
    if not isinstance(name, str) or not isinstance(arguments, str):
        raise TypeError("tool call")
    return ToolCall(id=short(id), name=short(name), arguments=joined([arguments]))


def calls_of(found: Iterator[ToolCall]) -> tuple[ToolCall, ...]:
    calls = tuple(call for call, _ in zip(found, range(MAX_TOOL_CALLS + 1), strict=False))
    if len(calls) > MAX_TOOL_CALLS:
        raise Stopped("too_complex")
    return calls


def usage_of(
    tokens_in: Any, tokens_out: Any, *, cached: Any = 0, reasoning: Any = 0
) -> Usage | None:
    """None unless both are counts; a part that is none or larger than its whole counts as 0."""
    if not (_is_count(tokens_in) and _is_count(tokens_out)):
        return None
    return Usage(
        tokens_in=tokens_in,
        tokens_out=tokens_out,
        reported=True,
        cached_in=cached if _is_count(cached) and cached <= tokens_in else 0,
        reasoning_out=reasoning if _is_count(reasoning) and reasoning <= tokens_out else 0,
    )


def estimated(text: str) -> int:
    """Tokens of ``text`` by the rule of thumb, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def inner(data: Any, *names: str) -> Any:
    """``data[name][name]...``, None as soon as something is not there."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def count(value: Any) -> int:
    """``value`` where it is a count, 0 where it is not there; raises ``TypeError`` otherwise."""
    if value is None:
        return 0
    if not _is_count(value):
        raise TypeError("count")
    return value


def short(value: Any) -> str:
    """At most 200 characters of a text, nothing of anything else."""
    return value[:200] if isinstance(value, str) else ""


def told(error: Any) -> NoReturn:
    """An error that came with status 200, taken at its word where the word is known.

    Raises ``EndpointFailure`` of the kind of the status it names, else INVALID ``error_in_200``.
    """
    words = (
        [error.get(name) for name in ("code", "status", "type")] if isinstance(error, dict) else []
    )
    statuses = [status for status in map(_status, words) if status]
    if statuses:
        kind, code = classified(statuses[0])
        raise EndpointFailure(kind, code, status=200)
    raise EndpointFailure(FailureKind.INVALID, "error_in_200", status=200)


def is_declined(data: Any) -> bool:
    """Whether the JSON of a 400 says that a filter before the model declined the prompt."""
    code = inner(data, "error", "code")
    return isinstance(code, str) and code in ("content_filter", "content_policy_violation")


def _status(word: Any) -> int | None:
    if isinstance(word, str):
        return int(word) if word in _NUMBERS else _TOLD.get(word.lower())
    return word if isinstance(word, int) and 400 <= word <= 599 else None


_NUMBERS = frozenset(map(str, range(400, 600)))


def sampling(generation: Generation, names: Mapping[str, str]) -> dict[str, float]:
    """Temperature and top_p under ``names``; a track may leave them to the model."""
    given = {"temperature": generation.temperature, "top_p": generation.top_p}
    return {names[name]: float(text) for name, text in given.items() if text}


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
