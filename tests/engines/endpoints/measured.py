"""One exchange in a process of its own: what it ended as, how long it took, how memory grew.

``python -m tests.engines.endpoints.measured`` reads a JSON line ``{"port", "deadline", "how"}``,
forks, lets the child post to that local port, and answers a line with ``kind``, ``code``,
``seconds`` and ``grown`` (bytes: peak resident size less the size before; freed again or not).
"""

from __future__ import annotations

import gzip
import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchserver.engines.endpoints import registry
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import EndpointFailure, Generation, Target
from benchserver.engines.endpoints.transport import Transport

ROOT = Path(__file__).resolve().parents[3]


class Measured:
    """The process that forks. ``warm_port``: a well-behaved server for what is loaded only once."""

    def __init__(self, warm_port: int):
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for how in ("warm", "warm stream"):
            self.exchange(warm_port, deadline=10.0, how=how)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._process.communicate()

    def exchange(self, port: int, *, deadline: float, how: str = "fork") -> dict[str, Any]:
        assert self._process.stdin
        assert self._process.stdout
        order = {"port": port, "deadline": deadline, "how": how}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        return answer


def _serve() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        if order["how"].startswith("warm"):
            _answer({**order, "how": order["how"].removeprefix("warm").strip()})
            continue
        child = os.fork()
        if child == 0:
            _answer(order)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status:
            print(json.dumps({"kind": "died", "code": str(status)}), flush=True)


def _answer(order: dict[str, Any]) -> None:
    ask = {"naive": _naive, "stream": _stream}.get(order["how"], _exchange)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is the present size from now
    before, started = _resident("VmRSS"), time.monotonic()
    ended = ask(order["port"], order["deadline"])
    seconds = time.monotonic() - started
    grown = _resident("VmHWM") - before
    print(json.dumps({**ended, "seconds": seconds, "grown": grown}), flush=True)


def _stream(port: int, deadline: float) -> dict[str, str]:
    transport = Transport(policy=AddressPolicy(allow_local=frozenset({f"127.0.0.1:{port}"})))
    client = registry.client("openai_chat", transport, {"stream": True})
    target = Target(base_url=f"http://127.0.0.1:{port}/v1", model="m", api_key="sk-the-secret-key")
    generation = Generation(
        prompt="the-hidden-task-text",
        max_tokens=64,
        temperature="0",
        top_p="1",
        deadline_seconds=deadline,
        idempotency_key="unit-1",
    )
    try:
        client.send(target, generation)
    except EndpointFailure as failed:
        return {"kind": failed.kind.value, "code": failed.code, "text": _whole_chain(failed)}
    return {"kind": "answer", "code": "200"}


def _exchange(port: int, deadline: float) -> dict[str, str]:
    client = Transport(policy=AddressPolicy(allow_local=frozenset({f"127.0.0.1:{port}"})))
    try:
        answer = client.post_json(
            client.address(f"http://127.0.0.1:{port}/v1"),
            headers={"Authorization": "Bearer sk-the-secret-key"},
            body={"prompt": "the-hidden-task-text"},
            deadline_seconds=deadline,
        )
    except EndpointFailure as failed:
        return {"kind": failed.kind.value, "code": failed.code, "text": _whole_chain(failed)}
    return {"kind": "answer", "code": str(answer.status)}


def _naive(port: int, deadline: float) -> dict[str, str]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(f"http://127.0.0.1:{port}/v1", b"{}", timeout=deadline) as answer:
        return {"kind": "answer", "code": str(len(gzip.decompress(answer.read())))}


def _whole_chain(error: BaseException) -> str:
    """Everything an error collector could show of an exception and of what it came from."""
    shown, link = "", error
    while link is not None:
        shown += f"{link!r} {link} {vars(link)}\n"
        link = link.__cause__ or link.__context__  # type: ignore[assignment]
    return shown


def _resident(name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


if __name__ == "__main__":
    _serve()
