"""The contract of an endpoint protocol: one prompt out, one reply or one classified failure back.

Each wire protocol is one file that only maps requests and replies; ``transport.py`` is the only
code that opens a connection and holds address guard, caps and deadlines. Example: a 429 with
``Retry-After: 20`` comes back as ``EndpointFailure(kind=REFUSED, retry_after=20.0)``; a cut
connection after bytes were sent is UNKNOWN, because the provider may have seen the task.

No exception text holds prompt, reply or key. What the failure means for accounting (D12) is in
``FailureKind``, never guessed from a message.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from benchserver.core.errors import BenchserverError


class FailureKind(StrEnum):
    NOT_SENT = "not_sent"  # failed before the first request byte: free retry, nothing exposed
    REFUSED = "refused"  # a complete 429 or 5xx, told in any way: exposed, at most 6 more sends
    UNKNOWN = "unknown"  # cut, time-out, garbled after bytes: exposed, at most 2 of these
    REJECTED = "rejected"  # a complete 4xx that will not change: key, model name, bad request
    INVALID = "invalid"  # a complete 200 that is not the protocol's JSON


class StopReason(StrEnum):
    """Why the model stopped, mapped from each protocol's own words."""

    STOP = "stop"
    LENGTH = "length"
    REFUSAL = "refusal"
    TOOL_CALLS = "tool_calls"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where to send. ``api_key`` is shown by no repr."""

    base_url: str
    model: str
    api_key: str

    def __repr__(self) -> str:
        return "<Target sealed>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A tool that the model may call. ``parameters``: the JSON Schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]

    def __repr__(self) -> str:
        return "<Tool sealed>"


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """``arguments``: JSON text as the model wrote it, unchecked; ``id`` may be empty."""

    id: str
    name: str
    arguments: str

    def __repr__(self) -> str:
        return "<ToolCall sealed>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """The protocol settings of D18 plus the prompt: one user message, no system prompt.

    ``tools`` are offered to the model; today's tasks offer none."""

    prompt: str
    max_tokens: int
    temperature: str  # decimal text: protocol records hold no floats
    top_p: str
    deadline_seconds: float
    idempotency_key: str
    tools: tuple[Tool, ...] = ()

    def __repr__(self) -> str:
        return "<Generation sealed>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens as reported by the endpoint; ``reported`` False means estimated by us.

    ``cached_in`` of ``tokens_in`` came from the provider's cache and ``reasoning_out`` of
    ``tokens_out`` were thought, not answered; 0 where not reported."""

    tokens_in: int
    tokens_out: int
    reported: bool
    cached_in: int = 0
    reasoning_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    text: str
    stop_reason: StopReason
    usage: Usage
    seconds: float
    reported_model: str = ""
    tool_calls: tuple[ToolCall, ...] = ()

    def __repr__(self) -> str:
        return "<Reply sealed>"


class EndpointFailure(BenchserverError):
    """The exchange failed. ``code`` is from a closed list (``rate_limited``, ``timeout`` ...)."""

    def __init__(
        self,
        kind: FailureKind,
        code: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        seconds: float = 0.0,
    ):
        self.kind = kind
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.seconds = seconds
        super().__init__(f"{kind}: {code}" + (f" (HTTP {status})" if status else ""))


class EndpointClient(Protocol):
    """One wire protocol. ``send`` blocks until reply, failure or deadline."""

    name: str

    def send(
        self,
        target: Target,
        generation: Generation,
        *,
        before_first_byte: Callable[[], bool] | None = None,
    ) -> Reply:
        """Raises ``EndpointFailure``; nothing else escapes for anything the endpoint can do.

        ``before_first_byte`` is asked once, connected and immediately before the first request
        byte; False gives the failure NOT_SENT with code ``cancelled`` and nothing is written.
        """
        ...
