"""What a whole box may use together: memory, processes, CPU - only a cgroup bounds a *tree*.

Version 1 keeps one pooled directory per slot in each controller (counters are reset between
boxes); version 2 makes one directory per box. Example: 60 children that each stay below a
per-process limit still share one ``memory.limit_in_bytes``.

As root the parent directory is ``<mount>/benchserver``; as an ordinary user it is the delegated
subtree that ``BENCH_CGROUP`` names (v1: ``<mount>/<controller>/$BENCH_CGROUP``). When neither is
writable there is no cgroup and the level is RLIMITS. Kernel: admin-guide/cgroup-v1, cgroup-v2.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox import kernelbooks

ENV_SUBTREE = "BENCH_CGROUP"
_V1_NEEDED = ("memory", "pids", "cpuacct")
_V2_NEEDED = ("memory", "pids")
_EMPTY_WITHIN = 10.0
_ATTEMPTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """``memory_peak`` in bytes, 0 when the kernel does not tell."""

    cpu_seconds: float
    memory_peak: int
    out_of_memory: bool


class BoxGroup(Protocol):
    """The cgroup of one running box."""

    def entrances(self) -> tuple[str, ...]:
        """Files into which the child writes ``0`` to enter, before it executes anything."""
        ...

    def cpu_seconds(self) -> float: ...

    def pids(self) -> tuple[int, ...]: ...

    def usage(self) -> Usage: ...

    def kill(self) -> None:
        """SIGKILL everything inside until nothing is left."""
        ...

    def release(self) -> None: ...


def admit(group: BoxGroup, pid: int) -> None:
    """Move a process that waits for it into ``group``. Raises ``PlatformFault``."""
    try:
        for entrance in group.entrances():
            _write(Path(entrance), str(pid))
    except OSError as error:
        raise PlatformFault("cgroup", f"cannot enter: {error.strerror}") from error


class Hierarchy(Protocol):
    """Where boxes' cgroups are made."""

    version: int

    def enter(self, *, slot: int, memory_bytes: int, processes: int) -> BoxGroup: ...

    def close(self, slots: tuple[int, ...]) -> None: ...


def find_hierarchy() -> Hierarchy | None:
    """The first usable hierarchy of this machine, or None (level RLIMITS)."""
    mounts = kernelbooks.mounts()
    subtree = os.environ.get(ENV_SUBTREE, "")
    if not subtree and os.geteuid() != 0:
        return None
    name = subtree.strip("/") or "benchserver"
    v1 = {c: mounts[c] / name for c in (*_V1_NEEDED, "cpu") if c in mounts}
    if all(c in v1 for c in _V1_NEEDED):
        parents = tuple(dict.fromkeys(v1[c] for c in _V1_NEEDED))
        if all(_writable(parent) for parent in parents):
            return _V1(memory=v1["memory"], pids=v1["pids"], cpuacct=v1["cpuacct"])
    if "" in mounts and _prepare_v2(mounts[""] / name):
        return _V2(mounts[""] / name)
    return None


def _writable(folder: Path) -> bool:
    """Whether groups can be made here. Tried again, since a closing grader may tidy ``folder``
    away between the two steps."""
    for _ in range(_ATTEMPTS):
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
            probe = folder / f"probe-{os.getpid()}-{threading.get_ident()}"
            probe.mkdir()
            probe.rmdir()
            return True
    return False


def _made(folder: Path) -> bool:
    for _ in range(_ATTEMPTS):
        with suppress(FileNotFoundError):
            folder.mkdir(parents=True, exist_ok=True)
            return True
    return False


