"""How often does the battery mark a clean model, and how often a cheating one? Drawn, not argued.

A season of invented models, clean or with a share of the public tasks remembered, canaries leaked,
references recited and expected results written down, each through the very battery that judges
real ones. Example: 2,000 clean models, none marked; of models that remember all old public tasks,
whose twins they do not know, and pass a third of the canaries, two of five.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt
from scipy import special

from benchserver.measurement.contamination import battery, twins
from benchserver.measurement.contamination.canaries import Passes
from benchserver.measurement.contamination.evidence import (
    Grade,
    grade,
    grade_of,
    may_publish,
)

Floats = npt.NDArray[np.float64]

_CUTOFF = date(2026, 1, 1)
HONEST_CANARY = 1e-4  # a fault in the sandbox or the canary
HONEST_RECITAL = 0.005
HONEST_LITERAL = 0.003
_HARDER_TWIN = 0.2  # logits: the rewriting costs everybody something


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Sizes of one board. ``models`` share the family of tests; ``seasons``: how many rotations'
    canaries and replies the panel has on record. ``pairs``: old public tasks with a hidden twin."""

    public: int = 100
    private: int = 150
    samples: int = 5
    panel: int = 8
    canaries: int = 10
    pairs: int = 30
    models: int = 20
    seasons: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Cheat:
    """Shares in [0, 1]. ``remembered``: of the public tasks written before the cutoff; ``leaked``:
    of the canaries; ``recited``: of the remembered tasks whose reply is the reference; ``tabled``:
    of the hidden tasks whose expected results stand in the reply."""

    remembered: float = 0.0
    leaked: float = 0.0
    recited: float = 0.0
    tabled: float = 0.0


CLEAN = Cheat()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Of ``models`` drawn: how many may be marked in public, how many got each grade, and for how
    many each test alone was a B."""

    models: int
    marked: int
    grades: dict[str, int]
    hits: dict[str, int]


def run(*, models: int, cheat: Cheat, world: World | None = None, seed: int = 0) -> Rates:
    """Draw so many models of one kind, each on a board of its own, and grade them."""
    world = world or World()
    random = np.random.default_rng(seed)
    grades: list[Grade] = []
    hits: Counter[str] = Counter()
    for _ in range(models):
        subject = _subject(random, world, cheat)
        family = world.models * battery.tests_of(subject)
        findings = battery.findings(subject)
        grades.append(grade(findings, family=family))
        hits.update({f.test: grade_of(f, family=family) is Grade.ONE for f in findings})
    return Rates(
        models=models,
        marked=sum(may_publish(g) for g in grades),
        grades={g.value or "none": grades.count(g) for g in Grade},
        hits=dict(sorted(hits.items())),
    )


def _subject(random: np.random.Generator, world: World, cheat: Cheat) -> battery.Subject:
    days = np.sort(random.integers(-400, 400, world.public))
    written = tuple(_CUTOFF + timedelta(days=int(day)) for day in days)
    hard_public = random.normal(0, 1, world.public) + days / 800  # newer is harder, for everybody
    hard_private = random.normal(0.3, 1, world.private)
    abilities = random.normal(-0.3, 0.7, world.panel)
    panel_public = np.array([_scores(random, a, hard_public, world) for a in abilities])
    panel_private = np.array([_scores(random, a, hard_private, world) for a in abilities])
    ability = random.normal(0.3, 0.7)
    known = (random.random(world.public) < cheat.remembered) & (days <= 0)
    public = np.where(known, 1.0, _scores(random, ability, hard_public, world))
    private = _scores(random, ability, hard_private, world)
    panel = list(zip(panel_public.tolist(), panel_private.tolist(), strict=True))
    return battery.Subject(
        dated=battery.Dated(
            written=written,
            cutoff=_CUTOFF,
            start=None,
            scores=tuple(public),
            panel_passed=tuple(panel_public.sum(axis=0) * world.samples),
            panel_samples=(float(world.panel * world.samples),) * world.public,
            controls=tuple(map(tuple, panel_public)),
        ),
        measured=battery.measured_gap(
            (public.tolist(), private.tolist()), panel=panel, samples=world.samples
        ),
        canaries=_hits(random, world.canaries, cheat.leaked, HONEST_CANARY, world),
        replies=_hits(
            random, world.public, cheat.recited * float(known.mean()), HONEST_RECITAL, world
        ),
        literals=_hits(random, world.private, cheat.tabled, HONEST_LITERAL, world),
        twins=_twins(
            random,
            world,
            hard_public[: world.pairs],
            (ability, *abilities),
            (public, *panel_public),
        ),
    )


def _twins(
    random: np.random.Generator,
    world: World,
    hardness: Floats,
    abilities: Sequence[float],
    originals: Sequence[Floats],
) -> battery.Paired | None:
    """The oldest public tasks rewritten; the judged model comes first, then the panel."""
    if not len(hardness):
        return None
    harder = hardness + random.normal(_HARDER_TWIN, 0.3, len(hardness))
    both = [
        (scores[: len(harder)] > 0.5, _scores(random, ability, harder, world) > 0.5)
        for ability, scores in zip(abilities, originals, strict=True)
    ]
    alone = [(int((old & ~new).sum()), int((new & ~old).sum())) for old, new in both]
    panel = twins.Split(sum(n for n, _ in alone[1:]), sum(n for _, n in alone[1:]))
    return battery.Paired(
        model=twins.Split(*alone[0]),
        pairs=len(harder),
        panel=panel,
        panel_pairs=len(harder) * len(alone[1:]),
    )


def _scores(random: np.random.Generator, ability: float, hardness: Floats, world: World) -> Floats:
    """Task scores with a misfit of their own per task, so that no test's model is quite true."""
    rates = special.expit(ability - hardness + random.normal(0, 0.5, len(hardness)))
    return random.binomial(world.samples, rates) / world.samples


def _hits(
    random: np.random.Generator, sent: int, rate: float, honest: float, world: World
) -> battery.Counted:
    mine = random.binomial(sent, rate + (1 - rate) * honest)
    runs = sent * world.panel * world.seasons
    return battery.Counted(
        model=Passes(int(mine), sent), panel=Passes(int(random.binomial(runs, honest)), runs)
    )
