"""What is said to the launcher inside a container: the files, and the one job.

Both go over streams that are attached to the container; no host path is shared. Example: the
keeper gets ``main.py`` and answers when it lies under ``/box``; then the runner gets the job (who
is on the other side, limits, system call filter, arguments, environment) and becomes the program.
``launcher.c`` reads exactly what is packed here, little-endian.
"""

from __future__ import annotations

import platform
import resource
import struct
from collections.abc import Iterable
from enum import IntEnum

from benchserver.core.errors import PlatformFault
from benchserver.engines.sandbox import seccomp
from benchserver.engines.sandbox.base import BoxRequest

_OPEN_FILES = 128
_CPU_SLACK = 1.5  # the kernel counts RLIMIT_CPU in ticks, up to a fifth off under load
_ADDRESS_HEADROOM = 2**30  # the cgroup decides; this only makes absurd requests fail politely
_PYTHON = "/usr/bin/python3"
_PATH = "/usr/bin:/bin"
_MAX_FILE = 2**32 - 1
_LITTLE_ENDIAN = ("x86_64", "aarch64")


class Wiring(IntEnum):
    """What the runner's attached stdin and stdout become for the program.

    PROGRAM: its fd 0 and 1. EXAMINER: its fd 3 and 4, and its fd 1 goes through the keeper.
    CANDIDATE: its fd 3 and 4; fd 0 and 1 are ``/dev/null``.
    """

    PROGRAM = 0
    EXAMINER = 1
    CANDIDATE = 2


def pack_files(request: BoxRequest) -> bytes:
    """Records (name, mode, content), ended by an empty name."""
    parts = []
    for name, content in request.files.items():
        if len(content) > _MAX_FILE:
            raise PlatformFault("box_file", "a file of 4 GiB or more")
        path = name.encode()
        mode = 0o555 if name in request.executables else 0o444
        parts += [struct.pack("<I", len(path)), path, struct.pack("<II", mode, len(content))]
        parts.append(content)
    return b"".join([*parts, struct.pack("<I", 0)])


def pack_job(request: BoxRequest, wiring: Wiring, *, runtime: str) -> bytes:
    """The runner's one job. Raises ``MissingPart`` on an architecture without a filter."""
    if platform.machine() not in _LITTLE_ENDIAN:
        raise PlatformFault("docker", f"the launcher was never tried on {platform.machine()}")
    limits = list(_rlimits(request, runtime))
    program = seccomp.program()
    first = _PYTHON if request.argv[0] == "python3" else request.argv[0]
    arguments = _texts((first, *request.argv[1:]))
    environment = {"PATH": _PATH, "LANG": "C.UTF-8", **request.environment}
    variables = _texts(f"{name}={value}" for name, value in environment.items())
    return b"".join(
        [
            struct.pack("<II", wiring, len(limits)),
            *(struct.pack("<IQQ", kind, soft, hard) for kind, soft, hard in limits),
            struct.pack("<III", len(program), len(request.argv), len(environment)),
            struct.pack("<II", len(arguments), len(variables)),
            program,
            arguments,
            variables,
        ]
    )


def _texts(words: Iterable[str]) -> bytes:
    return b"".join(word.encode() + b"\0" for word in words)


def _rlimits(request: BoxRequest, runtime: str) -> Iterable[tuple[int, int, int]]:
    """The cgroup bounds the whole box; these give nicer endings. Each box has its own uid."""
    seconds = int(_CPU_SLACK * request.cpu_seconds) + 2
    space = request.memory_bytes + max(_ADDRESS_HEADROOM, request.address_bytes)
    yield resource.RLIMIT_CORE, 0, 0
    yield resource.RLIMIT_CPU, seconds, seconds + 1
    yield resource.RLIMIT_AS, space, space
    yield resource.RLIMIT_FSIZE, request.scratch_bytes, request.scratch_bytes
    yield resource.RLIMIT_NOFILE, _OPEN_FILES, _OPEN_FILES
    yield resource.RLIMIT_NPROC, request.processes + 1, request.processes + 1
    if runtime == "runc":  # gVisor has no message queues, and no limit on them
        yield resource.RLIMIT_MSGQUEUE, 0, 0
