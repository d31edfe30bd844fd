"""Boxes forked from a warm interpreter: our side of ``zygote.py``.

One zygote per slot, in an outer box of its own and under the slot's uid; it has never run a
candidate's code and never will. An order carries descriptors and a few fields, no content. Example:
``Zygote.plant(order)`` answers with the new box's pid once it waits for its cgroup; ``go`` lets it
build its file system and start the program.
"""

from __future__ import annotations

import array
import os
import select
import signal
import socket
import struct
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.base import OwnProgram
from benchserver.engines.sandbox.plumbing import close_all, memory_file, pipe
from benchserver.engines.sandbox.slots import Slot
from benchserver.engines.sandbox.spawn import Launch, spawn
from benchserver.engines.sandbox.toolchains import toolchain_folder
from benchserver.engines.sandbox.walls import Walls
from benchserver.engines.sandbox.zygote import BROKEN, ENDED, GO, ORDER, READY

_PATIENCE = 30.0  # of a step that takes a millisecond
_FAREWELL = 2.0
_WORD = 512
_CREDENTIALS = struct.Struct("iii")
_SIGNAL_BASE = 128
MOST_FILES = 200  # descriptors in one message: the kernel allows 253


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One box. ``places``: descriptors that become 0, 1, 2, ...; ``contents``: one per file.

    ``ready``: number of the loaded program of ours to start, see ``Nursery.ready``.
    """

    argv: tuple[str, ...]
    python: str
    scratch_bytes: int
    shared_bytes: int
    toolchain: str
    limits: Sequence[tuple[int, int, int]]
    environment: Sequence[tuple[str, str]]
    files: Sequence[tuple[str, int]]
    places: tuple[int, ...]
    contents: tuple[int, ...]
    ready: int = -1

    def text(self) -> bytes:
        """The fields as ``zygote.Order`` reads them. Raises ``PlatformFault`` on a NUL in one."""
        fields = [
            *(str(self.scratch_bytes), str(self.shared_bytes), self.toolchain),
            *(str(len(self.places)), str(self.ready)),
            *(str(len(self.limits)), *(" ".join(map(str, limit)) for limit in self.limits)),
            *(str(len(self.environment)), *(word for pair in self.environment for word in pair)),
            *(
                str(len(self.files)),
                *(word for name, mode in self.files for word in (name, str(mode))),
            ),
            *(self.python, str(len(self.argv)), *self.argv),
        ]
        if any("\0" in field for field in fields):
            raise PlatformFault("order", "a NUL in a box's name or argument")
        return b"\0".join([ORDER, *(field.encode() for field in fields)])


class Equipment(NamedTuple):
    """What a zygote was started with: programs of ours, and whether it sees the toolchains."""

    programs: int
    toolchains: bool


class Zygote:
    """A living zygote. One box at a time; ``close`` ends it and whatever it forked."""

    def __init__(
        self, *, pid: int, control: socket.socket, told: tuple[int, ...], equipment: Equipment
    ) -> None:
        self.pid = pid
        self._equipment = equipment
        self._control = control
        self._told = told
        self._awake = False
        control.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        control.setblocking(False)

    def can(self, order: Order) -> bool:
        """Whether it was started with all that ``order`` needs."""
        knows, shows = self._equipment
        return order.ready < knows and (shows or not order.toolchain)

    def plant(self, order: Order) -> None:
        """Order a box that waits for ``go``. Raises ``OSError`` when this zygote is gone.

        One that is still waking up reads the order when it can.
        """
        while self._awake and self.last_word():  # what an earlier box said too late
            pass
        sent = array.array("i", (*order.places, *order.contents))
        self._control.sendmsg([order.text()], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, sent)])

    def sprouted(self) -> int:
        """The pid of the box just ordered. Raises ``OSError``, ``PlatformFault``."""
        if not self._awake:
            self._wake_up()
        word, pid = self._hear()
        if word != READY or not pid:
            raise PlatformFault("zygote", word.decode("ascii", "replace")[:200] or "gone")
        return pid

    def _wake_up(self) -> None:
        with suppress(OSError):
            self._awake = self._hear()[0] == READY
        if not self._awake:
            complaint = self._complaint()
            raise PlatformFault("zygote", complaint or "the warm interpreter did not start")

    def go(self) -> None:
        self._control.send(GO)

    def obituary(self) -> bytes:
        """How the box's pid 1 ended, which the zygote tells once it knows; empty if it cannot."""
        with suppress(OSError):
            return self._hear()[0]
        return b""

    def last_word(self) -> bytes:
        """What the box's pid 1 said, without waiting; empty when nothing."""
        with suppress(OSError):
            return self._control.recv(_WORD)
        return b""

    def close(self) -> None:
        """End it. The outer box ends with it, and so does all that it forked."""
        self.forget()
        with suppress(OSError):
            life = os.pidfd_open(self.pid)
            poller = select.poll()
            poller.register(life, select.POLLIN)
            poller.poll(_FAREWELL * 1000)  # it goes by itself when nobody is on the other side
            os.close(life)
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGKILL)
        with suppress(ChildProcessError):
            os.waitpid(self.pid, 0)

    def forget(self) -> None:
        """Close our ends only: a forked copy of this process must not touch its parent's."""
        self._control.close()
        close_all(self._told)
        self._told = ()

    def _complaint(self) -> str:
        text = b""
        for descriptor in self._told:
            os.set_blocking(descriptor, False)
            with suppress(BlockingIOError):
                text += os.read(descriptor, 300)
        return text.decode("ascii", "replace").strip()

    def _hear(self) -> tuple[bytes, int]:
        """One message and the pid of who sent it, in our numbering. Raises ``OSError``."""
        poller = select.poll()
        poller.register(self._control, select.POLLIN)
        poller.poll(_PATIENCE * 1000)
        word, ancillary, _, _ = self._control.recvmsg(_WORD, socket.CMSG_SPACE(_CREDENTIALS.size))
        for _, kind, data in ancillary:
            if kind == socket.SCM_CREDENTIALS:
                return word, int(_CREDENTIALS.unpack(data)[0])
        return word, 0


