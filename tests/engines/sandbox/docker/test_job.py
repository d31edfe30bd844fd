"""What the launcher is told: every limit, only the asked environment, modes by executability."""

from __future__ import annotations

import resource
import struct

from benchserver.engines.sandbox.base import BoxRequest
from benchserver.engines.sandbox.docker.job import Wiring, pack_files, pack_job

REQUEST = BoxRequest(
    argv=("python3", "-I", "/box/main.py"),
    files={"main.py": b"pass", "bin/run": b"#!", "empty": b""},
    executables=frozenset({"bin/run"}),
    environment={"HOME": "/tmp"},
    processes=20,
)


def test_files_are_named_with_their_modes_and_end_with_an_empty_name() -> None:
    packed, found = pack_files(REQUEST), {}
    while size := struct.unpack_from("<I", packed)[0]:
        name = packed[4 : 4 + size].decode()
        mode, length = struct.unpack_from("<II", packed, 4 + size)
        start = 12 + size
        found[name] = (mode, packed[start : start + length])
        packed = packed[start + length :]
    assert packed == bytes(4)
    assert found == {
        "main.py": (0o444, b"pass"),
        "bin/run": (0o555, b"#!"),
        "empty": (0o444, b""),
    }


def test_the_environment_is_the_requests_and_nothing_of_ours(monkeypatch) -> None:
    monkeypatch.setenv("MODEL_API_KEY", "canary-5d1")
    job = pack_job(REQUEST, Wiring.PROGRAM, runtime="runc")
    assert job.endswith(b"/usr/bin/python3\0-I\0/box/main.py\0" + _environment())
    assert b"canary" not in job


def _environment() -> bytes:
    return b"PATH=/usr/bin:/bin\0LANG=C.UTF-8\0HOME=/tmp\0"


def test_each_process_has_limits_and_the_box_counts_only_its_own_processes() -> None:
    job = pack_job(REQUEST, Wiring.CANDIDATE, runtime="runc")
    wiring, count = struct.unpack_from("<II", job)
    limits = dict(
        (kind, soft)
        for kind, soft, _ in (struct.unpack_from("<IQQ", job, 8 + 20 * n) for n in range(count))
    )
    assert wiring == Wiring.CANDIDATE
    assert limits[resource.RLIMIT_CORE] == 0
    assert limits[resource.RLIMIT_NPROC] == 21
    assert limits[resource.RLIMIT_FSIZE] == REQUEST.scratch_bytes
    assert limits[resource.RLIMIT_AS] > REQUEST.memory_bytes
