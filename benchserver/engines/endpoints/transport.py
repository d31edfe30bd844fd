"""The only HTTP code: one POST out, one JSON answer, event stream or classified failure back.

Holds the address guard, deadline and caps for every protocol; redirects, cookies, proxies of the
environment and HTTP/2 do not exist here. Example: a 307 comes back as REJECTED ``redirect`` and
nothing is sent to its target; 64 MiB hidden in 64 KiB of gzip as INVALID ``body_too_large``.

Whether the provider may have seen the task is read from the socket (``Exchange.sent``), never
from an exception. No body, header or URL enters an exception or a log.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

import httpcore2

from benchserver.engines.endpoints import strict_json
from benchserver.engines.endpoints.address import Address, AddressPolicy, AddressRefused
from benchserver.engines.endpoints.base import EndpointFailure, FailureKind
from benchserver.engines.endpoints.body import Take, each_event, whole
from benchserver.engines.endpoints.headers import EXTRA_HEADERS, SENDABLE_HEADERS, is_printable
from benchserver.engines.endpoints.pinned import (
    Exchange,
    PinnedBackend,
    Resolver,
    Stopped,
    TransportLimits,
    system_resolver,
)

RETRY_AFTER_CAP = 900.0
REFUSAL_BYTES = 64 * 1024
KEPT_HEADERS = (
    "retry-after",
    *("x-ratelimit-limit-requests", "x-ratelimit-limit-tokens"),
    *("x-ratelimit-remaining-requests", "x-ratelimit-remaining-tokens"),
    *("anthropic-ratelimit-requests-limit", "anthropic-ratelimit-tokens-limit"),
)

_JSON_TYPE = re.compile(
    r"application/(?:[\w.+-]+\+)?json\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?;?", re.IGNORECASE
)
_STREAM_TYPE = re.compile(
    r"text/event-stream\s*(?:;\s*charset\s*=\s*\"?utf-?8\"?\s*)?;?", re.IGNORECASE
)
_UNKNOWN_CODES = frozenset(("timeout", "cut", "bad_http"))
_STATUS_CODES = {
    400: "bad_request",
    401: "unauthorized",
    402: "payment_required",
    403: "forbidden",
    404: "not_found",
    408: "request_timeout",
    413: "prompt_too_large",
    422: "bad_request",
    425: "too_early",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_MAY_CHANGE = frozenset((408, 425, 429))

for _name in ("httpx2", "httpcore2"):  # they log URLs and header values at debug level
    logging.getLogger(_name).setLevel(logging.CRITICAL + 1)


@dataclass(frozen=True, slots=True)
class JsonAnswer:
    """A complete 200 whose body is strict JSON, or whose events were all taken: then ``streamed``
    and ``data`` is None. Or a 400 that declines, without its data. ``headers`` holds
    ``KEPT_HEADERS`` only."""

    status: int
    headers: Mapping[str, str]
    data: Any
    streamed: bool = False

    def __repr__(self) -> str:
        return f"<JsonAnswer {self.status}>"


class Transport:
    """Safe for any number of threads: every exchange has a connection and a clock of its own.

    ``ca_file``: PEM file of further authorities to trust beside the system's.
    """

    def __init__(
        self,
        *,
        policy: AddressPolicy,
        limits: TransportLimits | None = None,
        ca_file: str = "",
        resolver: Resolver = system_resolver,
        user_agent: str = "benchserver",
    ):
        self.policy = policy
        self.limits = limits or TransportLimits()
        self._resolver = resolver
        self._user_agent = user_agent
        self._tls = _tls_context(ca_file) if ca_file else None  # a wrong file fails at start

    def address(self, base_url: str, suffix: str = "") -> Address:
        """The URL to call under ``base_url``. Raises ``EndpointFailure`` NOT_SENT."""
        try:
            return self.policy.parse(base_url).below(suffix)
        except AddressRefused:
            raise EndpointFailure(FailureKind.NOT_SENT, "address_refused") from None

    def post_json(
        self,
        address: Address,
        *,
        headers: Mapping[str, str],
        body: Mapping[str, Any],
        take: Take | None = None,
        declines: Callable[[Any], bool] | None = None,
        deadline_seconds: float | None = None,
        first_byte_seconds: float | None = None,
        before_first_byte: Callable[[], bool] | None = None,
    ) -> JsonAnswer:
        """POST ``body`` to ``address``; seconds default to the limits' own.

        ``headers``: names from the lists in ``headers.py``, values printable ASCII. ``take`` is
        handed each event where the answer is a stream; it may raise ``Stopped``. ``declines``
        is asked about the JSON of a 400, which is an answer where it says True. Raises
        ``EndpointFailure`` for everything else than a complete 200 with strict JSON or events.
        """
        exchange = Exchange(
            limits=self.limits,
            deadline_seconds=_given(deadline_seconds, self.limits.total_seconds),
            first_byte_seconds=_given(first_byte_seconds, self.limits.first_byte_seconds),
            before_first_byte=before_first_byte,
        )
        try:
            accepts = "text/event-stream, application/json" if take else "application/json"
            sent: dict[bytes | str, bytes | str] = {
                "User-Agent": self._user_agent,
                "Accept": accepts,
            }
            return self._answer(
                address, _request(address, headers, body, sent), exchange, take, declines
            )
        except Stopped as stopped:
            failure = _failure(stopped.code, exchange)
        except (httpcore2.ProtocolError, httpcore2.NetworkError):
            # Not raised in here: the library's error may quote the answer, and `from None` only
            # hides it, an error collector still finds it in `__context__`.
            failure = _failure("cut" if exchange.closed_by_peer else "bad_http", exchange)
        finally:
            exchange.close()
        raise failure

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        """Told of every answer's status and ``KEPT_HEADERS``; for a subclass that listens."""

    def _context(self, address: Address) -> ssl.SSLContext | None:
        if address.scheme == "https" and self._tls is None:
            self._tls = _tls_context("")  # reading the system's authorities takes its time
        return self._tls

    def _answer(
        self,
        address: Address,
        request: httpcore2.Request,
        exchange: Exchange,
        take: Take | None,
        declines: Callable[[Any], bool] | None,
    ) -> JsonAnswer:
        backend = PinnedBackend(
            address, policy=self.policy, resolver=self._resolver, exchange=exchange
        )
        connection = httpcore2.HTTPConnection(
            origin=request.url.origin, ssl_context=self._context(address), network_backend=backend
        )
        response = connection.handle_request(request)
        exchange.head_done = True
        headers = _headers(response, exchange.limits)
        kept = {name: headers[name][:100] for name in KEPT_HEADERS if name in headers}
        self.heard(response.status, kept)
        if response.status == 400 and declines and _says(response, headers, exchange, declines):
            return JsonAnswer(400, kept, None)
        if response.status != 200:
            raise _status_failure(response.status, kept, exchange)
        kind, encoding = headers.get("content-type", ""), headers.get("content-encoding", "")
        if take and _STREAM_TYPE.fullmatch(kind.strip()):
            each_event(response, encoding, exchange.limits, take)
            return JsonAnswer(200, kept, None, streamed=True)
        if not _JSON_TYPE.fullmatch(kind.strip()):
            raise Stopped("content_type")
        raw = whole(response, encoding, exchange.limits)
        framed = "content-length" in headers or "transfer-encoding" in headers
        return JsonAnswer(200, kept, _parsed(raw, framed))


