"""What stands before the reference endpoint: it writes down each request and can misbehave.

``delay`` keeps calls in flight, ``cut`` ends that many answers in the middle, ``shut()`` lets no
connection in, so that a send is committed and no byte of it leaves. The log is the other side's
word: it is compared with the database afterwards. Example: ``Gate(reference.port, right=book)``.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

BACKLOG = 128


@dataclass(slots=True)
class Request:
    """One that arrived. ``tokens``: billed for it; ``ended``: when its answer was given whole."""

    n: int
    key: str
    at: float
    right: bool
    ended: float | None = None
    tokens: tuple[int, int] = (0, 0)
    unattended: float | None = None


class Gate:
    """Serves from the first moment until ``close()``."""

    def __init__(self, port: int, *, right: Callable[[str], bool]) -> None:
        self.log: list[Request] = []
        self.delay, self.cut = 0.0, 0
        self._target, self._right = port, right
        self._lock = threading.Lock()
        self._fillers: list[socket.socket] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                with contextlib.suppress(OSError):
                    outer._answer(self)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = _Server(("127.0.0.1", 0), Handler)
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self._serve()

    def _serve(self) -> None:
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def aim(self, port: int) -> None:
        """Ask another server from now on."""
        self._target = port

    def abandon(self) -> None:
        """Whoever waits for an answer now is dead or frozen: no call of anybody any more."""
        with self._lock:
            for request in self.log:
                if request.ended is None and request.unattended is None:
                    request.unattended = time.time()

    def shut(self) -> None:
        """Let no further connection in: they hang as before a machine that is gone."""
        self.server.shutdown()
        self.server.socket.listen(0)
        while True:
            filler = socket.socket()
            filler.settimeout(0.3)
            self._fillers.append(filler)
            try:
                filler.connect(("127.0.0.1", self.port))
            except OSError:
                return

    def open(self) -> None:
        for filler in self._fillers:
            filler.close()
        self._fillers.clear()
        self.server.socket.listen(BACKLOG)
        self._serve()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        prompt = json.loads(body)["messages"][-1]["content"]
        with self._lock:
            key = handler.headers.get("Idempotency-Key", "")
            request = Request(len(self.log), key, time.time(), self._right(prompt))
            self.log.append(request)
            # Public questions and canaries are answered at once and whole.
            task = "add_" in prompt
            cut = self.cut > 0 and task
            self.cut -= cut
        status, text = self._forward(handler.path, body)
        time.sleep(self.delay if task else 0.0)
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(text)))
        handler.end_headers()
        if cut:
            handler.wfile.write(text[: len(text) // 2])
            handler.close_connection = True
        else:
            usage = json.loads(text).get("usage", {})
            request.tokens = (usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0))
            request.ended = time.time()
            handler.wfile.write(text)
            return
        request.unattended = time.time()

    def _forward(self, path: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self._target, timeout=60)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = BACKLOG

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that died is the point."""
