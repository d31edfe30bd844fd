"""The database falls over three times; the disk is full; the network breaks (F11, F12, F13).

Example of a line: ``F11 Postgres stopped at once, 3 times: 26 sends, 2 unknown, 40.1 s to
quiescence; 9 verdicts before, none lost``.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchserver.runtime.postgres import Postgres
from tests.faults.history import SENDS, VERDICTS
from tests.faults.stage import LIMIT, TASKS, Run, Stage

pytestmark = pytest.mark.soak
DISK = "420m"
FULL_SECONDS = 15.0


def test_f11_a_database_that_falls_over_loses_no_verdict(stage: Stage) -> None:
    run = stage.start(delay=1.5, wait_for_sends=LIMIT)
    seen: set[tuple[str, str]] = set()
    for _ in range(3):
        known = len(seen)
        stage.until(lambda known=known: len(_verdicts(stage, run)) > known)
        seen |= _verdicts(stage, run)
        pid = stage.until(lambda: Postgres(stage.service.home).pid())
        stage.gate.abandon()
        os.kill(pid, signal.SIGQUIT)  # what pg_ctl -m immediate sends
        stage.until(lambda pid=pid: Postgres(stage.service.home).pid() not in (None, pid))
        stage.until(lambda: stage.sql("SELECT 1"))
        assert seen <= _verdicts(stage, run)
    run.notes.append(f"{len(seen)} verdicts before, none lost")
    stage.settle(run, "F11 Postgres stopped at once, 3 times", complete=False)
    assert seen <= _verdicts(stage, run)
    assert set(run.faults) <= {"worker_lost"}


def test_f12_answers_cut_in_the_middle_open_the_breaker(stage: Stage) -> None:
    stage.gate.cut = 6
    run = stage.start(delay=0.3)
    lane = (
        "SELECT l.broken FROM evaluations_lane l JOIN providers_endpoint e"
        " ON e.id = l.endpoint_id WHERE e.slug = %s"
    )
    try:
        stage.until(lambda: stage.service.sql(lane, stage.endpoint) == [(True,)], step=0.02)
        run.notes.append("breaker opened, a canary closed it")
        stage.settle(run, "F12 six answers cut in the middle", complete=False)
    finally:
        stage.gate.cut = 0
    assert stage.service.sql(lane, stage.endpoint) == [(False,)]
    assert run.unknown == 6
    assert set(run.faults) <= {"connection_closed", "truncated", "incomplete_body"}


@pytest.fixture
def small_disk() -> Iterator[Path]:
    disk = Path(tempfile.mkdtemp(prefix="bs-disk-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        disk.rmdir()
        pytest.skip("needs root that may mount a tmpfs")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=False)
        disk.rmdir()


def test_f13_a_full_disk_stops_sending_and_goes_on_by_itself(
    stage: Stage, small_disk: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
    (tmp_path / "tasks").mkdir()
    with Stage(tmp_path / "tasks", stage.say) as small:
        run = small.start(delay=1.0, wait_for_sends=LIMIT)
        ballast = small_disk / "ballast"
        _fill(ballast)
        full, before = time.monotonic(), len(small.gate.log)
        while time.monotonic() - full < FULL_SECONDS:
            _fill(ballast)
            time.sleep(0.5)
        small.gate.abandon()
        run.notes.append(f"{len(small.gate.log) - before} requests on the full disk")
        alarms = [p.name for p in small.service.home.logs.iterdir() if _complains(p)]
        run.notes.append(f"alarm in {', '.join(sorted(alarms)) or 'no log'}")
        ballast.unlink()
        small.until(lambda: small.sql(SENDS, run.slug))
        small.settle(run, f"F13 disk full for {FULL_SECONDS:.0f} s", complete=False)
        assert set(run.faults) <= {"worker_lost"}
        assert run.sends >= TASKS


def _fill(ballast: Path) -> None:
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        for size in (2**20, 2**12):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))


def _complains(log: Path) -> bool:
    return any(
        word in log.read_text(errors="replace")
        for word in ("No space left", "DiskFull", "could not extend", "could not write")
    )


def _verdicts(stage: Stage, run: Run) -> set[tuple[str, str]]:
    return {(row[0], row[1]) for row in stage.sql(VERDICTS, run.slug)}
