"""A streamed body over real sockets: framed or not, zipped or not, honest or not."""

from __future__ import annotations

import gzip
import tracemalloc
from typing import Any

import pytest

from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import EndpointFailure, FailureKind, Reply, Target
from benchserver.engines.endpoints.pinned import TransportLimits
from benchserver.engines.endpoints.registry import client
from benchserver.engines.endpoints.transport import Transport
from tests.engines.endpoints.hostile import (
    Behave,
    RawServer,
    drips,
    floods,
    sends,
    sends_and_closes,
)
from tests.engines.endpoints.played import generation, stream

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


def delta(text: str, finish: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish}
    return {"model": "m", "choices": [choice]}


ANSWER = stream(delta("he"), delta("llo"), delta("", "stop"), done=True)
HALF = stream(delta("he"), delta("llo"))


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def send(behave: Behave, *, limits: TransportLimits | None = None, deadline: float = 10.0) -> Reply:
    with RawServer(behave) as server:
        policy = AddressPolicy(allow_local=frozenset({f"127.0.0.1:{server.port}"}))
        chat = client("openai_chat", Transport(policy=policy, limits=limits), {"stream": True})
        target = Target(base_url=f"http://127.0.0.1:{server.port}/v1", model="m", api_key="")
        return chat.send(target, generation(deadline_seconds=deadline))


def failure(behave: Behave, **options: Any) -> tuple[FailureKind, str]:
    with pytest.raises(EndpointFailure) as failed:
        send(behave, **options)
    return failed.value.kind, failed.value.code


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"\r\n" + ANSWER,
        HEAD + b"Content-Length: %d\r\n\r\n" % len(ANSWER) + ANSWER,
        CHUNKED + chunk(ANSWER[:30]) + chunk(ANSWER[30:]) + b"0\r\n\r\n",
        CHUNKED + chunk(ANSWER),  # what follows the last event is not waited for
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(ANSWER),
        HEAD.replace(b"stream", b"stream; charset=utf-8") + b"\r\n" + ANSWER,
    ],
    ids=["closed", "counted", "chunked", "unfinished", "zipped", "charset"],
)
def test_a_whole_stream_is_a_reply_however_it_is_framed(raw: bytes) -> None:
    assert send(sends(raw)).text == "hello"


@pytest.mark.parametrize(
    "raw",
    [
        HEAD + b"\r\n" + HALF,
        HEAD + b"\r\n" + HALF[:-9],
        HEAD + b"Content-Length: %d\r\n\r\n" % len(HALF) + HALF,
        HEAD + b"Content-Length: 9999\r\n\r\n" + HALF,
        CHUNKED + chunk(HALF),
        CHUNKED + chunk(HALF) + b"0\r\n\r\n",
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(HALF),
        HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(ANSWER)[:-20],
        CHUNKED,
        HEAD + b"\r\n",
    ],
)
def test_a_cut_stream_is_unknown_however_it_was_framed(raw: bytes) -> None:
    assert failure(sends_and_closes(raw)) == (FailureKind.UNKNOWN, "cut")


def test_garbage_in_a_stream_is_invalid() -> None:
    for event, code in (
        (b"data: {]\n\n", "bad_json"),
        (b'data: {"a": "\xff"}\n\n', "bad_encoding"),
        (b'data: {"a": NaN}\n\n', "not_a_number"),
        (b'data: {"a": 1, "a": 1}\n\n', "duplicate_key"),
        (b"data: " + b"[" * 50 + b"]" * 50 + b"\n\n", "too_complex"),
        (b"data: []\n\n", "bad_shape"),
        (b'data: {"choices": [{"delta": {"content": 5}}]}\n\n', "bad_shape"),
    ):
        raw = HEAD + b"\r\n" + HALF + event + ANSWER
        assert failure(sends(raw)) == (FailureKind.INVALID, code)


def test_a_server_that_cannot_stream_is_understood_all_the_same() -> None:
    body = b'{"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    assert send(sends(head % len(body) + body)).text == "hi"


def test_a_stream_that_stands_still_ends_at_the_deadline() -> None:
    for seconds in (0.02, 5.0):  # comments for ever, and silence
        behave = drips(HEAD + b"\r\n" + HALF, b": still thinking ........\n", seconds)
        assert failure(behave, deadline=0.5) == (FailureKind.UNKNOWN, "timeout")


def test_the_first_byte_has_a_limit_of_its_own() -> None:
    limits = TransportLimits(first_byte_seconds=0.3)
    assert failure(drips(b"", b"", 9.0), limits=limits) == (FailureKind.UNKNOWN, "timeout")


DECLINED = b'{"error": {"code": "content_filter"}}'
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"


def test_a_400_is_a_refusal_only_where_a_filter_says_so() -> None:
    head = BAD + b"Content-Length: %d\r\n\r\n"
    said = send(sends(head % len(DECLINED) + DECLINED))
    assert (said.text, said.stop_reason) == ("", "refusal")
    for body in (b"{", b"[]", b'{"error": {"code": ["content_filter"]}}', b"\xff", b"x" * 10**6):
        assert failure(sends(head % len(body) + body)) == (FailureKind.REJECTED, "bad_request")
    page = BAD.replace(b"json", b"html") + b"Content-Length: 9\r\n\r\n"
    assert failure(sends(page + DECLINED)) == (FailureKind.REJECTED, "bad_request")
    for cut in (BAD + b"Content-Length: 99\r\n\r\n", BAD + b"Transfer-Encoding: chunked\r\n\r\nz"):
        assert failure(sends_and_closes(cut)) == (FailureKind.REJECTED, "bad_request")


EVENT = stream(delta("x" * 40))
ENDLESS = {
    "text": (chunk(EVENT * 300), "text_too_long"),
    "thoughts": (chunk(EVENT.replace(b'"content"', b'"thought"') * 300), "body_too_large"),
    "one event": (chunk(b"data: " + b"x" * 60_000), "event_too_large"),
    "one line": (chunk(b"x" * 60_000), "event_too_large"),
    "comments": (chunk(b":\n" * 30_000), "too_many_events"),
    "small events": (chunk(b"data:{}\n\n" * 6_000), "too_many_events"),
}


@pytest.mark.parametrize("name", list(ENDLESS))
def test_an_endless_stream_is_left_and_nothing_of_it_is_kept(name: str) -> None:
    piece, code = ENDLESS[name]
    limits = TransportLimits(stream_bytes=2**20, event_bytes=2**18, events=8_000)
    tracemalloc.start()
    try:
        assert failure(floods(CHUNKED, piece), limits=limits) == (FailureKind.INVALID, code)
        grown = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert grown < 8 * 2**20


def test_a_bomb_in_a_stream_is_left_while_it_inflates() -> None:
    for plain in (b"\n" * 2**26, b"x" * 2**26, EVENT.replace(b"content", b"thought") * 50_000):
        raw = HEAD + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(plain)
        limits = TransportLimits(stream_bytes=2**20, events=8_000)
        tracemalloc.start()
        try:
            kind, code = failure(sends(raw), limits=limits)
            grown = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert kind is FailureKind.INVALID
        assert code in ("too_many_events", "event_too_large", "body_too_large")
        assert grown < 8 * 2**20