class Nursery:
    """The zygotes of an engine, one per slot, started when first needed. Thread-safe as long as
    a slot has one user at a time.

    They are started by one thread that lives as long as this: the kernel ends a process that
    asked to die with its parent when the *thread* that forked it ends.
    """

    def __init__(self, walls: Walls, filters: bytes) -> None:
        self._walls, self._filters = walls, filters
        self._living: dict[int, Zygote] = {}
        self._ready: dict[OwnProgram, int] = {}
        self._starter = ThreadPoolExecutor(1, thread_name_prefix="zygotes")
        self._owner = os.getpid()
        self._mutex = Lock()

    def ready(self, program: OwnProgram) -> int:
        """The number under which zygotes keep ``program``; new ones are loaded from now on."""
        with self._mutex:
            return self._ready.setdefault(program, len(self._ready))

    def plant(self, slot: Slot, order: Order) -> Clone:
        """A box from the slot's zygote; one that is gone or knows too little is replaced."""
        self._disown_after_fork()
        zygote = self._living.get(slot.number)
        if zygote is not None and not zygote.can(order):
            self.retire(slot.number)
        elif zygote is not None:
            try:
                zygote.plant(order)
                return Clone(zygote, order)
            except OSError:
                self.retire(slot.number)
        zygote = self._starter.submit(self._start, slot).result()
        self._living[slot.number] = zygote
        try:
            zygote.plant(order)
        except OSError as error:
            self.retire(slot.number)
            raise PlatformFault("zygote", f"gone: {error.strerror}") from error
        return Clone(zygote, order)

    def retire(self, number: int) -> None:
        zygote = self._living.pop(number, None)
        if zygote is not None:
            zygote.close()

    def close(self) -> None:
        if self._owner == os.getpid():
            for zygote in self._living.values():
                zygote.forget()  # all at once: they go by themselves
            for number in tuple(self._living):
                self.retire(number)
            self._starter.shutdown()

    def _start(self, slot: Slot) -> Zygote:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        silence, speech, complaint = pipe(), pipe(), pipe()
        programs, toolchains = tuple(self._ready), toolchain_folder("").is_dir()
        inward = [memory_file(data) for data in (zygote_source(), self._filters, *programs)]
        try:
            pid, birth = spawn(
                self._walls.outer(zygote=inward[0], filters=inward[1], ready=inward[2:]),
                Launch(
                    place=(silence[0], speech[1], complaint[1], theirs.fileno()),
                    keep=tuple(inward),
                    entrances=(),
                    rlimits=(),
                    uid=slot.uid,
                ),
            )
        finally:
            theirs.close()
            close_all((*silence, *speech, complaint[1], *inward))
        told = (birth, complaint[0])
        equipment = Equipment(programs=len(programs), toolchains=toolchains)
        return Zygote(pid=pid, control=ours, told=told, equipment=equipment)

    def _disown_after_fork(self) -> None:
        """A forked worker inherits its parent's ends but must not use its parent's zygotes."""
        with self._mutex:
            if self._owner == os.getpid():
                return
            for zygote in self._living.values():
                zygote.forget()
            self._living.clear()
            self._starter = ThreadPoolExecutor(1, thread_name_prefix="zygotes")
            self._owner = os.getpid()


class Clone:
    """A box that a zygote forked (see ``process.BoxProcess``)."""

    def __init__(self, zygote: Zygote, order: Order) -> None:
        self._zygote = zygote
        self._alone = order.ready >= 0  # a program of ours is its box's pid 1
        self.own = 0 if self._alone else 1
        self._word = b""
        self.pid = 0

    def appear(self) -> None:
        """Wait until it exists. Raises ``PlatformFault`` when the zygote is gone."""
        try:
            self.pid = self._zygote.sprouted()
        except OSError as error:
            raise PlatformFault("zygote", f"gone: {error.strerror}") from error

    def go(self) -> None:
        self._zygote.go()

    def watched(self) -> tuple[int, ...]:
        return ()

    def hear(self, descriptor: int) -> bool:
        raise AssertionError("nothing is watched")

    def bury(self) -> None:
        """The zygote reaps it; its last word waits on the control socket."""
        if self._alone:
            self._word = self._zygote.obituary()
            return
        while word := self._zygote.last_word():
            self._word = word

    def init_pid(self) -> int:
        return self.pid

    def exit_report(self) -> int | None:
        kind, _, number = self._word.partition(b" ")
        if kind != ENDED:
            return None
        status = int(number)
        if self._alone and status == signal.SIGKILL:  # nobody inside can do that to a pid 1
            return None
        return (
            _SIGNAL_BASE + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)
        )

    def unreported(self) -> int | None:
        if self._word.startswith(BROKEN):
            raise PlatformFault("box_start", self._word.decode("ascii", "replace")[:200])
        return signal.SIGKILL

    def close(self) -> None:
        """Nothing of its own is open."""


@cache
def zygote_source() -> bytes:
    """The text that runs in the outer box."""
    return (Path(__file__).parent / "zygote.py").read_bytes()
