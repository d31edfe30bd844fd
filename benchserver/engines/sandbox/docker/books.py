"""What a container used, read from the kernel's books of its cgroup, never from its own word.

Where the daemon's cgroups are visible they are read as files; else (a worker that is itself in a
container and holds only the daemon's socket) the daemon is asked. Example: CPU seconds since the
job was handed over; a peak of 128 MiB; whether the kernel killed for memory.

Without the files nobody can see which thread of the box wanted a CPU; then the time in which
*anything* on this machine waited for one (``/proc/pressure/cpu``) counts as the box's, in dubio
pro reo: rather "the host was busy, try again" than a verdict.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from benchserver.engines.sandbox.docker.daemon import Daemon
from benchserver.engines.sandbox.vitals import vitals_of

_OURS = 2  # docker-init and the keeper


class Books(Protocol):
    """All figures are of the whole container; bytes and seconds."""

    def cpu_seconds(self) -> float: ...

    def runnable_seconds(self) -> float:
        """Time the thread that was runnable longest had a CPU or wanted one."""
        ...

    def memory_peak(self) -> int: ...

    def out_of_memory(self) -> bool: ...

    def refused_processes(self) -> bool:
        """Whether the limit on processes was ever hit."""
        ...

    def only_ours(self) -> bool:
        """Whether surely nothing of the program is left. False when one cannot know."""
        ...


def open_books(daemon: Daemon, container: str, pid: int) -> Books:
    """The files when they are visible and truly this container's, else the daemon's figures."""
    folders = _folders(container, pid)
    if all(name in folders for name in ("memory", "pids", "cpuacct")):
        return _Version1(folders)
    if "" in folders:
        return _Version2(folders[""])
    return _Asked(daemon, container)


def _folders(container: str, pid: int) -> Mapping[str, Path]:
    """Controller -> folder; the key of version 2 is the empty string."""
    points = _mounts()
    found: dict[str, Path] = {}
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for name in controllers.split(","):
                folder = points.get(name, Path("/nowhere")) / path.lstrip("/")
                if container in path and folder.is_dir():
                    found[name] = folder
    return found


def _mounts() -> dict[str, Path]:
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            found.setdefault("", Path(point))
        elif kind == "cgroup":
            for option in options.split(","):
                found.setdefault(option, Path(point))
    return found


class _Version1:
    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._memory, self._pids = folders["memory"], folders["pids"]
        self._cpu = folders["cpuacct"]

    def cpu_seconds(self) -> float:
        return _number(self._cpu / "cpuacct.usage") / 1e9

    def runnable_seconds(self) -> float:
        return vitals_of(_members(self._pids)).runnable_seconds

    def memory_peak(self) -> int:
        return _number(self._memory / "memory.max_usage_in_bytes")

    def out_of_memory(self) -> bool:
        return _field(self._memory / "memory.oom_control", "oom_kill") > 0

    def refused_processes(self) -> bool:
        return _field(self._pids / "pids.events", "max") > 0

    def only_ours(self) -> bool:
        return 0 < _number(self._pids / "pids.current") <= _OURS


class _Version2:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def cpu_seconds(self) -> float:
        return _field(self._folder / "cpu.stat", "usage_usec") / 1e6

    def runnable_seconds(self) -> float:
        return vitals_of(_members(self._folder)).runnable_seconds

    def memory_peak(self) -> int:
        """Linux before 5.19 tells only what is used now."""
        peak = _number(self._folder / "memory.peak")
        return peak or _number(self._folder / "memory.current")

    def out_of_memory(self) -> bool:
        return _field(self._folder / "memory.events", "oom_kill") > 0

    def refused_processes(self) -> bool:
        return _field(self._folder / "pids.events", "max") > 0

    def only_ours(self) -> bool:
        return 0 < _number(self._folder / "pids.current") <= _OURS


class _Asked:
    """The daemon's own figures."""

    def __init__(self, daemon: Daemon, container: str) -> None:
        self._daemon, self._container = daemon, container
        self._pressure_before = _pressure_seconds()

    def cpu_seconds(self) -> float:
        used = self._daemon.figures(self._container).get("cpu_stats", {}).get("cpu_usage", {})
        return int(used.get("total_usage", 0)) / 1e9

    def runnable_seconds(self) -> float:
        return self.cpu_seconds() + _pressure_seconds() - self._pressure_before

    def memory_peak(self) -> int:
        memory = self._daemon.figures(self._container).get("memory_stats", {})
        return int(memory.get("max_usage") or memory.get("usage") or 0)

    def out_of_memory(self) -> bool:
        return bool(self._daemon.state(self._container).get("OOMKilled"))

    def refused_processes(self) -> bool:
        return False

    def only_ours(self) -> bool:
        return False


def _read(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""  # the container is gone, and its books with it
    try:
        return os.read(descriptor, 65536).decode()
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _number(path: Path) -> int:
    text = _read(path).strip()
    return int(text) if text.isdigit() else 0


def _field(path: Path, name: str) -> int:
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0


def _members(folder: Path) -> tuple[int, ...]:
    return tuple(int(word) for word in _read(folder / "cgroup.procs").split())


def _pressure_seconds() -> float:
    """Documentation/accounting/psi.rst: ``some ... total=<microseconds>``; 0 when not told."""
    for line in _read(Path("/proc/pressure/cpu")).splitlines():
        if line.startswith("some "):
            return int(line.rpartition("total=")[2]) / 1e6
    return 0.0
