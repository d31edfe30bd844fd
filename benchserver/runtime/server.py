"""An embedded server that several commands may use at once: first starts it, last stops it.

Every user holds a shared lock on ``.users``; ``.lock`` serialises starting and stopping. So
``bench up`` and an ``import_tasks`` beside it share one Postgres, whichever ends first, and a user
that is killed is counted out by the kernel. Each user has a watchdog that stops the server when the
killed user was the last.
Example: ``with Postgres(open_home()) as server: print(server.url())``.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Self

from benchserver.core.errors import PlatformFault
from benchserver.runtime.home import Home
from benchserver.runtime.logfile import open_log
from benchserver.runtime.watchdog import Watchdog, birth, group_lives, signal_group

READY_SECONDS = 300.0  # a crash recovery may be long; a dead process is noticed at once
POLL_SECONDS = 0.02


class EmbeddedServer(ABC):
    """Start, share and stop one server below a home. Subclasses say how it is run."""

    name: str
    stop_signal: int
    hard_signal: int = signal.SIGKILL
    grace_seconds: float = 20.0

    def __init__(self, home: Home) -> None:
        self.home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._users: int | None = None
        self._dog: Watchdog | None = None

    @property
    @abstractmethod
    def folder(self) -> Path:
        """The service's own folder in the home."""

    @abstractmethod
    def url(self) -> str:
        """How clients reach it; known before it runs."""

    @abstractmethod
    def prepare(self) -> None:
        """Whatever must exist before the first start; called under the lock."""

    @abstractmethod
    def command(self) -> list[str]:
        """The argv of the server in the foreground."""

    @abstractmethod
    def recorded_pid(self) -> int | None:
        """The pid the server itself wrote down, stale or not."""

    @abstractmethod
    def answers(self) -> bool:
        """Does it serve?"""

    def after_start(self) -> None:  # noqa: B027 - an optional hook, not a forgotten duty
        """What must be true once it serves (a database exists); runs at every start."""

    def start(self) -> Self:
        """Start the server, or join the one that runs. Returns when it serves.

        Raises ``PlatformFault`` naming its log when it does not come up, ``MissingPart`` when a
        binary or an account is missing.
        """
        with self._locked():
            self._users = _lock(self.folder / ".users", fcntl.LOCK_SH)
            try:
                self._dog = Watchdog()
                if self.pid() is None:
                    self.prepare()
                    self._launch()
                self._guard()
                self._await_ready()
                self.after_start()
            except BaseException:
                self._leave()
                raise
        return self

    def stop(self) -> None:
        """Leave; the last user to leave stops the server. Idempotent."""
        if self._users is None:
            return
        with self._locked():
            self._leave()

    def pid(self) -> int | None:
        """The pid of the running server, ``None`` when it is down."""
        pid = self.recorded_pid()
        if pid is None or birth(pid) is None:
            return None
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return None
        return pid if os.fsencode(self.folder) in command else None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def log(self) -> Path:
        return self.home.logs / f"{self.name}.log"

    def _launch(self) -> None:
        with open_log(self.log, self.home.account) as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                cwd=self.folder,
                env=plain_environment(self.home.root),
                **self.home.account.popen(),
            )

    def _guard(self) -> None:
        pid = self._process.pid if self._process else self.pid()
        if self._dog and pid:
            self._dog.watch(
                self.name,
                pid=pid,
                signal=self.stop_signal,
                grace=self.grace_seconds,
                users=self.folder / ".users",
            )

    def _await_ready(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        while not self.answers():
            if self._dead() or time.monotonic() > deadline:
                raise PlatformFault(f"{self.name}_not_ready", f"see {self.log}")
            time.sleep(POLL_SECONDS)

    def _dead(self) -> bool:
        return self._process.poll() is not None if self._process else self.pid() is None

    def _leave(self) -> None:
        if self._users is not None and _try_exclusive(self._users):
            self._end()
        if self._users is not None:
            os.close(self._users)
            self._users = None
        if self._dog:
            self._dog.close()
            self._dog = None

    def _end(self) -> None:
        """Polite signal, grace, hard signal, SIGKILL; returns when the server is gone."""
        pid = self.pid() or (self._process.pid if self._process else None)
        steps = ((self.stop_signal, self.grace_seconds), (self.hard_signal, 5.0))
        for number, seconds in (*steps, (signal.SIGKILL, 5.0)):
            if pid is None or birth(pid) is None:
                break
            with contextlib.suppress(ProcessLookupError):  # another user's child: gone in between
                os.kill(pid, number)
            _wait_until_gone(pid, seconds)
        if pid is not None and group_lives(pid):
            signal_group(pid, signal.SIGKILL)
        if self._process:
            self._process.wait()
            self._process = None

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = _lock(self.folder / ".lock", fcntl.LOCK_EX)
        try:
            yield
        finally:
            os.close(descriptor)


def plain_environment(home: Path) -> dict[str, str]:
    """The environment of embedded servers: nothing of ours, so no secret and no owner's mark."""
    path = os.environ.get("PATH", "/usr/bin:/bin")
    return {"PATH": path, "LANG": "C.UTF-8", "TZ": "UTC", "HOME": str(home)}


def _lock(path: Path, kind: int) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    fcntl.flock(descriptor, kind)
    return descriptor


def _try_exclusive(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait_until_gone(pid: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while birth(pid) is not None and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)
