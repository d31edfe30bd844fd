"""Five hundred seeds hold every promise; an engine with a rule taken out does not."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from uuid import UUID

import pytest
from django.core.management import call_command

from benchserver.console.simulation import checker
from benchserver.console.simulation.backend import MemoryBackend
from benchserver.console.simulation.run import Simulation
from benchserver.console.simulation.scenario import (
    CALM,
    FOREVER,
    MOODS,
    START,
    Scenario,
    scenario,
)
from benchserver.console.simulation.seeds import run_seed, run_seeds
from benchserver.core.errors import BadInput
from tests.console.simulation.mutants import MUTANTS, Mutant, caught


def test_five_hundred_seeds_hold_every_promise():
    found = run_seeds(range(500))
    assert found.failing == {}
    # ... and it was not for lack of misfortune
    least = {"kills": 500, "freezes": 500, "wipes": 500, "lost": 500, "died_at_commit": 500}
    least["pauses"] = 500
    few = {name: found.misfortunes[name] for name in least if found.misfortunes[name] < 500}
    assert few == {}
    assert min(found.attempts[state] for state in ("judged", "faulted", "cancelled")) > 100


@pytest.mark.soak
def test_ten_thousand_seeds_hold_every_promise():
    assert run_seeds(range(10_000)).failing == {}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_rule_taken_out_is_noticed(name):
    mutant = MUTANTS[name]
    _, problems = caught(mutant, seeds=500)
    assert {problem.split()[0] for problem in problems} & set(mutant.promises), problems[:3]


def test_an_endpoint_that_refuses_every_task_for_hours_is_not_asked_without_end():
    assert caught(Mutant((), (), plans="stubborn"), seeds=20) == (20, [])


def test_a_seed_is_the_same_history_each_time(tmp_path):
    run_seed(3, keep=tmp_path / "a")
    run_seed(3, keep=tmp_path / "b")
    assert (tmp_path / "a").read_text() == (tmp_path / "b").read_text()


def test_the_checker_runs_alone_and_says_what_it_found(tmp_path):
    history = tmp_path / "history.jsonl"
    run_seed(3, keep=history)
    command = [sys.executable, "-I", checker.__file__, str(history)]
    answer = subprocess.run(command, capture_output=True, text=True)
    assert (answer.returncode, answer.stdout) == (0, "0 violations\n")
    lines = history.read_text().splitlines()
    without = [line for line in lines if json.loads(line)["kind"] != "exposure"]
    history.write_text("\n".join(without))
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 1
    assert "I1 request" in answer.stdout


def test_a_secret_in_the_history_is_found():
    secret = {"kind": "setup", "t": 0, "marker": "s3", "endpoints": [], "evaluations": []}
    assert checker.check([secret, {"kind": "move", "unit": "s3", "target": "", "actor": "person"}])


def finished(plan: Scenario, endpoints: set[str]) -> float:
    """When the last attempt at these endpoints was judged, in virtual seconds."""
    simulation = Simulation(plan, MemoryBackend())
    log = simulation.run()
    assert checker.check(log) == []
    units = {str(u) for v in plan.evaluations if str(v.endpoint) in endpoints for u in v.units}
    return max(e["t"] for e in log if e["kind"] == "verdict" and e["unit"] in units) - START


def test_small_endpoints_are_not_kept_waiting_by_a_large_one():
    base = scenario(1)
    moods = {mood: float(mood == "ok") for mood in MOODS}
    quiet = replace(
        base.endpoints[0],
        limit=2,
        rps=None,
        moods=moods,
        latency=3.0,
        changes_at=None,
        refuses_tasks=False,
    )
    ids = [UUID(int=n) for n in range(1, 11)]
    endpoints = tuple(replace(quiet, id=each) for each in ids)
    evaluations = tuple(
        replace(
            base.evaluations[0],
            id=UUID(int=100 + n),
            endpoint=each,
            closes_at=FOREVER,
            cancel_at=None,
            max_requests=None,
            units=tuple(UUID(int=10_000 * (n + 1) + k) for k in range(500 if n == 0 else 10)),
        )
        for n, each in enumerate(ids)
    )
    alike = replace(base, luck=CALM, workers=24, calm_at=START)
    together = replace(alike, endpoints=endpoints, evaluations=evaluations)
    alone = replace(alike, endpoints=endpoints[1:], evaluations=evaluations[1:])
    small = {str(each) for each in ids[1:]}
    assert finished(together, small) < 1.5 * finished(alone, small)


def test_the_command_says_what_happened_and_keeps_a_history(tmp_path, capsys):
    call_command("simulate", "engine", "--seeds", "3", "--json")
    document = json.loads(capsys.readouterr().out)
    assert (document["seeds"], document["violations"], document["failing_seeds"]) == (3, 0, {})
    assert document["sends"] > 0
    call_command("simulate", "engine", "--seed", "2", "--history", str(tmp_path / "h"))
    assert capsys.readouterr().out.startswith("1 seeds, 0 violations")
    assert checker.main([str(tmp_path / "h")]) == 0
    with pytest.raises(BadInput):
        call_command("simulate", "engine", "--history", str(tmp_path / "h"))


def test_a_failing_seed_is_named_with_the_line_that_runs_it_again(monkeypatch, capsys):
    monkeypatch.setattr(checker, "check", lambda _: ["I3 a thing"])
    with pytest.raises(SystemExit) as ended:
        call_command("simulate", "engine", "--seeds", "2")
    assert ended.value.code == 1
    said = capsys.readouterr().out
    assert "seed 1: I3 a thing" in said
    assert "run one again: ./bench simulate engine --seed 0" in said
