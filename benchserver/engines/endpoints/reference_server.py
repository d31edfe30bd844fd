"""A real local endpoint that speaks a real protocol: for the demo, tests and measurements.

HTTP/1.1 with keep-alive, keys, latency, refusals, cut connections and other faults at stated rates;
the answers come from ``reference_answers.py``, the words from ``reference/``. Example:
``ReferenceEndpoint(book, Behaviour(persona=...), protocol="gemini")`` as a context manager serves
``.url`` = ``http://127.0.0.1:PORT/v1beta`` until it leaves.

The request log holds hashes of prompts, never their text.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchserver.engines.endpoints.reference.behaviour import (
    DROPPED,
    FAULTS,
    Behaviour,
    Fate,
    Fates,
    fail_rates,
    fault_rates,
    saying,
)
from benchserver.engines.endpoints.reference.speakers import SPEAKERS
from benchserver.engines.endpoints.reference.speaking import Asked, NotUnderstood, Saying, Speaker
from benchserver.engines.endpoints.reference_answers import (
    AnswerBook,
    answers_from_tasks,
    read_answers,
    write_answers,
)

__all__ = [
    "FAULTS",
    "SPEAKERS",
    "Behaviour",
    "ReferenceEndpoint",
    "answers_from_tasks",
    "fail_rates",
    "fault_rates",
    "read_answers",
    "write_answers",
]

MAX_REQUEST_BYTES = 2**20
MAX_DRAINED_BYTES = 2**24
_NOT_UNDERSTOOD = (NotUnderstood, ValueError, LookupError, TypeError, AttributeError)


class ReferenceEndpoint:
    """The server, running in a thread of its own from ``start`` to ``close``.

    ``protocol``: a name of ``SPEAKERS``."""

    def __init__(
        self,
        book: AnswerBook,
        behaviour: Behaviour,
        *,
        port: int = 0,
        protocol: str = "openai_chat",
    ):
        self._speaker = SPEAKERS[protocol]
        fields = {
            "book": book,
            "behaviour": behaviour,
            "speaker": self._speaker,
            "fates": Fates(behaviour),
            "request_log": _RequestLog(behaviour.log, protocol),
        }
        self._server = _Server(("127.0.0.1", port), type("Handler", (_Handler,), fields))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.daemon = True

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def host_port(self) -> str:
        """As an ``AddressPolicy.allow_local`` entry."""
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """What a provider registers as ``base_url``."""
        return f"http://{self.host_port}{self._speaker.base}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news."""


