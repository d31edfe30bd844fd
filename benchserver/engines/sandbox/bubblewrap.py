"""Bubblewrap boxes: namespaces, seccomp, rlimits and a cgroup around one program.

Never started as root (a root-started box could write ``/proc/sys/kernel/core_pattern`` of the
host): root drops to one unprivileged uid per box first. Files go in by descriptor, results come
out by pipe; no writable host path is ever shared. A box is forked from a warm interpreter in an
outer box (``zygote.py``) where this machine allows that, else made from nothing; the promises are
the same. Example: ``Bubblewrap().run(BoxRequest(argv=("python3", "-I", "-S", "/box/main.py")))``.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.engines.sandbox import seccomp
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Guarantee, Level, OwnProgram
from benchserver.engines.sandbox.cgroup import BoxGroup, Hierarchy, admit, find_hierarchy
from benchserver.engines.sandbox.forkserver import MOST_FILES, Clone, Nursery, Order
from benchserver.engines.sandbox.interpreter import find_interpreter
from benchserver.engines.sandbox.plumbing import (
    Crossing,
    Pipes,
    Speaker,
    close_all,
    memory_file,
    pipe,
    standard_pipes,
)
from benchserver.engines.sandbox.probe import attack
from benchserver.engines.sandbox.process import BoxProcess
from benchserver.engines.sandbox.slots import Slot, SlotPool
from benchserver.engines.sandbox.spawn import Launch, Spawned, spawn
from benchserver.engines.sandbox.supervise import Running, supervise
from benchserver.engines.sandbox.toolchains import toolchain_folder
from benchserver.engines.sandbox.vitals import threads_of_user
from benchserver.engines.sandbox.walls import (
    OWN_PROCESSES,
    SHM_BYTES,
    Walls,
    find_bwrap,
    limits_of,
    mode_of,
)

T = TypeVar("T")

_CLOSE_SECONDS = 15.0
_USER_THREADS_FRESH_SECONDS = 1.0


class Start(StrEnum):
    """How boxes come to be: forked from a warm interpreter, or each from nothing."""

    WARM = "warm"
    COLD = "cold"


@dataclass(slots=True, kw_only=True)
class _Begun:
    """A box on its way: ``child`` are the program's ends, to be closed once it has them."""

    request: BoxRequest
    slot: Slot
    group: BoxGroup | None
    pipes: Pipes
    process: BoxProcess
    stdin: bytes


