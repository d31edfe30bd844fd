"""Answers played to a client without a network: JSON at once, or a stream in the pieces given."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st

from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import EndpointFailure, Generation, Reply, Target, Tool
from benchserver.engines.endpoints.pinned import TransportLimits
from benchserver.engines.endpoints.registry import client
from benchserver.engines.endpoints.sse import EventReader
from benchserver.engines.endpoints.transport import JsonAnswer, Transport

TARGET = Target(base_url="http://127.0.0.1:9/v1", model="m", api_key="sk-1")
TOOL = Tool(name="run", description="Run it.", parameters={"type": "object"})
MAPPING = {
    "body": {"input": "{prompt}", "limit": "{max_tokens}"},
    "text": "/out/0/text",
    "stop": "/out/0/why",
    "tokens_in": "/counts/in",
    "tokens_out": "/counts/out",
    "model": "/model",
    "error": "/error",
    "stream": {"text": "/piece", "stop": "/why"},
}
# Every protocol with the least options it needs.
OPTIONS: dict[str, dict[str, Any]] = {
    "openai_chat": {},
    "openai_chat_completion_tokens": {},
    "openai_responses": {},
    "anthropic_messages": {},
    "gemini": {},
    "azure_openai": {},
    "generic_json": {"mapping": MAPPING},
}


def generation(prompt: str = "Do it, ü.", **fields: Any) -> Generation:
    given: dict[str, Any] = {
        "prompt": prompt,
        "max_tokens": 77,
        "temperature": "0.8",
        "top_p": "0.95",
        "deadline_seconds": 10.0,
        "idempotency_key": "unit-7",
    }
    return Generation(**{**given, **fields})


class Played(Transport):
    """``answer``: a JSON value, or the pieces of an event stream. Keeps what was asked."""

    def __init__(self, answer: Any, *, limits: TransportLimits | None = None):
        super().__init__(policy=AddressPolicy(allow_local=frozenset({"127.0.0.1:9"})))
        self._played = answer
        self.limits = limits or TransportLimits()
        self.target = ""
        self.sent: dict[str, str] = {}
        self.body: dict[str, Any] = {}

    def post_json(self, address: Any, *, headers: Any, body: Any, **rest: Any) -> JsonAnswer:
        self.target, self.sent, self.body = address.target, dict(headers), dict(body)
        if not isinstance(self._played, Pieces):
            return JsonAnswer(200, {}, self._played)
        reader, take = EventReader(self.limits), rest["take"]
        for piece in self._played.pieces:
            if any(take(event) for event in reader.feed(piece)):
                break
        return JsonAnswer(200, {}, None, streamed=True)


class Pieces:
    def __init__(self, pieces: Iterable[bytes]):
        self.pieces = list(pieces)


def reply(protocol: str, answer: Any, **options: Any) -> Reply:
    """What a client of ``protocol`` makes of ``answer``; pieces are asked for as a stream."""
    stream = {"stream": True} if isinstance(answer, Pieces) else {}
    given = {**OPTIONS[protocol], **stream, **options}
    return client(protocol, Played(answer), given).send(TARGET, generation())


def asked(protocol: str, *, tools: bool = False, **options: Any) -> Played:
    """The transport after one request whose answer does not matter."""
    played = Played({})
    given = generation(tools=(TOOL,) if tools else ())
    with contextlib.suppress(EndpointFailure):
        client(protocol, played, {**OPTIONS[protocol], **options}).send(TARGET, given)
    return played


def stream(*events: Any, done: bool = False) -> bytes:
    """Events as OpenAI sends them: no names, and ``[DONE]`` after them."""
    lines = [b"data: " + json.dumps(event).encode() for event in events]
    return b"".join(line + b"\n\n" for line in [*lines, *([b"data: [DONE]"] if done else [])])


def named(*events: dict[str, Any]) -> bytes:
    """Events that carry their type as a name too."""
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (event["type"].encode(), json.dumps(event).encode())
        for event in events
    )


def cut(raw: bytes, at: Sequence[int]) -> Pieces:
    """``raw`` in pieces that end at each of ``at``."""
    ends = sorted({min(place, len(raw)) for place in at} | {len(raw)})
    starts = [0, *ends[:-1]]
    return Pieces(raw[start:end] for start, end in zip(starts, ends, strict=True))


def whole(raw: bytes) -> Pieces:
    return Pieces([raw])


def shapes(*names: str) -> st.SearchStrategy[Any]:
    """Any JSON whose members have the names a protocol looks for."""
    leaves = st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=5),
        st.sampled_from(names),
    )  # fmt: skip
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3),
            st.dictionaries(st.sampled_from(names), inner, max_size=5),
        ),
        max_leaves=15,
    )