class _RequestLog:
    def __init__(self, path: Path | None, protocol: str):
        self._path = path
        self._protocol = protocol
        self._lock = threading.Lock()

    def add(
        self, asked: Asked | None, *, key: str, status: int, fault: str, began: float, drawn: float
    ) -> None:
        """``began``: when it arrived, epoch seconds; ``drawn``: the seconds it was made to wait."""
        if self._path is None:
            return
        prompt = asked.prompt if asked else ""
        entry = {
            "time": time.time(),
            "began": began,
            "drawn_seconds": drawn,
            "protocol": self._protocol,
            "prompt_sha256": hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest(),
            "idempotency_key": key,
            "stream": asked.stream if asked else False,
            "status": status,
            "fault": fault,
        }
        with self._lock, self._path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(entry) + "\n")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "reference-endpoint"
    sys_version = ""
    timeout = 60.0
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    book: AnswerBook
    behaviour: Behaviour
    speaker: Speaker
    fates: Fates
    request_log: _RequestLog

    def do_GET(self) -> None:
        if self.path == "/health":
            self._send(200, {"status": "ok"})
        elif not self._authorized():
            self._error(401, "invalid_api_key")
        elif self.path == "/v1/models":
            models = [{"id": "reference", "object": "model", "owned_by": "local"}]
            self._send(200, {"object": "list", "data": models})
        else:
            self._error(404, "not_found")

    def do_POST(self) -> None:
        raw = self._read()
        if raw is None:
            return
        began = time.time()
        asked = self._asked(raw)
        status, fate = self._refusal(asked), Fate(0.0)
        if status is None:
            fate = self.fates.next()
            time.sleep(fate.wait)
            status = fate.status
        self.request_log.add(
            asked,
            key=self.headers.get("Idempotency-Key", ""),
            status=200 if status is None else status,
            fault=fate.fault,
            began=began,
            drawn=fate.wait,
        )
        if status == DROPPED:
            self.close_connection = True
        elif status is not None or asked is None:
            self._error(status or 400, "refused")
        elif not self._play(fate.fault, asked):
            self._answer(asked, fate.fault)

    def _asked(self, raw: bytes) -> Asked | None:
        path, _, query = self.path.partition("?")
        try:
            return self.speaker.read(path, query, json.loads(raw))
        except _NOT_UNDERSTOOD:
            return None

    def _refusal(self, asked: Asked | None) -> int | None:
        """The status for a request that is wrong in itself."""
        if not self.speaker.serves(self.path.partition("?")[0]):
            return 404
        if not self._authorized():
            return 401
        known = all(name in self.headers for name in self.speaker.needed_headers)
        return 400 if asked is None or not known else None

    def _authorized(self) -> bool:
        key = self.behaviour.api_key
        return not key or any(
            hmac.compare_digest(
                f"Bearer {key}".encode() if name == "authorization" else key.encode(),
                self.headers.get(name, "").encode("utf-8", "replace"),
            )
            for name in self.speaker.key_headers
        )

    def _play(self, fault: str, asked: Asked) -> bool:
        """True where the fault is an answer of its own."""
        if fault == "error_200" and not asked.stream:
            self._send(200, self.speaker.error(500, "internal_error"))
        elif fault == "garbage":
            self._raw(200, b"this is no json")
        elif fault == "html":
            self._raw(200, b"<html><body>Please log in.</body></html>", kind="text/html")
        elif fault == "redirect":
            self._raw(307, b"", headers={"Location": "https://elsewhere.example.org/v1"})
        elif fault == "filter":
            self._error(400, "content_filter")
        elif fault == "long_wait":
            self._error(429, "refused", headers={"Retry-After": "86400"})
        else:
            return False
        return True

    def _answer(self, asked: Asked, fault: str) -> None:
        said = saying(self.book, self.behaviour, asked, fault)
        if asked.stream:
            self._stream(asked, said, fault)
        else:
            self._whole(self.speaker.whole(said), fault)

    def _whole(self, data: Any, fault: str) -> None:
        body = json.dumps(data).encode()
        if fault not in ("cut", "stall"):
            self._raw(200, body)
            return
        self._head(200, "application/json", {"Content-Length": str(len(body))})
        self._half_and(fault, [body[: len(body) // 2]])

    def _stream(self, asked: Asked, said: Saying, fault: str) -> None:
        events = list(self.speaker.events(asked, said))
        self._head(200, "text/event-stream", {"Transfer-Encoding": "chunked"})
        half = [_chunk(event) for event in events[: len(events) // 2]]
        if fault in ("cut", "stall"):
            self._half_and(fault, half)
            return
        rest = [_chunk(event) for event in events[len(events) // 2 :]]
        if fault == "error_200":
            rest = [_chunk(self.speaker.error_event(500, "internal_error"))]
        self._write([*half, *rest, b"0\r\n\r\n"])

    def _half_and(self, fault: str, half: Iterable[bytes]) -> None:
        """The first half, then the end (``cut``) or nothing until the client leaves (``stall``)."""
        self.close_connection = True
        self._write(half)
        if fault == "stall":
            with suppress(OSError):
                self.rfile.read(1)

    def _read(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if length.isdigit() and int(length) <= MAX_REQUEST_BYTES:
            return self.rfile.read(int(length))
        self.close_connection = True
        if length.isdigit():  # a close with unread bytes could cost the client the answer
            self._drain(min(int(length), MAX_DRAINED_BYTES))
        self._error(413 if length.isdigit() else 411, "bad_length")
        return None

    def _drain(self, left: int) -> None:
        while left > 0 and (data := self.rfile.read(min(left, 65536))):
            left -= len(data)

    def _error(self, status: int, word: str, headers: Mapping[str, str] | None = None) -> None:
        wait = self.behaviour.retry_after if status in (429, 503) else ""
        usual = {"Retry-After": wait} if wait else {}
        self._send(status, self.speaker.error(status, word), {**usual, **(headers or {})})

    def _send(self, status: int, data: Any, headers: Mapping[str, str] | None = None) -> None:
        self._raw(status, json.dumps(data).encode(), headers=headers)

    def _raw(
        self,
        status: int,
        body: bytes,
        *,
        kind: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self._head(status, kind, {"Content-Length": str(len(body)), **(headers or {})})
        self._write([body])

    def _head(self, status: int, kind: str, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _write(self, parts: Iterable[bytes]) -> None:
        for part in parts:
            self.wfile.write(part)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by ``_RequestLog`` alone."""


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
