"""What was asked and what is said, apart from any wire protocol, and the shape of a speaker.

A speaker reads a request of its protocol and writes the answer in the protocol's words, whole or as
events; it knows nothing of HTTP. Example: ``Saying(text="x", finish=Finish.LENGTH, ...)`` becomes
``finish_reason: "length"`` in one protocol and ``stop_reason: "max_tokens"`` in another.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from benchserver.engines.endpoints.dialect import CHARACTERS_PER_TOKEN

_PIECES = 8  # of a streamed text, at least


class Finish(StrEnum):
    STOP = "stop"
    LENGTH = "length"
    REFUSAL = "refusal"
    TOOL = "tool"
    UNSAID = "unsaid"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """``limit``: tokens, None where the request has none. ``tool``: the first one offered."""

    prompt: str
    model: str
    limit: int | None = None
    stream: bool = False
    stream_usage: bool = True
    tool: str = ""

    def __repr__(self) -> str:
        return "<Asked>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Saying:
    """``thoughts`` are told beside the answer; ``thought`` of ``tokens_out`` tokens are theirs.
    ``counted`` False: no usage is reported. For a tool call ``text`` is its argument."""

    text: str
    finish: Finish
    model: str
    tokens_in: int
    tokens_out: int
    thoughts: str = ""
    thought: int = 0
    tool: str = ""
    counted: bool = True

    def __repr__(self) -> str:
        return "<Saying>"

    @property
    def id(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8", "replace")).hexdigest()[:24]

    @property
    def arguments(self) -> str:
        """Of the tool call, as JSON text."""
        return json.dumps({"answer": self.text})


class NotUnderstood(Exception):
    """The request is none of this protocol: a 400."""


class Speaker(Protocol):
    """``base``: what a client takes as base URL's path. ``key_headers``: where a key may be;
    ``needed_headers``: without them a request is not understood."""

    base: str
    key_headers: tuple[str, ...]
    needed_headers: tuple[str, ...]

    def serves(self, path: str) -> bool: ...

    def read(self, path: str, query: str, body: Any) -> Asked:
        """Raises ``NotUnderstood``, or what a body of another shape makes Python raise."""
        ...

    def whole(self, saying: Saying) -> dict[str, Any]: ...
    def events(self, asked: Asked, saying: Saying) -> Iterator[bytes]: ...
    def error(self, status: int, word: str) -> dict[str, Any]: ...
    def error_event(self, status: int, word: str) -> bytes: ...


def pieces(text: str) -> Iterator[str]:
    """``text`` in tokens as a stream sends them."""
    size = max(1, min(len(text) // _PIECES, 5 * CHARACTERS_PER_TOKEN))
    for start in range(0, len(text), size):
        yield text[start : start + size]


def event(data: Any, name: str = "") -> bytes:
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data)}\n\n".encode()


def number(value: Any) -> int | None:
    """A request's output limit, where it has a sensible one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else None


def text_of(content: Any) -> str:
    """A message's content: text, or a list of parts of which the texts count."""
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    if not isinstance(content, str):
        raise NotUnderstood
    return content


def last_of_user(messages: Any) -> Mapping[str, Any]:
    found: Mapping[str, Any] = [m for m in messages if m.get("role") == "user"][-1]
    return found
