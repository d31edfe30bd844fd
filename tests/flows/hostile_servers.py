"""Endpoints that answer harmless questions well and turn on the first task, in another process.

``python -m tests.flows.hostile_servers 30`` prints their ports as one JSON line and serves until
its input ends. Elsewhere they would not share our processors; here they are at least told to wait.
"""

from __future__ import annotations

import gzip
import json
import os
import socket
import sys
from collections.abc import Callable

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

JSON_TYPE = "Content-Type: application/json"
HEAD = b"HTTP/1.1 200 OK\r\n" + JSON_TYPE.encode() + b"\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
WAYS: list[Callable[[socket.socket], None]] = [
    until_closed,
    drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.5),
    drips(HEAD + b"Content-Length: 999999\r\n\r\n", b" ", 0.5),
    floods(CHUNKED, b"8000\r\n" + b" " * 0x8000 + b"\r\n"),
    floods(CHUNKED, b"1\r\n \r\n" * 4096),
    floods(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1000),
    sends(http(gzip.compress(bytes(64 * 2**20)), headers=f"{JSON_TYPE}\r\nContent-Encoding: gzip")),
    sends(http(b"[" * (4 * 2**20))),
    sends(http(b'{"a": "' + b"\\n" * (2 * 2**20 - 10) + b'"}')),
    sends(http(b"[" + b"1.5," * 900_000 + b"1]")),
    resets,
    sends_and_closes(b""),
    floods(b"HTTP/1.1 500 Oh\r\n\r\n", b"<p>" * 20_000),
    sends(http(b"{}", status="429 Wait", headers="Retry-After: 1")),
    floods(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", b"data: {}\n\n" * 5000),
]


def turns_on_tasks(way: Callable[[socket.socket], None]) -> RawServer:
    """Answers any harmless question well, and a task in its own way."""
    message = {"role": "assistant", "content": "ready"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 9, "completion_tokens": 1, "total_tokens": 10}
    polite = http(json.dumps({"model": "m", "choices": [choice], "usage": usage}).encode())
    server = RawServer(way)

    def behave(sock: socket.socket) -> None:
        if b"add_" in server.requests[-1]:
            way(sock)
        else:
            sock.sendall(polite)
            until_closed(sock)

    server._behave = behave
    return server


def main() -> None:
    os.nice(4)
    servers = [turns_on_tasks(WAYS[n % len(WAYS)]) for n in range(int(sys.argv[1]))]
    for server in servers:
        server.__enter__()
    print(json.dumps([server.port for server in servers]), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
