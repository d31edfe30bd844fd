"""Workers die at every point of an attempt's life, and each attempt still ends once (F1-F7, F22).

A point is reached by a lock on the table that it writes to, or by an endpoint that lets nobody in;
then the whole process group is killed with -9. Example of a line: ``F3 killed while the endpoint
thinks: 28 sends, 4 unknown, 21.3 s to quiescence``.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.faults.history import SENDS
from tests.faults.stage import LIMIT, TASKS, Run, Stage

pytestmark = pytest.mark.soak


def test_f1_killed_before_the_send_is_committed_nothing_left(stage: Stage) -> None:
    with stage.held("evaluations_send"):
        run = stage.start()
        stage.await_state(run, "leased")
        time.sleep(0.3)
        assert stage.service.sql(SENDS, run.slug) == []
        stage.kill("generate")
    stage.settle(run, "F1 killed before the send row was committed")
    assert (run.sends, run.unknown) == (TASKS, 0)


def test_f2_killed_after_the_commit_before_a_byte_it_counts_as_exposed(stage: Stage) -> None:
    with stage.held("evaluations_send"):
        run = stage.start()
        stage.await_state(run, "leased")
        stage.gate.shut()
    stage.until(lambda: _frozen_before_a_byte(stage, run), step=0.03)
    assert not [r for r in stage.gate.log if r.key in _attempts(stage, run)]
    stage.kill("generate")
    stage.gate.open()
    stage.settle(run, "F2 killed after the commit, before the first byte")
    assert 1 <= run.unknown <= LIMIT
    assert run.sends == TASKS + run.again


def test_f3_killed_while_the_endpoint_thinks_one_resend_each(stage: Stage) -> None:
    run = stage.start(delay=4.0)
    stage.await_state(run, "sent", count=LIMIT)
    time.sleep(0.5)
    stage.kill("generate")
    stage.gate.delay = 0.0
    stage.settle(run, "F3 killed while the endpoint thought")
    assert 1 <= run.unknown <= LIMIT
    assert run.sends == TASKS + run.again == TASKS + run.unknown


def test_f4_killed_after_the_reply_was_stored_nobody_is_asked_again(stage: Stage) -> None:
    judges = stage.service.pids("execute")
    with stage.stopped(*judges):
        run = stage.start()
        stage.await_state(run, "generated", count=TASKS)
        stage.kill("generate")
    stage.kill("execute")
    stage.settle(run, "F4 killed after the replies were stored")
    assert (run.sends, run.unknown) == (TASKS, 0)


def test_f5_killed_while_judging_the_sandbox_dies_too(stage: Stage) -> None:
    stage.gate.aim(stage.sleepy.port)
    try:
        run = stage.start()
        stage.await_state(run, "judging")
        time.sleep(1.0)
        family = stage.service.pids("execute")
        killed = time.monotonic()
        stage.kill("execute")
        stage.until(lambda: not [p for p in family if _lives(p)], seconds=5)
        run.notes.append(f"sandbox gone by {time.monotonic() - killed:.1f} s with the restart")
        stage.gate.aim(stage.quick.port)
        stage.settle(run, "F5 killed while the code ran")
    finally:
        stage.gate.aim(stage.quick.port)
    assert (run.sends, run.unknown) == (TASKS, 0)


def test_f6_killed_between_verdict_and_commit_one_verdict(stage: Stage) -> None:
    with stage.held("evaluations_verdictrecord"):
        run = stage.start()
        stage.await_state(run, "judging")
        time.sleep(2.0)  # its verdict waits for the table
        stage.kill("execute")
    stage.settle(run, "F6 killed between verdict and commit")
    assert (run.sends, run.unknown) == (TASKS, 0)


def test_f7_only_the_pool_child_killed_costs_one_try(stage: Stage) -> None:
    with stage.held("evaluations_verdictrecord"):
        run = stage.start()
        stage.await_state(run, "judging")
        time.sleep(1.0)
        parent, child, *_ = stage.service.pids("execute")
        owner = "SELECT owner FROM evaluations_attempt WHERE state = 'judging'"
        working = {int(name.split(":")[1]) for (name,) in stage.service.sql(owner)}
        child = next(iter(working), child)
        stage.service.kill(child)
    stage.settle(run, "F7 only the pool child killed")
    tries = "SELECT max(judge_tries) FROM evaluations_attempt a JOIN evaluations_evaluation e"
    assert stage.service.sql(f"{tries} ON e.id = a.evaluation_id WHERE e.slug = %s", run.slug) == [
        (1,)
    ]
    assert stage.service.pids("execute")[0] == parent
    assert (run.sends, run.unknown) == (TASKS, 0)


def test_f22_a_worker_killed_for_its_memory_is_a_worker_killed(stage: Stage) -> None:
    group = Path("/sys/fs/cgroup/memory") / f"faults-{os.getpid()}"
    if not (group.parent / "memory.limit_in_bytes").exists():
        pytest.skip("needs root and a cgroup v1 memory controller at /sys/fs/cgroup/memory")
    group.mkdir()
    try:
        run = stage.start(delay=8.0)
        stage.await_state(run, "sent", count=LIMIT)
        pid = stage.service.pids("generate")[0]
        stage.gate.abandon()
        (group / "memory.limit_in_bytes").write_text(str(256 * 1024))
        (group / "cgroup.procs").write_text(str(pid))
        stage.await_restart("generate", pid)
        kills = (group / "memory.oom_control").read_text().split()
        run.notes.append(f"oom_kill {kills[kills.index('oom_kill') + 1]}")
        stage.gate.delay = 0.0
        stage.settle(run, "F22 the kernel killed a worker for its memory")
    finally:
        _remove(group)
    assert run.unknown <= LIMIT


def _frozen_before_a_byte(stage: Stage, run: Run) -> bool:
    """Stop the sender while its send rows are committed and nobody lets it in; where its time to
    connect was over just then, it goes on to its next try."""
    pids = stage.service.pids("generate")
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    if [row for row in stage.service.sql(SENDS, run.slug) if row[4] == "pending"]:
        return True
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    return False


def _attempts(stage: Stage, run: Run) -> set[str]:
    text = (
        "SELECT a.id::text FROM evaluations_attempt a JOIN evaluations_evaluation e"
        " ON e.id = a.evaluation_id WHERE e.slug = %s"
    )
    return {row[0] for row in stage.service.sql(text, run.slug)}


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _remove(group: Path) -> None:
    for pid in (group / "cgroup.procs").read_text().split():
        os.kill(int(pid), signal.SIGKILL)  # only what this test has put there
    time.sleep(0.5)
    group.rmdir()
