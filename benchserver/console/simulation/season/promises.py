"""What is promised of a season, judged over all seeds: held or broken, and the figure for it.

Exact promises allow nothing. Statistical ones allow what chance does once in a thousand seasons,
taking all rows of one board as one witness. Example: with 32 boards at most 6 may hold a false
claim; "gains less than one error" allows one error of the simulation itself.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import stats

from benchserver.console.simulation.season.cast import (
    CANARIES,
    CANARY_RECALL,
    COPIED,
    OPEN_BOOK,
    PANEL,
)
from benchserver.console.simulation.season.examination import OPEN_TASKS
from benchserver.console.simulation.season.rules import Protection
from benchserver.console.simulation.season.season import Season
from benchserver.measurement.contamination import simulation
from benchserver.measurement.contamination.evidence import (
    PUBLISHABLE,
    Grade,
    false_alarm,
    may_publish,
)

CONFIDENCE = 0.95
CHANCE = 1e-3
DRAWN = 100  # models of each kind behind a stated rate
HELD_BY: Mapping[str, frozenset[Protection]] = {
    "booster": frozenset({Protection.QUOTA, Protection.FIRST, Protection.LADDER}),
    "variants": frozenset({Protection.QUOTA, Protection.GROUPS}),
    "memoriser": frozenset({Protection.FRESH}),
    "receiver": frozenset({Protection.FRESH}),
    "withholder": frozenset({Protection.COMPLETE}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    name: str
    figure: str
    bound: str
    holds: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """Mean gain of an attack in standard errors of the board, and that mean's own error."""

    mean: float
    error: float
    boards: int

    @property
    def below_one(self) -> bool:
        return self.mean - self.error < 1


def gain_of(seasons: Sequence[Season], attacker: str) -> Gain:
    """0 where the attacker was never shown: a row without a rank gains nothing."""
    values = [gain for season in seasons for gain in season.gains.get(attacker, [])]
    spread = float(np.std(values, ddof=1)) if len(values) > 1 else 1.0
    if not values:
        return Gain(mean=0.0, error=0.0, boards=0)
    return Gain(
        mean=float(np.mean(values)), error=spread / math.sqrt(len(values)), boards=len(values)
    )


def of_scores(seasons: Sequence[Season]) -> list[Promise]:
    """Intervals hold the true score as often as they say, errors are as large as they say."""
    boards = [board for season in seasons for board in season.z]
    inside = [float(np.mean(board)) for season in seasons for board in season.inside]
    equated = [season.equated_z for season in seasons if season.equated_z]
    within = [float(np.mean(np.abs(z) < stats.norm.ppf(0.5 + CONFIDENCE / 2))) for z in equated]
    return [
        _covers("95 % intervals hold the true score", inside),
        _spread("(shown - true) / error, root mean square", boards),
        _covers("equated scores hold the true one on the first form", within),
        _spread("the same for equated scores", equated),
    ]


def of_tiers(seasons: Sequence[Season]) -> list[Promise]:
    claims = [count for season in seasons for count in season.false_claims]
    false, most = sum(c > 0 for c in claims), int(stats.binom.ppf(1 - CHANCE, len(claims), 0.05))
    return [
        Promise(
            name="boards with a false claim among tiers and ranks",
            figure=f"{false} of {len(claims)}",
            bound=f"at most {most} (5 % and chance)",
            holds=false <= most,
        )
    ]


def of_attacks(seasons: Sequence[Season]) -> list[Promise]:
    found = []
    for attacker in HELD_BY:
        gain = gain_of(seasons, attacker)
        found.append(
            Promise(
                name=f"gain of the {attacker}",
                figure=f"{gain.mean:+.2f} ± {gain.error:.2f} errors",
                bound="below 1",
                holds=gain.below_one,
            )
        )
    return found


def of_secrets(seasons: Sequence[Season]) -> list[Promise]:
    """Nothing single leaves, caps and quotas hold, nobody is left without tasks: all exact."""
    total = {
        "single results a reader can compute": sum(s.settled for s in seasons),
        "verdicts an owner learns by asking again": sum(s.learned for s in seasons),
        "rows shown that are not a model's first": sum(s.not_first for s in seasons),
        "exposures beyond the caps": sum(s.over_caps for s in seasons),
        "evaluations beyond the quota of a company": sum(s.over_quota for s in seasons),
        "boards that could not be published": sum(s.boards_refused for s in seasons),
        "providers turned away": sum(s.turned_away for s in seasons),
        "seasons whose pool ran short": sum(bool(s.short) for s in seasons),
    }
    exact = [
        Promise(name=name, figure=str(count), bound="0", holds=count == 0)
        for name, count in total.items()
    ]
    return [*exact, _leaks_found(seasons)]