class Bubblewrap:
    """One engine per process is enough; it is thread-safe. ``close`` it when done."""

    name = "bubblewrap"

    def __init__(self, start: Start = Start.WARM) -> None:
        self._is_root = os.geteuid() == 0
        self._walls = Walls(
            bwrap=find_bwrap(anyone=self._is_root), python=find_interpreter(anyone=self._is_root)
        )
        self._hierarchy: Hierarchy | None = find_hierarchy()
        self._slots = SlotPool()
        self._nursery = Nursery(self._walls, seccomp.program())
        self._user_threads = (0.0, 0)
        self._closing = threading.Event()
        self.start = start
        self.level = Level.FULL if self._hierarchy else Level.RLIMITS

    def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
        with ExitStack() as stack:
            begun = self._begin(stack, request, stdin=stdin, captured=True, extra=())
            return supervise([self._running(stack, begun)])[0]

    def run_pair(
        self, *, examiner: BoxRequest, candidate: BoxRequest
    ) -> tuple[BoxResult, BoxResult]:
        self._announce(examiner, candidate)
        with ExitStack() as stack:
            crossing = stack.enter_context(Crossing())
            begun = [
                self._begin(stack, examiner, captured=True, extra=crossing.ours),
                self._begin(stack, candidate, captured=False, extra=crossing.theirs),
            ]
            crossing.close()
            first, second = supervise([self._running(stack, each) for each in begun])
            return first, second

    def converse(self, candidate: BoxRequest, talk: Callable[[int, int], T]) -> tuple[T, BoxResult]:
        with ExitStack() as stack:
            crossing = stack.enter_context(Crossing())
            begun = self._begin(stack, candidate, captured=False, extra=crossing.theirs)
            box = self._running(stack, begun)
            speaker = Speaker(talk, crossing.give_ours())
            stack.callback(speaker.close)
            stack.callback(box.end)  # unwinds first: a dead box is what ends a stuck talk
            crossing.close()
            result = supervise([box], leader_done=speaker.done)[0]
            return speaker.answer(), result

    def probe(self) -> tuple[Guarantee, ...]:
        """Attack real boxes; where warm starts do not work or do not hold, attack cold ones."""
        if self.start is Start.WARM:
            try:
                return self._attacked()
            except (MissingPart, PlatformFault):
                self.start = Start.COLD
        return self._attacked()

    def close(self) -> None:
        """Running boxes are stopped; their calls raise ``PlatformFault``."""
        self._closing.set()
        self._slots.wait_until_free(_CLOSE_SECONDS)
        self._nursery.close()
        if self._hierarchy:
            self._hierarchy.close(self._slots.held())
        self._slots.close()

    def _attacked(self) -> tuple[Guarantee, ...]:
        guarantees, self.level = attack(self, expected=self.level)
        if self.level is Level.RLIMITS:
            self._hierarchy = None
        return guarantees

    def _begin(
        self,
        stack: ExitStack,
        request: BoxRequest,
        *,
        captured: bool,
        extra: tuple[int, ...],
        stdin: bytes = b"",
    ) -> _Begun:
        """Ask for a box. Everything taken so far is given back by ``stack``."""
        if self._closing.is_set():
            raise PlatformFault("closed", "the sandbox is closed")
        slot = self._slots.take()
        stack.callback(self._slots.give_back, slot)
        group = self._enter(stack, request, slot)
        pipes = standard_pipes(captured=captured, feed=bool(stdin))
        stack.callback(pipes.close)
        warm = self.start is Start.WARM and len(request.files) <= MOST_FILES
        start = self._order if warm else self._spawn
        try:
            process = start(request, slot, group, (*pipes.child, *extra))
        finally:
            close_all(pipes.child)
        return _Begun(
            request=request, slot=slot, group=group, pipes=pipes, process=process, stdin=stdin
        )

    def _announce(self, *requests: BoxRequest) -> None:
        """A zygote that starts now knows the programs of ours that both boxes need: a slot may
        serve either next time, and one that knows too little would be started anew."""
        for request in requests:
            if (own := _own_program(request)) is not None:
                self._nursery.ready(own)

    def _running(self, stack: ExitStack, begun: _Begun) -> Running:
        """The box once it runs. Raises ``PlatformFault`` when it does not come to be."""
        process = begun.process
        if isinstance(process, Clone):
            process.appear()
        try:
            pidfd = os.pidfd_open(process.pid)
        except ProcessLookupError:
            process.bury()
            raise PlatformFault("box_start", "the box was gone at once") from None
        box = Running(
            request=begun.request,
            process=process,
            pidfd=pidfd,
            group=begun.group,
            stdin=begun.pipes.stdin,
            stdout=begun.pipes.stdout,
            stderr=begun.pipes.stderr,
            started=time.monotonic(),
            closing=self._closing,
            pending=memoryview(begun.stdin),
        )
        begun.pipes.give()
        stack.callback(box.end)
        if isinstance(process, Clone):
            if begun.group:
                admit(begun.group, process.pid)
            process.go()
        return box

    def _order(
        self, request: BoxRequest, slot: Slot, group: BoxGroup | None, places: tuple[int, ...]
    ) -> BoxProcess:
        """A box from the slot's warm interpreter. ``group`` is entered when it has appeared."""
        own = _own_program(request)
        files = {name: data for name, data in request.files.items() if data is not own}
        named = bool(request.toolchain) and toolchain_folder(request.toolchain).is_dir()
        contents = tuple(memory_file(content) for content in files.values())
        order = Order(
            argv=request.argv,
            python=self._walls.python,
            scratch_bytes=request.scratch_bytes,
            shared_bytes=SHM_BYTES,
            toolchain=request.toolchain if named else "",
            limits=self._limits(request, threads=0 if self._is_root else self._user_threads_now()),
            environment=tuple(request.environment.items()),
            files=[(name, mode_of(request, name)) for name in files],
            places=places,
            contents=contents,
            ready=self._nursery.ready(own) if own is not None else -1,
        )
        try:
            return self._nursery.plant(slot, order)
        finally:
            close_all(contents)

    def _spawn(
        self, request: BoxRequest, slot: Slot, group: BoxGroup | None, places: tuple[int, ...]
    ) -> BoxProcess:
        """A box from nothing."""
        inward = [memory_file(seccomp.program())]
        inward += [memory_file(content) for content in request.files.values()]
        status, child_status = pipe()
        try:
            pid, birth = spawn(
                self._walls.program(request, inward, child_status),
                Launch(
                    place=places,
                    keep=(*inward, child_status),
                    entrances=group.entrances() if group else (),
                    rlimits=self._limits(request, threads=self._threads_of(slot)),
                    uid=slot.uid,
                ),
            )
        except BaseException:
            os.close(status)
            raise
        finally:
            close_all((*inward, child_status))
        return Spawned(pid=pid, birth=birth, status=status)

    def _enter(self, stack: ExitStack, request: BoxRequest, slot: Slot) -> BoxGroup | None:
        if self._hierarchy is None:
            return None
        group = self._hierarchy.enter(
            slot=slot.number,
            memory_bytes=request.memory_bytes,
            processes=request.processes + OWN_PROCESSES,
        )
        stack.callback(group.release)
        return group

    def _limits(self, request: BoxRequest, *, threads: int) -> tuple[tuple[int, int, int], ...]:
        return limits_of(request, grouped=self._hierarchy is not None, threads=threads)

    def _threads_of(self, slot: Slot) -> int:
        """Threads that count against the box's uid already: also the dead whom a slow init of
        this machine has not buried yet."""
        return self._user_threads_now() if slot.uid is None else threads_of_user(slot.uid)

    def _user_threads_now(self) -> int:
        taken, count = self._user_threads
        if time.monotonic() - taken > _USER_THREADS_FRESH_SECONDS:
            count = threads_of_user(os.geteuid())
            self._user_threads = (time.monotonic(), count)
        return count


def _own_program(request: BoxRequest) -> OwnProgram | None:
    """The program of ours that ``request`` starts with ``python3 -I -S /box/NAME``, if any."""
    if request.argv[:3] != ("python3", "-I", "-S") or len(request.argv) != 4:
        return None
    content = request.files.get(request.argv[3].removeprefix("/box/"))
    return content if isinstance(content, OwnProgram) else None
