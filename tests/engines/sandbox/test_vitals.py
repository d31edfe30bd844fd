"""Sleeping, working and starving are told apart by the kernel's books, not by the clock."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from benchserver.engines.sandbox import supervise
from benchserver.engines.sandbox.base import BoxRequest, Ending
from benchserver.engines.sandbox.vitals import (
    Vitals,
    Wanting,
    family_of,
    is_leaving,
    threads_of_user,
    vitals_of,
)


def _until(condition: Callable[[], bool]) -> None:
    for _ in range(500):
        if condition():
            return
        time.sleep(0.02)
    raise AssertionError("it never came")


def test_a_worker_is_runnable_and_a_sleeper_is_not() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    idle = subprocess.Popen(["sleep", "60"])
    try:
        wants, waits = Wanting(), Wanting()
        _until(lambda: wants.look((busy.pid,)) > 0.3)
        assert vitals_of((busy.pid,)).memory_peak > 2**20
        assert waits.look((idle.pid,)) < 0.3
    finally:
        busy.kill()
        idle.kill()
        busy.wait()
        idle.wait()


def test_processes_that_come_one_after_the_other_add_up_and_side_by_side_they_do_not() -> None:
    busy = "import time\nend = time.process_time() + 0.4\nwhile time.process_time() < end: pass\n"
    box, alone = Wanting(), 0.0
    for _ in range(2):
        both = [subprocess.Popen([sys.executable, "-c", busy]) for _ in range(2)]
        each_alone = [Wanting() for _ in both]
        while any(each.poll() is None for each in both):
            box.look(tuple(each.pid for each in both))
            for wanting, each in zip(each_alone, both, strict=True):
                wanting.look((each.pid,))
            time.sleep(0.02)
        alone += sum(wanting.seconds for wanting in each_alone)
    # A wait in the queue stands in the books when it is over, so the clock is no bound to hold to.
    assert 0.7 < box.seconds < 0.8 * alone


def test_the_family_holds_grandchildren() -> None:
    shell = subprocess.Popen(["sh", "-c", "sh -c 'sleep 60; true'; true"])
    try:
        _until(lambda: len(family_of(shell.pid)) == 3)
    finally:
        for pid in reversed(family_of(shell.pid)):
            os.kill(pid, 9)
        shell.wait()


def test_what_is_gone_counts_nothing() -> None:
    assert vitals_of((2**22 + 1,)) == Vitals(cpu_seconds=0, memory_peak=0)
    assert Wanting().look((2**22 + 1,)) == 0
    assert threads_of_user(os.geteuid()) >= 1


class _FakeBox:
    """A box that has run for ``elapsed`` seconds and was runnable for some of them."""

    def __init__(self, *, elapsed: float, runnable: float, cpu_limit: float = 2.0) -> None:
        self.request = BoxRequest(argv=("x",), cpu_seconds=cpu_limit, wall_seconds=20.0)
        self.started = time.monotonic() - elapsed
        self.verdict: Ending | None = None
        self._runnable = runnable

    def runnable(self) -> float:
        return self._runnable

    def stop(self, verdict: Ending) -> None:
        self.verdict = verdict


def _enforced(*boxes: _FakeBox) -> list[Ending | None]:
    supervise._enforce_wall(cast(Any, boxes))
    return [box.verdict for box in boxes]


@pytest.mark.parametrize(
    ("elapsed", "runnable", "verdict"),
    [
        (2.0, 0.1, None),  # still within its patience
        (4.0, 0.1, Ending.IDLE_LIMIT),  # waits by its own choice: half the limit and 2 s
        (15.0, 14.0, None),  # wants to run and the backstop is not reached
        (21.0, 20.0, Ending.STARVED),  # wanted to run all the time: the host is to blame
    ],
)
def test_the_wall_clock_blames_the_right_one(
    elapsed: float, runnable: float, verdict: Ending | None
) -> None:
    assert _enforced(_FakeBox(elapsed=elapsed, runnable=runnable)) == [verdict]


def test_of_a_waiting_pair_the_candidate_is_idle() -> None:
    examiner = _FakeBox(elapsed=9.0, runnable=0.1, cpu_limit=9.0)
    candidate = _FakeBox(elapsed=9.0, runnable=0.1)
    assert _enforced(examiner, candidate)[1] is Ending.IDLE_LIMIT


def test_a_candidate_may_wait_as_long_as_the_examiner_works() -> None:
    examiner = _FakeBox(elapsed=9.0, runnable=8.5, cpu_limit=9.0)
    candidate = _FakeBox(elapsed=9.0, runnable=0.1)
    assert _enforced(examiner, candidate) == [None, None]


def test_a_program_that_has_just_ended_did_not_wait_all_along() -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    box = _running(busy.pid)
    try:
        _until(lambda: box.look() > 0.3)
    finally:
        busy.kill()
        busy.wait()
    box.look()
    assert box.runnable() > 0.3


def _running(pid: int) -> supervise.Running:
    """A box without a group whose only process is ``pid``."""
    return supervise.Running(
        request=BoxRequest(argv=("x",)),
        process=cast(Any, SimpleNamespace(pid=pid, own=0, init_pid=lambda: pid)),
        pidfd=-1,
        group=None,
        stdin=-1,
        stdout=-1,
        stderr=-1,
        started=time.monotonic(),
        closing=threading.Event(),
    )


def test_a_follower_that_is_ending_tells_how_and_one_that_lives_on_is_stopped() -> None:
    ending = os.fork()
    if ending == 0:
        os._exit(3)
    os.waitid(os.P_PID, ending, os.WEXITED | os.WNOWAIT)
    living = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    boxes = [_running(ending), _running(living.pid)]
    try:
        for box in boxes:
            box.dismiss()
        assert [box.stopped for box in boxes] == [False, True]
        assert living.wait(timeout=30) == -9
    finally:
        living.kill()
        living.wait()
        os.waitpid(ending, 0)


def test_a_process_that_has_ended_is_leaving_before_anybody_hears_of_it() -> None:
    child = os.fork()
    if child == 0:
        os._exit(3)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)  # ended, and not yet told
    assert is_leaving(child)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 3
    assert is_leaving(child)  # gone
    assert not is_leaving(os.getpid())
