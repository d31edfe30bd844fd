"""A network of its own in which every address on earth is this machine, and every packet is seen.

``python -m tests.engines.endpoints.island FOLDER`` enters a fresh network namespace, routes all of
IPv4 and IPv6 to its loopback, listens on the ports a call could go to, and answers one JSON line
per case: how the real transport ended, with which addresses any packet was exchanged, how many
requests arrived, for which TLS names. So a call to 10.0.0.5 or to a metadata service would really
connect here, and be counted.
"""

from __future__ import annotations

import contextlib
import ctypes
import gzip
import ipaddress
import json
import os
import socket
import ssl
import struct
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import EndpointFailure
from benchserver.engines.endpoints.transport import Transport
from tests.engines.endpoints.hostile import Authority, drips, floods, http, sends, whole_request

TLS_PORTS = (443, 8443)
OTHER_PORTS = (22, 25, 80, 5432, 6379, 8000, 8009)
NAMES = ("api.example.com", "xn--bcher-kva.example.com", "10-0-0-1.example.com")
NEWUSER, NEWNET = 0x10000000, 0x40000000
JSON_TYPE = "Content-Type: application/json"


def leave_the_network() -> None:
    """A namespace of its own whose loopback is every address. Raises ``OSError`` if not allowed."""
    flags = NEWNET if os.geteuid() == 0 else NEWNET | NEWUSER
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    _netlink(16, struct.pack("=BxHiII", 0, 0, 1, 1, 1))  # RTM_NEWLINK: lo (index 1) up
    for family in (socket.AF_INET, socket.AF_INET6):
        # RTM_NEWROUTE: local 0/0 dev lo, in the local table, scope host, type local
        route = struct.pack("=BBBBBBBBI", family, 0, 0, 0, 255, 3, 254, 2, 0)
        _netlink(24, route + struct.pack("=HHI", 8, 4, 1))


def _netlink(kind: int, payload: bytes) -> None:
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as link:
        create, ack, request = 0x400, 4, 1
        link.send(
            struct.pack("=IHHII", 16 + len(payload), kind, create | ack | request, 1, 0) + payload
        )
        error = struct.unpack_from("=i", link.recv(4096), 16)[0]
        if error:
            raise OSError(-error, f"netlink {kind}")


class Sniffer:
    """``seen``: (address, port) that any IP packet of this network was addressed to."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
        self._socket.settimeout(0.005)  # a packet of this network is there at once

    def seen(self) -> set[tuple[str, int]]:
        """What was sent since the last call, replies of our servers left out."""
        found: set[tuple[str, int]] = set()
        with contextlib.suppress(TimeoutError):
            while True:
                packet, origin = self._socket.recvfrom(65536)
                if origin[2] == socket.PACKET_OUTGOING:  # type: ignore[attr-defined]
                    found |= _destination(packet)
        return found


def _destination(packet: bytes) -> set[tuple[str, int]]:
    if packet[0] >> 4 == 4:
        ends, protocol, address = (packet[0] & 15) * 4, packet[9], packet[16:20]
    else:
        ends, protocol, address = 40, packet[6], packet[24:40]
    if protocol not in (6, 17):
        return set()
    from_port, to_port = struct.unpack_from("!HH", packet, ends)
    ours = from_port in TLS_PORTS or from_port in OTHER_PORTS
    return set() if ours else {(str(ipaddress.ip_address(address)), to_port)}


class Servers:
    """TLS on 443 and 8443, plain elsewhere, on every address; behaves as the case says."""

    def __init__(self, folder: Path) -> None:
        self.authority = Authority(folder)
        self.case: dict[str, Any] = {}
        self.requests: list[bytes] = []
        self.names: list[str] = []
        for port in (*TLS_PORTS, *OTHER_PORTS):
            for host in ("0.0.0.0", "::"):
                threading.Thread(target=self._accept, args=(host, port), daemon=True).start()

    def take(self, case: dict[str, Any]) -> None:
        self.case, self.requests, self.names = case, [], []

    def _accept(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family, backlog=64) as listener:
            while True:
                sock, _ = listener.accept()
                threading.Thread(target=self._serve, args=(sock, port), daemon=True).start()

    def _serve(self, sock: socket.socket, port: int) -> None:
        sock.settimeout(5)
        with contextlib.suppress(OSError):
            if port in TLS_PORTS:
                sock = self._context().wrap_socket(sock, server_side=True)
            with sock:
                self.requests.append(whole_request(sock))
                _behaviour(self.case.get("server", {}), self.requests[-1])(sock)

    def _context(self) -> ssl.SSLContext:
        kind = self.case.get("server", {}).get("tls", "")
        host = "other.example.com" if kind == "wrong-host" else self.case["host"] or NAMES[0]
        days = (-5, -1) if kind == "expired" else (-1, 1)
        context = self.authority.server(host, days=days, self_signed=kind == "self-signed")
        context.sni_callback = lambda _sock, name, _context: self.names.append(name or "")
        return context


def _behaviour(server: dict[str, Any], request: bytes) -> Any:
    """What the case's words mean. Unknown words are an error: no case is passed by accident."""
    status, headers, body = server.get("status", 200), server.get("headers", {}), "ok-json"
    body = server.get("body", body)
    if isinstance(headers, str):
        assert headers.startswith("1 header byte every"), headers
        return drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.3)
    lines = [JSON_TYPE, *(f"{name}: {value}" for name, value in headers.items())]
    if "location" in server:
        lines.append(f"Location: {server['location']}")
    if body == "endless chunked":
        head = "\r\n".join(["HTTP/1.1 200 OK", *lines, "Transfer-Encoding: chunked"])
        return floods(head.encode() + b"\r\n\r\n", b"8000\r\n" + b" " * 0x8000 + b"\r\n")
    said = f"{status} Said"
    return sends(http(_body(body, request), status=said, headers="\r\n".join(lines)))


