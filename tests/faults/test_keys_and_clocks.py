"""Keys that cannot be read, a signer killed half way, clocks that are wrong (F14, F20, F21).

Example of a line: ``F21 the generate key away for 20 s: 24 sends, 0 unknown, 41.7 s to quiescence;
0 attempts failed meanwhile``.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from benchserver.engines.signing.files import locked
from benchserver.runtime.supervisor import Part
from tests.faults.stage import TASKS, Stage

pytestmark = pytest.mark.soak
AWAY_SECONDS = 20.0

# Wall time off by SHIFT seconds, as libfaketime does it; durations stay as they are.
SHIFTED_CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long shift(void) { const char *text = getenv("SHIFT"); return text ? atol(text) : 0; }
int clock_gettime(clockid_t clock, struct timespec *at) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int done = real(clock, at);
    if (!done && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        at->tv_sec += shift();
    return done;
}
int gettimeofday(struct timeval *at, void *zone) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    at->tv_sec = now.tv_sec;
    at->tv_usec = now.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *at) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (at) *at = now.tv_sec;
    return now.tv_sec;
}
"""


@pytest.fixture
def clock(stage: Stage) -> Path:
    if not shutil.which("gcc"):
        pytest.skip("no C compiler for the shifted clock: apt-get install gcc")
    source = stage.service.home.root / "clock.c"
    source.write_text(SHIFTED_CLOCK)
    library = source.with_suffix(".so")
    command = ["gcc", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"]
    subprocess.run(command, check=True)
    library.chmod(0o755)
    return library


@contextmanager
def shifted(stage: Stage, library: Path, **hours: int) -> Iterator[None]:
    """Parts with a wrong clock, restarted into it and out of it again."""
    before: dict[str, Part] = {}

    def change(name: str, part: Part) -> Part:
        before[name] = part
        wrong = {"LD_PRELOAD": str(library), "SHIFT": str(hours[name] * 3600)}
        return replace(part, env={**part.env, **wrong})

    for name in hours:
        stage.service.service.change(name, lambda part, name=name: change(name, part))
        stage.kill(name)
    try:
        yield
    finally:
        for name, part in before.items():
            stage.service.service.change(name, lambda _, part=part: part)
            stage.kill(name)


@pytest.mark.parametrize("hours", [1, -1], ids=["ahead", "behind"])
def test_f14_an_hour_off_on_the_workers_moves_no_lease(
    stage: Stage, clock: Path, hours: int
) -> None:
    with shifted(stage, clock, generate=hours, execute=-hours):
        stage.until(lambda: _shift(stage, "generate"))
        run = stage.start(delay=1.0)
        stage.settle(run, f"F14 generate {hours:+} h, execute {-hours:+} h")
        # it is wrong by their own account, not only by ours
        assert _hours_off(stage, "generate") == hours
        assert _hours_off(stage, "execute") == -hours
    assert (run.sends, run.unknown, run.worker_lost) == (TASKS, 0, 0)
    future = "SELECT count(*) FROM evaluations_send WHERE ended_at > clock_timestamp()"
    assert stage.service.sql(future) == [(0,)]


def test_f20_signer_killed_between_append_and_sign_signs_the_same_tree(stage: Stage) -> None:
    entries, signed = "SELECT count(*) FROM ledger_entry", "SELECT max(size) FROM ledger_checkpoint"
    stage.until(lambda: stage.service.sql(entries) == stage.service.sql(signed))
    size = stage.service.sql(entries)[0][0]
    with locked(stage.service.home.keys):  # nobody can sign
        run = stage.start()
        stage.ended(run)
        stage.until(lambda: stage.service.sql(entries)[0][0] > size)
        time.sleep(5.0)  # two rounds of the reconciler: it waits for the signer's lock
        stage.kill("control")
        assert stage.service.sql(signed)[0][0] == size
        added = stage.service.sql(entries)[0][0] - size
    began = time.monotonic()
    stage.until(lambda: stage.service.sql(entries) == stage.service.sql(signed), seconds=60)
    took = time.monotonic() - began
    run.notes.append(f"{size} + {added} entries, signed {took:.1f} s after, the bundle verifies")
    stage.settle(run, "F20 signer killed between append and sign")
    bundle = f"{stage.service.url}/api/v1/transparency/bundle.json"
    assert stage.service.command("verify", bundle)["ok"]


@pytest.mark.parametrize("right", ["generate", "execute"])
def test_f21_work_waits_for_a_key_and_nothing_fails(stage: Stage, right: str) -> None:
    key = stage.service.home.keys / f"open_{right}.key"
    away = key.with_suffix(".away")
    run = stage.start(delay=0.5, wait_for_sends=2)
    os.rename(key, away)
    try:
        stage.kill(right)
        time.sleep(AWAY_SECONDS)
        states = stage.states(run)
        run.notes.append(f"{states.get('faulted', 0)} attempts failed meanwhile")
        assert states.get("judged", 0) < TASKS
    finally:
        os.rename(away, key)
    stage.settle(run, f"F21 the {right} key away for {AWAY_SECONDS:.0f} s")
    assert run.faults == {}
    assert run.unknown <= 4


def _hours_off(stage: Stage, part: str) -> int:
    """How far the last dated line of the part's log lies from now."""
    log = (stage.service.home.logs / f"{part}.log").read_text()
    last = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d),", log, re.MULTILINE)[-1]
    return round((datetime.fromisoformat(last).timestamp() - time.time()) / 3600)


def _shift(stage: Stage, part: str) -> bool:
    pids = stage.service.pids(part)
    return bool(pids) and b"SHIFT=" in Path(f"/proc/{pids[0]}/environ").read_bytes()
