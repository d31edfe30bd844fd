"""Where a running service could leave content: each place with a control planted in it.

``searched`` gives place -> text -> where it was found. Example: for the control every place has at
least one hit; for the marker of a hidden test none has. Places that do not exist here (error mail,
metrics, image layers) are asserted to be absent in ``test_no_other_place_exists``.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import subprocess
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, unquote, urlsplit

import redis

from benchserver.runtime.binaries import postgres_bin
from benchserver.runtime.home import Home
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.valkey import Valkey
from tests.flows.live import LiveService
from tests.flows.scan import all_within

PLACES = (
    *("database files", "write-ahead log", "plain dump", "compressed backup", "small tables"),
    *("broker AOF", "broker RDB", "broker traffic"),
    *("web log", "generate log", "execute log", "control log", "beat log"),
    *("postgres log", "valkey log"),
    *("scratch", "shared memory", "processes"),
)
OTHERS = ("pytest-of-", "bs-live-", "bs-test-", "bs-runtime-")  # homes, ours is read apart
LARGEST = 64 * 2**20  # bytes of a scratch file that is read
SMALL_TABLES = ("django_session", "django_admin_log", "axes_accesslog", "portal_idempotentanswer")
Hits = dict[str, list[str]]


class Monitor:
    """Everything the broker is told while it runs, as MONITOR shows it."""

    def __init__(self, home: Home) -> None:
        self._socket = str(Valkey(home).socket)
        self._lines: list[str] = []
        self._stop = threading.Event()

    def __enter__(self) -> Self:
        listening = threading.Event()
        self._thread = threading.Thread(target=self._listen, args=(listening,), daemon=True)
        self._thread.start()
        assert listening.wait(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()

    def _listen(self, listening: threading.Event) -> None:
        client = redis.Redis(unix_socket_path=self._socket)
        try:
            with client.monitor() as monitor:
                listening.set()
                while not self._stop.is_set():
                    self._lines.append(monitor.next_command()["command"])
        except (redis.ConnectionError, ValueError, OSError):
            return

    def text(self) -> bytes:
        return "\n".join(self._lines).encode()

    def messages(self) -> list[dict[str, Any]]:
        """Each message that was queued, as the broker got it; ``body`` is base64."""
        queued = [line for line in self._lines if line.startswith("LPUSH ")]
        return [json.loads(line.split(" ", 2)[2]) for line in queued]


def searched(
    service: LiveService,
    *,
    monitor: Monitor,
    since: float,
    control: str,
    markers: tuple[str, ...],
) -> dict[str, Hits]:
    """Plant the control everywhere, then look for it and for the markers."""
    with _planted(service, control) as readers:
        texts = (control, *markers)
        found: dict[str, Hits] = {}
        for place, read in readers(monitor, since).items():
            found[place] = {text: [] for text in texts}
            for name, data in read():
                for text in all_within(data, texts):
                    found[place][text].append(name)
    return found


class _planted:
    """Puts the control into each place and takes away what it put outside the service's home."""

    def __init__(self, service: LiveService, control: str) -> None:
        self.service, self.control, self.home = service, control, service.home
        self._files = [
            Path(folder) / f"bs-control-{uuid.uuid4().hex[:8]}"
            for folder in (tempfile.gettempdir(), "/dev/shm")
        ]

    def __enter__(self) -> Callable[[Monitor, float], dict[str, Callable[[], Any]]]:
        broker = redis.Redis(unix_socket_path=str(Valkey(self.home).socket))
        broker.set("planted", self.control)  # not the name of a queue
        broker.save()
        for name in ("web", "generate", "execute", "control", "beat", "postgres", "valkey"):
            with (self.home.logs / f"{name}.log").open("a") as log:
                log.write(self.control + "\n")
        for path in self._files:
            path.write_text(self.control)
        self.service.sql(
            "SELECT pg_logical_emit_message(false, 'control', %s), pg_switch_wal()", self.control
        )
        self.service.python(
            "from django.contrib.sessions.backends.db import SessionStore as S\n"
            f"s = S(); s['control'] = {self.control!r}; s.create()\n"
            "from django.db import connection as c; c.cursor().execute('CHECKPOINT')"
        )
        self._sleeper = subprocess.Popen(["sleep", "600"], env={"CONTROL": self.control})
        return self._readers

    def __exit__(self, *_: object) -> None:
        self._sleeper.kill()
        self._sleeper.wait()
        for path in self._files:
            path.unlink()

    def _readers(self, monitor: Monitor, since: float) -> dict[str, Callable[[], Any]]:
        data, valkey = self.home.pg / "data", self.home.valkey
        return {
            "database files": lambda: _files(data / "base"),
            "write-ahead log": lambda: _files(data / "pg_wal"),
            "plain dump": lambda: [("dump", self._dump())],
            "compressed backup": lambda: [("backup", gzip.compress(self._dump()))],
            "small tables": self._small_tables,
            "broker AOF": lambda: _files(valkey, "*.aof"),
            "broker RDB": lambda: _files(valkey, "*.rdb"),
            "broker traffic": lambda: [("MONITOR", monitor.text())],
            **{
                f"{name} log": lambda name=name: _files(self.home.logs, f"{name}.log*")
                for name in ("web", "generate", "execute", "control", "beat", "postgres", "valkey")
            },
            "scratch": lambda: self._recent(Path(tempfile.gettempdir()), since),
            "shared memory": lambda: self._recent(Path("/dev/shm"), since),
            "processes": self._processes,
        }

    def _dump(self) -> bytes:
        url = urlsplit(Postgres(self.home).url())
        host = unquote(parse_qs(url.query)["host"][0])
        program = str(postgres_bin(self.home, major=None) / "pg_dump")
        words = [program, "-h", host, "-U", str(url.username), url.path.lstrip("/")]
        return subprocess.run(words, capture_output=True, check=True).stdout

    def _small_tables(self) -> Iterator[tuple[str, bytes]]:
        """Rows as text; a session's data as it reads once its signature is taken off."""
        for table in SMALL_TABLES:
            rows = self.service.sql(f"SELECT row_to_json(t)::text FROM {table} t")
            yield table, "\n".join(row[0] for row in rows).encode()
        code = (
            "from django.contrib.sessions.models import Session\n"
            "import json; print(json.dumps([s.get_decoded() for s in Session.objects.all()]))"
        )
        yield "decoded sessions", self.service.python(code).encode()

    def _recent(self, folder: Path, since: float) -> Iterator[tuple[str, bytes]]:
        """Files of the service's account since the start, and our control."""
        for path in self._files:
            if path.parent == folder:
                yield path.name, path.read_bytes()
        for path in _walk(folder, skip=OTHERS):
            with contextlib.suppress(FileNotFoundError):  # others come and go
                found = path.stat()
                fresh = found.st_mtime >= since and found.st_size <= LARGEST
                if fresh and found.st_uid == self.home.account.uid:
                    yield str(path), path.read_bytes()

    def _processes(self) -> Iterator[tuple[str, bytes]]:
        """Words and environment of every process of this service and its boxes."""
        for process in Path("/proc").glob("[0-9]*"):
            try:
                environ = (process / "environ").read_bytes()
                words = (process / "cmdline").read_bytes()
            except OSError:
                continue
            ours = os.fsencode(self.home.root) in environ + words
            if ours or process.name == str(self._sleeper.pid):
                yield f"process {process.name}", words + b"\0" + environ