def _leaks_found(seasons: Sequence[Season]) -> Promise:
    """A leak inside one window gains; it must be seen, by another group's salt in a reply."""
    leaks = [s for s in seasons if s.window_leaks]
    seen = sum(season.foreign > 0 for season in leaks)
    missed = int(stats.binom.ppf(1 - CHANCE, len(leaks), (1 - CANARY_RECALL) ** CANARIES))
    return Promise(
        name="leaks inside one window seen by salted canaries",
        figure=f"{seen} of {len(leaks)}",
        bound=f"at least {len(leaks) - missed}",
        holds=seen >= len(leaks) - missed,
    )


def of_memory(seasons: Sequence[Season]) -> list[Promise]:
    """Who remembers is graded as often as the drawn models of its kind are, nobody else ever more
    than stated. A neighbour that was given the leaker's tasks is no clean model."""
    boards = [grades for season in seasons for grades in season.grades]
    marked = sum(any(map(may_publish, _clean(board))) for board in boards)
    stated = false_alarm(models=seasons[0].rules.providers).bound
    most = int(stats.binom.ppf(1 - CHANCE, len(boards), stated))
    clean = Promise(
        name="boards on which a clean model is marked",
        figure=f"{marked} of {len(boards)}",
        bound=f"at most {most} ({stated:.2%} and chance)",
        holds=bool(boards) and marked <= most,
    )
    hints = (Grade.ONE, *PUBLISHABLE)
    rules = seasons[0].rules
    hint, mark = _rates(rules.tasks, rules.samples, rules.providers)
    return [
        clean,
        _found("memorised public splits seen (B)", boards, "crammer", hints, hint),
        _found("copies of the pool marked", boards, "insider", PUBLISHABLE, mark),
    ]


def _clean(board: Mapping[str, Grade]) -> list[Grade]:
    return [grade for model, grade in board.items() if model not in ("insider", "neighbour")]


def _found(
    name: str,
    boards: Sequence[Mapping[str, Grade]],
    model: str,
    wanted: Sequence[Grade],
    rate: float,
) -> Promise:
    """``rate``: of drawn models; less its own error of three in the bound."""
    seen = sum(board.get(model) in wanted for board in boards)
    sure = max(0.0, rate - 3 * math.sqrt(rate * (1 - rate) / DRAWN))
    least = int(stats.binom.ppf(CHANCE, len(boards), sure)) if boards else 1
    return Promise(
        name=name,
        figure=f"{seen} of {len(boards)}",
        bound=f"at least {least} ({rate:.0%} and chance)",
        holds=seen >= least,
    )


@cache
def _rates(tasks: int, samples: int, models: int) -> tuple[float, float]:
    """How often ``simulate contamination`` sees the crammer's kind, and marks the insider's, on
    boards of this size in a first rotation."""
    world = simulation.World(
        public=OPEN_TASKS,
        private=tasks,
        samples=samples,
        panel=len(PANEL),
        canaries=CANARIES,
        models=models,
        seasons=1,
    )
    hint, mark = (simulation.run(models=DRAWN, cheat=c, world=world) for c in (OPEN_BOOK, COPIED))
    strong = hint.marked + hint.grades[Grade.ONE.value]
    return strong / DRAWN, mark.marked / DRAWN


def _covers(name: str, shares: Sequence[float]) -> Promise:
    slack = stats.norm.ppf(1 - CHANCE) * math.sqrt(CONFIDENCE * (1 - CONFIDENCE))
    least = CONFIDENCE - slack / math.sqrt(max(1, len(shares)))
    mean = float(np.mean(shares)) if shares else 0.0
    return Promise(
        name=name, figure=f"{mean:.1%}", bound=f"at least {least:.1%}", holds=bool(mean >= least)
    )


def _spread(name: str, boards: Sequence[Sequence[float]]) -> Promise:
    """Root mean square; one witness per board, so the bound is that of so many chi-squares."""
    count = max(1, len(boards))
    most = math.sqrt(float(stats.chi2.ppf(1 - CHANCE, count)) / count)
    squares = [float(np.mean(np.square(board))) for board in boards if len(board)]
    size = math.sqrt(float(np.mean(squares))) if squares else math.inf
    return Promise(name=name, figure=f"{size:.2f}", bound=f"at most {most:.2f}", holds=size <= most)
