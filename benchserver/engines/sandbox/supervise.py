"""Watch running boxes: pump their pipes with caps, enforce CPU and wall, kill, report.

The supervisor's report - not the program's text - is the source of how a box ended. Example: a
program that prints without end is killed at ``output_bytes`` and reported OUTPUT_LIMIT, and its
pipe is drained while it dies. Boxes of a pair are watched together: when the first one (the
examiner) ends, the others are killed; their waiting for each other is nobody's sleep.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Event

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending
from benchserver.engines.sandbox.cgroup import BoxGroup
from benchserver.engines.sandbox.patience import may_end, stop_group, verdict_of_waiting
from benchserver.engines.sandbox.process import BoxProcess
from benchserver.engines.sandbox.vitals import Wanting, family_of, is_leaving, vitals_of

_CHUNK = 65536
_STDERR_KEPT = 65536
_SHORTEST_TICK, _LONGEST_TICK = 0.01, 0.25
_LOOK_AFTER_SECONDS = 0.5  # most boxes are gone by then and cost no look
_LAST_WORDS_SECONDS = 1.0
_SIGNAL_BASE = 128  # bubblewrap reports death by signal n as exit status 128 + n
_HIGHEST_SIGNAL = 64
_SIGXCPU, _SIGKILL = 24, 9


@dataclass(slots=True)
class Running:
    """One started box: its process, our ends of its pipes (-1: none) and what it did so far."""

    request: BoxRequest
    process: BoxProcess
    pidfd: int
    group: BoxGroup | None
    stdin: int
    stdout: int
    stderr: int
    started: float
    closing: Event
    pending: memoryview = field(default_factory=lambda: memoryview(b""))
    out: bytearray = field(default_factory=bytearray)
    err: bytearray = field(default_factory=bytearray)
    verdict: Ending | None = None
    stopped: bool = False
    leave_until: float = 0.0
    ended: float | None = None
    tree_cpu: float = 0.0
    tree_peak: int = 0
    wanting: Wanting = field(default_factory=Wanting)
    open: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        ends = (self.pidfd, self.stdin, self.stdout, self.stderr)
        self.open.update(end for end in ends if end >= 0)

    def close(self, descriptor: int) -> None:
        """Close one of our ends, once: a second close could hit another thread's descriptor."""
        if descriptor in self.open:
            self.open.remove(descriptor)
            os.close(descriptor)

    def look(self) -> float:
        """CPU seconds so far, with a look at what else the kernel's books tell."""
        pids = self._pids()
        vitals = vitals_of(pids)
        self.wanting.look(pids)
        cpu = self.group.cpu_seconds() if self.group else vitals.cpu_seconds
        self.tree_cpu = max(self.tree_cpu, cpu)
        self.tree_peak = max(self.tree_peak, vitals.memory_peak)
        return self.tree_cpu

    def runnable(self) -> float:
        """Seconds in which it had a CPU or wanted one, as far as was seen. What was seen stays,
        also when the books of a program that has just ended are gone."""
        return max(self.wanting.seconds, self.tree_cpu / (os.cpu_count() or 1))

    def cpu_now(self) -> float:
        return self.group.cpu_seconds() if self.group else self.look()

    def stop(self, verdict: Ending | None) -> None:
        """Kill the whole tree; the first reason stays."""
        if self.ended is not None:
            return
        self.verdict, self.stopped = self.verdict or verdict, True
        with suppress(ProcessLookupError):
            os.kill(self.process.init_pid() or self.process.pid, _SIGKILL)
        if self.group:
            self.group.kill()

    def dismiss(self) -> None:
        """Stop a follower; one whose program is gone, or about to be, may tell how, for 1 s.

        Its files close before its exit is told: who waits for the end of its output comes first.
        """
        if self.ended is not None or self.stopped:
            return
        now = time.monotonic()
        staying = sum(not is_leaving(pid) for pid in self._pids())
        if not self.leave_until and staying <= self.process.own:
            self.leave_until = now + _LAST_WORDS_SECONDS
        if now >= self.leave_until:
            self.stop(None)

    def _pids(self) -> tuple[int, ...]:
        return self.group.pids() if self.group else family_of(self.process.pid)

    def end(self) -> None:
        """Whatever happened to the supervisor: nothing of the box survives this call."""
        if self.ended is None:
            self.stop(None)
            with suppress(ProcessLookupError):
                os.kill(self.process.pid, _SIGKILL)
            _wait_for(self.pidfd)
            self.process.bury()
            self.ended = time.monotonic()
        self.process.close()
        for descriptor in tuple(self.open):
            self.close(descriptor)


