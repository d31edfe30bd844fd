"""The broker dies, forgets, hangs and lies; the evaluation ends as if it had not (F8-F10, F16).

The database decides and the broker only wakes, so the worst it can do is to cost seconds. Example:
killed five times and emptied each time, 24 tasks are still sent 24 times.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
import urllib.request

import pytest

from benchserver.runtime.valkey import Valkey
from tests.faults.history import SENDS
from tests.faults.stage import TASKS, Run, Stage

pytestmark = pytest.mark.soak
AWAY_SECONDS = 30.0
FLOOD = (
    "import random, uuid\n"
    "from benchserver.dispatch import queue\n"
    "from benchserver.evaluations.models import Attempt, Evaluation\n"
    "run = Evaluation.objects.get(slug={slug!r})\n"
    "asked = [('benchserver.judge', 'execute', str(a.pk)) for a in run.attempts.all()]\n"
    "asked += [('benchserver.generate', 'generate', str(run.endpoint_id))] * 24\n"
    "asked += [('benchserver.identify', 'generate', str(run.pk))]\n"
    "asked *= 10\n"
    "for n in range(1000):\n"
    "    name, where, _ = random.choice(asked)\n"
    "    lie = random.choice([str(uuid.uuid4()), 'x' * 40, '', '../../etc', '0'])\n"
    "    asked.append((name, where, lie))\n"
    "random.shuffle(asked)\n"
    "for name, where, target in asked:\n"
    "    queue.send_task(name, args=[target], queue=where)\n"
    "print(len(asked))\n"
)


@pytest.mark.parametrize("forgets", [True, False], ids=["F8-empty", "F9-kept"])
def test_broker_killed_five_times_costs_seconds(stage: Stage, forgets: bool) -> None:
    run = stage.start(delay=2.0, wait_for_sends=2)
    for _ in range(5):
        _kill_broker(stage, forgets=forgets)
        time.sleep(1.5)
    name = "F8 broker killed 5 times, empty each time" if forgets else "F9 the same with its file"
    _settled_untouched(stage, run, name)


def test_f10_broker_that_hangs_while_tasks_are_sent(stage: Stage) -> None:
    run = stage.start(delay=1.0, wait_for_sends=2)
    with stage.stopped(_broker(stage)):
        pages = _browse(stage)
    back = time.monotonic()
    stage.ended(run, seconds=90)
    run.notes.append(f"pages within {pages:.1f} s; ended {time.monotonic() - back:.1f} s after")
    _settled_untouched(stage, run, f"F10 broker hangs for {AWAY_SECONDS:.0f} s")


def test_f10_broker_that_hangs_refuses_no_start(stage: Stage) -> None:
    with stage.stopped(_broker(stage)):
        before = time.monotonic()
        run = stage.start(delay=0.5)
        accepted = time.monotonic() - before
        pages = _browse(stage)
    back = time.monotonic()
    stage.until(lambda: stage.service.sql(SENDS, run.slug), seconds=60)
    run.notes.append(
        f"accepted in {accepted:.1f} s, pages within {pages:.1f} s,"
        f" first task {time.monotonic() - back:.1f} s after the broker was back"
    )
    _settled_untouched(stage, run, f"F10 started while the broker hung {AWAY_SECONDS:.0f} s")


def test_f16_doubled_and_forged_messages_send_nothing(stage: Stage) -> None:
    run = stage.start(delay=0.5, wait_for_sends=1)
    count = stage.service.python(FLOOD.format(slug=run.slug)).strip()
    run.notes.append(f"{count} messages, each id ten times and 1,000 forged")
    _settled_untouched(stage, run, "F16 doubled and forged messages")


def _settled_untouched(stage: Stage, run: Run, name: str) -> None:
    stage.settle(run, name)
    assert (run.sends, run.unknown, run.faults) == (TASKS, 0, {})


def _broker(stage: Stage) -> int:
    pid: int = stage.until(lambda: Valkey(stage.service.home).pid())
    return pid


def _kill_broker(stage: Stage, *, forgets: bool) -> None:
    pid = _broker(stage)
    os.kill(pid, signal.SIGKILL)
    if forgets:
        shutil.rmtree(stage.service.home.valkey / "appendonlydir", ignore_errors=True)
    stage.until(lambda: Valkey(stage.service.home).pid() not in (None, pid))
    stage.until(lambda: Valkey(stage.service.home).answers())


def _browse(stage: Stage) -> float:
    """The slowest page in seconds, asked for as long as the broker is away."""
    end, slowest = time.monotonic() + AWAY_SECONDS, 0.0
    while time.monotonic() < end:
        slowest = max(slowest, _seconds(stage, "/"))
        time.sleep(2)
    return slowest


def _seconds(stage: Stage, path: str) -> float:
    before = time.monotonic()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with contextlib.closing(opener.open(stage.service.url + path, timeout=30)) as answer:
        assert answer.status == 200
    return time.monotonic() - before
