"""A whole trial of a policy: seasons over seeds, each attack without its protection, and the table.

Example: ``trial(Rules(), seeds=range(8)).document()`` is what ``simulate season --json`` prints.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from benchserver.console.simulation.season import promises
from benchserver.console.simulation.season.promises import HELD_BY, Gain, Promise, gain_of
from benchserver.console.simulation.season.rules import Protection, Rules
from benchserver.console.simulation.season.season import Season, play
from benchserver.measurement.adaptive import attacks

ANSWERS = ("exact", "rounded", "ladder", "stepped", "thresholdout")
MANY = 200  # tries of the boosting attack where nothing limits it
FORMS_LEARNED = (2, 20, 100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """``controls``: each attack's gain without what holds it; ``secrets``: what leaks without the
    audit, the ladder or the salts; ``answers``: unlimited boosting by the way of answering."""

    rules: Rules
    seeds: tuple[int, ...]
    promises: tuple[Promise, ...]
    gains: dict[str, tuple[Gain, Gain]]
    secrets: dict[str, tuple[int, int]]
    answers: dict[str, float]
    learned: dict[int, float]
    facts: dict[str, float]

    @property
    def holds(self) -> bool:
        return all(promise.holds for promise in self.promises)

    def document(self) -> dict[str, Any]:
        rules = {k: v for k, v in asdict(self.rules).items() if k != "off"}
        return {
            "rules": rules | {"without": sorted(self.rules.off)},
            "seeds": list(self.seeds),
            "holds": self.holds,
            "promises": [asdict(promise) for promise in self.promises],
            "attacks": {
                name: {
                    "gain": round(gain.mean, 4),
                    "error": round(gain.error, 4),
                    "gain_without": round(control.mean, 4),
                    "error_without": round(control.error, 4),
                    "held_by": sorted(HELD_BY[name]),
                }
                for name, (gain, control) in self.gains.items()
            },
            "secrets": {k: {"count": a, "without": b} for k, (a, b) in self.secrets.items()},
            "unlimited_boosting": {k: round(v, 4) for k, v in self.answers.items()},
            "own_verdicts_learned": {str(k): round(v, 4) for k, v in self.learned.items()},
            "facts": {k: round(v, 4) for k, v in self.facts.items()},
        }


def trial(rules: Rules, *, seeds: Sequence[int]) -> Trial:
    """Play every seed under the rules and, for comparison, without each protection."""
    seasons = [play(rules, seed=seed) for seed in seeds]
    return Trial(
        rules=rules,
        seeds=tuple(seeds),
        promises=tuple(judge(seasons)),
        gains={
            name: (gain_of(seasons, name), gain_of(_without(rules, seeds, off), name))
            for name, off in HELD_BY.items()
        },
        secrets=_secrets(rules, seeds, seasons),
        answers={name: _boosting(name, rules.tasks, seeds) for name in ANSWERS},
        learned={n: _least_squares(n, rules.tasks, seeds) for n in FORMS_LEARNED},
        facts=_facts(seasons),
    )


def judge(seasons: Sequence[Season]) -> list[Promise]:
    return [
        *promises.of_scores(seasons),
        *promises.of_tiers(seasons),
        *promises.of_attacks(seasons),
        *promises.of_secrets(seasons),
        *promises.of_memory(seasons),
    ]


def _without(rules: Rules, seeds: Sequence[int], off: frozenset[Protection]) -> list[Season]:
    less = replace(rules, off=rules.off | off)
    return [play(less, seed=seed, judged=False) for seed in seeds]


def _secrets(
    rules: Rules, seeds: Sequence[int], seasons: Sequence[Season]
) -> dict[str, tuple[int, int]]:
    """Counts with and without the protection that keeps them down (for leaks seen: up)."""
    unaudited = replace(rules, off=rules.off | {Protection.AUDIT})
    loose = _without(rules, seeds, frozenset({Protection.LADDER}))
    unsalted = _without(rules, seeds, frozenset({Protection.SALTS}))
    return {
        "computed by readers (audit)": (
            sum(s.settled for s in seasons),
            sum(play(unaudited, seed=seed).settled for seed in seeds),
        ),
        "learned by asking again (ladder)": (
            sum(s.learned for s in seasons),
            sum(s.learned for s in loose),
        ),
        "leaks in a window seen (salts)": (
            sum(s.foreign > 0 for s in seasons),
            sum(s.foreign > 0 for s in unsalted),
        ),
    }


def _boosting(name: str, tasks: int, seeds: Sequence[int]) -> float:
    """Mean gain in standard errors of 200 guesses at coin flips, by the way of answering."""
    found = []
    for seed in seeds:
        generator = np.random.default_rng([seed, len(name)])
        release = attacks.release(name, generator)
        loss = attacks.boosting(tasks=tasks, guesses=MANY, release=release, generator=generator)
        found.append((0.5 - loss) / (0.5 / math.sqrt(tasks)))
    return float(np.mean(found))


def _least_squares(tries: int, tasks: int, seeds: Sequence[int]) -> float:
    """The share of its own verdicts an owner learns by failing halves on purpose."""
    found = []
    for seed in seeds:
        generator = np.random.default_rng([seed, tries])
        own = generator.integers(0, 2, tasks).tolist()
        found.append(attacks.least_squares(own, tries=tries, generator=generator))
    return float(np.mean(found))


def _facts(seasons: Sequence[Season]) -> dict[str, float]:
    raw = [z for season in seasons for z in season.raw_z]
    return {
        "evaluations": float(np.mean([s.evaluations for s in seasons])),
        "tiers": float(np.mean([n for s in seasons for n in s.tiers])) if seasons[0].tiers else 0.0,
        "releases_refused": float(np.mean([s.refused_releases for s in seasons])),
        "tasks_left": float(np.mean([s.reserve for s in seasons])),
        "copy_gain": gain_of(seasons, "insider").mean,
        "raw_across_rotations": float(np.sqrt(np.mean(np.square(raw)))) if raw else 0.0,
    }


def lines(trial: Trial) -> list[str]:
    """The trial for people: promises, attacks, what asking often would gain, and the verdict."""
    rows = [(p.name, p.figure, p.bound, "holds" if p.holds else "BROKEN") for p in trial.promises]
    table = _aligned([("promise", "figure", "bound", ""), *rows])
    gains = [
        (name, f"{g.mean:+.2f} ± {g.error:.2f}", f"{c.mean:+.2f} ± {c.error:.2f}", _held(name))
        for name, (g, c) in trial.gains.items()
    ]
    secrets = [(name, str(a), str(b), "") for name, (a, b) in trial.secrets.items()]
    answers = ", ".join(f"{name} {gain:+.1f}" for name, gain in trial.answers.items())
    learned = ", ".join(f"{n} tries {share:.0%}" for n, share in trial.learned.items())
    facts, broken = trial.facts, sum(not p.holds for p in trial.promises)
    return [
        *table,
        "",
        *_aligned([("attack, in errors", "gain", "without", "what holds it"), *gains, *secrets]),
        "",
        f"{MANY} boosting tries would gain, in errors, by the way of answering: {answers}",
        f"failing halves on purpose tells an owner of its own verdicts (half is luck): {learned}",
        f"a copy of the pool gains {facts['copy_gain']:+.1f} errors until it is marked",
        f"raw scores across rotations are off by {facts['raw_across_rotations']:.1f} errors; "
        f"{facts['tiers']:.1f} tiers a board, {facts['evaluations']:.0f} evaluations and "
        f"{facts['releases_refused']:.1f} refused releases a season, "
        f"{facts['tasks_left']:.0f} tasks left",
        f"{len(trial.seeds)} seeds, {broken} promises broken",
    ]


def _held(name: str) -> str:
    return ", ".join(sorted(HELD_BY[name]))


def _aligned(rows: Sequence[tuple[str, str, str, str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(4)]
    return ["  ".join(c.ljust(w) for c, w in zip(r, widths, strict=True)).rstrip() for r in rows]