def retry_after_seconds(value: str | None, now: float | None = None) -> float | None:
    """Seconds of a Retry-After header (RFC 9110 10.2.3), 0 to 900; None when absent or garbled.

    ``now``: epoch seconds that an HTTP date is compared with, by default the clock's.
    """
    if value is None:
        return None
    text = value.strip()
    if re.fullmatch(r"[0-9]{1,20}(?:\.[0-9]{1,9})?", text):
        return min(float(text), RETRY_AFTER_CAP)
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(moment - (time.time() if now is None else now), 0.0), RETRY_AFTER_CAP)


def _says(
    response: httpcore2.Response,
    headers: Mapping[str, str],
    exchange: Exchange,
    declines: Callable[[Any], bool],
) -> bool:
    """Whether the JSON of a refusal is of the kind asked about; nothing that is wrong with it
    changes what its status means."""
    if not _JSON_TYPE.fullmatch(headers.get("content-type", "").strip()):
        return False
    limits = replace(exchange.limits, body_bytes=REFUSAL_BYTES)
    try:
        return declines(_parsed(whole(response, headers.get("content-encoding", ""), limits), True))
    except (Stopped, httpcore2.ProtocolError, httpcore2.NetworkError):
        return False


def _given(seconds: float | None, default: float) -> float:
    return default if seconds is None else seconds


