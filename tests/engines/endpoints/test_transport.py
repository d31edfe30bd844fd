"""The one HTTP path: where it connects, what it sends, what it lets in, and what it calls it."""

from __future__ import annotations

import contextlib
import gzip
import json
import logging
import os
import socket
import ssl
import threading
import time
import tracemalloc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.endpoints import pinned
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import EndpointFailure, FailureKind
from benchserver.engines.endpoints.pinned import TransportLimits
from benchserver.engines.endpoints.transport import (
    JsonAnswer,
    Transport,
    retry_after_seconds,
)
from tests.engines.endpoints.hostile import (
    Authority,
    RawServer,
    drips,
    floods,
    http,
    resets,
    sends,
    sends_and_closes,
    until_closed,
)

SECRET = "the-hidden-task-text"
KEY = "sk-the-secret-key"
OK = http(b'{"ok": true}')
NOT_SENT, REFUSED, UNKNOWN, REJECTED, INVALID = FailureKind


def transport(server: RawServer, host: str = "127.0.0.1", **options: Any) -> Transport:
    policy = AddressPolicy(allow_local=frozenset({f"{host}:{server.port}"}))
    return Transport(policy=policy, **options)


def post(
    client: Transport,
    url: str,
    *,
    deadline: float = 10.0,
    first_byte: float | None = None,
    before: Callable[[], bool] | None = None,
    body: dict[str, Any] | None = None,
) -> JsonAnswer:
    return client.post_json(
        client.address(url, "/chat/completions"),
        headers={"Authorization": f"Bearer {KEY}", "Idempotency-Key": "unit-1"},
        body=body or {"prompt": SECRET},
        deadline_seconds=deadline,
        first_byte_seconds=first_byte,
        before_first_byte=before,
    )


def failure(server: RawServer, *, host: str = "127.0.0.1", **options: Any) -> EndpointFailure:
    """The failure of one exchange, after which nothing may be left open."""
    tls = "s" if options.pop("https", False) else ""
    client_options = {k: options.pop(k) for k in ("limits", "ca_file") if k in options}
    client = transport(server, host, **client_options)
    files, started = open_files(), time.monotonic()
    with pytest.raises(EndpointFailure) as failed:
        post(client, f"http{tls}://{host}:{server.port}/v1", **options)
    assert time.monotonic() - started < 8.0  # within its deadline, on a busy machine
    assert SECRET not in str(failed.value) + repr(failed.value)
    assert KEY not in str(failed.value) + repr(failed.value)
    if server.connections:
        assert server.finished.wait(5.0)  # the server saw the connection end: the slot is free
    assert soon(lambda: open_files() <= files)
    return failed.value


def soon(true: Callable[[], bool]) -> bool:
    """The servers' threads close their ends a moment later."""
    for _ in range(500):
        if true():
            return True
        time.sleep(0.01)
    return False


def open_files() -> int:
    """Sockets this process holds open."""
    count = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            count += "socket" in os.readlink(entry)
    return count


# --- what is sent ---------------------------------------------------------------------------


def test_exactly_the_listed_headers_are_sent_once_with_the_body() -> None:
    with RawServer(sends(OK)) as server:
        answer = post(transport(server), f"http://127.0.0.1:{server.port}/v1?v=1")
    assert answer.data == {"ok": True}
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    line, *headers = head.decode().split("\r\n")
    assert line == "POST /v1/chat/completions?v=1 HTTP/1.1"
    assert {name.lower(): value for name, value in (h.split(": ", 1) for h in headers)} == {
        "host": f"127.0.0.1:{server.port}",
        "user-agent": "benchserver",
        "accept": "application/json",
        "accept-encoding": "gzip",
        "content-type": "application/json",
        "content-length": str(len(body)),
        "authorization": f"Bearer {KEY}",
        "idempotency-key": "unit-1",
    }
    assert json.loads(body) == {"prompt": SECRET}


def test_a_header_that_is_not_on_the_list_is_a_programming_error() -> None:
    with RawServer(sends(OK)) as server:
        client = transport(server)
        address = client.address(f"http://127.0.0.1:{server.port}/")
        with pytest.raises(ValueError, match="not on the list"):
            client.post_json(address, headers={"X-Forwarded-For": "1"}, body={})


