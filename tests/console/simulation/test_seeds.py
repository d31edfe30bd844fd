"""Five hundred seeds hold every promise; an engine with a rule taken out does not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from benchserver.console.simulation import checker
from benchserver.console.simulation.seeds import run_seed, run_seeds
from tests.console.simulation.mutants import MUTANTS, caught


def test_five_hundred_seeds_hold_every_promise():
    found = run_seeds(range(500))
    assert found.failing == {}
    # ... and it was not for lack of misfortune
    least = {"kills": 500, "freezes": 500, "wipes": 500, "lost": 500, "died_at_commit": 500}
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