def _wait_for(descriptor: int) -> None:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    poller.poll()


def supervise(boxes: Sequence[Running], *, leader_done: int = -1) -> list[BoxResult]:
    """Watch until all boxes have ended and their pipes are drained.

    The first box leads: when it ends, the others are killed. ``leader_done``: a descriptor that
    turns readable when a leader of ours (no box) is done; then every box is a follower.
    """
    poller = select.poll()
    handlers: dict[int, Callable[[], None]] = {}
    for box in boxes:
        _register(poller, handlers, box)
    if leader_done >= 0:
        poller.register(leader_done, select.POLLIN)
    leading = True
    next_look = time.monotonic() + _SHORTEST_TICK
    while handlers:
        for descriptor, _ in poller.poll(max(0.0, next_look - time.monotonic()) * 1000 + 1):
            if descriptor == leader_done:
                poller.unregister(leader_done)
                leading = False
            elif descriptor in handlers:
                handlers[descriptor]()
        leading = leading and boxes[0].ended is None
        if not leading:
            for box in boxes:
                box.dismiss()
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + _enforce(boxes)
    if any(box.closing.is_set() for box in boxes):
        raise PlatformFault("closed", "the sandbox was closed while the box ran")
    return [_result(box) for box in boxes]


def _register(poller: select.poll, handlers: dict[int, Callable[[], None]], box: Running) -> None:
    def add(descriptor: int, events: int, act: Callable[[], bool]) -> None:
        def handle() -> None:
            if not act():
                poller.unregister(descriptor)
                del handlers[descriptor]
                box.close(descriptor)

        poller.register(descriptor, events)
        handlers[descriptor] = handle

    def listen(descriptor: int) -> None:
        def handle() -> None:
            if not box.process.hear(descriptor):
                poller.unregister(descriptor)
                del handlers[descriptor]

        poller.register(descriptor, select.POLLIN)
        handlers[descriptor] = handle

    add(box.pidfd, select.POLLIN, lambda: _reap(box))
    for descriptor in box.process.watched():
        listen(descriptor)
    for descriptor in (box.stdin, box.stdout, box.stderr):
        if descriptor >= 0:
            os.set_blocking(descriptor, False)
    if box.stdin >= 0:
        add(box.stdin, select.POLLOUT, lambda: _feed(box))
    if box.stdout >= 0:
        add(box.stdout, select.POLLIN, lambda: _collect(box))
    if box.stderr >= 0:
        add(box.stderr, select.POLLIN, lambda: _keep(box.stderr, box.err, _STDERR_KEPT))


def _reap(box: Running) -> bool:
    box.process.bury()
    box.ended = time.monotonic()
    if box.group:
        box.group.kill()
    return False


def _feed(box: Running) -> bool:
    """Write more stdin; False when done or when nobody reads."""
    try:
        box.pending = box.pending[os.write(box.stdin, box.pending[:_CHUNK]) :]
    except BlockingIOError:
        return True
    except BrokenPipeError:
        return False
    return len(box.pending) > 0


def _collect(box: Running) -> bool:
    more = _keep(box.stdout, box.out, box.request.output_bytes + 1)
    if len(box.out) > box.request.output_bytes:
        box.stop(Ending.OUTPUT_LIMIT)
    return more


