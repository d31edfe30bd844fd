"""CPU and memory of a running service's own processes, without what its sandboxes run.

Ours is every process of every part, with one exception: below a judging process lie its boxes, and
what a candidate's code costs is not our overhead. Example: ``Books({"execute": 71, ...})`` counts
process 71 and its children; a grandchild of 71 is a box.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from benchserver.console.measuring.meter import size_of

_TICK = os.sysconf("SC_CLK_TCK")
_LOOK_SECONDS = 0.25
_LOOKS_PER_SIZE = 8
_JUDGING = "execute"


class Books:
    """``pids``: name of a part -> its first process. Use with ``with``; looks while it is open."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.pss_bytes = 0
        self._pids = dict(pids)
        self._children: dict[tuple[int, int], float] = {}  # of the judging part, dead ones too
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Books:
        self._begin = self._now()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()
        self._size()
        end = self._now()
        self.cpu_seconds = {name: end[name] - self._begin[name] for name in end}

    def _watch(self) -> None:
        looks = 0
        while not self._done.wait(_LOOK_SECONDS):
            self._look()
            looks += 1
            if looks % _LOOKS_PER_SIZE == 1:
                self._size()

    def _look(self) -> None:
        """A judging child ends after some hundreds of judgings: remember what it used."""
        for child in _children(self._pids.get(_JUDGING, 0)):
            with suppress(OSError, ValueError, IndexError):
                own, _, started = _times(child)
                self._children[child, started] = own

    def _size(self) -> None:
        self.pss_bytes = max(self.pss_bytes, sum(size_of(pid)[1] for pid in self._ours()))

    def _ours(self) -> list[int]:
        found = []
        for name, pid in self._pids.items():
            found += [pid, *(_children(pid) if name == _JUDGING else _family(pid))]
        return found

    def _now(self) -> dict[str, float]:
        self._look()
        return {name: self._cpu(name, pid) for name, pid in self._pids.items()}

    def _cpu(self, name: str, pid: int) -> float:
        """Of a judging part its own and its children's time, never that of what they reaped."""
        if name == _JUDGING:
            return _cpu_of(pid, reaped=False) + sum(self._children.values())
        return sum(_cpu_of(each, reaped=True) for each in [pid, *_family(pid)])


def _cpu_of(pid: int, *, reaped: bool) -> float:
    with suppress(OSError, ValueError, IndexError):
        own, children, _ = _times(pid)
        return own + children if reaped else own
    return 0.0


def _times(pid: int) -> tuple[float, float, int]:
    """CPU seconds of its own, of its reaped children, and its start in ticks since boot."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own, children = (int(fields[11]) + int(fields[12]), int(fields[13]) + int(fields[14]))
    return own / _TICK, children / _TICK, int(fields[19])


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(word) for word in task.read_text().split()]
    return found


def _family(pid: int) -> list[int]:
    """All descendants."""
    below = _children(pid)
    return below + [each for child in below for each in _family(child)]
