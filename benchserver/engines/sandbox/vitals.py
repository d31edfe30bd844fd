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


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """``runnable_seconds``: of the thread that was runnable longest. The *longest*, not the sum:
    threads queueing behind each other would otherwise make a box look starved by the host.
    ``memory_peak``: resident bytes of the largest process."""

    cpu_seconds: float
    runnable_seconds: float
    memory_peak: int


def vitals_of(pids: tuple[int, ...]) -> Vitals:
    """What the living processes ``pids`` (and their reaped children) used so far."""
    cpu, longest, peak = 0.0, 0.0, 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            cpu += _cpu_seconds(pid)
            longest = max([longest, *_runnable_seconds(pid)])
            peak = max(peak, _memory_peak(pid))
    return Vitals(cpu_seconds=cpu, runnable_seconds=longest, memory_peak=peak)


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


def _runnable_seconds(pid: int) -> list[float]:
    found = []
    for thread in os.listdir(f"/proc/{pid}/task"):
        with suppress(OSError):
            with open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                on_cpu, queued, _ = file.read().split()
            found.append((int(on_cpu) + int(queued)) / 1e9)
    return found
