"""What can this machine do? Each answer is proved by doing it, not by reading a version.

A ``Finding`` is one line of ``bench doctor``: what was tried, whether it held, what mends it. A
probe never raises for what it is asked about: a broken database is a finding.
Example: ``probe_disk(home)`` -> ``Finding(name="disk", ok=True, detail="78 GiB free ...")``.
"""

from __future__ import annotations

import datetime
import os
import secrets
import shutil
import stat
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from benchserver.core.errors import BenchserverError
from benchserver.runtime.home import CHECKOUT, Home
from benchserver.runtime.parts import PRIVATE_KEYS
from benchserver.runtime.postgres import Postgres
from benchserver.runtime.valkey import Valkey

LEAST_FREE_BYTES = 2 * 2**30
MOST_SKEW_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing tried. ``mandatory``: the service must not run while this is bad."""

    name: str
    ok: bool
    detail: str
    mend: str = ""
    mandatory: bool = True


def attempt(name: str, probe: Callable[[], str], *, mend: str, mandatory: bool = True) -> Finding:
    """The finding of ``probe``, which returns its detail or raises."""
    try:
        return Finding(name=name, ok=True, detail=probe(), mandatory=mandatory)
    except BenchserverError as error:
        own_mend = getattr(error, "mend", "") or mend
        return Finding(name=name, ok=False, detail=str(error), mend=own_mend, mandatory=mandatory)
    except Exception as error:
        first_line = str(error).strip().partition("\n")[0]
        detail = f"{type(error).__name__}: {first_line}"
        return Finding(name=name, ok=False, detail=detail, mend=mend, mandatory=mandatory)


@contextmanager
def services(home: Home) -> Iterator[list[Finding]]:
    """The embedded servers up while the probes ask them; a failure to start is a finding."""
    findings: list[Finding] = []
    started: list[Postgres | Valkey] = []
    for variable, server in (("DATABASE_URL", Postgres(home)), ("BROKER_URL", Valkey(home))):
        if not os.environ.get(variable):
            mend = f"See {server.log}, or set {variable} to a server of your own"
            found = attempt(f"embedded {server.name}", lambda s=server: _start(s), mend=mend)  # type: ignore[misc]
            findings.append(found)
            if found.ok:
                started.append(server)
    try:
        yield findings
    finally:
        for server in started:
            server.stop()


def _start(server: Postgres | Valkey) -> str:
    begun = time.monotonic()
    server.start()
    return f"serves after {time.monotonic() - begun:.1f} s"


def probe_database(url: str) -> Finding:
    """Connect, read, and claim a row the way workers do."""
    return attempt("database", lambda: _database(url), mend="Set DATABASE_URL, see docs/operations")


def probe_clock(url: str) -> Finding:
    """Deadlines are judged by the database's clock: it must agree with this host's."""
    mend = "Let both hosts follow the same time server (chrony or systemd-timesyncd)"
    return attempt("clock", lambda: _clock(url), mend=mend)


def probe_broker(url: str) -> Finding:
    """``PING``, then a value written, read and removed (AMQP brokers: a connection)."""
    return attempt("broker", lambda: _broker(url), mend="Set BROKER_URL, see docs/operations")


def probe_disk(home: Home) -> Finding:
    """Room, and a write that reached the disk."""
    return attempt("disk", lambda: _disk(home.root), mend=f"Free space below {home.root}")


def probe_python(home: Home) -> Finding:
    """The interpreter and the code can be reached by the service account."""
    mend = "Run it through ./bench, which keeps both where the service account can reach them"
    return attempt("python", lambda: _python(home), mend=mend)


def probe_key_modes(home: Home) -> Finding:
    """No private key is readable by others."""
    mend = f"chmod 400 {home.keys}/*.key"
    return attempt("key file modes", lambda: _key_modes(home), mend=mend)


def _database(url: str) -> str:
    import psycopg

    with psycopg.connect(url, connect_timeout=10) as connection:
        version = connection.execute("SHOW server_version").fetchone()
        connection.execute("CREATE TEMPORARY TABLE bench_doctor (id int)")
        connection.execute("INSERT INTO bench_doctor VALUES (1)")
        claim = "SELECT id FROM bench_doctor FOR UPDATE SKIP LOCKED LIMIT 1"
        if connection.execute(claim).fetchone() != (1,):
            raise RuntimeError("SKIP LOCKED gave no row")
        connection.rollback()
    return f"Postgres {version[0].split()[0] if version else '?'}: connect, SELECT, SKIP LOCKED"


def _clock(url: str) -> str:
    import psycopg

    with psycopg.connect(url, connect_timeout=10) as connection:
        before = datetime.datetime.now(datetime.UTC)
        row = connection.execute("SELECT clock_timestamp()").fetchone()
        after = datetime.datetime.now(datetime.UTC)
    assert row is not None
    skew = max((before - row[0]).total_seconds(), (row[0] - after).total_seconds(), 0.0)
    if skew > MOST_SKEW_SECONDS:
        raise RuntimeError(f"database and host differ by {skew:.1f} s")
    return f"database and host differ by at most {(after - before).total_seconds() + skew:.3f} s"


def _broker(url: str) -> str:
    if not urlsplit(url).scheme.startswith(("redis", "valkey")):
        return _other_broker(url)
    client = redis_client(url)
    key, value = f"bench-doctor:{secrets.token_hex(8)}", secrets.token_bytes(8)
    client.ping()
    client.set(key, value, ex=60)
    if client.getdel(key) != value:
        raise RuntimeError("what was written was not read back")
    policy = client.config_get("maxmemory-policy").get("maxmemory-policy", "unknown")
    return f"PING, SET, GET; eviction policy {policy}"


def redis_client(url: str) -> Any:
    """A client for ``redis://``, ``rediss://`` or Celery's ``redis+socket://``."""
    import redis

    parts = urlsplit(url)
    if parts.scheme == "redis+socket":
        return redis.Redis(unix_socket_path=unquote(parts.path), socket_timeout=10)
    return redis.Redis.from_url(url, socket_timeout=10)


def _other_broker(url: str) -> str:
    from kombu import Connection

    with Connection(url, connect_timeout=10) as connection:
        connection.ensure_connection(max_retries=1)
    return "connected"


def _disk(folder: Path) -> str:
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise RuntimeError(f"only {free / 2**30:.1f} GiB free")
    begun = time.monotonic()
    probe = folder / f".doctor-{os.getpid()}"
    with probe.open("wb") as file:
        probe.unlink()
        file.write(bytes(4096))
        file.flush()
        os.fsync(file.fileno())
    return f"{free / 2**30:.0f} GiB free, fsync in {1000 * (time.monotonic() - begun):.1f} ms"


def _python(home: Home) -> str:
    for path in (Path(sys.executable), CHECKOUT):
        if not home.account.can_enter(path):
            raise RuntimeError(f"account {home.account.name} cannot reach {path}")
    return f"{sys.version.split()[0]}, services run as {home.account.name}"


def _key_modes(home: Home) -> str:
    present = [home.keys / name for name in (*PRIVATE_KEYS.values(), "secret.key")]
    present = [path for path in present if path.exists()]
    for path in present:
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise RuntimeError(f"{path.name} can be read by others")
    return f"{len(present)} private files, none readable by others"
