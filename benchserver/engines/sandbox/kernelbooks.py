"""The kernel's books of control groups: where they are mounted, and what stands in their files.

Read with two system calls a file and never in error: a group that is gone has nothing in it.
Example: ``field(folder / "memory.events", "oom_kill")`` is 0 for a group without that file.
"""

from __future__ import annotations

import os
from pathlib import Path

_MOST = 65536


def mounts() -> dict[str, Path]:
    """Controller -> mount point; the key of version 2 is the empty string."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, point, kind, options, *_ = line.split(" ")
        if kind == "cgroup2":
            found.setdefault("", Path(point))
        elif kind == "cgroup":
            for option in options.split(","):
                found.setdefault(option, Path(point))
    return found


def number(path: Path) -> int:
    """The number that is the file's content; 0 when there is none."""
    text = _read(path).strip()
    return int(text) if text.isdigit() else 0


def field(path: Path, name: str) -> int:
    """The number after ``name`` in a flat keyed file; 0 when absent."""
    for line in _read(path).splitlines():
        key, _, value = line.partition(" ")
        if key == name and value.isdigit():
            return int(value)
    return 0


def members(path: Path) -> tuple[int, ...]:
    """The process ids in a ``cgroup.procs``."""
    return tuple(int(word) for word in _read(path).split())


def _read(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, _MOST).decode()
    except OSError:
        return ""
    finally:
        os.close(descriptor)
