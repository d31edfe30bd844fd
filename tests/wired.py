"""A process that holds every right, and a scripted real endpoint, for any test that wants them.

A test folder's conftest imports the fixtures ``key_folder``, ``wired`` and ``scripted`` from here.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from benchserver import wiring
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.signing.files import ensure_signing_key
from benchserver.engines.vault.keyring import ensure_keys
from tests.engines.endpoints.admission.rogue import Fault, Rogue
from tests.factories import Files


@pytest.fixture(scope="session")
def key_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    ensure_keys(folder)
    ensure_signing_key(folder)
    return folder


@pytest.fixture
def wired(key_folder: Path, settings: Any, tmp_path: Path) -> Iterator[None]:
    """This process as an operator's command: all rights, real sandbox, loopback allowed."""
    for name, path in Files(key_folder).settings().items():
        setattr(settings, name, path)
    settings.SIGNING_STATE_FILE = tmp_path / "signing.state"
    clear_wiring()
    yield
    clear_wiring()


def clear_wiring() -> None:
    for made in (
        wiring.sealer,
        wiring.opener,
        wiring.signer,
        wiring._transport,
        wiring.address_policy,
        wiring.mac_key,
        wiring.shared_key,
    ):
        made.cache_clear()


class ScriptedEndpoint:
    """A real HTTP server that speaks Chat Completions and answers as ``reply(prompt)`` says.

    ``reply`` returns text, or ``(status, headers)`` for a refusal, or None to cut the connection.
    ``log`` holds one entry per request: the idempotency key and the status that was answered.
    """

    def __init__(self, reply: Callable[[str], Any]) -> None:
        self.reply = reply
        self.log: list[tuple[str, int]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                outer._answer(self, body["messages"][-1]["content"])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _answer(self, handler: BaseHTTPRequestHandler, prompt: str) -> None:
        key = handler.headers.get("Idempotency-Key", "")
        said = self.reply(prompt)
        if said is None:
            self.log.append((key, 0))
            handler.close_connection = True
            handler.connection.close()
            return
        status, headers, payload = 200, {}, {"error": {"message": "no"}}
        if isinstance(said, str):
            choice = {
                "index": 0,
                "message": {"role": "assistant", "content": said},
                "finish_reason": "stop",
            }
            usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
            payload = {"id": "x", "model": "m", "choices": [choice], "usage": usage}
        else:
            status, headers = said
        self.log.append((key, status))
        data = json.dumps(payload).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(data)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(data)

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def number_of(prompt: str) -> int:
    """Which task of tests/factories.py a prompt shows; 0 for none of them."""
    found = re.search(r"shift_(\d+)", prompt)
    return int(found.group(1)) if found else 0


def solve(prompt: str) -> str:
    """The right answer to a task of tests/factories.py."""
    number = number_of(prompt)
    return f"Here it is:\n```python\ndef shift_{number}(x):\n    return x + {number}\n```\n"


def fail(prompt: str) -> str:
    number = number_of(prompt)
    return f"```python\ndef shift_{number}(x):\n    return x - {number}\n```"


@pytest.fixture
def scripted(wired: None, settings: Any) -> Iterator[Callable[..., ScriptedEndpoint]]:
    """``scripted(reply)`` starts a server that the address guard lets us call."""
    servers: list[ScriptedEndpoint] = []

    def start(reply: Callable[[str], Any]) -> ScriptedEndpoint:
        server = ScriptedEndpoint(reply)
        servers.append(server)
        allowed = frozenset(f"127.0.0.1:{s.port}" for s in servers)
        settings.ENDPOINT_ALLOW_LOCAL = allowed
        clear_wiring()
        assert wiring.address_policy() == AddressPolicy(allow_local=allowed)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def rogue(wired: None, settings: Any) -> Iterator[Callable[..., Rogue]]:
    """``rogue(fault)``: an endpoint that is honest but for one fault, allowed to be called."""
    servers: list[Rogue] = []

    def start(fault: Fault = lambda _: None) -> Rogue:
        server = Rogue(fault)
        server.__enter__()
        servers.append(server)
        settings.ENDPOINT_ALLOW_LOCAL = frozenset(f"127.0.0.1:{s.port}" for s in servers)
        clear_wiring()
        return server

    yield start
    for server in servers:
        server.__exit__(None, None, None)
