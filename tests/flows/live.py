"""The whole service on this machine, as a newcomer runs it: own Postgres, own broker, real workers.

``LiveService`` starts it in a throwaway home under the real supervisor and speaks to it only from
outside: commands as processes, the REST API over HTTP, SQL by psycopg for a checker that shares no
code with the engine. ``LoggingProxy`` stands before an endpoint and writes down every request.
"""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg

from benchserver.engines.signing.files import ensure_signing_key
from benchserver.engines.vault.keyring import ensure_keys
from benchserver.providers.admit import probe_key
from benchserver.runtime.home import Home, open_home
from benchserver.runtime.parts import Service, build_service
from benchserver.runtime.postgres import Postgres

ROOT = Path(__file__).resolve().parents[2]
BRISK = {"LEASE_SECONDS": "6", "RECONCILE_SECONDS": "2", "RETRY_BASE_SECONDS": "1"}
# What would point a command at the test session's own database or settings.
_FOREIGN = ("DATABASE_URL", "BROKER_URL", "DATABASE_POOL", "DJANGO_SETTINGS_MODULE")
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


class LiveService:
    """Start with ``with``; everything is gone afterwards.

    ``database``, ``broker``: URLs of servers of its own, else embedded ones. ``without``: parts
    that run elsewhere."""

    def __init__(
        self,
        *,
        endpoints: list[int],
        database: str = "",
        broker: str = "",
        without: tuple[str, ...] = (),
    ) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="bs-live-")
        root = Path(self.folder.name)
        root.chmod(0o755)  # the service account must reach its folders below
        self.home: Home = open_home(root)
        owner = (self.home.account.uid, self.home.account.gid)
        ensure_keys(self.home.keys, owner=owner if self.home.account.foreign else None)
        ensure_signing_key(self.home.keys, owner=owner if self.home.account.foreign else None)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        allow = ",".join(f"127.0.0.1:{port}" for port in endpoints)
        plain = {k: v for k, v in os.environ.items() if k not in _FOREIGN}
        self.environ = {
            **plain,
            **BRISK,
            "BENCHSERVER_HOME": str(root),
            "ENDPOINT_ALLOW_LOCAL": allow,
            "API_RATE": "100000/min",
            **({"DATABASE_URL": database} if database else {}),
            **({"BROKER_URL": broker} if broker else {}),
        }
        self.database = database or Postgres(self.home).url()
        self.events = io.StringIO()
        self.service: Service = build_service(
            self.home, port=self.port, environ=self.environ, stream=self.events
        )
        for part in without:
            del self.service._runs[part]

    def __enter__(self) -> LiveService:
        self.service.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.service.stop()
        self.folder.cleanup()

    def command(self, *words: str, status: int = 0) -> Any:
        """``manage.py WORDS --json`` as a process; its JSON document."""
        done = subprocess.run(
            [sys.executable, "manage.py", *words, "--json"],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=400,
        )
        assert done.returncode == status, done.stderr[-2000:]
        return json.loads(done.stdout) if done.stdout.strip() else None

    def python(self, code: str) -> str:
        """Run a line of set-up inside the service's own settings (what the admin pages do)."""
        return subprocess.run(
            [sys.executable, "manage.py", "shell", "-v", "0", "-c", code],
            cwd=ROOT,
            env=self.environ,
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        ).stdout

    def sql(self, text: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(text, values or None).fetchall()  # type: ignore[arg-type]

    def write(self, text: str, *values: Any) -> None:
        with psycopg.connect(self.database) as connection:
            connection.execute(text, values or None)  # type: ignore[arg-type]

    def explain(self) -> str:
        """What a person would look at when work does not go on: rows, wake-ups, last log lines."""
        stuck = self.sql(
            "SELECT state, owner, lease_until, next_at, updated_at, clock_timestamp()"
            " FROM evaluations_attempt WHERE state NOT IN ('judged', 'cancelled')"
        )
        wakes = self.sql("SELECT step, count(*) FROM evaluations_wake GROUP BY step")
        locks = self.sql("SELECT pid, objid, granted FROM pg_locks WHERE locktype = 'advisory'")
        tails = [
            f"--- {name}\n{(self.home.logs / f'{name}.log').read_text()[-3000:]}"
            for name in ("execute", "control", "beat")
        ]
        facts = [f"{name}: {value}" for name, value in (("stuck", stuck), ("wakes", wakes))]
        return "\n".join(["", *facts, f"locks: {locks}", self.events.getvalue()[-2500:], *tails])

    def pids(self, part: str) -> list[int]:
        """The part's process and its children, the process first."""
        pid = self.service.pid(part)
        return [] if pid is None else [pid, *_children(pid)]

    def kill(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _children(pid: int) -> list[int]:
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += [int(word) for word in task.read_text().split()]
    return found + [grand for child in found for grand in _children(child)]


class Api:
    """One provider's token on the live service."""

    def __init__(self, service: LiveService, token: str) -> None:
        self.base, self.token = f"{service.url}/api/v1/", token

    def __call__(self, method: str, path: str, body: Any = None, *, status: int = 0) -> Any:
        request = urllib.request.Request(self.base + path, method=method)
        request.add_header("Authorization", f"Bearer {self.token}")
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with _DIRECT.open(request, data, timeout=60) as answer:
                code, text = answer.status, answer.read()
        except urllib.error.HTTPError as refusal:
            code, text = refusal.code, refusal.read()
        expected = (status,) if status else (200, 201, 202, 204)
        assert code in expected, (code, text[:300])
        return json.loads(text) if text else None


def provider(service: LiveService, name: str) -> Api:
    email = f"{name.lower()}@example.org"
    return Api(service, service.command("create_provider", name, "--email", email)["token"])


def endpoint(
    api: Api,
    url: str,
    *,
    model: str,
    api_key: str = "k" * 16,
    concurrency: int = 4,
    wait: bool = False,
) -> str:
    """Register model and endpoint as a provider does; the endpoint's id.

    ``wait``: until its admission has passed.
    """
    made = api("POST", "models/", {"slug": model, "version": "1", "open": False})
    body = {
        "name": model,
        "model_slug": made["slug"],
        "protocol": "openai_chat",
        "base_url": url,
        "model": model,
        "api_key": api_key,
        "max_concurrency": concurrency,
    }
    made = str(api("POST", "endpoints/", body)["id"])
    return await_admission(api, made) if wait else made


def await_admission(api: Api, endpoint: str, *, seconds: float = 90.0) -> str:
    """Until the endpoint has been asked its public questions; the endpoint's id."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        report = patiently(lambda: api("GET", f"endpoints/{endpoint}/admission/"))
        if report["state"] not in ("asked", "running"):
            assert report["state"] == "passed", report["says"]
            return endpoint
        time.sleep(0.2)
    raise AssertionError(f"not admitted after {seconds} s")


def wave_through(service: LiveService, endpoint: str) -> None:
    """Let an endpoint run that admission would keep out: for tests of what a run survives."""
    text = "UPDATE providers_endpoint SET state = 'active', pause_reason = '' WHERE slug = %s"
    service.write(text, endpoint)


def probe_keys(service: LiveService) -> set[str]:
    """The keys of all requests with public questions, from the rows that account for them."""
    rows = service.sql("SELECT id, requests FROM providers_admissionreport")
    rows += service.sql("SELECT id, requests FROM evaluations_identityreading")
    return {probe_key(key, number) for key, count in rows for number in range(count)}


def wait_ended(
    api: Api,
    evaluation: str,
    *,
    seconds: float,
    each: Callable[[Any], None],
    explain: Callable[[], str] = str,
) -> Any:
    """Poll until the evaluation has ended; ``each`` sees every answer on the way, ``explain``
    says what is known when it never does."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        status = patiently(lambda: api("GET", f"evaluations/{evaluation}/"))
        each(status)
        if status["state"] != "running":
            return status
        time.sleep(0.3)
    raise AssertionError(f"not ended after {seconds} s: {status['reason']}{explain()}")


def patiently(ask: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """Ask again while the web server or the database is being restarted."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask()
        except (OSError, AssertionError, http.client.HTTPException):
            if time.monotonic() > end:
                raise
            time.sleep(0.3)


class LoggingProxy:
    """Forwards to another local server and keeps one line per request that arrived.

    ``delay``: seconds before the answer goes back, so that calls are in flight when something dies.
    ``failing``: every so many answers one is turned into a 429 or a 500, in turns; 0: none.
    """

    def __init__(self, target_port: int, *, delay: float = 0.0, failing: int = 0) -> None:
        self.log: list[str] = []
        self.turned: list[int] = []
        self.delay, self.failing = delay, failing
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.log.append(self.headers.get("Idempotency-Key", ""))
                answer = outer._turned(outer._forward(target_port, self.path, body))
                time.sleep(outer.delay)
                with contextlib.suppress(OSError):
                    self.send_response(answer[0])
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(answer[1])))
                    self.end_headers()
                    self.wfile.write(answer[1])

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port: int = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def _turned(self, answer: tuple[int, bytes]) -> tuple[int, bytes]:
        if not self.failing or len(self.log) % self.failing:
            return answer
        self.turned.append((429, 500)[len(self.turned) % 2])
        return self.turned[-1], b'{"error": {"message": "turned", "type": "error"}}'

    def _forward(self, port: int, path: str, body: bytes) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        try:
            connection.request("POST", path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@contextlib.contextmanager
def mockllm(table: dict[str, str], folder: Path) -> Iterator[int]:
    """The package ``mockllm`` (not ours) answering each prompt with its recorded text; its port."""
    import yaml

    path = folder / "responses.yml"
    path.write_text(yaml.safe_dump({"responses": table}))
    os.utime(path, (1_000_000_000, 1_000_000_000))  # a fraction makes it read the file each time
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "uvicorn", "mockllm.server:app", "--port", str(port)],
        env={**os.environ, "MOCKLLM_RESPONSES_FILE": str(path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(300):
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(10)
