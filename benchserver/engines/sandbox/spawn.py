"""Start a box's outermost process: limits, cgroup and uid are taken on *before* it executes.

``os.fork`` by hand, because the order is the security: enter the cgroup, set the rlimits, drop to
the slot's uid, execute with an EMPTY environment - bubblewrap stays as pid 1 of the box and the
candidate can read that process's environment. Example: a child that cannot take its uid reports
that and executes nothing.
"""

from __future__ import annotations

import errno
import json
import os
import resource
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import NoReturn

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.plumbing import close_all, pipe
from benchserver.engines.sandbox.vitals import family_of

_CHUNK = 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """``place``: descriptors to become 0, 1, 2, ...; ``keep``: descriptors kept by number.

    ``entrances``: cgroup files, opened by the parent; ``uid`` None: stay who we are.
    """

    place: tuple[int, ...]
    keep: tuple[int, ...]
    entrances: tuple[str, ...]
    rlimits: tuple[tuple[int, int, int], ...]
    uid: int | None


class Spawned:
    """A box that bubblewrap made from nothing (see ``process.BoxProcess``).

    ``birth`` tells of a failed start, ``status`` is bubblewrap's own report; both are ours.
    """

    own = 2  # bubblewrap outside, and itself as pid 1 of the box

    def __init__(self, *, pid: int, birth: int, status: int) -> None:
        self.pid = pid
        self._open = {birth: bytearray(), status: bytearray()}
        self._stillborn, self._report = self._open[birth], self._open[status]
        self._wait_status = 0

    def watched(self) -> tuple[int, ...]:
        return tuple(self._open)

    def hear(self, descriptor: int) -> bool:
        data = os.read(descriptor, _CHUNK)
        kept = self._open[descriptor]
        kept += data[: _CHUNK - len(kept)]
        if not data:
            del self._open[descriptor]
            os.close(descriptor)
        return bool(data)

    def bury(self) -> None:
        with suppress(ChildProcessError):
            _, self._wait_status = os.waitpid(self.pid, 0)

    def init_pid(self) -> int:
        """While 0, killing bubblewrap itself is enough: --die-with-parent does the rest."""
        children = family_of(self.pid)[1:]
        return children[0] if children else 0

    def exit_report(self) -> int | None:
        """bubblewrap reports ``exit-code`` only for a program that it really executed."""
        self._bury_init()
        return self._reported("exit-code")

    def unreported(self) -> int | None:
        if self._stillborn:
            raise PlatformFault("spawn", self._stillborn.decode("ascii", "replace"))
        return os.WTERMSIG(self._wait_status) if os.WIFSIGNALED(self._wait_status) else None

    def close(self) -> None:
        close_all(self._open)
        self._open.clear()

    def _bury_init(self) -> None:
        """As pid 1 of a container we inherit the box's own pid 1, an orphan, and must reap it.

        Elsewhere init does, and the number may already be somebody else's.
        """
        pid = self._reported("child-pid") if os.getpid() == 1 else None
        if pid is not None:
            with suppress(ChildProcessError):
                os.waitpid(pid, 0)

    def _reported(self, key: str) -> int | None:
        for line in bytes(self._report).splitlines():
            with suppress(ValueError):
                value = json.loads(line).get(key)
                if value is not None:
                    return int(value)
        return None


def spawn(argv: tuple[str, ...], launch: Launch) -> tuple[int, int]:
    """Fork and execute ``argv``; returns the pid and a descriptor that tells of a failed start.

    The descriptor gives end-of-file once the program executes, or a line saying what went wrong:
    nobody has to wait here. Raises ``PlatformFault`` when not even the fork succeeds.
    """
    entrances = [os.open(path, os.O_WRONLY | os.O_CLOEXEC) for path in launch.entrances]
    report_read, report_write = pipe()
    try:
        pid = os.fork()
        if pid == 0:
            _become(argv, launch, entrances, report_write)
    except OSError as error:
        os.close(report_read)
        raise PlatformFault("spawn", f"fork: {error.strerror}") from error
    finally:
        close_all((report_write, *entrances))
    return pid, report_read


def _become(argv: tuple[str, ...], launch: Launch, entrances: list[int], report: int) -> NoReturn:
    step = "cgroup"
    try:
        for descriptor in entrances:
            os.write(descriptor, b"0")
        step = "descriptors"
        _arrange(launch, report)
        step = "limits"
        for kind, soft, hard in launch.rlimits:
            resource.setrlimit(kind, (soft, hard))
        step = f"uid {launch.uid}"
        if launch.uid is not None:
            os.setgroups([])
            os.setresgid(launch.uid, launch.uid, launch.uid)
            os.setresuid(launch.uid, launch.uid, launch.uid)
        step = "exec"
        os.setsid()  # Ctrl-C in the grader's terminal must not kill boxes behind its back
        _default_signals()
        os.chdir("/")
        os.execve(argv[0], argv, {})
    except OSError as error:
        code = errno.errorcode.get(error.errno or 0, "unknown")
        os.write(report, f"{step}: {code}".encode())
    except BaseException:  # nothing may ever escape from the child into the parent's code
        os.write(report, f"{step}: unexpected".encode())
    finally:
        os._exit(127)


def _arrange(launch: Launch, report: int) -> None:
    for number, descriptor in enumerate(launch.place):
        os.dup2(descriptor, number, inheritable=True)
    for descriptor in launch.keep:
        os.set_inheritable(descriptor, True)
    kept = sorted({*launch.keep, report})
    low = len(launch.place)
    for descriptor in kept:
        os.closerange(low, descriptor)
        low = descriptor + 1
    os.closerange(low, _highest_descriptor())


def _highest_descriptor() -> int:
    return min(resource.getrlimit(resource.RLIMIT_NOFILE)[0], 2**20)


def _default_signals() -> None:
    for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