def _keep(descriptor: int, into: bytearray, cap: int) -> bool:
    """Read once, keep up to ``cap`` in all, drop the rest; False at the end of the stream."""
    try:
        data = os.read(descriptor, _CHUNK)
    except BlockingIOError:
        return True
    into += data[: max(0, cap - len(into))]
    return bool(data)


def _enforce(boxes: Sequence[Running]) -> float:
    """Apply CPU and wall limits; returns seconds until the next look."""
    if any(box.closing.is_set() for box in boxes):
        for box in boxes:
            box.stop(None)
    alive = [box for box in boxes if box.ended is None and box.verdict is None]
    tick = _LONGEST_TICK
    for box in alive:
        left = box.request.cpu_seconds - box.cpu_now()
        if left < 0:
            box.stop(Ending.CPU_LIMIT)
        tick = min(tick, left / (os.cpu_count() or 1))
        if box.group is None:  # without a cgroup, only what was seen while it ran is known
            tick = min(tick, (time.monotonic() - box.started) / 4)
    if alive and time.monotonic() - alive[0].started > _LOOK_AFTER_SECONDS:
        for box in alive:
            box.look()
        _enforce_wall(alive)
    return max(_SHORTEST_TICK, tick)


def _enforce_wall(alive: Sequence[Running]) -> None:
    """Stop boxes that wait by their own choice, or that the host has starved."""
    elapsed = time.monotonic() - alive[0].started
    requests = [box.request for box in alive]
    if not may_end(requests, elapsed=elapsed):
        return
    wanted = sum(box.runnable() for box in alive)
    verdict = verdict_of_waiting(requests, elapsed=elapsed, wanted=wanted)
    if verdict:
        stop_group(alive, verdict)


def _result(box: Running) -> BoxResult:
    usage = box.group.usage() if box.group else None
    ending, code = _how(box, out_of_memory=bool(usage and usage.out_of_memory))
    return BoxResult(
        ending=ending,
        exit_code=code,
        stdout=bytes(box.out[: box.request.output_bytes]),
        stderr=bytes(box.err),
        cpu_seconds=usage.cpu_seconds if usage else box.tree_cpu,
        wall_seconds=(box.ended or time.monotonic()) - box.started,
        memory_bytes=(usage.memory_peak if usage else 0) or box.tree_peak,
    )


def _how(box: Running, *, out_of_memory: bool) -> tuple[Ending, int]:
    if out_of_memory and box.verdict in (None, Ending.SIGNALLED):
        return Ending.MEMORY_LIMIT, 0
    if box.verdict is not None:
        return box.verdict, 0
    code = box.process.exit_report()
    if code is None:
        return _unreported(box)
    if _SIGNAL_BASE < code <= _SIGNAL_BASE + _HIGHEST_SIGNAL:
        over = max(box.tree_cpu, box.cpu_now()) >= box.request.cpu_seconds
        by_limit = code == _SIGNAL_BASE + _SIGXCPU or (code == _SIGNAL_BASE + _SIGKILL and over)
        return (Ending.CPU_LIMIT if by_limit else Ending.SIGNALLED), code - _SIGNAL_BASE
    if code != 0 and _died_of_memory_error(bytes(box.err)):
        return Ending.MEMORY_LIMIT, code
    return Ending.EXITED, code


def _unreported(box: Running) -> tuple[Ending, int]:
    """No exit report: we stopped it, or somebody else did, or it failed to start: all ours."""
    ended_by = box.process.unreported()
    if ended_by is not None:
        if not box.stopped:
            raise PlatformFault("box_killed", "something outside the box killed it")
        return Ending.SIGNALLED, ended_by
    first = bytes(box.err).decode("utf-8", "replace").strip().splitlines()[:1]
    raise PlatformFault("box_start", first[0][:200] if first else "the box did not start")


def _died_of_memory_error(stderr: bytes) -> bool:
    """Python's way of hitting RLIMIT_AS. The program's own word, but only ever against it."""
    lines = stderr.strip().splitlines()[-1:]
    return bool(lines) and lines[0].startswith(b"MemoryError")
