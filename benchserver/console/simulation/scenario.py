"""What one seed sets up: endpoints with their moods, evaluations with their attempts, and bad luck.

A pure function of the seed. Example: seed 7 may be two endpoints, one of which answers 429 a third
of the time, three evaluations of which one closes early, and workers that die every ten seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

START = 1_000_000.0  # the virtual clock's first second
FOREVER = START + 1e7

# How an endpoint may answer a task, and how often where it is in an average mood.
MOODS = {
    "ok": 6.0,
    "rate_limited": 0.7,
    "server_error": 0.7,
    "cut": 0.7,
    "timeout": 0.3,
    "invalid": 0.2,
    "bad_request": 0.1,
    "unauthorised": 0.05,
    "unreachable": 0.4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointPlan:
    id: UUID
    limit: int
    rps: float | None
    moods: dict[str, float]
    skill: float
    latency: float  # seconds, mean
    changes_at: float | None
    refuses_tasks: bool  # answers canaries, refuses every task: what makes a retry storm


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationPlan:
    id: UUID
    endpoint: UUID
    units: tuple[UUID, ...]
    closes_at: float
    cancel_at: float | None
    max_requests: int | None
    pauses: tuple[tuple[float, float], ...] = ()  # from, until


@dataclass(frozen=True, slots=True, kw_only=True)
class Luck:
    """Probabilities of misfortune per transaction or message, rates per second."""

    dies_before_commit: float
    dies_after_commit: float
    disk_full: float
    cannot_prepare: float
    judge_breaks: float
    lost: float
    doubled: float
    kills: float
    freezes: float
    wipes: float
    outages: float


CALM = Luck(
    dies_before_commit=0.0,
    dies_after_commit=0.0,
    disk_full=0.0,
    cannot_prepare=0.0,
    judge_breaks=0.0,
    lost=0.0,
    doubled=0.0,
    kills=0.0,
    freezes=0.0,
    wipes=0.0,
    outages=0.0,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    seed: int
    endpoints: tuple[EndpointPlan, ...]
    evaluations: tuple[EvaluationPlan, ...]
    luck: Luck
    workers: int
    calm_at: float
    marker: str = field(repr=False)


def scenario(seed: int) -> Scenario:
    """Everything that is decided before the first event."""
    dice = Random(f"scenario {seed}")
    endpoints = tuple(_endpoint(dice) for _ in range(dice.choice((1, 1, 2, 3))))
    evaluations = tuple(_evaluation(dice, e) for e in endpoints for _ in range(dice.choice((1, 2))))
    return Scenario(
        seed=seed,
        endpoints=endpoints,
        evaluations=evaluations,
        luck=_luck(dice),
        workers=dice.randint(2, 5),
        calm_at=START + dice.uniform(60, 400),
        marker=f"secret-{dice.getrandbits(64):016x}",
    )


def _id(dice: Random) -> UUID:
    return UUID(int=dice.getrandbits(128))


def _endpoint(dice: Random) -> EndpointPlan:
    badness = dice.choice((0.0, 0.5, 1.0, 3.0, 20.0))
    moods = {m: w if m == "ok" else w * badness * dice.random() * 2 for m, w in MOODS.items()}
    return EndpointPlan(
        id=_id(dice),
        limit=dice.randint(1, 4),
        rps=dice.choice((None, None, 0.5, 2.0)),
        moods=moods,
        skill=dice.random(),
        latency=dice.choice((0.3, 3.0, 15.0)),
        changes_at=START + dice.uniform(0, 200) if dice.random() < 0.15 else None,
        refuses_tasks=dice.random() < 0.1,
    )


def _evaluation(dice: Random, endpoint: EndpointPlan) -> EvaluationPlan:
    made = _id(dice)
    return EvaluationPlan(
        id=made,
        endpoint=endpoint.id,
        units=tuple(_id(dice) for _ in range(dice.randint(2, 7))),
        closes_at=START + dice.uniform(30, 600) if dice.random() < 0.2 else FOREVER,
        cancel_at=START + dice.uniform(1, 300) if dice.random() < 0.15 else None,
        pauses=_pauses(Random(f"pauses {made}")),
        max_requests=dice.randint(1, 8) if dice.random() < 0.15 else None,
    )


def _pauses(dice: Random) -> tuple[tuple[float, float], ...]:
    """Up to three, of seconds or of minutes, one after the other."""
    found, now = [], START
    for _ in range(dice.choice((0, 0, 0, 1, 1, 3))):
        begins = now + dice.uniform(0, 60)
        now = begins + dice.choice((1.0, 10.0, 60.0, 300.0)) * dice.random()
        found.append((begins, now))
    return tuple(found)


def _luck(dice: Random) -> Luck:
    how = dice.choice((0.2, 1.0, 1.0, 3.0))

    def chance(most: float) -> float:
        return min(0.5, dice.random() * most * how)

    return Luck(
        dies_before_commit=chance(0.04),
        dies_after_commit=chance(0.04),
        disk_full=chance(0.03),
        cannot_prepare=chance(0.05),
        judge_breaks=chance(0.1),
        lost=chance(0.3),
        doubled=chance(0.3),
        kills=chance(0.1),
        freezes=chance(0.1),
        wipes=chance(0.05),
        outages=chance(0.01),
    )


def setup_entry(plan: Scenario) -> dict[str, Any]:
    """What the checker is told beforehand: limits, attempts, closings, the secret."""
    return {
        "kind": "setup",
        "t": START,
        "seed": plan.seed,
        "marker": plan.marker,
        "endpoints": [
            {"endpoint": str(e.id), "limit": e.limit, "rps": e.rps} for e in plan.endpoints
        ],
        "evaluations": [
            {
                "evaluation": str(v.id),
                "units": [str(u) for u in v.units],
                "closes_at": v.closes_at,
            }
            for v in plan.evaluations
        ],
    }
