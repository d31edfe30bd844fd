"""The whole service in a home that is thrown away, and a reference endpoint beside it.

Its own Postgres, broker, workers and schedule, started by the supervisor exactly as ``up`` starts
them; settings are the shipped ones save the quota. Example: ``with Throwaway(judging=True,
keys=prepare_keys) as here: here.run(work, concurrency=20, name="r1")``.
"""

from __future__ import annotations

import io
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchserver.console.measuring import arrivals, staging
from benchserver.console.measuring.books import Books
from benchserver.core.errors import PlatformFault
from benchserver.engines.endpoints.reference_answers import write_answers
from benchserver.runtime.home import CHECKOUT, Home, open_home
from benchserver.runtime.parts import Service, build_service, command_keys
from benchserver.runtime.supervisor import Part

# What would lead into another home, or make a service differ from the shipped one.
_FOREIGN = ("DATABASE_URL", "BROKER_URL", "DATABASE_POOL", "DJANGO_SETTINGS_MODULE", "PRODUCTION")
_PARTS = ("database", "broker", "web", "generate", "execute", "control", "beat")
_UNJUDGED = "benchserver.worker.unjudged"
_SKILL = "0.7"


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """``latency``: mean seconds of an answer, log-normal with ``sigma``."""

    attempts: int
    latency: float
    sigma: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Raw:
    """One measured run. ``rows``: what the database says; ``seen``: what the endpoint saw."""

    concurrency: int
    rows: Mapping[str, Any]
    seen: arrivals.Seen
    cpu_seconds: Mapping[str, float]
    pss_bytes: int
    load: float


class Throwaway:
    """Start with ``with``; everything is gone afterwards. ``judging`` False: see
    ``worker/unjudged.py``; ``keys``: makes the new home's."""

    def __init__(self, *, judging: bool, keys: Callable[[Home], None]) -> None:
        self._open = ExitStack()
        root = Path(self._open.enter_context(tempfile.TemporaryDirectory(prefix="bs-measure-")))
        root.chmod(0o755)  # the service account must reach its folders below
        self._home: Home = open_home(root)
        keys(self._home)
        self._port = _free_port()
        self._environ = {
            **{name: value for name, value in os.environ.items() if name not in _FOREIGN},
            "BENCHSERVER_HOME": str(root),
            "ENDPOINT_ALLOW_LOCAL": f"127.0.0.1:{self._port}",
            "EVALUATIONS_PER_ROTATION": "1000",
        }
        self._service = self._built(judging)

    def _built(self, judging: bool) -> Service:
        service = build_service(
            self._home, port=_free_port(), environ=self._environ, stream=io.StringIO()
        )
        if not judging:
            service.change("execute", _without_judging)
        return service

    def __enter__(self) -> Throwaway:
        self._open.enter_context(self._service)
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def run(self, work: Work, *, concurrency: int, name: str) -> Raw:
        """One evaluation from request to its end. Raises ``PlatformFault`` when it breaks."""
        log = self._home.root / f"{name}.log"
        load = os.getloadavg()[0]
        with self._endpoint(work, name, log) as url:
            words = ("-m", staging.__name__, url, str(concurrency), str(work.attempts), name)
            with self._staged(*words) as stage:
                _told(stage)
                with Books(self._pids()) as books:
                    _go(stage)
                    rows = json.loads(_told(stage))
        saw = arrivals.seen(arrivals.read(log), start=rows["start"], limit=concurrency)
        return Raw(
            concurrency=concurrency,
            rows=rows,
            seen=saw,
            cpu_seconds=books.cpu_seconds,
            pss_bytes=books.pss_bytes,
            load=load,
        )

    def _pids(self) -> dict[str, int]:
        found = {name: self._service.pid(name) for name in _PARTS}
        return {name: pid for name, pid in found.items() if pid is not None}

    @contextmanager
    def _endpoint(self, work: Work, name: str, log: Path) -> Iterator[str]:
        """A reference endpoint in a process of its own; its URL."""
        answers = self._home.root / f"{name}.jsonl"
        made = staging.tasks(staging.shape(work.attempts)[0], name)
        lines = (
            {"statement": t.statement, "solution": t.reference, "wrong": [staging.wrong(t)]}
            for t in made
        )
        write_answers(answers, lines)
        options = ("--answers", str(answers), "--skill", _SKILL, "--log", str(log))
        speed = ("--latency", str(work.latency), "--sigma", str(work.sigma))
        words = ("manage.py", "reference_endpoint", *options, *speed, "--port", str(self._port))
        with self._staged(*words) as process:
            yield json.loads(_told(process))["url"]

    @contextmanager
    def _staged(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A process of ours in this home that talks by lines; ended with the block."""
        process = subprocess.Popen(
            (sys.executable, *words),
            cwd=CHECKOUT,
            env={
                **self._environ,
                **command_keys(self._home),
                "DJANGO_SETTINGS_MODULE": "benchserver.config.settings",
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=30)


def _without_judging(part: Part) -> Part:
    argv = [_UNJUDGED if word == "benchserver.worker.app" else word for word in part.argv]
    return replace(part, argv=tuple(argv))


def _go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


def _told(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise PlatformFault("measure", "a process of the measurement ended early; see above")
    return line


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
