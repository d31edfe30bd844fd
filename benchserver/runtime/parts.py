"""The whole service as a list of parts: which processes, in which order, with which keys.

Each process gets only the private halves its right needs: the web none, *generate* opens prompts
and endpoint keys, *execute* opens tests and replies, *control* signs the log and reveals tasks.
Example: ``build_service(open_home(), port=8000).run()`` is what ``bench up`` does.
"""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from benchserver.core.errors import MissingPart
from benchserver.runtime.cgroups import Delegation, delegate
from benchserver.runtime.home import CHECKOUT, Home
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.server import EmbeddedServer
from benchserver.runtime.supervisor import Kind, Part, Running, Supervisor
from benchserver.runtime.valkey import Valkey

PRIVATE_KEYS: Mapping[str, str] = {
    "OPEN_GENERATE_KEY_FILE": "open_generate.key",
    "OPEN_EXECUTE_KEY_FILE": "open_execute.key",
    "SIGNING_KEY_FILE": "signing.key",
}
RIGHTS: Mapping[str, tuple[str, ...]] = {
    "generate": ("OPEN_GENERATE_KEY_FILE",),
    "execute": ("OPEN_EXECUTE_KEY_FILE",),
    "control": ("SIGNING_KEY_FILE", "OPEN_EXECUTE_KEY_FILE"),
}
GENERATE_THREADS = 128  # they wait for endpoints and hold nothing meanwhile
CONTROL_THREADS = 4
ASSUMED_READY_SECONDS = 25.0  # a worker that says nothing but lives
YES = ("1", "true", "yes", "on")  # as config/env.py reads them, which lies above this room
CELERY = ("-m", "celery", "-A", "benchserver.worker.app")


