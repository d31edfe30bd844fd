"""What is true only of containers: how hard they are, whose they are, and what a crash leaves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import docker
import pytest

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.engines.sandbox.base import BoxRequest
from benchserver.engines.sandbox.docker import books, daemon, owners
from benchserver.engines.sandbox.docker.engine import Docker
from tests.engines.sandbox.scripts import box

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def engine() -> Iterator[Docker]:
    try:
        made = Docker(pool=1)
    except MissingPart as problem:
        pytest.skip(str(problem))
    yield made
    made.close()


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    client = docker.from_env()
    yield client
    client.close()


def mine(client: Any, pid: int) -> list[Any]:
    """The containers whose label names the process ``pid``."""
    label = {"label": owners.LABEL}
    found = client.containers.list(all=True, filters=label, ignore_removed=True)
    return [each for each in found if each.labels[owners.LABEL].split()[1] == str(pid)]


def ready(client: Any) -> list[Any]:
    """What this process's pool of one keeps, once all that was used is gone."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        found = mine(client, os.getpid())
        if len(found) == 1 and found[0].status == "running":
            return found
        time.sleep(0.05)
    raise AssertionError("the pool did not settle")


def test_a_container_has_no_network_no_capability_no_host_path_and_every_limit(
    engine: Docker, client: Any
) -> None:
    for _ in range(2):
        engine.run(box("pass"))
    waiting = ready(client)
    host = waiting[0].attrs["HostConfig"]
    assert (host["NetworkMode"], host["ReadonlyRootfs"], host["Init"]) == ("none", True, True)
    assert (host["CapDrop"], host["CapAdd"]) == (["ALL"], None)
    assert host["SecurityOpt"] == ["no-new-privileges"]  # and so Docker's own seccomp profile
    assert host["Memory"] == host["MemorySwap"] == 128 * 2**20
    assert 0 < host["PidsLimit"] <= 64
    assert host["NanoCpus"] > 0
    assert not host["Binds"]
    assert not host.get("Mounts")
    assert not host["Privileged"]
    assert waiting[0].attrs["Config"]["User"] not in ("", "0", "root")
    assert all("size=" in options for options in host["Tmpfs"].values())


def test_the_program_has_no_capability_and_two_filters_and_cannot_touch_the_keeper(
    engine: Docker,
) -> None:
    script = """
import os
for line in open('/proc/self/status'):
    if line.startswith(('CapPrm', 'CapEff', 'CapBnd', 'CapAmb', 'NoNewPrivs', 'Seccomp_filters')):
        print(*line.split())
for pid in filter(str.isdigit, os.listdir('/proc')):
    if int(pid) != os.getpid():
        try: os.kill(int(pid), 9); print('killed', pid)
        except PermissionError: print('refused')
print(os.listdir('/keep'), sorted(os.listdir('/proc/self/fd')))
"""
    lines = engine.run(box(script)).stdout.decode().splitlines()
    assert lines[:6] == [
        "CapPrm: 0000000000000000",
        "CapEff: 0000000000000000",
        "CapBnd: 0000000000000000",
        "CapAmb: 0000000000000000",
        "NoNewPrivs: 1",
        "Seccomp_filters: 2",
    ]
    assert lines[6:8] == ["refused", "refused"]
    assert lines[8] == "[] ['0', '1', '2', '3']"  # 3 is the listing itself


def test_boxes_do_not_share_a_user_id(engine: Docker) -> None:
    found = {engine.run(box("import os\nprint(os.getuid())")).stdout for _ in range(3)}
    assert len(found) == 3


def test_an_executable_file_in_a_folder_runs_and_a_plain_one_does_not(engine: Docker) -> None:
    files = {"tools/go": b"#!/bin/sh\necho ran $WHO\n"}
    request = BoxRequest(
        argv=("/box/tools/go",),
        files=files,
        executables=frozenset(files),
        environment={"WHO": "alone"},
    )
    assert engine.run(request).stdout == b"ran alone\n"
    with pytest.raises(PlatformFault, match="exec: errno 13"):
        engine.run(BoxRequest(argv=("/box/tools/go",), files=files))