def _tls_context(ca_file: str) -> ssl.SSLContext:
    # Not create_default_context: it would write session keys to $SSLKEYLOGFILE.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_default_certs()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    return context


def _request(
    address: Address,
    headers: Mapping[str, str],
    body: Mapping[str, Any],
    own_headers: dict[bytes | str, bytes | str],
) -> httpcore2.Request:
    content = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace")
    sent: dict[bytes | str, bytes | str] = {
        "Host": address.authority,
        **own_headers,
        "Accept-Encoding": "gzip",
        "Content-Type": "application/json",
        "Content-Length": str(len(content)),
    }
    for name, value in headers.items():
        if name.lower() not in SENDABLE_HEADERS and name.lower() not in EXTRA_HEADERS:
            raise ValueError(f"header {name!r} is not on the list of headers that are sent")
        if not is_printable(value):
            raise Stopped("bad_header")
        sent[name] = value
    url = httpcore2.URL(
        scheme=address.scheme,
        host=address.host.strip("[]"),
        port=address.port,
        target=address.target,
    )
    return httpcore2.Request("POST", url, headers=sent, content=content)


def _headers(response: httpcore2.Response, limits: TransportLimits) -> dict[str, str]:
    """Lower-case names; repeated lines are joined by commas (RFC 9110 5.2)."""
    if len(response.headers) > limits.header_lines:
        raise Stopped("headers_too_large")
    joined: dict[str, str] = {}
    for raw_name, raw_value in response.headers:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


def _parsed(raw: bytearray, framed: bool) -> Any:
    """``framed`` False: only the closed connection ended the body, so it may have been cut."""
    try:
        return strict_json.loads(raw)
    except strict_json.NotStrict as problem:
        cut = not framed and problem.code == "bad_json"
        raise Stopped("cut" if cut else problem.code) from None


def classified(status: int) -> tuple[FailureKind, str]:
    """What a complete answer with another status than 200 means."""
    if status in _MAY_CHANGE or 500 <= status <= 599:
        return FailureKind.REFUSED, _STATUS_CODES.get(status, "server_error")
    if 400 <= status <= 499:
        return FailureKind.REJECTED, _STATUS_CODES.get(status, "bad_request")
    if 300 <= status <= 399:
        return FailureKind.REJECTED, "redirect"
    return FailureKind.INVALID, "unexpected_status"


def _status_failure(status: int, kept: Mapping[str, str], exchange: Exchange) -> EndpointFailure:
    kind, code = classified(status)
    wait = retry_after_seconds(kept.get("retry-after"))
    return EndpointFailure(kind, code, status=status, retry_after=wait, seconds=exchange.seconds)


def _failure(code: str, exchange: Exchange) -> EndpointFailure:
    if not exchange.sent:
        kind = FailureKind.NOT_SENT
    elif code in _UNKNOWN_CODES:
        kind = FailureKind.UNKNOWN
    else:
        kind = FailureKind.INVALID
    return EndpointFailure(kind, code, seconds=exchange.seconds)
