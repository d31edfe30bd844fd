"""Start a box's outermost process: limits, cgroup and uid are taken on *before* it executes.

``os.fork`` by hand, because the order is the security: enter the cgroup, set the rlimits, drop to
the slot's uid, execute with an EMPTY environment - bubblewrap stays as pid 1 of the box and the
candidate can read that process's environment. Example: a child that cannot take its uid reports
that and executes nothing.
"""

from __future__ import annotations

import errno
import os
import resource
import signal
from dataclasses import dataclass
from typing import NoReturn

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox.plumbing import close_all, pipe


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
