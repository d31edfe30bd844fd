"""One running box, and the bridge to a talk of ours: what the watcher knows and can do to them.

Example: ``box.stop(Ending.CPU_LIMIT)`` reads the books a last time - they vanish with its end -
and kills in the background, so that the watcher goes on draining.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from threading import Event

from benchserver.engines.sandbox.base import BoxRequest, Ending
from benchserver.engines.sandbox.docker.container import Container
from benchserver.engines.sandbox.docker.endings import Usage
from benchserver.engines.sandbox.docker.job import Wiring
from benchserver.engines.sandbox.docker.streams import DOCKER, Frames, Outlet
from benchserver.engines.sandbox.vitals import Wanting

_LAST_WORDS_SECONDS = 1.0
_GONE_SECONDS = 0.3
_CODE_SECONDS = 10.0


@dataclass(slots=True)
class Live:
    """One running box. ``inbox``: what the program reads; ``other``: where its fd 4 leads."""

    request: BoxRequest
    wiring: Wiring
    container: Container
    kill: Callable[[], Future[None]]
    processors: float
    closing: Event
    inbox: Outlet
    other: Outlet | None = None
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    frames: Frames = field(default_factory=lambda: Frames(DOCKER))
    verdict: Ending | None = None
    stopped: bool = False
    dying: Future[None] | None = None
    failure: str = ""
    code: int | None = None
    died_at: float = 0.0  # the program's main process
    gone_at: float = 0.0  # the whole container
    spoken: bool = False  # the runner's stream has ended
    reported: bool = False  # all the keeper had to pass on has come
    cleaned: bool = False  # what the program left behind is dead or dying
    leave_until: float = 0.0
    usage: Usage = field(default_factory=Usage)
    started: float = field(default_factory=time.monotonic)
    cpu_before: float = 0.0
    born: bool = False  # the program has started; until then the daemon is the one who is slow
    wanting: Wanting = field(default_factory=Wanting)

    def __post_init__(self) -> None:
        books = self.container.books
        self.cpu_before = books.cpu_seconds()
        self.wanting.look(books.members())
        self.wanting.seconds = 0.0  # what came before was not for this program

    def bear(self) -> None:
        self.born = True
        self.started = time.monotonic()

    @property
    def running(self) -> bool:
        return not (self.died_at or self.gone_at or self.stopped)

    @property
    def done(self) -> bool:
        """The program is dead, and all it said has come (or what is missing never will)."""
        if not self.spoken:
            return False
        told = self.reported or self.wiring is not Wiring.EXAMINER
        settled = self.died_at and self.cleaned and told and not self.wants_code
        return bool(settled or self.gone_at)

    def look(self) -> Usage:
        """The books so far. They vanish with the container: the last ones read are kept."""
        books = self.container.books
        cpu = books.cpu_seconds() - self.cpu_before
        self.usage = Usage(
            cpu_seconds=max(cpu, self.usage.cpu_seconds),
            memory_peak=max(books.memory_peak(), self.usage.memory_peak),
            out_of_memory=self.usage.out_of_memory or books.out_of_memory(),
            refused_processes=self.usage.refused_processes or books.refused_processes(),
        )
        return self.usage

    def runnable_seconds(self) -> float:
        wanted = self.wanting.look(self.container.books.members())
        return max(wanted, self.usage.cpu_seconds / self.processors)

    def stop(self, verdict: Ending | None) -> None:
        """Kill the whole container, in the background; the first reason stays."""
        self.verdict = self.verdict or verdict
        if self.stopped or self.gone_at:
            return
        self.look()
        self.stopped = True
        self.dying = self.dying or self.kill()

    def listen_no_more(self) -> None:
        """Of a dead container nothing more is to come, though the daemon may not hang up."""
        if not self.gone_at or self.spoken:
            return
        if self.stopped or time.monotonic() - self.gone_at > _GONE_SECONDS:
            self.end_speech()

    def end_speech(self) -> None:
        self.spoken = True
        if self.other is not None:
            self.other.finish()

    def dismiss(self) -> None:
        """Stop a follower; one whose program is ending already may tell how, for 1 s."""
        if not self.running:
            return
        now = time.monotonic()
        if not self.leave_until and self.spoken:
            self.leave_until = now + _LAST_WORDS_SECONDS
        if now >= self.leave_until:
            self.stop(None)

    def settle(self) -> None:
        """The main process is dead. What it said is still to be read."""
        self.died_at = time.monotonic()
        self.look()

    @property
    def wants_code(self) -> bool:
        """Its exit status is not known yet; a daemon may tell it only once all is drained."""
        waited = time.monotonic() - self.died_at
        return bool(self.died_at) and self.code is None and waited < _CODE_SECONDS

    def follow_up(self) -> None:
        """After the death: fetch the status, and end whatever the program left behind."""
        if self.wants_code:
            self.code = self.container.exit_code()
        if not self.died_at or self.dying or self.cleaned:
            return
        waited = time.monotonic() - self.died_at
        if self.code is not None or waited > _LAST_WORDS_SECONDS:
            self.cleaned = True
            if not self.container.books.only_ours():
                self.dying = self.kill()


class Bridge:
    """Joins a talk's two pipe ends to a candidate. ``done_at``: readable when the talk ended."""

    def __init__(self, *, reading: int, writing: int, done_at: int) -> None:
        """``reading``: what the talk writes; ``writing``: what it reads. Both become ours."""
        os.set_blocking(reading, False)
        os.set_blocking(writing, False)
        self.reading, self.done_at, self.done = reading, done_at, False
        self.outlet = Outlet(writing)

    @property
    def busy(self) -> bool:
        """The talk has not yet taken all that the candidate said."""
        return self.outlet.waiting and not self.done

    def carry(self, into: Outlet) -> None:
        """Once more from the talk to the candidate."""
        try:
            data = os.read(self.reading, 65536)
        except BlockingIOError:
            return
        if data:
            into.give(data)
            return
        into.finish()
        self.close_reading()

    def close_reading(self) -> None:
        if self.reading >= 0:
            os.close(self.reading)
            self.reading = -1

    def close(self) -> None:
        self.close_reading()
        self.outlet.abandon()
