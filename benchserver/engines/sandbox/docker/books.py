"""What a container used, read from the kernel's books of its cgroup, never from its own word.

Example: CPU seconds since the job was handed over; a peak of 128 MiB; whether the kernel killed for
memory. The daemon could be asked too, but it takes a second for each answer and does not tell which
thread wanted a CPU; so a process that cannot see the cgroups of its containers is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from benchserver.core.errors import MissingPart
from benchserver.engines.sandbox import kernelbooks

_OURS = 2  # docker-init and the keeper
_MEND = (
    "Run the worker on Docker's own host; a worker in a container needs "
    "--pid=host --cgroupns=host -v /sys/fs/cgroup:/sys/fs/cgroup:ro"
)


class Books(Protocol):
    """All figures are of the whole container; bytes and seconds."""

    def cpu_seconds(self) -> float: ...

    def members(self) -> tuple[int, ...]:
        """Its processes now, as we see them."""
        ...

    def memory_peak(self) -> int: ...

    def out_of_memory(self) -> bool: ...

    def refused_processes(self) -> bool:
        """Whether the limit on processes was ever hit."""
        ...

    def only_ours(self) -> bool:
        """Whether surely nothing of the program is left. False when one cannot know."""
        ...


def open_books(container: str, pid: int) -> Books:
    """The books of a running container whose first process is ``pid``.

    Raises ``MissingPart`` when this process cannot see them.
    """
    folders = _folders(container, pid)
    if all(name in folders for name in ("memory", "pids", "cpuacct")):
        return _Version1(folders)
    if "" in folders:
        return _Version2(folders[""])
    raise MissingPart("the cgroups of Docker's containers are out of sight", mend=_MEND)


def _folders(container: str, pid: int) -> Mapping[str, Path]:
    """Controller -> folder; the key of version 2 is the empty string."""
    points = kernelbooks.mounts()
    found: dict[str, Path] = {}
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for name in controllers.split(","):
                folder = points.get(name, Path("/nowhere")) / path.lstrip("/")
                if container in path and folder.is_dir():
                    found[name] = folder
    return found


class _Version1:
    def __init__(self, folders: Mapping[str, Path]) -> None:
        self._memory, self._pids = folders["memory"], folders["pids"]
        self._cpu = folders["cpuacct"]

    def cpu_seconds(self) -> float:
        return kernelbooks.number(self._cpu / "cpuacct.usage") / 1e9

    def members(self) -> tuple[int, ...]:
        return kernelbooks.members(self._pids / "cgroup.procs")

    def memory_peak(self) -> int:
        return kernelbooks.number(self._memory / "memory.max_usage_in_bytes")

    def out_of_memory(self) -> bool:
        return kernelbooks.field(self._memory / "memory.oom_control", "oom_kill") > 0

    def refused_processes(self) -> bool:
        return kernelbooks.field(self._pids / "pids.events", "max") > 0

    def only_ours(self) -> bool:
        return 0 < kernelbooks.number(self._pids / "pids.current") <= _OURS


class _Version2:
    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def cpu_seconds(self) -> float:
        return kernelbooks.field(self._folder / "cpu.stat", "usage_usec") / 1e6

    def members(self) -> tuple[int, ...]:
        return kernelbooks.members(self._folder / "cgroup.procs")

    def memory_peak(self) -> int:
        """Linux before 5.19 tells only what is used now."""
        peak = kernelbooks.number(self._folder / "memory.peak")
        return peak or kernelbooks.number(self._folder / "memory.current")

    def out_of_memory(self) -> bool:
        return kernelbooks.field(self._folder / "memory.events", "oom_kill") > 0

    def refused_processes(self) -> bool:
        return kernelbooks.field(self._folder / "pids.events", "max") > 0

    def only_ours(self) -> bool:
        return 0 < kernelbooks.number(self._folder / "pids.current") <= _OURS