def test_a_container_that_somebody_removes_is_our_fault_not_the_programs(
    engine: Docker, client: Any
) -> None:
    def talk(reading: int, writing: int) -> None:
        os.read(reading, 1)
        for each in mine(client, os.getpid()):
            with suppress(docker.errors.APIError):  # some are being removed already
                each.remove(force=True)
        os.read(reading, 1)

    script = "import os, time\nos.write(4, b'.')\ntime.sleep(60)"
    with pytest.raises(PlatformFault, match="something outside"):
        engine.converse(box(script), talk)
    assert engine.run(box("print('next')")).stdout == b"next\n"


def test_a_toolchain_without_an_image_names_the_line_that_builds_it(engine: Docker) -> None:
    with pytest.raises(MissingPart, match=r"deploy/sandbox/build\.sh cobol"):
        engine.run(BoxRequest(argv=("/usr/bin/cobc",), toolchain="cobol"))


def test_an_image_of_another_version_is_refused(
    engine: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daemon, "launcher_digest", lambda: "another")
    with pytest.raises(MissingPart, match="of another version"):
        Docker(pool=0)


def test_without_a_daemon_the_line_that_mends_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(MissingPart, match=r"no Docker daemon answers.*docker\.io"):
        Docker()
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2375")
    with pytest.raises(MissingPart, match="on this machine"):
        Docker()


def test_a_process_that_cannot_see_the_cgroups_is_refused_and_leaves_nothing(
    engine: Docker, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(books, "_folders", lambda container, pid: {})
    blind = Docker(pool=0)
    before = {each.id for each in mine(client, os.getpid())}
    with pytest.raises(MissingPart, match="cgroupns=host"):
        blind.probe()
    blind.close()
    assert {each.id for each in mine(client, os.getpid())} <= before


_CRASHING = """
import os, signal
from benchserver.engines.sandbox.docker.engine import Docker
from tests.engines.sandbox.scripts import box

engine = Docker(pool=1)
for _ in range(2):
    engine.run(box("pass"))

def talk(reading, writing):
    os.read(reading, 1)
    print(os.getpid(), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)

engine.converse(box("import os, time\\nos.write(4, b'.')\\ntime.sleep(600)"), talk)
"""


def test_what_a_killed_grader_leaves_dies_by_itself_and_is_removed_by_the_next(
    engine: Docker, client: Any
) -> None:
    for _ in range(2):
        engine.run(box("pass"))
    ours = [each.id for each in ready(client)]
    crashed = subprocess.run(
        [sys.executable, "-c", _CRASHING], capture_output=True, text=True, timeout=120
    )
    assert crashed.returncode == -signal.SIGKILL, crashed.stderr
    pid = int(crashed.stdout)
    assert mine(client, pid)
    # One that was only just being made has nobody to meet and waits a minute for it.
    deadline = time.monotonic() + 120
    while _running(client, pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not _running(client, pid)
    Docker(pool=0).close()
    assert not mine(client, pid)
    assert [each.id for each in ready(client)] == ours  # a living owner's stay


def _running(client: Any, pid: int) -> list[Any]:
    return [each for each in mine(client, pid) if each.status == "running"]


def test_a_forked_worker_makes_its_own_and_leaves_its_parents_alone(
    engine: Docker, client: Any
) -> None:
    for _ in range(2):
        engine.run(box("pass"))
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            result = engine.run(box("print('child')"))
            os.write(writing, json.dumps(result.stdout.decode()).encode())
            engine.close()
        finally:
            os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    assert os.read(reading, 100) == b'"child\\n"'
    os.close(reading)
    assert not mine(client, child)
    assert engine.run(box("print('parent')")).stdout == b"parent\n"
