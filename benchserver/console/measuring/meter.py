"""Wall time, CPU and memory of one command, with everything it starts.

CPU is what the whole machine spent while the command ran: boxes end in cgroups and sessions of
their own, and the kernel tears namespaces down in threads of its own, so no process tree shows the
true price. Measure on a machine that does nothing else; ``load`` before the start tells.
Example: ``measured(["python3", "-c", "pass"]).wall_seconds``.
"""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.vitals import family_of

_LOOK_SECONDS = 0.2
_LONGEST = 1800.0
_TICK = os.sysconf("SC_CLK_TCK")
_IDLE, _WAITING = 3, 4  # columns of /proc/stat that are no work


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """``rss_bytes``: highest sum over all processes, shared pages counted in each of them;
    ``pss_bytes``: the same with shared pages counted once, 0 where the kernel does not tell."""

    wall_seconds: float
    cpu_seconds: float
    rss_bytes: int
    pss_bytes: int
    load: float
    stdout: bytes


def measured(command: Sequence[str]) -> Reading:
    """Run ``command`` to its end. Raises ``PlatformFault`` when it fails."""
    load, cpu, started = os.getloadavg()[0], _machine_cpu(), time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    watch = _Watch(process.pid)
    try:
        out, complaint = process.communicate(timeout=_LONGEST)
    except BaseException:
        process.kill()
        process.wait()
        raise
    finally:
        watch.stop()
    wall, cpu = time.monotonic() - started, _machine_cpu() - cpu
    if process.returncode != 0:
        last = complaint.decode("utf-8", "replace").strip().splitlines()[-1:]
        raise PlatformFault("measure", f"{Path(command[0]).name}: {''.join(last)[:200]}")
    return Reading(
        wall_seconds=wall,
        cpu_seconds=cpu,
        rss_bytes=watch.rss,
        pss_bytes=watch.pss,
        load=load,
        stdout=out,
    )


def _machine_cpu() -> float:
    """CPU seconds that all cores have worked since boot."""
    with open("/proc/stat") as file:
        columns = [int(word) for word in file.readline().split()[1:9]]
    return sum(n for at, n in enumerate(columns) if at not in (_IDLE, _WAITING)) / _TICK


class _Watch:
    """Looks at the process's family every fifth of a second, in a thread of its own."""

    def __init__(self, pid: int) -> None:
        self.rss, self.pss = 0, 0
        self._pid = pid
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(_LOOK_SECONDS):
            sizes = [size_of(pid) for pid in family_of(self._pid)]
            self.rss = max(self.rss, sum(rss for rss, _ in sizes))
            self.pss = max(self.pss, sum(pss for _, pss in sizes))


def size_of(pid: int) -> tuple[int, int]:
    """(resident, proportional) bytes; 0 for what cannot be read any more."""
    found = {"Rss:": 0, "Pss:": 0}
    with suppress(OSError):
        with open(f"/proc/{pid}/smaps_rollup") as file:
            for line in file:
                name = line.partition(" ")[0]
                if name in found:
                    found[name] = int(line.split()[1]) * 1024
    return found["Rss:"], found["Pss:"]
