"""What every sandbox engine promises, asked of each engine this machine has."""

from __future__ import annotations

import os
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from benchserver.core.errors import MissingPart, PlatformFault
from benchserver.engines.sandbox.base import BoxRequest, Ending, Level, Sandbox
from benchserver.engines.sandbox.bubblewrap import Bubblewrap, Start
from benchserver.engines.sandbox.registry import ENGINES as REGISTERED
from tests.engines.sandbox import scripts
from tests.engines.sandbox.scripts import box

ENGINES = {**REGISTERED, "bubblewrap cold": lambda: Bubblewrap(Start.COLD)}
NEEDED_BY_ENGINE = {"docker": "docker", "docker+runsc": "gvisor"}


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[getattr(pytest.mark, NEEDED_BY_ENGINE[name])])
        if name in NEEDED_BY_ENGINE
        else name
        for name in ENGINES
    ],
)
def sandbox(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    try:
        engine = ENGINES[request.param]()
        engine.probe()
    except MissingPart as problem:
        if "does not hold" in str(problem):  # broken is not the same as absent
            raise
        pytest.skip(f"{request.param}: {problem}")
    yield engine
    engine.close()


def test_a_program_is_run_and_its_output_and_status_are_told(sandbox: Sandbox) -> None:
    script = "import sys\nprint(sys.stdin.read().upper())\nsys.stderr.write('aside')\nsys.exit(7)"
    result = sandbox.run(box(script), stdin=b"hello")
    assert (result.ending, result.exit_code) == (Ending.EXITED, 7)
    assert (result.stdout, result.stderr) == (b"HELLO\n", b"aside")
    assert 0 < result.wall_seconds < 60


def test_stdin_larger_than_a_pipe_arrives_whole(sandbox: Sandbox) -> None:
    result = sandbox.run(box("import sys\nprint(len(sys.stdin.read()))"), stdin=b"x" * 3_000_000)
    assert result.stdout == b"3000000\n"


def test_a_program_that_never_reads_its_stdin_still_ends(sandbox: Sandbox) -> None:
    result = sandbox.run(box("print('done')"), stdin=b"x" * 3_000_000)
    assert (result.ending, result.stdout) == (Ending.EXITED, b"done\n")


def test_files_lie_read_only_under_box_and_the_scratch_is_tmp(sandbox: Sandbox) -> None:
    script = """
import os
print(open('/box/data').read(), os.getcwd())
for path in ('/box/data', '/box/new', '/new', '/usr/new', '/etc/new', '/dev/new', '/proc/new'):
    try: open(path, 'w'); print('wrote', path)
    except OSError: pass
open('/tmp/mine', 'w').write('x')
"""
    request = box(script)
    files = {**request.files, "data": b"seven"}
    result = sandbox.run(BoxRequest(argv=request.argv, files=files))
    assert result.stdout == b"seven /tmp\n"


def test_nothing_of_ours_is_in_the_environment_of_any_process(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODEL_API_KEY", "canary-7c1f")
    script = """
import os
for pid in [name for name in os.listdir('/proc') if name.isdigit()]:
    for what in ('environ', 'cmdline'):
        try: print(open(f'/proc/{pid}/{what}', 'rb').read())
        except OSError: pass
print(dict(os.environ))
"""
    result = sandbox.run(box(script))
    assert result.stdout
    assert b"canary" not in result.stdout
    assert b"MODEL" not in result.stdout


def test_there_is_no_network_of_any_family(sandbox: Sandbox) -> None:
    script = """
import socket
for family in range(1, 46):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_SEQPACKET):
        try: socket.socket(family, kind); print(family)
        except OSError: pass
a, b = socket.socketpair()
a.sendall(b'ok'); print(b.recv(2))
"""
    lines = sandbox.run(box(script)).stdout.split()
    assert set(lines) - {b"1"} == {b"b'ok'"}


def test_the_box_sees_only_its_own_processes(sandbox: Sandbox) -> None:
    script = "import os\nprint(sum(name.isdigit() for name in os.listdir('/proc')))"
    assert int(sandbox.run(box(script)).stdout) <= 3


@pytest.mark.parametrize("script", [scripts.BUSY, scripts.BUSY_FAMILY, scripts.DEAF])
def test_cpu_time_is_the_time_limit_of_the_whole_tree(sandbox: Sandbox, script: str) -> None:
    result = sandbox.run(box(script, cpu_seconds=0.5))
    assert result.ending is Ending.CPU_LIMIT
    assert 0.4 < result.cpu_seconds < 3


def test_waiting_by_its_own_choice_ends_as_idle(sandbox: Sandbox) -> None:
    result = sandbox.run(box(scripts.SLEEP, cpu_seconds=0.5, wall_seconds=2.5))
    assert result.ending is Ending.IDLE_LIMIT


def test_output_is_capped_and_the_flood_is_stopped(sandbox: Sandbox) -> None:
    result = sandbox.run(box(scripts.OUTPUT, output_bytes=100_000))
    assert result.ending is Ending.OUTPUT_LIMIT
    assert len(result.stdout) == 100_000


def test_memory_is_limited(sandbox: Sandbox) -> None:
    result = sandbox.run(box(scripts.MEMORY))
    assert result.ending is Ending.MEMORY_LIMIT


def test_processes_are_limited(sandbox: Sandbox) -> None:
    assert int(sandbox.run(box(scripts.FORKS)).stdout) <= 40


def test_files_are_limited_however_sparse_or_many(sandbox: Sandbox) -> None:
    assert b"written" not in sandbox.run(box(scripts.SPARSE)).stdout
    shared, scratch = (int(n) for n in sandbox.run(box(scripts.FILL)).stdout.split())
    assert shared <= 1
    assert scratch <= 4


def test_no_process_outlives_the_call(sandbox: Sandbox) -> None:
    mark = uuid.uuid4().hex
    request = box(scripts.DAEMON)
    result = sandbox.run(replace(request, argv=(*request.argv, mark)))
    assert (result.ending, result.stdout) == (Ending.EXITED, b"left\n")
    assert not _alive_with(mark)


def _alive_with(mark: str) -> list[str]:
    """Processes of this machine, in whatever box, with ``mark`` on their command line."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            if mark.encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
                found.append(pid)
        except OSError:
            continue
    return found


def test_killing_everything_it_sees_ends_only_the_box(sandbox: Sandbox) -> None:
    script = "import os\nos.kill(1, 9)\ntry: os.kill(-1, 9)\nexcept OSError: pass\nprint('alive')"
    assert sandbox.run(box(script)).ending in (Ending.EXITED, Ending.SIGNALLED)
    assert sandbox.run(box("print('next')")).stdout == b"next\n"


def test_a_signal_is_told_apart_from_an_exit(sandbox: Sandbox) -> None:
    result = sandbox.run(box("import os\nos.kill(os.getpid(), 11)"))
    assert result.ending is Ending.SIGNALLED


def test_a_program_that_cannot_be_started_is_our_fault(sandbox: Sandbox) -> None:
    with pytest.raises(PlatformFault):
        sandbox.run(BoxRequest(argv=("/no/such/program",)))


def test_a_pair_is_joined_by_two_pipes(sandbox: Sandbox) -> None:
    examiner = box("import os\nos.write(4, b'question')\nprint(os.read(3, 100))")
    candidate = box("import os\nos.write(4, os.read(3, 100).upper())\nprint('dropped')")
    first, second = sandbox.run_pair(examiner=examiner, candidate=candidate)
    assert (first.ending, first.stdout) == (Ending.EXITED, b"b'QUESTION'\n")
    assert second.stdout == b""


def test_the_candidate_dies_with_the_examiner(sandbox: Sandbox) -> None:
    started = time.monotonic()
    first, second = sandbox.run_pair(examiner=box("print('done')"), candidate=box(scripts.SLEEP))
    assert (first.ending, first.stdout) == (Ending.EXITED, b"done\n")
    assert second.ending is Ending.SIGNALLED
    assert time.monotonic() - started < 60


def test_a_candidate_that_does_not_answer_is_the_idle_one(sandbox: Sandbox) -> None:
    _, second = sandbox.run_pair(
        examiner=box("import os\nos.read(3, 1)", cpu_seconds=10, wall_seconds=60),
        candidate=box(scripts.SLEEP, cpu_seconds=0.2),
    )
    assert second.ending is Ending.IDLE_LIMIT


def test_each_of_a_pair_has_its_own_limits(sandbox: Sandbox) -> None:
    first, second = sandbox.run_pair(
        examiner=box("import os\nprint(os.read(3, 1))", cpu_seconds=10),
        candidate=box(scripts.MEMORY),
    )
    assert second.ending is Ending.MEMORY_LIMIT
    assert first.stdout == b"b''\n"


def test_a_talk_of_ours_takes_the_examiners_place(sandbox: Sandbox) -> None:
    def talk(reading: int, writing: int) -> bytes:
        os.write(writing, b"21")
        return os.read(reading, 100)

    answer, result = sandbox.converse(
        box("import os\nos.write(4, b'%d' % (2 * int(os.read(3, 9))))\nos.read(3, 1)"), talk
    )
    assert answer == b"42"
    assert result.ending in (Ending.SIGNALLED, Ending.EXITED)


def test_a_talk_hears_the_end_of_a_dead_candidate_and_its_error_is_raised(
    sandbox: Sandbox,
) -> None:
    def talk(reading: int, writing: int) -> None:
        assert os.read(reading, 1) == b""
        raise KeyError("heard")

    with pytest.raises(KeyError, match="heard"):
        sandbox.converse(box("pass"), talk)


def test_many_boxes_at_once_do_not_meet(sandbox: Sandbox) -> None:
    outputs: dict[int, bytes] = {}

    def one(number: int) -> None:
        script = (
            f"import os\nopen('/tmp/x', 'w').write('{number}')\nprint(os.listdir('/tmp'), {number})"
        )
        outputs[number] = sandbox.run(box(script)).stdout

    threads = [threading.Thread(target=one, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outputs == {n: f"['x'] {n}\n".encode() for n in range(6)}


def test_the_probe_says_what_was_attacked_and_all_of_it_held(sandbox: Sandbox) -> None:
    guarantees = sandbox.probe()
    assert len(guarantees) >= 8
    unheld = {guarantee.name for guarantee in guarantees if not guarantee.held}
    assert unheld <= {"memory", "processes"}
    assert (not unheld) or sandbox.level is Level.RLIMITS


def test_no_descriptor_is_left_open(sandbox: Sandbox) -> None:
    sandbox.run(box("print(1)"))
    before = _settled_descriptors()
    for script in ("print(1)", "import os; os._exit(3)", scripts.OUTPUT):
        sandbox.run(box(script))
    sandbox.run_pair(examiner=box("pass"), candidate=box("pass"))
    sandbox.converse(box("pass"), lambda reading, writing: None)
    assert _settled_descriptors() == before


def _settled_descriptors() -> int:
    """How many are open once the engine has refilled what it keeps ready."""
    counts = [-1] * 10
    deadline = time.monotonic() + 20
    while len(set(counts)) > 1 and time.monotonic() < deadline:
        counts = [*counts[1:], len(os.listdir("/proc/self/fd"))]
        time.sleep(0.05)
    return counts[-1]
