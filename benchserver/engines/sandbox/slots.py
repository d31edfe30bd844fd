"""Who a box is: one user id and one cgroup name per running box, never shared.

As root each box runs under uid ``64000 + slot``; as an ordinary user all run under that user and
the slot only names the cgroup. A slot is a locked file, so two graders on one machine never hold
the same one. Example: the first box of a fresh root process gets slot 0 and uid 64000.
"""

from __future__ import annotations

import fcntl
import os
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from benchserver.core.errors import PlatformFault

FIRST_UID = 64000
SLOTS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """``uid`` is None when the box runs as the caller."""

    number: int
    uid: int | None


class SlotPool:
    """Slots of this process, locked against other processes until ``close``. Thread-safe."""

    def __init__(self) -> None:
        self._folder = _lock_folder()
        self._free: list[int] = []
        self._locks: dict[int, int] = {}
        self._owner = os.getpid()
        self._mutex = threading.Lock()
        self._returned = threading.Condition(self._mutex)

    def take(self) -> Slot:
        """A slot nobody else holds. Raises ``PlatformFault`` when all are in use."""
        with self._mutex:
            self._disown_after_fork()
            number = self._free.pop() if self._free else self._lock_another()
        return Slot(number=number, uid=FIRST_UID + number if os.geteuid() == 0 else None)

    def give_back(self, slot: Slot) -> None:
        with self._mutex:
            if slot.number in self._locks:
                self._free.append(slot.number)
            self._returned.notify_all()

    def held(self) -> tuple[int, ...]:
        with self._mutex:
            return tuple(self._locks)

    def wait_until_free(self, seconds: float) -> bool:
        """Wait until no slot is in use, at most ``seconds``."""
        with self._mutex:
            return self._returned.wait_for(lambda: len(self._free) == len(self._locks), seconds)

    def close(self) -> None:
        with self._mutex:
            for descriptor in self._locks.values():
                os.close(descriptor)
            self._locks.clear()
            self._free.clear()

    def _disown_after_fork(self) -> None:
        """A forked worker inherits its parent's locks but must not use its parent's slots."""
        if self._owner == os.getpid():
            return
        for descriptor in self._locks.values():
            os.close(descriptor)
        self._locks.clear()
        self._free.clear()
        self._owner = os.getpid()

    def _lock_another(self) -> int:
        for number in range(SLOTS):
            if number not in self._locks and self._try_lock(number):
                return number
        raise PlatformFault("no_free_slot", f"all {SLOTS} sandbox slots are in use")

    def _try_lock(self, number: int) -> bool:
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(self._folder / f"{number}.lock", flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._locks[number] = descriptor
        return True


def _lock_folder() -> Path:
    """A folder that only this user can write, the same for all of the user's processes."""
    uid = os.geteuid()
    folder = _base(uid) / ("benchserver-slots" if uid == 0 else f"benchserver-slots-{uid}")
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != uid or found.st_mode & 0o022 or not folder.is_dir() or folder.is_symlink():
        raise PlatformFault("slot_folder", f"{folder} belongs to somebody else")
    return folder


def _base(uid: int) -> Path:
    if uid == 0 and os.access("/run", os.W_OK):
        return Path("/run")
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    return Path(runtime) if runtime and os.access(runtime, os.W_OK) else Path(tempfile.gettempdir())
