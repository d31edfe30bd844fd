"""Two of everything, old beside new, frozen and back (F15, F17-F19), and a cancel (I10).

Example of a line: ``F17 workers replaced while they work: 24 sends, 0 unknown, 19.0 s to
quiescence; 0 worker_lost``.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest

from benchserver.runtime.supervisor import Part
from tests.faults.history import SENDS
from tests.faults.stage import LIMIT, TASKS, WORKERS, Stage

pytestmark = pytest.mark.soak


@contextmanager
def another(stage: Stage, name: str) -> Iterator[int]:
    """A second process of a part, as on another host: same rights, a name of its own; its pid."""
    part = stage.service.service._runs[name].part
    argv = [word.replace("@%h", "2@%h").replace("-schedule", "-schedule-2") for word in part.argv]
    with (stage.service.home.logs / f"{name}-2.log").open("wb") as log:
        process = subprocess.Popen(
            argv,
            env=dict(part.env),
            cwd=part.cwd,
            stdout=log,
            stderr=log,
            start_new_session=True,
            **part.account.popen(),
        )
    try:
        if name in WORKERS:
            text = stage.service.home.logs / f"{name}-2.log"
            stage.until(lambda: b" ready." in text.read_bytes(), seconds=90)
        yield process.pid
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_f15_two_beats_and_two_reconcilers_count_once(stage: Stage) -> None:
    entries = "SELECT count(*) FROM ledger_entry"
    with ExitStack() as stack:
        for name in ("beat", "control"):
            stack.enter_context(another(stage, name))
        before = stage.service.sql(entries)[0][0]
        run = stage.start(delay=1.0)
        stage.ended(run)
        run.notes.append(f"{stage.service.sql(entries)[0][0] - before} log entries")
        stage.settle(run, "F15 two beats, two reconcilers")
    assert (run.sends, run.unknown) == (TASKS, 0)
    assert stage.service.command("verify", _bundle(stage))["ok"]


def test_f17_workers_replaced_while_they_work_lose_nothing(stage: Stage) -> None:
    run = stage.start(delay=1.5, wait_for_sends=LIMIT)
    for part in WORKERS:
        pid = stage.until(lambda part=part: stage.service.pids(part))[0]
        os.kill(pid, signal.SIGTERM)
        stage.await_restart(part, pid)
    stage.ended(run)
    lost = sum(row[3] == "worker_lost" for row in stage.service.sql(SENDS, run.slug))
    run.notes.append(f"{lost} worker_lost")
    stage.settle(run, "F17 workers replaced while they work")
    assert (run.sends, run.unknown, lost) == (TASKS, 0, 0)


def test_f19_a_frozen_worker_that_comes_back_changes_nothing(stage: Stage) -> None:
    with another(stage, "generate"), another(stage, "execute"):
        run = stage.start(delay=3.0)
        stage.await_state(run, "sent", count=LIMIT)
        frozen = [*stage.service.pids("generate"), *stage.service.pids("execute")]
        with stage.stopped(*frozen):
            stage.gate.abandon()
            time.sleep(12.0)  # twice the lease
            stage.until(lambda: stage.states(run).get("judged", 0) >= 1)
            stage.gate.delay = 0.5
        stage.settle(run, "F19 frozen for two leases, then back")
    assert run.unknown <= 2 * LIMIT


def test_nothing_is_sent_after_a_cancel(stage: Stage) -> None:
    run = stage.start(delay=1.0, wait_for_sends=2)
    stage.api("POST", f"evaluations/{run.slug}/cancel/")
    run.cancelled = time.time()
    seen = len(stage.service.sql(SENDS, run.slug))
    time.sleep(6.0)
    late = len(stage.service.sql(SENDS, run.slug)) - seen
    run.notes.append(f"{late} sends committed after the cancel")
    stage.settle(run, "I10 cancelled", complete=False)
    assert run.sends < TASKS
    assert late == 0


def _bundle(stage: Stage) -> str:
    return f"{stage.service.url}/api/v1/transparency/bundle.json"


# A consumer that stays connected and never asks the broker again, as after a lost poll callback.
DEAF = """
import os, threading, time

def _go_deaf():
    while not os.path.exists(os.environ["DEAF_WHEN"]):
        time.sleep(0.2)
    from kombu.transport import redis
    redis.Channel._brpop_start = lambda self, *args, **more: None

threading.Thread(target=_go_deaf, daemon=True).start()
"""


def test_f18_a_deaf_worker_notices_and_is_replaced(stage: Stage) -> None:
    folder = stage.service.home.root / "deaf"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(DEAF)
    when = folder / "now"

    def deafen(part: Part) -> Part:
        path = f"{folder}{os.pathsep}{part.env['PYTHONPATH']}"
        return replace(part, env={**part.env, "PYTHONPATH": path, "DEAF_WHEN": str(when)})

    healthy = stage.service.service._runs["generate"].part
    stage.service.service.change("generate", deafen)
    stage.kill("generate")
    stage.service.service.change("generate", lambda _: healthy)
    run = stage.start(delay=1.0, wait_for_sends=1)
    pid = stage.service.pids("generate")[0]
    when.touch()
    began = time.monotonic()
    stage.await_restart("generate", pid)
    run.notes.append(f"replaced after {time.monotonic() - began:.1f} s with leases of 6 s")
    stage.settle(run, "F18 a deaf worker")
    assert (run.sends, run.unknown) == (TASKS, 0)