def _files(folder: Path, pattern: str = "*") -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob(pattern)):
        if path.is_file():
            try:
                yield str(path.relative_to(folder)), path.read_bytes()
            except FileNotFoundError:
                continue


def _walk(folder: Path, *, skip: tuple[str, ...]) -> Iterator[Path]:
    try:
        entries = list(os.scandir(folder))
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(skip) or entry.is_symlink():
            continue
        try:
            if entry.is_dir():
                yield from _walk(Path(entry.path), skip=())
            elif entry.is_file():
                yield Path(entry.path)
        except OSError:
            continue


# --- forged messages ------------------------------------------------------------------------------


def forge(service: LiveService, count: int) -> None:
    """Put ``count`` messages nobody asked for into the queues: invented, foreign, malformed ids."""
    endpoint = service.sql("SELECT id FROM providers_endpoint LIMIT 1")[0][0]
    attempt = service.sql("SELECT id FROM evaluations_attempt LIMIT 1")[0][0]
    code = (
        "from benchserver import dispatch\n"
        "import uuid, random\n"
        "chance = random.Random(7)\n"
        f"known = [{str(endpoint)!r}, {str(attempt)!r}]\n"
        "odd = ['', 'x', None, 7, [], {}, '../../etc/passwd', \"'; DROP TABLE x; --\"]\n"
        f"for n in range({count}):\n"
        "    job, queue = chance.choice(sorted(dispatch.STEPS.values()))\n"
        "    ids = [str(uuid.UUID(int=chance.getrandbits(128))), *known, chance.choice(odd)]\n"
        "    args = [chance.choice(ids)]\n"
        "    dispatch.queue.send_task(job, args=args, queue=queue, retry=False)\n"
    )
    service.python(code)


def await_empty_queues(service: LiveService, *, seconds: float = 120.0) -> None:
    """Until every message is taken, and a moment for the last ones to be done."""
    broker = redis.Redis(unix_socket_path=str(Valkey(service.home).socket))
    end = time.monotonic() + seconds
    while any(broker.llen(name) for name in ("generate", "execute", "control")):
        assert time.monotonic() < end, "the queues do not empty"
        time.sleep(0.2)
    time.sleep(2.0)
