"""Broken engines: the production source with one rule taken out, run apart from this process.

A mutant is a copy of the engine and the simulator with edited lines; what it lacks the checker must
notice. Example: ``caught(MUTANTS["no fence"])`` is the first violation it found.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[3] / "benchserver"
_PARTS = ("__init__.py", "console/__init__.py")
_RUN = """
import json, sys
from dataclasses import replace
from benchserver.console.simulation import scenario as drawn, seeds
from benchserver.console.simulation.seeds import run_seeds

def stubborn(seed, scenario=drawn.scenario):
    # One endpoint that answers the public and refuses every task, for two hours.
    plan = scenario(seed)
    endpoint = replace(plan.endpoints[0], refuses_tasks=True, changes_at=None)
    calm = {"cancel_at": None, "closes_at": drawn.FOREVER, "max_requests": None, "pauses": ()}
    evaluation = replace(plan.evaluations[0], endpoint=endpoint.id, **calm)
    later = {"calm_at": drawn.START + 7200.0, "luck": drawn.CALM}
    return replace(plan, endpoints=(endpoint,), evaluations=(evaluation,), **later)

if sys.argv[2] == "stubborn":
    seeds.scenario = stubborn
found = run_seeds(range(int(sys.argv[1])), stop_at=1, patience=1800.0)
print(json.dumps({"seeds": found.seeds, "problems": sum(found.failing.values(), [])}))
"""


@dataclass(frozen=True)
class Mutant:
    """``promises``: numbers of which at least one must be seen broken."""

    edits: tuple[tuple[str, str, str], ...]  # file, production text, what stands there instead
    promises: tuple[str, ...]
    plans: str = "drawn"  # or "stubborn": what the rule is for is rare among the drawn


_SENDING, _MENDING = "core/engine/sending.py", "core/engine/mending.py"
_RULES, _MEMORY = "core/engine/rules.py", "core/engine/memory.py"
MUTANTS = {
    "no fence": Mutant(
        ((_SENDING, "unit.fence != claim.fence or unit.state != state", "unit.state != state"),),
        ("I11",),
    ),
    "the fence is never raised": Mutant(
        ((_MEMORY, "fence=row.unit.fence + 1", "fence=row.unit.fence"),), ("I11",)
    ),
    "send row and exposure after the send": Mutant(
        (
            (
                "core/engine/work.py",
                "    send = sending.authorise(",
                "    yield Transmit(claim, claim.attempt_id)\n    send = sending.authorise(",
            ),
            (_MEMORY, "and unit.state is AttemptState.SENT\n", "\n"),
        ),
        ("I1",),
    ),
    "exposure is not made final": Mutant(
        ((_SENDING, "if not tx.expose(unit):", "if False:"),), ("I1",)
    ),
    "no reconciler: leases never expire": Mutant(
        ((_MENDING, "expired = tx.expired(BATCH)", "expired: list[Unit] = []"),), ("I4",)
    ),
    "no reconciler: lost wake-ups stay lost": Mutant(
        ((_MENDING, "return _wake_lanes(tx) + _wake_judges(tx)", "return 0"),), ("I4",)
    ),
    "a third send of unknown outcome": Mutant(
        (("core/engine/policy.py", "UNKNOWN_SENDS_MAX = 2", "UNKNOWN_SENDS_MAX = 3"),), ("I2",)
    ),
    "a lost send does not count": Mutant(
        (("core/engine/moves.py", "    unit.unknown_sends += 1\n", ""),), ("I2",)
    ),
    "refusals without end": Mutant(
        (
            (
                _SENDING,
                "unit.refused_sends > engine.policy.refused_sends_max or _has_ended_others(",
                "_has_ended_others(",
            ),
        ),
        ("I2",),
        plans="stubborn",
    ),
    "no limit of calls": Mutant(((_RULES, " or lane.in_flight >= lane.limit", ""),), ("I9",)),
    "a cancelled call gives its slot away": Mutant(
        ((_MEMORY, "if unit.state is not AttemptState.CANCELLED or", "if True or"),), ("I9",)
    ),
    "no rate": Mutant(((_SENDING, "            lane.tokens -= 1\n", ""),), ("I9",)),
    "cancel does not reach the attempts": Mutant(
        (
            (
                _MENDING,
                "if unit.state not in (AttemptState.JUDGED, AttemptState.CANCELLED):",
                "if False:",
            ),
        ),
        ("I4", "I10"),
    ),
    "a pause does not reach what is claimed": Mutant(
        ((_RULES, "    if unit.paused:\n", "    if False:\n"),), ("I10",)
    ),
    "claims know no pause": Mutant(((_MEMORY, " and not evaluation.paused", ""),), ("I10",)),
    "a pause is never lifted": Mutant(
        (
            (
                "console/simulation/backend.py",
                "was, row.paused = row.paused, False",
                "was = row.paused",
            ),
        ),
        ("I4",),
    ),
    "answers are not booked": Mutant(
        ((_SENDING, "        _book(tx, unit, send, usage)\n", ""),), ("I5",)
    ),
    "costs are rounded down": Mutant(
        ((_RULES, "return -(-(tokens_in * price_in", "return ((tokens_in * price_in"),), ("I5",)
    ),
    "a verdict of another's state": Mutant(
        ((_SENDING, " or unit.state != state\n", "\n"),), ("crash", "I3", "I11")
    ),
}


def caught(mutant: Mutant, *, seeds: int) -> tuple[int, list[str]]:
    """After how many seeds it was noticed, and the violations; an empty list when it was not."""
    with tempfile.TemporaryDirectory() as folder:
        tree = Path(folder) / "benchserver"
        for name in ("core", "console/simulation"):
            skip = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, tree / name, ignore=skip)
        for name in _PARTS:
            if (ROOT / name).exists():
                shutil.copy(ROOT / name, tree / name)
        for name, old, new in mutant.edits:
            _edit(tree / name, old, new)
        command = [sys.executable, "-c", _RUN, str(seeds), mutant.plans]
        answer = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    return found["seeds"], found["problems"]


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path.name} no longer says {old!r}"
    path.write_text(text.replace(old, new), encoding="utf-8")
