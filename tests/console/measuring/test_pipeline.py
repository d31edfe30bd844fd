"""``measure pipeline`` runs a true evaluation and tells what endpoint, rows and processes saw."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchserver.console.management.commands.up import prepare_keys
from benchserver.console.measuring import staging
from benchserver.console.measuring.arrivals import Arrival, Seen, seen
from benchserver.console.measuring.pipeline import bound, lines, measure_pipeline
from benchserver.console.measuring.throwaway import Raw, Work, _without_judging
from benchserver.runtime.account import service_account
from benchserver.runtime.parts import CELERY
from benchserver.runtime.supervisor import Part

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return measure_pipeline(
        work=Work(attempts=10, latency=0.05, sigma=0.5),
        concurrency=[3],
        judging=True,
        keys=prepare_keys,
    )


def test_every_attempt_is_answered_once_and_judged_for_real(document: dict[str, Any]) -> None:
    (run,) = document["runs"]
    assert run["state"] == "complete"
    assert run["states"] == {"judged": 10}
    assert run["sends"] == run["requests"] == 10
    assert 0 < run["passed"] < 10, "the model knows seven of ten: right and wrong were told apart"
    assert run["judging_cpu_seconds"] > 0


def test_the_endpoint_never_saw_more_at_once_than_its_limit(document: dict[str, Any]) -> None:
    (run,) = document["runs"]
    assert 1 <= run["peak_in_flight"] <= 3


def test_wall_time_stands_beside_the_bound_of_what_was_drawn(document: dict[str, Any]) -> None:
    (run,) = document["runs"]
    assert run["bound_seconds"] == pytest.approx(
        max(run["drawn_seconds"] / 3, run["judging_cpu_seconds"] / (os.cpu_count() or 1)), abs=0.02
    )
    assert run["ratio"] == pytest.approx(run["wall_seconds"] / run["bound_seconds"], rel=0.2)
    assert run["ratio"] > 1


def test_cpu_is_told_by_part_and_claims_are_two_an_attempt(document: dict[str, Any]) -> None:
    (run,) = document["runs"]
    parts = {"database", "broker", "web", "generate", "execute", "control", "beat"}
    assert set(run["cpu_ms_by_part"]) == parts
    assert run["cpu_ms"] == pytest.approx(sum(run["cpu_ms_by_part"].values()), abs=0.1)
    assert run["claims_per_second"] * run["wall_seconds"] == pytest.approx(20, abs=2)
    assert run["pss_mb"] > 50


def test_the_report_has_a_line_per_run_and_says_what_its_columns_mean(
    document: dict[str, Any],
) -> None:
    text = lines(document)
    assert [word for word in text[1].split()[:3]] == ["10", "3", "real"]
    assert "latencies drawn / places" in text[2]
    assert "10 judged" in text[3]
    unjudged = {**document, "growth": [{**document["runs"][0], "judging": "none"}]}
    assert any("not judged" in line for line in lines(unjudged))


def test_peak_and_idle_places_come_from_the_endpoints_own_times() -> None:
    saw = seen([Arrival(0, 2, 2), Arrival(1, 3, 2), Arrival(3, 4, 1)], start=0, limit=2)
    assert (saw.requests, saw.drawn_seconds, saw.longest, saw.peak, saw.last) == (3, 5, 2, 2, 4)
    assert saw.idle_seconds == 2  # one place until 1 s, one from 2 s to the last arrival at 3 s


def test_the_judged_codes_cpu_is_the_bound_where_latencies_are_short() -> None:
    saw = Seen(requests=4, drawn_seconds=2, longest=1, peak=2, idle_seconds=0, last=9)
    rows = {"judging_cpu_seconds": 600.0}
    raw = Raw(concurrency=2, rows=rows, seen=saw, cpu_seconds={}, pss_bytes=0, load=0)
    assert bound(raw) == 600 / (os.cpu_count() or 1)


@pytest.mark.parametrize("attempts", [1, 10, 164, 1000, 1001, 100_000])
def test_any_number_of_attempts_becomes_tasks_and_samples(attempts: int) -> None:
    tasks, samples = staging.shape(attempts)
    assert attempts <= tasks * samples < attempts + samples
    assert tasks <= staging.MOST_TASKS
    assert samples <= staging.MOST_SAMPLES


def test_the_judging_worker_is_exchanged_by_its_application_alone() -> None:
    part = Part(name="execute", argv=("python", *CELERY, "worker"), account=service_account())
    changed = _without_judging(part)
    assert changed.argv == ("python", "-m", "celery", "-A", "benchserver.worker.unjudged", "worker")


def test_a_worker_without_judging_refuses_to_start_in_production(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import benchserver.worker.unjudged"],
        cwd=ROOT,
        env={**os.environ, "PRODUCTION": "1", "BENCHSERVER_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode != 0
    assert "exists for measurements" in done.stderr
