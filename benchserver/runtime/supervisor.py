"""Run a list of parts as one service: ordered start, restart, readable log, clean stop.

A part starts when all it comes ``after`` are ready. A dead part is restarted with growing pauses. A
stop goes backwards: polite signal, grace, SIGKILL of the process group. Nothing survives a killed
supervisor: the kernel signals the children (PR_SET_PDEATHSIG) and a watchdog ends their groups.
Example: ``Supervisor(parts, logs=home.logs).run()`` prints ``12:03:04 web      ready in 1.2 s``.
"""

from __future__ import annotations

import ctypes
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Self, TextIO

from benchserver.core.errors import PlatformFault
from benchserver.runtime.account import Account
from benchserver.runtime.bell import Bell
from benchserver.runtime.logfile import open_log, trim
from benchserver.runtime.watchdog import TOKEN, Watchdog, end_bearers, group_lives, signal_group

PR_SET_PDEATHSIG = 1
TICK_SECONDS = 0.1
STARTS_BEFORE_READY = 3  # a part that dies this often before it was ever ready stops the start
KILLED_GRACE_SECONDS = 3.0  # what the watchdog grants when the supervisor itself was killed
_libc = ctypes.CDLL(None, use_errno=True)


class Kind(Enum):
    """A SERVICE runs until stopped; a STEP is ready when it has ended with status 0."""

    SERVICE = auto()
    STEP = auto()


class State(Enum):
    WAITING = auto()
    STARTING = auto()
    READY = auto()
    PAUSED = auto()  # dead, restarted when its pause is over
    ENDED = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Pauses in seconds between restarts: ``first``, then doubled up to ``ceiling``.

    A part that was up for ``settled`` seconds starts over with ``first``.
    """

    first: float = 0.5
    ceiling: float = 30.0
    settled: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One process to run. ``ready`` is asked until it says yes; ``None``: alive is ready."""

    name: str
    argv: Sequence[str]
    account: Account
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    after: tuple[str, ...] = ()
    kind: Kind = Kind.SERVICE
    ready: Callable[[Running], bool] | None = None
    ready_seconds: float = 180.0  # a busy machine is slow, not broken
    restart: Restart = Restart()
    stop_signal: int = signal.SIGTERM
    grace_seconds: float = 10.0
    started: Callable[[int], None] | None = None  # told the pid, as the supervisor's account


@dataclass(slots=True)
class Running:
    """What a part is doing now. ``log_start`` is where this start's output begins in ``log``."""

    part: Part
    log: Path
    state: State = State.WAITING
    process: subprocess.Popen[bytes] | None = None
    since: float = 0.0
    log_start: int = 0
    deaths: int = 0
    pause: float = 0.0
    was_ready: bool = False
    deadline: float | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.since

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.returncode is None

    def output(self) -> bytes:
        """What this start has printed so far (at most the first MiB)."""
        with self.log.open("rb") as log:
            log.seek(min(self.log_start, self.log.stat().st_size))
            return log.read(2**20)