@pytest.mark.parametrize("value", ["a\r\nX-Injected: 1", "a\x00", "k\u00e9y", "", " a"])
def test_a_key_that_is_not_printable_never_leaves(value: str) -> None:
    with RawServer(sends(OK)) as server:
        client = transport(server)
        address = client.address(f"http://127.0.0.1:{server.port}/")
        with pytest.raises(EndpointFailure) as failed:
            client.post_json(address, headers={"Authorization": value}, body={})
        assert (failed.value.kind, failed.value.code) == (NOT_SENT, "bad_header")
        assert server.connections == 0


def test_cookies_are_forgotten_and_alternative_services_ignored() -> None:
    headers = 'Content-Type: application/json\r\nSet-Cookie: a=b\r\nAlt-Svc: h3="10.0.0.1:443"'
    with RawServer(sends(http(b"{}", headers=headers))) as server:
        client = transport(server)
        for _ in range(2):
            assert post(client, f"http://127.0.0.1:{server.port}/v1").data == {}
    assert len(server.requests) == 2
    assert b"cookie" not in server.requests[1].lower()


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with RawServer(sends(OK)) as server, RawServer(sends(OK)) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert post(transport(server), f"http://127.0.0.1:{server.port}/v1").status == 200
        assert proxy.connections == 0


def test_nothing_is_logged_even_at_debug_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with RawServer(sends(OK)) as server:
        post(transport(server), f"http://127.0.0.1:{server.port}/v1")
        failure(server, before=lambda: False)
    assert caplog.records == []


# --- where it connects ----------------------------------------------------------------------