def _prepare_v2(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
        _write(folder.parent / "cgroup.subtree_control", "+memory +pids", best_effort=True)
        available = (folder / "cgroup.controllers").read_text().split()
        if not all(c in available for c in _V2_NEEDED):
            return False
        _write(folder / "cgroup.subtree_control", "+memory +pids")
    except OSError:
        return False
    return _writable(folder)


def _write(path: Path, text: str, *, best_effort: bool = False) -> None:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(descriptor, text.encode())
        finally:
            os.close(descriptor)
    except OSError:
        if not best_effort:
            raise


def _kill_until_empty(path: Path) -> None:
    deadline = time.monotonic() + _EMPTY_WITHIN
    while members := kernelbooks.members(path):
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise PlatformFault("box_will_not_die", "processes survived SIGKILL for 10 s")
        time.sleep(0.002)


def _remove(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()


class _V1:
    version = 1

    def __init__(self, *, memory: Path, pids: Path, cpuacct: Path) -> None:
        self._parents = (memory, pids, cpuacct)
        self._groups: dict[int, _V1Group] = {}  # a slot has one user at a time

    def enter(self, *, slot: int, memory_bytes: int, processes: int) -> BoxGroup:
        group = self._groups.get(slot)
        if group is None:
            group = self._groups[slot] = self._make(slot)
        group.prepare(memory_bytes=memory_bytes, processes=processes)
        return group

    def _make(self, slot: int) -> _V1Group:
        folders = tuple(parent / f"slot-{slot}" for parent in self._parents)
        if not all(_made(folder) for folder in folders):
            raise PlatformFault("cgroup", "no group can be made any more")
        return _V1Group(*folders)

    def close(self, slots: tuple[int, ...]) -> None:
        for parent in self._parents:
            for slot in slots:
                _remove(parent / f"slot-{slot}")
            if not os.environ.get(ENV_SUBTREE):
                _remove(parent)


class _V1Group:
    def __init__(self, memory: Path, pids: Path, cpuacct: Path) -> None:
        self._memory, self._pids, self._cpuacct = memory, pids, cpuacct
        self._kills_before = 0
        self._cpu_before = 0
        self._memory_limit = 0

    def prepare(self, *, memory_bytes: int, processes: int) -> None:
        self.kill()  # a crashed grader may have left something in this slot
        if memory_bytes != self._memory_limit:
            self._limit_memory(memory_bytes)
        _write(self._memory / "memory.max_usage_in_bytes", "0", best_effort=True)
        fading = kernelbooks.number(
            self._pids / "pids.current"
        )  # the dead are uncharged some time later
        _write(self._pids / "pids.max", str(processes + fading))
        self._cpu_before = kernelbooks.number(self._cpuacct / "cpuacct.usage")
        self._kills_before = self._kills()

    def _limit_memory(self, memory_bytes: int) -> None:
        swap = self._memory / "memory.memsw.limit_in_bytes"
        _write(self._memory / "memory.force_empty", "0", best_effort=True)
        _write(swap, "-1", best_effort=True)  # memsw must never be below the plain limit
        _write(self._memory / "memory.limit_in_bytes", str(memory_bytes))
        _write(swap, str(memory_bytes), best_effort=True)
        self._memory_limit = memory_bytes

    def entrances(self) -> tuple[str, ...]:
        folders = dict.fromkeys((self._memory, self._pids, self._cpuacct))
        return tuple(str(folder / "cgroup.procs") for folder in folders)

    def cpu_seconds(self) -> float:
        return (kernelbooks.number(self._cpuacct / "cpuacct.usage") - self._cpu_before) / 1e9

    def pids(self) -> tuple[int, ...]:
        return kernelbooks.members(self._pids / "cgroup.procs")

    def usage(self) -> Usage:
        return Usage(
            cpu_seconds=self.cpu_seconds(),
            memory_peak=kernelbooks.number(self._memory / "memory.max_usage_in_bytes"),
            out_of_memory=self._kills() > self._kills_before,
        )

    def kill(self) -> None:
        _kill_until_empty(self._pids / "cgroup.procs")
        _kill_until_empty(self._memory / "cgroup.procs")

    def release(self) -> None:
        """Nothing: the directories serve the slot's next box."""

    def _kills(self) -> int:
        return kernelbooks.field(self._memory / "memory.oom_control", "oom_kill")


class _V2:
    version = 2

    def __init__(self, parent: Path) -> None:
        self._parent = parent

    def enter(self, *, slot: int, memory_bytes: int, processes: int) -> BoxGroup:
        folder = self._parent / f"slot-{slot}"
        if folder.exists():
            _V2Group(folder).release()  # left by a crashed grader
        elif not self._parent.exists():
            _prepare_v2(self._parent)  # the last of the other graders has just tidied up
        folder.mkdir(exist_ok=True)
        _write(folder / "memory.max", str(memory_bytes))
        _write(folder / "memory.swap.max", "0", best_effort=True)
        _write(folder / "memory.oom.group", "1", best_effort=True)
        _write(folder / "pids.max", str(processes))
        return _V2Group(folder)

    def close(self, slots: tuple[int, ...]) -> None:
        for slot in slots:
            _remove(self._parent / f"slot-{slot}")
        if not os.environ.get(ENV_SUBTREE):
            _remove(self._parent)


class _V2Group:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def entrances(self) -> tuple[str, ...]:
        return (str(self._folder / "cgroup.procs"),)

    def cpu_seconds(self) -> float:
        return kernelbooks.field(self._folder / "cpu.stat", "usage_usec") / 1e6

    def pids(self) -> tuple[int, ...]:
        return kernelbooks.members(self._folder / "cgroup.procs")

    def usage(self) -> Usage:
        return Usage(
            cpu_seconds=self.cpu_seconds(),
            memory_peak=kernelbooks.number(self._folder / "memory.peak"),
            out_of_memory=kernelbooks.field(self._folder / "memory.events", "oom_kill") > 0,
        )

    def kill(self) -> None:
        _write(self._folder / "cgroup.kill", "1", best_effort=True)  # Linux 5.14
        _kill_until_empty(self._folder / "cgroup.procs")

    def release(self) -> None:
        self.kill()
        _remove(self._folder)
