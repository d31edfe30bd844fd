"""An endpoint that is honest but for one fault, over real HTTP on loopback.

``Rogue(fault)``: ``fault(ask)`` is asked first and may answer instead; None means the honest answer
to every probe. Example: ``Rogue(lambda ask: Said(status=401))`` refuses whatever key it is shown.
"""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from benchserver.engines.endpoints.admission import probes

PROGRAM = "```python\ndef middle(a, b, c):\n    return sorted((a, b, c))[1]\n```"


@dataclass(frozen=True)
class Ask:
    """One request as it arrived; ``flying``: calls being answered now, this one included."""

    prompt: str
    body: dict[str, Any]
    key: str
    number: int
    flying: int


@dataclass(frozen=True)
class Said:
    """An answer: a completion by default, or any ``payload`` and ``status``."""

    text: str = ""
    finish: str | None = "stop"
    status: int = 200
    payload: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    usage: Any = "honest"
    model: str | None = "the-model"
    raw: bytes | None = None
    cut: bool = False


Fault = Callable[[Ask], Said | None]


def honest(ask: Ask) -> Said:
    """What a good model answers to each probe."""
    prompt, limit = ask.prompt, ask.body.get("max_tokens", 10**6)
    words = {probes.HELLO: "ready", probes.SHORT: "42", probes.CODE: PROGRAM}
    repeated = re.search(r"nothing else: (\w+)", prompt)
    if repeated:
        text = repeated[1]
    elif prompt == probes.COUNT:
        text = "\n".join(f"number {n}" for n in range(1, 401))
    elif probes.WORD in prompt:
        text = probes.WORD
    else:
        text = words.get(prompt, "spring, summer, autumn, winter")
    cut = len(text) > limit * 4
    return Said(text=text[: limit * 4], finish="length" if cut else "stop")


class Rogue:
    def __init__(self, fault: Fault = lambda _: None, *, answer: Callable[[Ask], Said] = honest):
        self.asks: list[Ask] = []
        self.most_flying = 0
        self._flying = 0
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                ask = outer._arrived(body, self.headers.get("Idempotency-Key", ""))
                try:
                    outer._write(self, ask, fault(ask) or answer(ask))
                finally:
                    with outer._lock:
                        outer._flying -= 1

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port: int = self._server.server_address[1]

    def _arrived(self, body: dict[str, Any], key: str) -> Ask:
        with self._lock:
            self._flying += 1
            self.most_flying = max(self.most_flying, self._flying)
            prompt = body["messages"][-1]["content"]
            ask = Ask(prompt, body, key, len(self.asks), self._flying)
            self.asks.append(ask)
            return ask

    def _write(self, handler: BaseHTTPRequestHandler, ask: Ask, said: Said) -> None:
        if said.cut:
            handler.close_connection = True
            handler.connection.close()
            return
        data, kind = _bytes(ask, said)
        headers = {"Content-Type": kind, **said.headers}
        handler.send_response(said.status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data)

    def __enter__(self) -> Self:
        thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _bytes(ask: Ask, said: Said) -> tuple[bytes, str]:
    if said.raw is not None:
        return said.raw, "application/json"
    whole = _payload(ask, said)
    if ask.body.get("stream") and said.status == 200 and said.payload is None:
        return _events(whole), "text/event-stream"
    return json.dumps(whole).encode(), "application/json"


def _events(whole: Any) -> bytes:
    """The same completion as three events and the mark of the end."""
    choice = whole["choices"][0]
    base = {"id": "x", "object": "chat.completion.chunk", "model": whole.get("model", "")}
    first = {"index": 0, "delta": {"role": "assistant", "content": choice["message"]["content"]}}
    last = {"index": 0, "delta": {}, "finish_reason": choice.get("finish_reason")}
    parts = [{**base, "choices": [first]}, {**base, "choices": [last]}]
    if "usage" in whole:
        parts.append({**base, "choices": [], "usage": whole["usage"]})
    lines = [json.dumps(part) for part in parts]
    return "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"]).encode()


def _payload(ask: Ask, said: Said) -> Any:
    if said.payload is not None:
        return said.payload
    if said.status != 200:
        return {"error": {"message": "no"}}
    choice: dict[str, Any] = {"index": 0, "message": {"role": "assistant", "content": said.text}}
    if said.finish is not None:
        choice["finish_reason"] = said.finish
    whole: dict[str, Any] = {"id": "x", "object": "chat.completion", "choices": [choice]}
    if said.model is not None:
        whole["model"] = said.model
    if said.usage == "honest":
        whole["usage"] = {
            "prompt_tokens": -(-len(ask.prompt) // 4),
            "completion_tokens": -(-len(said.text) // 4),
        }
    elif said.usage is not None:
        whole["usage"] = said.usage
    return whole


def slowly(seconds: float) -> Fault:
    def wait(ask: Ask) -> None:
        time.sleep(seconds)

    return wait