class Trap:
    """Takes the place of ``connect``: notes where a socket would have gone, then refuses."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.calls: list[tuple[str, int]] = []
        monkeypatch.setattr(pinned, "_connected", self._connected)

    def _connected(self, ip: str, port: int, seconds: float) -> socket.socket:
        self.calls.append((ip, port))
        raise OSError


def public(resolver: Callable[[str, int], Sequence[str]]) -> EndpointFailure:
    client = Transport(policy=AddressPolicy(), resolver=resolver)
    with pytest.raises(EndpointFailure) as failed:
        post(client, "https://api.example.com/v1", deadline=1.0)
    return failed.value


def test_the_socket_goes_to_the_checked_addresses_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    trap, asked = Trap(monkeypatch), list[tuple[str, int]]()

    def resolver(host: str, port: int) -> list[str]:
        asked.append((host, port))
        return ["2606:2800:220:1::10", "93.184.215.14"]

    assert (public(resolver).kind, public(resolver).code) == (NOT_SENT, "unreachable")
    assert trap.calls[:2] == [("2606:2800:220:1::10", 443), ("93.184.215.14", 443)]
    assert asked[0] == ("api.example.com.", 443)  # absolute: no search domain
    assert len(asked) == 2  # one lookup per connection


def test_a_name_that_turns_private_is_refused_at_the_next_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trap, answers = Trap(monkeypatch), iter([["93.184.215.14"], ["10.0.0.9"], ["127.0.0.1"]])
    resolver = lambda host, port: next(answers)  # noqa: E731
    assert public(resolver).code == "unreachable"
    assert public(resolver).code == "address_refused"
    assert public(resolver).code == "address_refused"
    assert trap.calls == [("93.184.215.14", 443)]


def test_one_private_answer_means_no_connection_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    trap = Trap(monkeypatch)
    failed = public(lambda host, port: ["93.184.215.14", "::1"])
    assert (failed.kind, failed.code) == (NOT_SENT, "address_refused")
    assert trap.calls == []


def test_an_unknown_name_and_a_silent_resolver_are_not_sent() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror

    release = threading.Event()

    def silent(host: str, port: int) -> list[str]:
        release.wait(10)
        return []

    assert public(unknown).code == "name_not_found"
    failed = public(silent)
    assert (failed.kind, failed.code) == (NOT_SENT, "connect_timeout")
    release.set()


def test_a_peer_other_than_the_checked_address_is_refused() -> None:
    with RawServer(until_closed, read_request=False) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as sock:
            pinned.check_peer(sock, "127.0.0.1", server.port)
            for ip, port in (("93.184.215.14", server.port), ("127.0.0.1", server.port + 1)):
                with pytest.raises(pinned.Stopped):
                    pinned.check_peer(sock, ip, port)


def test_every_connection_has_its_peer_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(sock: socket.socket, ip: str, port: int) -> None:
        raise pinned.Stopped("address_refused")

    monkeypatch.setattr(pinned, "check_peer", other)
    with RawServer(sends(OK)) as server:
        failed = failure(server)
        assert (failed.kind, failed.code) == (NOT_SENT, "address_refused")
        assert server.requests == []


def test_a_url_that_is_refused_is_not_sent() -> None:
    client = Transport(policy=AddressPolicy())
    for url in ("http://api.example.com/v1", "https://10.0.0.1/v1", "nonsense"):
        with pytest.raises(EndpointFailure) as failed:
            post(client, url)
        assert (failed.value.kind, failed.value.code) == (NOT_SENT, "address_refused")
        assert url not in str(failed.value)


# --- before and after the first byte --------------------------------------------------------


def test_a_closed_port_is_not_sent() -> None:
    with RawServer(sends(OK)) as server:
        pass
    client = transport(server)
    with pytest.raises(EndpointFailure) as failed:
        post(client, f"http://127.0.0.1:{server.port}/v1")
    assert (failed.value.kind, failed.value.code) == (NOT_SENT, "unreachable")


def test_the_engine_has_the_last_word_before_the_first_byte() -> None:
    asked: list[bool] = []

    def no() -> bool:
        asked.append(True)
        return False

    with RawServer(sends(OK)) as server:
        failed = failure(server, before=no)
        assert (failed.kind, failed.code) == (NOT_SENT, "cancelled")
        assert soon(lambda: server.connections == 1)
        assert (len(asked), server.requests) == (1, [])
        yes: list[bool] = []
        url = f"http://127.0.0.1:{server.port}/v1"
        post(transport(server), url, before=lambda: not yes.append(True))  # type: ignore[func-returns-value]
        assert yes == [True]  # once, though head and body are written apart


def test_an_error_of_the_engine_itself_is_not_swallowed() -> None:
    def broken() -> bool:
        raise RuntimeError("database gone")

    with RawServer(sends(OK)) as server:
        with pytest.raises(RuntimeError, match="database gone"):
            post(transport(server), f"http://127.0.0.1:{server.port}/v1", before=broken)
        assert server.requests == []


def test_a_plain_write_that_fails_at_once_has_sent_nothing() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    exchange = pinned.Exchange(
        limits=TransportLimits(),
        deadline_seconds=5,
        first_byte_seconds=5,
        before_first_byte=None,
    )
    with pytest.raises(Exception, match="BrokenPipe"):
        pinned.PinnedStream(ours, exchange).write(b"POST")
    assert exchange.sent is False
    ours.close()


def test_a_tls_write_that_fails_at_once_may_have_sent_something() -> None:
    class Broken(ssl.SSLSocket):
        def settimeout(self, value: float | None) -> None:
            pass

        def send(self, data: Any, flags: int = 0) -> int:
            raise ConnectionResetError

    exchange = pinned.Exchange(
        limits=TransportLimits(),
        deadline_seconds=5,
        first_byte_seconds=5,
        before_first_byte=None,
    )
    with pytest.raises(Exception, match="ConnectionReset"):
        pinned.PinnedStream(Broken.__new__(Broken), exchange).write(b"POST")
    assert exchange.sent is True


CUTS: list[tuple[str, Callable[[socket.socket], None], FailureKind, str]] = [
    ("closed without an answer", lambda sock: None, UNKNOWN, "cut"),
    ("reset after the request", resets, UNKNOWN, "cut"),
    ("closed in the headers", sends_and_closes(b"HTTP/1.1 200 OK\r\nConte"), UNKNOWN, "cut"),
    ("closed in the body", sends_and_closes(OK[:-4]), UNKNOWN, "cut"),
    (
        "closed in a chunk",
        sends_and_closes(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nff\r\n{"
        ),
        UNKNOWN,
        "cut",
    ),
    (
        "unframed and cut",
        sends_and_closes(b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"ok'),
        UNKNOWN,
        "cut",
    ),
    ("no HTTP at all", sends_and_closes(b"SSH-2.0-OpenSSH\r\n\r\n"), UNKNOWN, "bad_http"),
    (
        "lengths that disagree",
        sends(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "
        ),
        UNKNOWN,
        "bad_http",
    ),
    (
        "a negative length",
        sends(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n"),
        UNKNOWN,
        "bad_http",
    ),
    (
        "a chunk size that is none",
        sends(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}"
        ),
        UNKNOWN,
        "bad_http",
    ),
    ("never a byte", until_closed, UNKNOWN, "timeout"),
    ("a head that drips", drips(b"HTTP/1.1 200 OK\r\nX: ", b"a"), UNKNOWN, "timeout"),
    (
        "a body that drips",
        drips(OK.replace(b"Content-Length: 12", b"Content-Length: 999")[:-12], b" "),
        UNKNOWN,
        "timeout",
    ),
    (
        "interim answers for ever",
        floods(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100),
        INVALID,
        "headers_too_large",
    ),
]


@pytest.mark.parametrize(("name", "behave", "kind", "code"), CUTS, ids=[c[0] for c in CUTS])
def test_what_breaks_after_the_first_byte_is_counted_as_seen(
    name: str, behave: Callable[[socket.socket], None], kind: FailureKind, code: str
) -> None:
    with RawServer(behave) as server:
        failed = failure(server, deadline=0.8)
        assert (failed.kind, failed.code) == (kind, code)
        assert len(server.requests) == 1


def test_the_first_byte_has_a_limit_of_its_own() -> None:
    with RawServer(until_closed) as server:
        failed = failure(server, deadline=30.0, first_byte=0.3)
        assert (failed.kind, failed.code) == (UNKNOWN, "timeout")


def test_a_server_that_never_reads_ends_at_the_deadline() -> None:
    stop = threading.Event()

    def deaf(sock: socket.socket) -> None:
        stop.wait(10)

    with RawServer(deaf, read_request=False) as server:
        client, url = transport(server), f"http://127.0.0.1:{server.port}/v1"
        with pytest.raises(EndpointFailure) as failed:
            post(client, url, deadline=0.8, body={"prompt": "x" * 2**24})
        stop.set()
    assert (failed.value.kind, failed.value.code) == (UNKNOWN, "timeout")


# --- complete answers -----------------------------------------------------------------------

JSON_HEAD = "Content-Type: application/json"
GZIP_HEAD = JSON_HEAD + "\r\nContent-Encoding: gzip"
BROTLI_HEAD = JSON_HEAD + "\r\nContent-Encoding: br"
MANY = "\r\n".join(f"X-{i}: 1" for i in range(100))

ANSWERS: list[tuple[str, bytes, FailureKind, str]] = [
    ("301", http(b"", status="301 Moved", headers="Location: /"), REJECTED, "redirect"),
    ("304", http(b"", status="304 Not Modified"), REJECTED, "redirect"),
    ("400", http(b"{}", status="400 Bad"), REJECTED, "bad_request"),
    ("401", http(b"{}", status="401 No"), REJECTED, "unauthorized"),
    ("402", http(b"{}", status="402 Pay"), REJECTED, "payment_required"),
    ("403", http(b"{}", status="403 No"), REJECTED, "forbidden"),
    ("404", http(b"{}", status="404 No"), REJECTED, "not_found"),
    ("413", http(b"{}", status="413 Big"), REJECTED, "prompt_too_large"),
    ("418", http(b"{}", status="418 Tea"), REJECTED, "bad_request"),
    ("408", http(b"{}", status="408 Slow"), REFUSED, "request_timeout"),
    ("429", http(b"{}", status="429 Wait"), REFUSED, "rate_limited"),
    ("500", http(b"{}", status="500 Oh"), REFUSED, "server_error"),
    ("502", http(b"<html>", status="502 Oh", headers="X: 1"), REFUSED, "server_error"),
    ("503", http(b"{}", status="503 Oh"), REFUSED, "overloaded"),
    ("529", http(b"{}", status="529 Oh"), REFUSED, "overloaded"),
    ("201", http(b"{}", status="201 Created"), INVALID, "unexpected_status"),
    ("204", http(b"", status="204 Empty"), INVALID, "unexpected_status"),
    ("html", http(b"<html>", headers="Content-Type: text/html"), INVALID, "content_type"),
    ("sse", http(b"data: {}", headers="Content-Type: text/event-stream"), INVALID, "content_type"),
    ("no type", http(b"{}", headers="X: 1"), INVALID, "content_type"),
    ("utf-16", http(b"{}", headers=JSON_HEAD + "; charset=utf-16"), INVALID, "content_type"),
    ("two types", http(b"{}", headers=JSON_HEAD + "\r\n" + JSON_HEAD), INVALID, "content_type"),
    ("brotli", http(b"x", headers=BROTLI_HEAD), INVALID, "content_encoding"),
    ("not gzip", http(b"{}", headers=GZIP_HEAD), INVALID, "content_encoding"),
    ("half gzip", http(gzip.compress(b"{}")[:-9], headers=GZIP_HEAD), INVALID, "content_encoding"),
    ("two gzips", http(gzip.compress(b"{}") * 2, headers=GZIP_HEAD), INVALID, "content_encoding"),
    ("101 lines", http(b"{}", headers=JSON_HEAD + "\r\n" + MANY), INVALID, "headers_too_large"),
    ("wide head", http(b"{}", headers="X: " + "a" * 70_000), INVALID, "headers_too_large"),
    ("big body", http(b" " * (4 * 2**20 + 1)), INVALID, "body_too_large"),
    ("depth 33", http(b"[" * 33 + b"]" * 33), INVALID, "too_complex"),
    ("twice", http(b'{"a": 1, "a": 2}'), INVALID, "duplicate_key"),
    ("surrogate", http(b'{"a": "\\ud800"}'), INVALID, "forbidden_character"),
    ("empty", http(b""), INVALID, "bad_json"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "raw", "kind", "code"), ANSWERS, ids=[a[0] for a in ANSWERS])
def test_a_complete_answer_that_is_no_reply_is_named(
    name: str, raw: bytes, kind: FailureKind, code: str
) -> None:
    with RawServer(sends(raw)) as server:
        failed = failure(server)
        assert (failed.kind, failed.code) == (kind, code)
        if name.isdigit() and kind is not INVALID:
            assert failed.status == int(name)
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "raw",
    [
        OK,
        http(b'{"ok": true}', headers="content-type: application/json; charset=UTF-8"),
        http(b'{"ok": true}', headers="Content-Type: application/problem+json"),
        http(gzip.compress(b'{"ok": true}'), headers=GZIP_HEAD),
        http(b'{"ok": true}', headers=JSON_HEAD + "\r\nContent-Encoding: identity"),
        b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"ok": true}',
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        b'4\r\n{"ok\r\n8\r\n": true}\r\n0\r\n\r\n',
        http(b'{"ok": true}' + b" " * (4 * 2**20 - 12)),
    ],
    ids=range(9),
)
def test_honest_answers_in_any_framing_are_used(raw: bytes) -> None:
    with RawServer(sends_and_closes(raw)) as server:
        assert post(transport(server), f"http://127.0.0.1:{server.port}/v1").data == {"ok": True}


def test_kept_headers_are_few() -> None:
    headers = JSON_HEAD + "\r\nRetry-After: 3\r\nX-Ratelimit-Remaining-Requests: 7\r\nX-Other: 1"
    with RawServer(sends(http(b"{}", headers=headers))) as server:
        answer = post(transport(server), f"http://127.0.0.1:{server.port}/v1")
    assert answer.headers == {"retry-after": "3", "x-ratelimit-remaining-requests": "7"}
    assert "{}" not in repr(answer)


def test_a_gzip_bomb_costs_no_memory() -> None:
    bomb = http(gzip.compress(bytes(64 * 2**20)), headers=GZIP_HEAD)
    with RawServer(sends(bomb)) as server:
        client = transport(server)
        tracemalloc.start()
        with pytest.raises(EndpointFailure) as failed:
            post(client, f"http://127.0.0.1:{server.port}/v1")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert failed.value.code == "body_too_large"
    assert peak < 16 * 2**20


def test_an_endless_body_is_left_at_the_cap() -> None:
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    with RawServer(floods(head, b"8000\r\n" + b" " * 0x8000 + b"\r\n")) as server:
        failed = failure(server)
    assert (failed.kind, failed.code) == (INVALID, "body_too_large")


# --- Retry-After ----------------------------------------------------------------------------


def test_a_refusal_carries_the_wait_it_asked_for() -> None:
    raw = http(b"{}", status="429 Wait", headers="Retry-After: 20")
    with RawServer(sends(raw)) as server:
        assert failure(server).retry_after == 20.0


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, None),
        ("20", 20.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("999999999", 900.0),
        ("-5", None),
        ("soon", None),
        ("9" * 400, None),
        ("\u0662", None),
        (formatdate(1_000_020, usegmt=True), 20.0),
        (formatdate(999_000, usegmt=True), 0.0),
        (formatdate(2_000_000, usegmt=True), 900.0),
        ("Mon, 99 Foo 2020 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date_and_clamped(
    value: str | None, seconds: float | None
) -> None:
    assert retry_after_seconds(value, now=1_000_000) == seconds


@given(st.text(max_size=40))
def test_any_retry_after_is_a_wait_of_at_most_15_minutes_or_none(value: str) -> None:
    seconds = retry_after_seconds(value)
    assert seconds is None or 0 <= seconds <= 900


# --- TLS ------------------------------------------------------------------------------------


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def test_a_certificate_of_the_named_authority_for_the_right_name_is_accepted(
    authority: Authority,
) -> None:
    with RawServer(sends(OK), tls=authority.server("localhost")) as server:
        client = transport(server, "localhost", ca_file=str(authority.ca_file))
        assert post(client, f"https://localhost:{server.port}/v1").data == {"ok": True}
    assert f"Host: localhost:{server.port}".encode() in server.requests[0]


@pytest.mark.parametrize("case", ["self-signed", "unknown authority", "wrong name", "expired"])
def test_a_bad_certificate_is_refused_before_the_key_is_sent(
    authority: Authority, case: str
) -> None:
    contexts: dict[str, Callable[[], ssl.SSLContext]] = {
        "self-signed": lambda: authority.server("localhost", self_signed=True),
        "unknown authority": lambda: authority.server("localhost"),
        "wrong name": lambda: authority.server("other.example.com"),
        "expired": lambda: authority.server("localhost", days=(-5, -1)),
    }
    ca_file = "" if case == "unknown authority" else str(authority.ca_file)
    with RawServer(sends(OK), tls=contexts[case]()) as server:
        failed = failure(server, host="localhost", https=True, ca_file=ca_file)
        assert (failed.kind, failed.code) == (NOT_SENT, "tls")
        assert server.requests == []


def test_a_handshake_that_never_ends_is_not_sent() -> None:
    with RawServer(until_closed, read_request=False) as server:
        limits = TransportLimits(connect_seconds=0.4)
        failed = failure(server, host="localhost", https=True, limits=limits)
        assert (failed.kind, failed.code) == (NOT_SENT, "connect_timeout")


def test_a_tls_connection_cut_after_the_request_is_unknown(authority: Authority) -> None:
    with RawServer(lambda sock: None, tls=authority.server("localhost")) as server:
        ca_file = str(authority.ca_file)
        failed = failure(server, host="localhost", https=True, ca_file=ca_file)
        assert (failed.kind, failed.code) == (UNKNOWN, "cut")


def test_session_keys_are_never_written(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSLKEYLOGFILE", str(tmp_path / "keys"))
    with RawServer(sends(OK), tls=authority.server("localhost")) as server:
        client = transport(server, "localhost", ca_file=str(authority.ca_file))
        post(client, f"https://localhost:{server.port}/v1")
    assert not (tmp_path / "keys").exists()


# --- many at once ---------------------------------------------------------------------------


def test_forty_threads_share_one_transport_and_mix_nothing_up() -> None:
    with RawServer(sends(OK)) as server:
        client = transport(server)

        def one(number: int) -> Any:
            body = {"prompt": f"task {number}"}
            return post(client, f"http://127.0.0.1:{server.port}/v1", body=body).data

        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(one, range(200)))
    assert answers == [{"ok": True}] * 200
    bodies = {request.partition(b"\r\n\r\n")[2] for request in server.requests}
    assert len(bodies) == 200
