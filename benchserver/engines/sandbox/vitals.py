"""Is a box working, waiting or starved? Read from the kernel's own books.

Wall time alone cannot tell a sleeping program from a busy host. ``/proc/PID/task/*/schedstat``
can: time on a CPU plus time *wanting* one is time the thread was runnable. Example: 60 s of wall
with 0.1 s runnable is a program that waits by its own choice; 60 s with 2 s of CPU and 50 s in
the run queue is a host that starved it (Documentation/scheduler/sched-stats.rst).
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass

_TICK = os.sysconf("SC_CLK_TCK")
_PF_EXITING = 0x4  # linux/sched.h: set before a process closes its files


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """``memory_peak``: resident bytes of the largest process."""

    cpu_seconds: float
    memory_peak: int


class Wanting:
    """For how much of its time a box had a CPU or wanted one, summed from look to look.

    Between two looks the thread that was runnable longest counts: the *longest*, not the sum, since
    threads that queue behind each other would make a box look starved by the host. Summing over
    looks is what a compiler needs, whose processes come one after the other. Look often.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._seen: dict[tuple[int, str], float] = {}

    def look(self, pids: tuple[int, ...]) -> float:
        """Seconds so far. What is gone before it was seen is not counted."""
        now: dict[tuple[int, str], float] = {}
        for pid in pids:
            with suppress(OSError, ValueError):
                now.update({(pid, thread): told for thread, told in _runnable_seconds(pid)})
        self.seconds += max(
            (told - self._seen.get(thread, 0.0) for thread, told in now.items()), default=0.0
        )
        self._seen = now
        return self.seconds


def vitals_of(pids: tuple[int, ...]) -> Vitals:
    """What the living processes ``pids`` (and their reaped children) used so far."""
    cpu, peak = 0.0, 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            cpu += _cpu_seconds(pid)
            peak = max(peak, _memory_peak(pid))
    return Vitals(cpu_seconds=cpu, memory_peak=peak)


def family_of(root: int) -> tuple[int, ...]:
    """``root`` and all its living descendants."""
    found, todo = [], [root]
    while todo:
        pid = todo.pop()
        found.append(pid)
        with suppress(OSError):
            for thread in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{thread}/children") as file:
                    todo.extend(int(word) for word in file.read().split())
    return tuple(found)


def is_leaving(pid: int) -> bool:
    """Whether a process is gone or on its way out: how it ended is settled, if not yet told."""
    with suppress(OSError, ValueError, IndexError):
        with open(f"/proc/{pid}/stat") as file:
            flags = int(file.read().rpartition(")")[2].split()[6])
        return bool(flags & _PF_EXITING)
    return True


def threads_of_user(uid: int) -> int:
    """How many threads the user runs now: RLIMIT_NPROC counts them all together."""
    count = 0
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                if os.stat(f"/proc/{name}").st_uid == uid:
                    count += len(os.listdir(f"/proc/{name}/task"))
    return count


def _cpu_seconds(pid: int) -> float:
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return sum(int(word) for word in fields[11:15]) / _TICK  # utime stime cutime cstime


def _memory_peak(pid: int) -> int:
    with open(f"/proc/{pid}/status") as file:
        for line in file:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    return 0


def _runnable_seconds(pid: int) -> list[tuple[str, float]]:
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with suppress(OSError):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                on_cpu, queued, _ = file.read().split()
            found.append((thread, (int(on_cpu) + int(queued)) / 1e9))
    return found