class Supervisor:
    """Owns the parts: ``run()`` in the foreground, or ``with supervisor:`` around other work."""

    def __init__(self, parts: Sequence[Part], *, logs: Path, stream: TextIO | None = None) -> None:
        """``logs``: folder of ``<part>.log``. ``stream``: where events are told, stderr at first.

        Raises ``ValueError`` for an ``after`` that names no earlier part.
        """
        self._stream = stream or sys.stderr
        self._token = secrets.token_hex(8)
        self._runs = {part.name: Running(part, logs / f"{part.name}.log") for part in parts}
        self._before = _closure(parts)
        self._width = max((len(part.name) for part in parts), default=0)
        self._dog: Watchdog | None = None
        self._turn = threading.RLock()
        self._stopping = Bell()
        self._stopped_all = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Start all parts; returns when each is ready.

        Raises ``PlatformFault`` naming part and log when one does not come up, all stopped.
        """
        self._dog = Watchdog(token=self._token)
        try:
            while not self._stopping.rung and not self.ready:
                self.tick()
                time.sleep(TICK_SECONDS / 2)
        except BaseException:
            self.stop()
            raise
        return self

    @property
    def ready(self) -> bool:
        """Are all parts ready (steps: done)?"""
        return all(run.state in (State.READY, State.ENDED) for run in self._runs.values())

    def run(self, *, when_ready: Callable[[], None] | None = None) -> None:
        """Start, watch until SIGINT, SIGTERM or SIGHUP, stop. A second signal stops at once."""
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._stopping.on_signal) for number in numbers}
        try:
            self.start()
            if when_ready and self.ready:
                when_ready()
            self.watch()
        finally:
            self.stop()
            for number, handler in before.items():
                signal.signal(number, handler)

    def watch(self) -> None:
        """Keep the parts up until ``stop()`` is called or a signal came."""
        while not self._stopping.wait(TICK_SECONDS):
            self.tick()

    def watch_in_background(self) -> None:
        """The same in a thread, for a caller with other work; ``stop()`` ends it."""

        def watch_and_stay() -> None:
            self.watch()
            self._stopped_all.wait()  # its end would signal, out of order, the parts it restarted

        self._thread = threading.Thread(target=watch_and_stay, name="supervisor", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        self.start()
        self.watch_in_background()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def change(self, name: str, change: Callable[[Part], Part]) -> None:
        """Have a part that was not started yet differ from what it was made as."""
        run = self._runs[name]
        run.part = change(run.part)

    def pid(self, name: str) -> int | None:
        """The pid of a part that is up."""
        run = self._runs[name]
        return run.process.pid if run.process and run.alive else None

    def tick(self) -> None:
        """One look at every part: reap, judge readiness, start what may start."""
        with self._turn:
            for run in self._runs.values():
                if self._stopping.rung:
                    return
                self._look(run)

    def stop(self) -> None:
        """Stop all parts, last started first. Idempotent."""
        self._stopping.ring()
        with self._turn:
            while any(run.alive for run in self._runs.values()):
                for run in self._runs.values():
                    self._stop_one(run)
                time.sleep(TICK_SECONDS / 4)
            if self._dog:
                end_bearers(self._token)
                self._dog.close()
                self._dog = None
        self._stopped_all.set()
        if self._thread and self._thread is not threading.current_thread():
            self._thread.join()

    def _look(self, run: Running) -> None:
        if run.process and run.state in (State.STARTING, State.READY):
            if run.process.poll() is not None:
                self._died(run)
            elif run.state is State.STARTING:
                self._judge(run)
            else:
                trim(run.log)
        elif self._may_start(run):
            self._spawn(run)

    def _may_start(self, run: Running) -> bool:
        """Its pause is over, or it waits and all it comes after are ready."""
        if run.state is State.PAUSED:
            return run.seconds >= run.pause
        before = [self._runs[name].state for name in run.part.after]
        return run.state is State.WAITING and set(before) <= {State.READY, State.ENDED}

    def _spawn(self, run: Running) -> None:
        part = run.part
        with open_log(run.log, part.account) as log:
            run.log_start = run.log.stat().st_size
            try:
                run.process = subprocess.Popen(
                    part.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                    cwd=part.cwd,
                    env={**part.env, TOKEN: self._token},
                    preexec_fn=_die_with(os.getpid(), part.stop_signal),
                    **part.account.popen(),
                )
            except OSError as error:
                raise PlatformFault("part_failed", f"{part.name}: {error}") from None
        run.state, run.since = State.STARTING, time.monotonic()
        self._note_start(run, run.process.pid)

    def _note_start(self, run: Running, pid: int) -> None:
        if self._dog:
            self._dog.watch(
                run.part.name, pid=pid, signal=run.part.stop_signal, grace=KILLED_GRACE_SECONDS
            )
        if run.part.started:
            run.part.started(pid)

    def _judge(self, run: Running) -> None:
        """Is a starting part ready, or late?"""
        part = run.part
        if part.kind is Kind.SERVICE and (part.ready is None or part.ready(run)):
            run.state, run.was_ready = State.READY, True
            self._say(run, f"ready in {run.seconds:.1f} s")
        elif run.seconds > part.ready_seconds:
            raise PlatformFault("part_not_ready", f"{part.name}: see {run.log}")

    def _died(self, run: Running) -> None:
        """A step that ended well is done; a service is restarted after a pause."""
        assert run.process is not None
        code = run.process.returncode
        signal_group(run.process.pid, signal.SIGKILL)  # what its children left
        if self._dog:
            self._dog.release(run.part.name)
        if run.part.kind is Kind.STEP and code == 0:
            run.state = State.ENDED
            self._say(run, f"done in {run.seconds:.1f} s")
            return
        settled = run.seconds >= run.part.restart.settled
        run.deaths = 1 if settled else run.deaths + 1
        if run.part.kind is Kind.STEP or (not run.was_ready and run.deaths >= STARTS_BEFORE_READY):
            raise PlatformFault("part_failed", f"{run.part.name} {_ending(code)}: see {run.log}")
        restart = run.part.restart
        run.pause = min(restart.ceiling, restart.first * 2 ** min(run.deaths - 1, 30))
        run.state, run.since = State.PAUSED, time.monotonic()
        self._say(run, f"{_ending(code)}, starting again in {run.pause:.1f} s: see {run.log}")

    def _stop_one(self, run: Running) -> None:
        """Signal a part once nothing that comes after it lives; kill it when its grace is over."""
        process, now = run.process, time.monotonic()
        if process is None or not run.alive:
            return
        if process.poll() is not None:
            self._stopped(run, process.pid)
        elif run.deadline is None and not self._needed(run.part.name):
            run.deadline = now + run.part.grace_seconds
            process.send_signal(run.part.stop_signal)
        elif self._stopping.signals > 1 or (run.deadline is not None and now > run.deadline):
            self._say(
                run, "killed" if self._stopping.signals > 1 else "did not stop in time, killed"
            )
            signal_group(process.pid, signal.SIGKILL)
            process.wait()
            self._stopped(run, process.pid)

    def _stopped(self, run: Running, pid: int) -> None:
        if group_lives(pid):
            signal_group(pid, signal.SIGKILL)
        if self._dog:
            self._dog.release(run.part.name)
        run.state = State.ENDED
        self._say(run, "stopped")

    def _needed(self, name: str) -> bool:
        return any(run.alive for other, run in self._runs.items() if name in self._before[other])

    def _say(self, run: Running, event: str) -> None:
        line = f"{time.strftime('%H:%M:%S')} {run.part.name:{self._width}}  {event}"
        print(line, file=self._stream, flush=True)


def _closure(parts: Sequence[Part]) -> dict[str, frozenset[str]]:
    """All that each part comes after, directly or not."""
    before: dict[str, frozenset[str]] = {}
    for part in parts:
        unknown = [name for name in part.after if name not in before]
        if unknown:
            raise ValueError(f"part {part.name} comes after {unknown[0]}, which is no earlier part")
        before[part.name] = frozenset(part.after).union(*(before[name] for name in part.after))
    return before


def _die_with(owner: int, number: int) -> Callable[[], None]:
    """For the child, after its change of account (which would clear it): die with the owner."""

    def arrange() -> None:
        _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != owner:
            os._exit(1)  # the owner died in between

    return arrange


def _ending(code: int) -> str:
    name = signal.Signals(-code).name if code < 0 else ""
    return f"was ended by {name}" if name else f"ended with status {code}"
