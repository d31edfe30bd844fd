"""Who cleans up after an owner that was killed with -9? A tiny process of its own session.

The owner tells it, line by line, which process groups are its; when the owner is gone (its pipe
closes, its pid ends) the watchdog ends them: the polite signal, some grace, then SIGKILL.
Example: ``dog = Watchdog(); dog.watch("pg", pid=412, signal=2, grace=10)``; a later
``dog.release("pg")`` takes it off the list. Standard library only, and run as a plain file: it must
start fast and need nothing of the project.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

TOKEN = "BENCHSERVER_OWNER"  # in the environment of everything an owner started for itself


class Watchdog:
    """The owner's side: a pipe to the watchdog process."""

    def __init__(self, *, token: str = "") -> None:
        """``token``: also end every process that carries it as ``BENCHSERVER_OWNER``."""
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__)), str(os.getpid()), token],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd="/",
            env={},
        )

    def watch(
        self, name: str, *, pid: int, signal: int, grace: float, users: Path | None = None
    ) -> None:
        """Guard the process group led by ``pid``.

        ``users`` is a file that everybody who uses the service holds a shared lock on: the group
        is only ended when nobody else holds one.
        """
        entry = {"pid": pid, "born": birth(pid), "signal": signal, "grace": grace}
        self._tell({"watch": name, **entry, "users": str(users) if users else None})

    def release(self, name: str) -> None:
        """The owner has ended this group itself, or leaves it to others."""
        self._tell({"release": name})

    def close(self) -> None:
        """End the watchdog without any effect. Idempotent."""
        self._tell({"done": True})
        if self._process.stdin:
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, message: dict[str, Any]) -> None:
        stdin = self._process.stdin
        if stdin is None or stdin.closed:
            return
        with contextlib.suppress(BrokenPipeError):
            stdin.write(json.dumps(message).encode() + b"\n")
            stdin.flush()


def birth(pid: int) -> int | None:
    """Clock ticks from boot to the start of ``pid``: with the pid it names a process for good."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text.rpartition(")")[2].split()
    return None if fields[0] in "ZX" else int(fields[19])


def signal_group(pid: int, number: int) -> None:
    """Signal the process group led by ``pid``; a group that is gone is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def group_lives(pid: int) -> bool:
    """Has the group of ``pid`` a member that is not a zombie?"""
    return any(group == pid for _, group in _living_groups())


def _living_groups() -> Iterable[tuple[int, int]]:
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                if fields[0] not in "ZX":
                    yield int(entry), int(fields[2])


def bearers(token: str) -> list[int]:
    """Processes whose environment carries ``token``, whatever session they fled to."""
    wanted = f"{TOKEN}={token}".encode()
    found = []
    for entry in os.listdir("/proc"):
        if entry.isdigit() and int(entry) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in Path(f"/proc/{entry}/environ").read_bytes().split(b"\0"):
                    found.append(int(entry))
    return found


def end_bearers(token: str) -> None:
    """SIGKILL whatever still carries ``token``; repeated, because it may be forking."""
    for _ in range(20):
        found = bearers(token)
        if not found:
            return
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def _end(entry: dict[str, Any], begun: float) -> None:
    """End one recorded group, unless its leader's pid is somebody else's now."""
    pid = entry["pid"]
    if not _still_the_same(entry):
        return
    lock = _last_user(entry["users"]) if entry["users"] else None
    if entry["users"] and lock is None:
        return
    _signal_leader(entry)
    deadline = begun + entry["grace"]
    while group_lives(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    signal_group(pid, signal.SIGKILL)


def _still_the_same(entry: dict[str, Any]) -> bool:
    """Not a reused pid: the leader was born when we noted it, or is gone and left its group."""
    return birth(entry["pid"]) in (entry["born"], None)


def _signal_leader(entry: dict[str, Any]) -> None:
    """Only the leader: it knows how to end its children, who may take the signal badly."""
    if birth(entry["pid"]) is not None:
        os.kill(entry["pid"], entry["signal"])


def _last_user(path: str) -> int | None:
    """An exclusive lock on the users file, or ``None`` while others use the service."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return -1  # the folder is gone, and with it any other user
    for _ in range(10):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return descriptor
        time.sleep(0.1)
    os.close(descriptor)
    return None


def _listen(owner: int) -> dict[str, dict[str, Any]] | None:
    """Keep the list until the owner is gone; ``None`` when it said goodbye."""
    entries: dict[str, dict[str, Any]] = {}
    poll = select.poll()
    poll.register(0, select.POLLIN)
    with contextlib.suppress(OSError):
        poll.register(os.pidfd_open(owner), select.POLLIN)
    pending = b""
    while True:
        ready = dict(poll.poll())
        data = os.read(0, 65536) if 0 in ready else b""
        *lines, pending = (pending + data).split(b"\n")
        for line in lines:
            message = json.loads(line)
            if "done" in message:
                return None
            if "release" in message:
                entries.pop(message["release"], None)
            else:
                entries[message.pop("watch")] = message
        if not data:
            return entries


def main(owner: int, token: str) -> None:
    """Run as ``python watchdog.py OWNER_PID TOKEN``."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    entries = _listen(owner)
    if entries is None:
        return
    for entry in reversed(entries.values()):
        if entry["users"] is None and _still_the_same(entry):
            _signal_leader(entry)  # all at once, then each one's grace
    begun = time.monotonic()
    for entry in reversed(entries.values()):
        _end(entry, begun)
    if token:
        end_bearers(token)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