def _body(words: str, request: bytes) -> bytes:
    if words.startswith("{"):
        return words.encode()
    if words.startswith("HTML with <script>"):
        return b"<html><script>alert(1)</script><pre>" + request
    nested = gzip.compress(gzip.compress(gzip.compress(b"{}")))
    return {
        "ok-json": b'{"ok": true}',
        "not-json": b"hello",
        "gzip-bomb 1000:1, 64 MiB inflated": gzip.compress(bytes(64 * 2**20)),
        "nested": nested,
        "content holds U+0000": b'{"content": "a\\u0000b"}',
        "invalid UTF-8 bytes": b'{"content": "\xff\xfe"}',
    }[words]


class Caller:
    """The real transport under each policy; ``lookups``: the names it asked for in this call."""

    def __init__(self, ca_file: str) -> None:
        self._ca_file = ca_file
        self._clients: dict[AddressPolicy, Transport] = {}
        self.answers: list[str] = []
        self.lookups: list[str] = []

    def _resolve(self, name: str, port: int) -> list[str]:
        self.lookups.append(name)
        return self.answers

    def client(self, case: dict[str, Any]) -> Transport:
        self.answers, self.lookups = case["answers"], []
        listed = frozenset(case.get("dev_allow") or ())
        policy = AddressPolicy(allow_local=listed, production=case["mode"] == "prod")
        if policy not in self._clients:
            made = Transport(policy=policy, resolver=self._resolve, ca_file=self._ca_file)
            self._clients[policy] = made
        return self._clients[policy]


def judged(
    case: dict[str, Any], caller: Caller, servers: Servers, sniffer: Sniffer
) -> dict[str, Any]:
    """One call; ``case["answers"]``: what its one lookup gives."""
    client = caller.client(case)
    servers.take(case)
    started = time.monotonic()
    try:
        answer = client.post_json(
            client.address(case["url"]),
            headers={"Authorization": "Bearer sk-the-secret-key"},
            body={"prompt": "the-hidden-task-text"},
            deadline_seconds=case["deadline"],
        )
        ended = {"kind": "answer", "code": str(answer.status)}
    except EndpointFailure as failed:
        ended = {"kind": failed.kind.value, "code": failed.code, "wait": failed.retry_after}
    return {
        **ended,
        "id": case["id"],
        "seconds": time.monotonic() - started,
        "reached": sorted(sniffer.seen()),
        "requests": [request.decode("latin-1") for request in servers.requests],
        "names": servers.names,
        "lookups": caller.lookups,
    }


def main() -> None:
    try:
        leave_the_network()
    except OSError as problem:
        print(json.dumps({"impossible": f"no network namespace here ({problem.strerror})"}))
        return
    servers, sniffer = Servers(Path(sys.argv[1])), Sniffer()
    caller = Caller(str(servers.authority.ca_file))
    time.sleep(0.3)  # the listeners' threads
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(judged(json.loads(line), caller, servers, sniffer)), flush=True)


if __name__ == "__main__":
    main()
