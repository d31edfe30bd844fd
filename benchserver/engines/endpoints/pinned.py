"""One connection to one checked address, under one clock; it knows whether a byte was sent.

The name is looked up once, every answer must pass the policy, the socket goes to a checked
address and its peer is compared, while TLS and Host keep the name. Example: an exchange that dies
in the TLS handshake has ``sent`` False, so the failure costs the provider's budget nothing.

A connection serves one exchange: a kept-alive one may be closed by the peer at the moment of the
next request, and then nobody knows whether the task was seen. A handshake costs far less.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpcore2

from benchserver.engines.endpoints.address import Address, AddressPolicy, AddressRefused

Resolver = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TransportLimits:
    """Seconds and bytes one exchange may take, whatever the endpoint announces."""

    connect_seconds: float = 5.0
    first_byte_seconds: float = 120.0
    total_seconds: float = 300.0
    header_bytes: int = 64 * 1024
    header_lines: int = 100
    body_bytes: int = 4 * 2**20
    stream_bytes: int = 32 * 2**20  # of an event stream, of which one event is kept at a time
    event_bytes: int = 2**20
    events: int = 250_000


class Stopped(Exception):
    """The exchange ends here for the reason ``code``; holds nothing the endpoint sent."""

    def __init__(self, code: str):
        self.code = code
        super().__init__(code)


def system_resolver(host: str, port: int) -> list[str]:
    """Every address of ``host``, each once, in the system's order. Raises ``OSError``."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class Exchange:
    """Clock, counters and socket of one exchange; ``sent`` is the only judge of NOT_SENT."""

    def __init__(
        self,
        *,
        limits: TransportLimits,
        deadline_seconds: float,
        first_byte_seconds: float,
        before_first_byte: Callable[[], bool] | None,
    ):
        self.limits = limits
        self.started = time.monotonic()
        self.sent = False
        self.received = 0
        self.head_done = False
        self.closed_by_peer = False
        self.socket: socket.socket | None = None
        self._end = self.started + deadline_seconds
        self._connect_end = min(self._end, self.started + limits.connect_seconds)
        self._first_byte_seconds = first_byte_seconds
        self._first_byte_end = self._end
        self._before_first_byte = before_first_byte

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    def connect_left(self) -> float:
        return _left(self._connect_end, "connect_timeout")

    def left(self) -> float:
        return _left(self._end, "timeout")

    def read_left(self) -> float:
        return self.left() if self.received else _left(self._first_byte_end, "timeout")

    def ask_to_send(self) -> None:
        """Called before each write: the engine's last word before the first byte."""
        if not self.sent and self._before_first_byte and not self._before_first_byte():
            raise Stopped("cancelled")
        self._first_byte_end = min(self._end, time.monotonic() + self._first_byte_seconds)

    def header_room(self) -> int:
        room = self.limits.header_bytes - self.received
        if room <= 0:
            raise Stopped("headers_too_large")
        return room

    def close(self) -> None:
        if self.socket is not None:
            self.socket.close()


class PinnedBackend(httpcore2.NetworkBackend):
    """Connects to ``address`` and nowhere else."""

    def __init__(
        self, address: Address, *, policy: AddressPolicy, resolver: Resolver, exchange: Exchange
    ):
        self._address = address
        self._policy = policy
        self._resolver = resolver
        self._exchange = exchange

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Any = None,
    ) -> httpcore2.NetworkStream:
        for ip in self._admitted():
            try:
                sock = _connected(ip, self._address.port, self._exchange.connect_left())
            except OSError:
                continue
            self._exchange.socket = sock
            return PinnedStream(sock, self._exchange)
        self._exchange.connect_left()  # out of time is said as such
        raise Stopped("unreachable")

    def _admitted(self) -> tuple[str, ...]:
        address = self._address
        if address.local and _is_literal(address.host):
            answers: Sequence[str] = [address.host.strip("[]")]
        else:
            answers = _looked_up(self._resolver, address, self._exchange.connect_left())
        try:
            return self._policy.admit(address, answers)
        except AddressRefused:
            raise Stopped("address_refused") from None


class PinnedStream(httpcore2.NetworkStream):
    """Socket operations under the exchange's clock; timeouts given by the caller are ignored."""

    def __init__(self, sock: socket.socket, exchange: Exchange):
        self._sock = sock
        self._exchange = exchange

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        exchange = self._exchange
        if not exchange.head_done:
            max_bytes = min(max_bytes, exchange.header_room())
        self._sock.settimeout(exchange.read_left())
        try:
            data = self._sock.recv(max_bytes)
        except TimeoutError:
            raise Stopped("timeout") from None
        except OSError:
            raise Stopped("cut") from None
        exchange.received += len(data)
        exchange.closed_by_peer = not data
        return data

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        view = memoryview(buffer)
        while view:
            self._exchange.ask_to_send()
            self._sock.settimeout(self._exchange.left())
            view = view[self._send(view) :]

    def _send(self, view: memoryview) -> int:
        # A TLS record may leave in part before its send fails: count it before. A plain send
        # that fails has handed nothing over: count it after.
        if isinstance(self._sock, ssl.SSLSocket):
            self._exchange.sent = True
        try:
            written = self._sock.send(view)
        except TimeoutError:
            raise Stopped("timeout") from None
        except OSError as error:  # httpcore2 then still reads an early refusal such as 413
            raise httpcore2.WriteError(type(error).__name__) from None
        self._exchange.sent = True
        return written

    def close(self) -> None:
        self._sock.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        self._sock.settimeout(self._exchange.connect_left())
        try:
            secure = ssl_context.wrap_socket(self._sock, server_hostname=server_hostname)
        except ssl.SSLError:
            raise Stopped("tls") from None
        except TimeoutError:
            raise Stopped("connect_timeout") from None
        except OSError:
            raise Stopped("unreachable") from None
        self._exchange.socket = secure
        return PinnedStream(secure, self._exchange)

    def get_extra_info(self, info: str) -> Any:
        return None


def _left(end: float, code: str) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise Stopped(code)
    return left


def _connected(ip: str, port: int, seconds: float) -> socket.socket:
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect((ip, port))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a model may think long
        check_peer(sock, ip, port)
    except BaseException:
        sock.close()
        raise
    return sock


def check_peer(sock: socket.socket, ip: str, port: int) -> None:
    """The socket must have reached what was checked. Raises ``Stopped``."""
    peer = sock.getpeername()
    if ipaddress.ip_address(peer[0]) != ipaddress.ip_address(ip) or peer[1] != port:
        raise Stopped("address_refused")


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _looked_up(resolver: Resolver, address: Address, seconds: float) -> Sequence[str]:
    """One lookup, given up after ``seconds``: the system call itself knows no time limit."""
    answers: queue.SimpleQueue[Sequence[str] | None] = queue.SimpleQueue()
    name = address.host if address.local else address.host + "."  # no search domains

    def look_up() -> None:
        try:
            answers.put(resolver(name, address.port))
        except (OSError, UnicodeError):
            answers.put(None)

    threading.Thread(target=look_up, name="lookup", daemon=True).start()
    try:
        found = answers.get(timeout=seconds)
    except queue.Empty:
        raise Stopped("connect_timeout") from None
    if found is None:
        raise Stopped("name_not_found")
    return found
