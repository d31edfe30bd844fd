"""Whose container is this? So that what a crashed process left can go, and nothing else.

Every container carries its owner: boot and pid namespace, pid, start time. Example: a grader was
killed by ``kill -9``; the next one removes its containers, but none of a grader that still runs,
even when the dead one's pid was given to somebody else meanwhile.

The keepers of a dead owner have already ended by themselves (their stdin did); this takes away
what is left of them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchserver.engines.sandbox.docker.daemon import Daemon

LABEL = "benchserver.sandbox.owner"
_STRANGER_SECONDS = 600  # a dead container of an unknowable owner: nobody reads it any more


def owner_label() -> dict[str, str]:
    """For the containers of this process."""
    return {LABEL: f"{_place()} {os.getpid()} {_start_time(os.getpid())}"}


def remove_orphans(daemon: Daemon) -> int:
    """Remove the containers of dead owners; returns how many."""
    orphans = [each["Id"] for each in daemon.labelled(LABEL) if _is_orphan(each)]
    for container in orphans:
        daemon.remove(container)
    return len(orphans)


def _is_orphan(container: dict[str, Any]) -> bool:
    place, _, process = container["Labels"][LABEL].partition(" ")
    if place == _place():
        pid, _, start = process.partition(" ")
        return not pid.isdigit() or _start_time(int(pid)) != start
    if container["State"] not in ("exited", "dead"):
        return False  # of another pid namespace, and its owner still holds its stdin
    age = datetime.now(UTC).timestamp() - float(container["Created"])
    return age > _STRANGER_SECONDS


def _place() -> str:
    """Pids mean something only within one boot and one pid namespace."""
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"


def _start_time(pid: int) -> str:
    """Field 22 of proc(5) stat; empty when there is no such process."""
    with suppress(OSError, IndexError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    return ""
