"""No answer takes a worker down: each costs under 16 MiB and ends within its deadline and 5 s.

Every row of the table is a real server that misbehaves and a real exchange in a process of its own,
whose peak memory is read from the kernel. Example: 64 MiB of zeros in 64 KiB of gzip is left at
the cap of 4 MiB as ``body_too_large``.
"""

from __future__ import annotations

import gzip
import json
import socket
import time
import zlib
from collections.abc import Callable, Iterator

import pytest

from tests.engines.endpoints.hostile import (
    RawServer,
    drips,
    floods,
    http,
    resets,
    sends,
    sends_and_closes,
    until_closed,
)
from tests.engines.endpoints.measured import Measured

MIB = 2**20
GROWTH = 16 * MIB
GRACE = 5.0  # seconds after the deadline
ECHO = "the-hidden-task-text"
TYPE = "Content-Type: application/json"
GZIP = f"{TYPE}\r\nContent-Encoding: gzip"
HEAD = b"HTTP/1.1 200 OK\r\n" + TYPE.encode() + b"\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
LONG = HEAD + b"Content-Length: 99999999999\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def body(data: bytes | str, headers: str = TYPE) -> Callable[[socket.socket], None]:
    return sends(http(data.encode() if isinstance(data, str) else data, headers=headers))


def whole(text: str) -> Callable[[socket.socket], None]:
    """A body of the full 4 MiB around ``text``: what can be large is large."""
    return body(text.replace("...", "a" * (4 * MIB - len(text.encode()) - 8)))


def bomb(layers: int) -> bytes:
    data = bytes(64 * MIB)
    for _ in range(layers):
        data = gzip.compress(data)
    return data


def many_members(member: bytes, count: int) -> bytes:
    return member * count


def answers_before_reading(sock: socket.socket) -> None:
    """An early 413, then neither reads nor closes."""
    sock.sendall(http(b"{}", status="413 Large"))
    time.sleep(0.5)


def accepts_and_forgets(sock: socket.socket) -> None:
    time.sleep(0.6)


