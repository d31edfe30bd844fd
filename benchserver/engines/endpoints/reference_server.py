"""A real local endpoint that speaks a real protocol: for the demo, tests and measurements.

HTTP/1.1 with keep-alive, keys, latency, refusals and cut connections at stated rates; the answers
come from ``reference_answers.py``. Example: ``ReferenceEndpoint(book, Behaviour(persona=...))`` as
a context manager serves ``.url`` = ``http://127.0.0.1:PORT/v1`` until it leaves.

The request log holds hashes of prompts, never their text.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import math
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.dialect import CHARACTERS_PER_TOKEN, estimated
from benchserver.engines.endpoints.reference_answers import (
    AnswerBook,
    Persona,
    answers_from_tasks,
    read_answers,
    write_answers,
)

__all__ = [
    "Behaviour",
    "ReferenceEndpoint",
    "answers_from_tasks",
    "fail_rates",
    "read_answers",
    "write_answers",
]

MAX_REQUEST_BYTES = 2**20
MAX_DRAINED_BYTES = 2**24
DROPPED = 0  # the status the log gives to a connection cut without an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """``latency``: mean seconds, log-normal with ``sigma`` (0: constant); rates are 0 to 1."""

    persona: Persona
    latency: float = 0.0
    sigma: float = 0.0
    fail_rates: Mapping[int, float] = field(default_factory=dict)
    drop_rate: float = 0.0
    api_key: str = ""
    log: Path | None = None

    def __repr__(self) -> str:
        return "<Behaviour>"


def fail_rates(text: str) -> dict[int, float]:
    """``"429=0.05,500=0.05"`` -> rates by status. Raises ``BadInput``."""
    rates: dict[int, float] = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        status, _, rate = item.partition("=")
        try:
            rates[int(status)] = float(rate)
        except ValueError:
            raise _bad_rates() from None
    if any(not 400 <= s <= 599 or not 0 <= r <= 1 for s, r in rates.items()):
        raise _bad_rates()
    if sum(rates.values()) > 1:
        raise _bad_rates()
    return rates


def _bad_rates() -> BadInput:
    mend = "Write STATUS=RATE,... with statuses 400 to 599 and rates that sum to at most 1"
    return BadInput("not a list of failure rates", place="--fail-rate", mend=mend)


class ReferenceEndpoint:
    """The server, running in a thread of its own from ``start`` to ``close``."""

    def __init__(self, book: AnswerBook, behaviour: Behaviour, *, port: int = 0):
        self._fate = _Fate(behaviour)
        self._log = _RequestLog(behaviour.log)
        handler = type("Handler", (_Handler,), {})
        handler.book, handler.behaviour = book, behaviour  # type: ignore[attr-defined]
        handler.fate, handler.request_log = self._fate, self._log  # type: ignore[attr-defined]
        self._server = _Server(("127.0.0.1", port), handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
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
        return f"http://{self.host_port}/v1"

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


class _Fate:
    """Draws latency and failures, reproducible for one order of requests."""

    def __init__(self, behaviour: Behaviour):
        self._behaviour = behaviour
        self._random = random.Random(behaviour.persona.seed)
        self._lock = threading.Lock()

    def next(self) -> tuple[float, int | None]:
        """Seconds to wait, and the status to fail with (``DROPPED``: cut) or None."""
        behaviour = self._behaviour
        with self._lock:
            normal, point = self._random.gauss(0.0, 1.0), self._random.random()
        # The mean of exp(N(mu, sigma)) is exp(mu + sigma^2 / 2).
        factor = math.exp(behaviour.sigma * normal - behaviour.sigma**2 / 2)
        for status, rate in {DROPPED: behaviour.drop_rate, **behaviour.fail_rates}.items():
            if point < rate:
                return behaviour.latency * factor, status
            point -= rate
        return behaviour.latency * factor, None


class _RequestLog:
    def __init__(self, path: Path | None):
        self._path = path
        self._lock = threading.Lock()

    def add(self, *, prompt: str, key: str, status: int) -> None:
        if self._path is None:
            return
        digest = hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()
        entry = {"time": time.time(), "prompt_sha256": digest, "idempotency_key": key}
        line = json.dumps({**entry, "status": status}) + "\n"
        with self._lock, self._path.open("a", encoding="utf-8") as stream:
            stream.write(line)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "reference-endpoint"
    sys_version = ""
    timeout = 60.0
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    book: AnswerBook
    behaviour: Behaviour
    fate: _Fate
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
        prompt, request = _last_user_message(raw)
        status = self._refusal(prompt)
        if status is None:
            wait, status = self.fate.next()
            time.sleep(wait)
        key = self.headers.get("Idempotency-Key", "")
        self.request_log.add(prompt=prompt or "", key=key, status=200 if status is None else status)
        if status == DROPPED:
            self.close_connection = True
        elif status is not None:
            self._error(status, "refused")
        else:
            self._send(200, _completion(self.book, self.behaviour.persona, prompt or "", request))

    def _refusal(self, prompt: str | None) -> int | None:
        """The status for a request that is wrong in itself."""
        if self.path != "/v1/chat/completions":
            return 404
        if not self._authorized():
            return 401
        return 400 if prompt is None else None

    def _authorized(self) -> bool:
        wanted = f"Bearer {self.behaviour.api_key}".encode()
        given = self.headers.get("Authorization", "").encode("utf-8", "replace")
        return not self.behaviour.api_key or hmac.compare_digest(wanted, given)

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

    def _error(self, status: int, code: str) -> None:
        error = {"message": code.replace("_", " "), "type": "invalid_request_error", "code": code}
        headers = {"Retry-After": "1"} if status in (429, 503) else {}
        self._send(status, {"error": error}, headers)

    def _send(self, status: int, data: Any, headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(data).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by ``_RequestLog`` alone."""


def _last_user_message(raw: bytes) -> tuple[str | None, dict[str, Any]]:
    """Text of the last user message (None: not a chat request) and the request."""
    try:
        request = json.loads(raw)
        texts = [m["content"] for m in request["messages"] if m["role"] == "user"]
        text = texts[-1]
    except (ValueError, LookupError, TypeError):
        return None, {}
    if isinstance(text, list):
        text = "".join(str(part.get("text", "")) for part in text if isinstance(part, dict))
    return (text, request) if isinstance(text, str) else (None, {})


def _completion(
    book: AnswerBook, persona: Persona, prompt: str, request: Mapping[str, Any]
) -> dict[str, Any]:
    """A chat completion; ``max_tokens`` cuts it as a real model's limit would."""
    text = book.reply(prompt, persona)
    limit = request.get("max_tokens") or request.get("max_completion_tokens")
    finish = "stop"
    if isinstance(limit, int) and estimated(text) > limit:
        text, finish = text[: limit * CHARACTERS_PER_TOKEN], "length"
    tokens = {"prompt_tokens": estimated(prompt), "completion_tokens": estimated(text)}
    message = {"role": "assistant", "content": text, "refusal": None}
    return {
        "id": "chatcmpl-" + hashlib.sha256(prompt.encode("utf-8", "replace")).hexdigest()[:24],
        "object": "chat.completion",
        "created": int(time.time()),
        "model": str(request.get("model", "reference")),
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
        "usage": {**tokens, "total_tokens": sum(tokens.values())},
    }