def command_keys(home: Home) -> dict[str, str]:
    """Environment of an operator's own command: every right, from the home's key folder."""
    return {name: str(home.keys / file) for name, file in PRIVATE_KEYS.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked for. ``environ`` is the caller's environment, private keys included."""

    home: Home
    host: str
    port: int
    executors: int
    environ: Mapping[str, str]
    cgroup: Delegation | None

    def env(self, part: str) -> dict[str, str]:
        """The environment of one part: the caller's, less all private keys but its own."""
        shared = {k: v for k, v in self.environ.items() if k not in PRIVATE_KEYS}
        keys = {**command_keys(self.home), **self._named_keys()}
        return {
            **shared,
            **{name: keys[name] for name in RIGHTS.get(part, ())},
            **({"BENCH_CGROUP": self.cgroup.name} if self.cgroup and part == "execute" else {}),
            **({"DATABASE_KEEP": "1"} if part == "execute" else {}),
            **({"HOME": str(self.home.run)} if self.home.account.foreign else {}),
            "PUBLIC_URL": self.environ.get("PUBLIC_URL") or f"http://{self.host}:{self.port}",
            "BENCHSERVER_HOME": str(self.home.root),
            "DJANGO_SETTINGS_MODULE": "benchserver.config.settings",
            "PYTHONPATH": str(CHECKOUT),
            "PYTHONUNBUFFERED": "1",
        }

    def _named_keys(self) -> dict[str, str]:
        return {name: self.environ[name] for name in PRIVATE_KEYS if self.environ.get(name)}

    def part(self, name: str, *arguments: str, after: tuple[str, ...] = ()) -> Part:
        """A part of this service that runs our interpreter with ``arguments``."""
        return Part(
            name=name,
            argv=(sys.executable, *arguments),
            account=self.home.account,
            env=self.env(name),
            cwd=CHECKOUT,
            after=after,
        )


class Service(Supervisor):
    """A supervisor that also gives back the worker's cgroup when it has stopped."""

    cgroup: Delegation | None = None

    def stop(self) -> None:
        super().stop()
        if self.cgroup:
            self.cgroup.remove()


def build_service(
    home: Home,
    *,
    port: int = 8000,
    host: str = "127.0.0.1",
    executors: int | None = None,
    environ: Mapping[str, str] = os.environ,
    stream: TextIO | None = None,
) -> Service:
    """Everything of the service under one supervisor, not yet started.

    Embedded database and broker are parts unless ``DATABASE_URL`` and ``BROKER_URL`` name others.
    ``executors``: sandbox processes, one per core by default. The keys must exist already. Raises
    ``MissingPart`` when the service account cannot reach this interpreter or checkout, or when
    somebody listens on the port already.
    """
    _require_reachable(home)
    _require_free(host, port)
    cgroup = delegate(f"benchserver-{home.tag}", home.account)
    plan = Plan(
        home=home,
        host=host,
        port=port,
        executors=executors or os.cpu_count() or 1,
        environ=environ,
        cgroup=cgroup,
    )
    before = _embedded(plan)
    steps = _steps(plan, after=tuple(part.name for part in before))
    workers = _workers(plan, after=tuple(part.name for part in (*before, *steps)))
    service = Service([*before, *steps, *workers], logs=home.logs, stream=stream)
    service.cgroup = cgroup
    return service


def _embedded(plan: Plan) -> list[Part]:
    parts = []
    if not plan.environ.get("DATABASE_URL"):
        parts.append(_holder(plan, "database", Postgres(plan.home)))
    if not plan.environ.get("BROKER_URL"):
        parts.append(_holder(plan, "broker", Valkey(plan.home)))
    return parts


def _holder(plan: Plan, name: str, server: EmbeddedServer) -> Part:
    part = plan.part(name, "-m", "benchserver.runtime.hold", server.name)
    return replace(part, ready=says(b" serves"), ready_seconds=300.0, grace_seconds=40.0)


def _steps(plan: Plan, *, after: tuple[str, ...]) -> list[Part]:
    """Migrate always; collect static files where the settings serve collected ones."""
    migrate = plan.part("migrate", "-m", "django", "migrate", "--noinput", after=after)
    steps = [replace(migrate, kind=Kind.STEP, ready_seconds=600.0)]
    if any(plan.environ.get(n, "").lower() in YES for n in ("PRODUCTION", "STATIC_MANIFEST")):
        static = plan.part("static", "-m", "django", "collectstatic", "--noinput", after=after)
        steps.append(replace(static, kind=Kind.STEP, ready_seconds=600.0))
    return steps


def _workers(plan: Plan, *, after: tuple[str, ...]) -> list[Part]:
    web = plan.part("web", "-m", "gunicorn", *_gunicorn(plan), after=after)
    execute = _worker(plan, "execute", "prefork", plan.executors, after)
    if plan.cgroup:
        execute = replace(execute, started=plan.cgroup.enter)
    schedule = str(plan.home.run / "celerybeat-schedule")
    beat = plan.part(
        "beat", *CELERY, "beat", "-l", "INFO", "-s", schedule, "--pidfile=", after=after
    )
    return [
        replace(web, ready=answers_http(f"http://{plan.host}:{plan.port}/healthz")),
        replace(_worker(plan, "generate", "threads", GENERATE_THREADS, after), grace_seconds=30.0),
        execute,
        _worker(plan, "control", "threads", CONTROL_THREADS, after),
        beat,
    ]


def _gunicorn(plan: Plan) -> tuple[str, ...]:
    config = CHECKOUT / "deploy" / "gunicorn.conf.py"
    bind = f"{plan.host}:{plan.port}"
    return ("-c", str(config), "--bind", bind, "benchserver.config.wsgi:application")


def _worker(plan: Plan, queue: str, pool: str, size: int, after: tuple[str, ...]) -> Part:
    options = ("-Q", queue, "-P", pool, "-c", str(size), "--prefetch-multiplier", "1")
    quiet = ("-l", "INFO", "--without-gossip", "--without-mingle", "--without-heartbeat")
    named = ("-n", f"{queue}@%h")
    part = plan.part(queue, *CELERY, "worker", *options, *quiet, *named, after=after)
    return replace(part, ready=says(b" ready.", or_alive=ASSUMED_READY_SECONDS))


def says(text: bytes, *, or_alive: float = float("inf")) -> Callable[[Running], bool]:
    """Ready when the part has printed ``text``, or has lived ``or_alive`` seconds."""
    return lambda run: text in run.output() or run.seconds > or_alive


def answers_http(url: str) -> Callable[[Running], bool]:
    """Ready when ``url`` gives any answer below 500."""

    def ask(run: Running) -> bool:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=1.0):
                return True
        except urllib.error.HTTPError as error:
            return error.code < 500
        except OSError:
            return False

    return ask


def _require_free(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as problem:
            raise MissingPart(
                f"{host}:{port} cannot be listened on ({problem.strerror})",
                mend="Stop what runs there (another bench up or demo?) or give --port",
            ) from None


def _require_reachable(home: Home) -> None:
    for path in (Path(sys.executable), CHECKOUT):
        if not home.account.can_enter(path):
            raise MissingPart(
                f"account {home.account.name} cannot reach {path}",
                mend="Start it through ./bench, which runs a copy from a folder all can reach",
            )