# name, behaviour, failure code ("200": the answer may be used)
ANSWERS: list[tuple[str, Callable[[socket.socket], None], str]] = [
    ("gzip bomb", body(bomb(1), GZIP), "body_too_large"),
    ("gzip bomb in gzip", body(bomb(2), GZIP), "bad_json"),
    ("three codings", body(b"x", GZIP + ", gzip, gzip"), "content_encoding"),
    ("two coding lines", body(bomb(1), GZIP + "\r\nContent-Encoding: gzip"),
     "content_encoding"),
    ("deflate", body(zlib.compress(bytes(MIB)), TYPE + "\r\nContent-Encoding: deflate"),
     "content_encoding"),
    ("a million gzip members", body(many_members(gzip.compress(b""), 200_000), GZIP),
     "content_encoding"),
    ("gzip with an endless name", floods(HEAD + b"Content-Encoding: gzip\r\nContent-Length: "
     b"99999999\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\0", b"n" * 65536), "body_too_large"),
    ("endless body", floods(CHUNKED, chunk(b" " * 32768)), "body_too_large"),
    ("endless body of unit chunks", floods(CHUNKED, chunk(b" ") * 8192), "too_fragmented"),
    ("endless body without length", floods(HEAD + b"\r\n", b" " * 65536), "body_too_large"),
    ("endless body of a promised length", floods(LONG, b"[" * 65536), "body_too_large"),
    ("endless error page", floods(b"HTTP/1.1 500 Oh\r\n\r\n", b"<p>" * 20_000), "server_error"),
    ("endless stream of events", floods(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b"data: {}\n\n" * 5000),
     "content_type"),
    ("endless header lines", floods(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000),
     "headers_too_large"),
    ("endless header line", floods(b"HTTP/1.1 200 OK\r\nX: ", b"a" * 65536), "headers_too_large"),
    ("endless status line", floods(b"HTTP/1.1 200 ", b"O" * 65536), "headers_too_large"),
    ("endless interim answers", floods(b"", b"HTTP/1.1 103 Hint\r\n\r\n" * 500),
     "headers_too_large"),
    ("endless trailers", floods(CHUNKED + chunk(b"{}") + b"0\r\n", b"X-T: 1\r\n" * 5000),
     "bad_http"),
    ("endless chunk size", floods(CHUNKED, b"0" * 65536), "bad_http"),
    ("endless chunk extension", floods(CHUNKED + b"2;", b"x" * 65536), "bad_http"),
    ("chunk of 2^63 bytes", floods(CHUNKED + b"7fffffffffffffff\r\n", b" " * 65536),
     "body_too_large"),
    ("chunk of minus one", sends(CHUNKED + b"-1\r\n{}"), "bad_http"),
    ("chunk longer than said", sends(CHUNKED + b"2\r\n{} and more\r\n0\r\n\r\n"), "bad_http"),
    ("length and chunks", sends(CHUNKED[:-2] + b"Content-Length: 2\r\n\r\n" + chunk(b"{}") +
     b"0\r\n\r\n"), "200"),
    ("two lengths", sends(HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}"), "bad_http"),
    ("length too long", sends_and_closes(HEAD + b"Content-Length: 5\r\n\r\n{}"), "cut"),
    ("length too short", sends(HEAD + b"Content-Length: 1\r\n\r\n{}"), "bad_json"),
    ("length of minus one", sends(HEAD + b"Content-Length: -1\r\n\r\n{}"), "bad_http"),
    ("length in words", sends(HEAD + b"Content-Length: two\r\n\r\n{}"), "bad_http"),
    ("transfer coding of its own", sends(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\n"),
     "bad_http"),
    ("a header a second", drips(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n", 0.1), "timeout"),
    ("a header byte a second", drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.1), "timeout"),
    ("a body byte a second", drips(LONG, b" ", 0.1), "timeout"),
    ("nothing at all", until_closed, "timeout"),
    ("accepts and forgets", accepts_and_forgets, "timeout"),
    ("reset", resets, "cut"),
    ("closes at once", sends_and_closes(b""), "cut"),
    ("an early answer", answers_before_reading, "prompt_too_large"),
    ("not HTTP", floods(b"", bytes(range(256)) * 64), "bad_http"),
    ("HTTP/2", sends(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "bad_http"),
    ("an upgrade", sends(b"HTTP/1.1 101 Switch\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n"),
     "bad_http"),
    ("status 999", sends(http(b"{}", status="999 Oh")), "unexpected_status"),
    ("a redirect inside", sends(http(b"", status="307 To", headers="Location: //127.0.0.1/")),
     "redirect"),
    ("Retry-After of 30 years", sends(
        http(b"{}", status="429 W", headers="Retry-After: 999999999")), "rate_limited"),
    ("the request echoed", sends(http(f"<script>{ECHO}</script>".encode(), status="500 Oh")),
     "server_error"),
    ("the request echoed in a header line", sends(f"HTTP/1.1 200 OK\r\n{ECHO}\r\n\r\n".encode()),
     "bad_http"),
    ("the request echoed in odd JSON", body(f'{{"text": "{ECHO}" "{ECHO}"}}'), "bad_json"),
    ("the request echoed in bad UTF-8", body(f'"{ECHO}'.encode() + b'\xff"'), "bad_encoding"),
    ("a page", body("<html>", "Content-Type: text/html"), "content_type"),
    ("UTF-16", body("{}".encode("utf-16"), TYPE + "; charset=utf-16"), "content_type"),
    ("UTF-16 said to be UTF-8", body("{}".encode("utf-16")), "bad_json"),
    ("UTF-7", body("+AHs-+AH0-", TYPE + "; charset=utf-7"), "content_type"),
    ("overlong UTF-8", body(b'"\xc0\xaf"'), "bad_encoding"),
    ("NaN", body('{"choices": NaN}'), "not_a_number"),
    ("a number beyond all", body('{"choices": 1e999}'), "not_a_number"),
    ("a number of four million digits", body("9" * (4 * MIB)), "bad_json"),
    ("a fraction of four million digits", body("0." + "9" * (4 * MIB - 2)), "bad_json"),
    ("NUL", body('{"choices": "\\u0000"}'), "forbidden_character"),
    ("half a character", body('{"choices": "\\ud800"}'), "forbidden_character"),
    ("a key twice", body('{"choices": 1, "choices": 2}'), "duplicate_key"),
    ("deep arrays", body("[" * 4 * MIB), "too_complex"),
    ("deep objects", body('{"a":' * 800_000), "too_complex"),
    ("a million arrays", body("[" + "[]," * 1_390_000 + "1]"), "too_complex"),
    ("a million members", body("{" + ",".join(f'"{n}":1' for n in range(380_000)) + "}"),
     "too_complex"),
    ("as many members as may be", body(json.dumps({f"k{n}": {} for n in range(9_990)})), "200"),
    ("as many numbers as may be", body(json.dumps([n + 0.5 for n in range(19_990)])), "200"),
    ("four million letters", whole('{"a": "..."}'), "200"),
    ("four million letters and an e acute", whole('{"a": "...\u00e9"}'), "200"),
    ("four million letters and a Chinese one", whole('{"a": "...\u4e2d"}'), "too_complex"),
    ("four million letters and an emoji", whole('{"a": "...\U0001f600"}'), "too_complex"),
    ("the same, escaped", whole('{"a": "...\\ud83d\\ude00"}'), "too_complex"),
    ("an emoji beside four million letters", whole('{"a": "...", "b": "\U0001f600"}'), "200"),
    ("four million escapes", body('"' + "\\n" * (2 * MIB - 8) + '"'), "200"),
    ("four million backslashes", body('"' + "\\" * (4 * MIB - 3)), "bad_json"),
    ("four million blanks", body(" " * (4 * MIB)), "bad_json"),
    ("blanks around an answer", body(" " * MIB + "{}" + "\n" * MIB), "200"),
]  # fmt: skip


EVENTS = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
DELTA = json.dumps({"choices": [{"index": 0, "delta": {"content": "word " * 40}}]}).encode()
DONE = b"data: [DONE]\n\n"


def events(data: bytes, headers: bytes = b"") -> Callable[[socket.socket], None]:
    return sends_and_closes(EVENTS + headers + b"\r\n" + data)


def endless(piece: bytes) -> Callable[[socket.socket], None]:
    return floods(EVENTS + b"\r\n", piece)


# The same for an endpoint that was asked to stream.
STREAMS: list[tuple[str, Callable[[socket.socket], None], str]] = [
    ("endless text", endless(b"data: " + DELTA + b"\n\n"), "text_too_long"),
    ("endless empty events", endless(b"data: {}\n\n" * 2000), "too_many_events"),
    ("endless comments", endless(b": ping\n\n" * 4000), "too_many_events"),
    ("endless blanks", endless(b"\n" * 20_000), "too_many_events"),
    ("an endless line", endless(b"data: " + b"a" * 65536), "event_too_large"),
    ("an endless event", endless(b"data: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n" * 1000),
     "event_too_large"),
    ("an endless name", endless(b"event" * 10_000), "event_too_large"),
    ("a gzip bomb of blanks", events(gzip.compress(b" " * (64 * MIB)),
     b"Content-Encoding: gzip\r\n"), "event_too_large"),
    ("a gzip bomb of events", events(gzip.compress(b"data: {}\n\n" * (4 * MIB)),
     b"Content-Encoding: gzip\r\n"), "too_many_events"),
    ("a deep event", events(b"data: " + b"[" * 100_000 + b"\n\n" + DONE), "too_complex"),
    ("an event of a number", events(b"data: " + b"9" * 200_000 + b"\n\n" + DONE), "bad_json"),
    ("an event of no JSON", events(b"data: the-hidden-task-text\n\n" + DONE), "bad_json"),
    ("an event of other bytes", events(b'data: "\xff"\n\n' + DONE), "bad_encoding"),
    ("a stream of one-byte pieces", floods(EVENTS + b"Transfer-Encoding: chunked\r\n\r\n",
     chunk(b"\n") * 4096), "too_fragmented"),
    ("an event a second", drips(EVENTS + b"\r\n", b"data: " + DELTA + b"\n\n", 0.1), "timeout"),
    ("a ping a second", drips(EVENTS + b"\r\n", b": ping\n\n", 0.1), "timeout"),
    ("a stream that ends early", events(b"data: " + DELTA + b"\n\n"), "cut"),
]  # fmt: skip


@pytest.fixture(scope="module")
def measured() -> Iterator[Measured]:
    with RawServer(sends(http(b'{"ok": true}'))) as good, Measured(good.port) as process:
        yield process


# A quarter of a million events are allowed, since an answer may have that many tokens.
LONG_ONES = ("endless empty events", "a gzip bomb of events", "endless blanks")
ROWS = [
    pytest.param(*row, id=row[0], marks=[pytest.mark.soak] if row[0] in LONG_ONES else [])
    for row in STREAMS
]


@pytest.mark.parametrize(("name", "behave", "code"), ROWS)
def test_no_stream_takes_much_memory_or_time(
    name: str, behave: Callable[[socket.socket], None], code: str, measured: Measured
) -> None:
    ended_well(behave, code, measured, how="stream")


@pytest.mark.parametrize(("name", "behave", "code"), ANSWERS, ids=[row[0] for row in ANSWERS])
def test_no_answer_takes_much_memory_or_time(
    name: str, behave: Callable[[socket.socket], None], code: str, measured: Measured
) -> None:
    ended_well(behave, code, measured, how="fork")


def ended_well(
    behave: Callable[[socket.socket], None], code: str, measured: Measured, *, how: str
) -> None:
    deadline = 0.4 if code == "timeout" else 20.0
    reads = behave not in (answers_before_reading, accepts_and_forgets)
    with RawServer(behave, read_request=reads) as server:
        ended = measured.exchange(server.port, deadline=deadline, how=how)
        assert ended["code"] == code, ended
        assert ended["grown"] < GROWTH, ended
        assert ended["seconds"] < deadline + GRACE, ended
        assert server.finished.wait(GRACE + deadline)  # the peer saw it end: the slot is free
        assert server.connections == 1
    assert ECHO not in ended.get("text", "")
    assert "sk-the-secret-key" not in ended.get("text", "")


def test_the_measure_sees_what_is_kept(measured: Measured) -> None:
    """The control: whoever reads the bomb as the standard library does is far over the bound."""
    with RawServer(sends_and_closes(http(bomb(1), headers=GZIP))) as server:
        ended = measured.exchange(server.port, deadline=20.0, how="naive")
    assert ended["grown"] > 4 * GROWTH
