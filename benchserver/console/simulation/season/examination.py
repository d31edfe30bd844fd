"""What the examiner makes of a rotation that has closed: signs of memory, by the battery itself.

Each form brings a public split of its own, dated around everybody's cutoff, and canary tasks; the
panel met the same. Example: of a crammer that knows all public tasks from before its cutoff the
grade is "B", a hint and no mark; a model trained on a copy of the pool is marked as a rule.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
from scipy.special import expit

from benchserver.console.simulation.season.boards import Row
from benchserver.console.simulation.season.cast import CANARIES, PANEL, Member, Neighbour
from benchserver.console.simulation.season.desk import Desk
from benchserver.console.simulation.season.world import (
    DIFFICULTY_SPREAD,
    TASTE_SPREAD,
    Counts,
    Floats,
)
from benchserver.measurement.contamination import battery
from benchserver.measurement.contamination.canaries import Passes
from benchserver.measurement.contamination.evidence import Grade, grade
from benchserver.measurement.contamination.simulation import (
    CLEAN,
    HONEST_CANARY,
    HONEST_RECITAL,
    Cheat,
)

OPEN_TASKS = 100
CUTOFF = date(2026, 1, 1)
DAYS = 400  # public tasks are written so long before and after the cutoff
HARDER_A_DAY = 1 / 800  # logits: newer tasks are harder, for everybody


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one model did in a rotation besides its hidden score: passes per public task, canary
    tasks passed, and hidden tasks on which its reply was the reference."""

    public: Counts
    canaries: int
    recited: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """The panel on one form. ``private``: passes per hidden task, as the board's link has them."""

    seen: tuple[Seen, ...]
    private: tuple[Counts, ...]


def reference(desk: Desk, private: Sequence[Counts]) -> Reference:
    seen = (_seen(desk, f"panel-{n}", ability, CLEAN) for n, ability in enumerate(PANEL))
    return Reference(seen=tuple(seen), private=tuple(private))


def grades(
    desk: Desk, rows: Sequence[Row], members: Mapping[str, Member], panel: Sequence[Reference]
) -> dict[str, Grade]:
    """Model -> grade, over the complete evaluations of a form; all tests are one family.

    ``members``: by owner; ``panel``: of this rotation, the last, and of all before.
    """
    complete = [row for row in rows if row.run.judged == row.run.total]
    subjects = {
        row.run.model: _subject(desk, row, members[row.run.account.owner], panel)
        for row in complete
    }
    family = sum(battery.tests_of(s) + bool(s.salts) for s in subjects.values())
    return {m: grade(battery.findings(s), family=max(1, family)) for m, s in subjects.items()}


def _subject(desk: Desk, row: Row, member: Member, panel: Sequence[Reference]) -> battery.Subject:
    own, now, samples = (
        _seen(desk, row.run.model, member.ability, member.memory),
        panel[-1],
        (desk.rules.samples),
    )
    everybody = np.array([one.public for one in now.seen])
    public = (own.public / samples).tolist()
    reference = [
        ((one.public / samples).tolist(), (hidden / samples).tolist())
        for one, hidden in zip(now.seen, now.private, strict=True)
    ]
    return battery.Subject(
        dated=battery.Dated(
            written=tuple(CUTOFF + timedelta(days=int(day)) for day in _days(desk)),
            cutoff=CUTOFF,
            start=None,
            scores=tuple(public),
            panel_passed=tuple(everybody.sum(axis=0).astype(float).tolist()),
            panel_samples=(float(len(PANEL) * samples),) * OPEN_TASKS,
        ),
        measured=battery.measured_gap(
            (public, row.scores.tolist()), panel=reference, samples=samples
        ),
        canaries=_counted(own.canaries, [[s.canaries for s in r.seen] for r in panel], CANARIES),
        salts=member.foreign if isinstance(member, Neighbour) else 0,
        replies=_counted(own.recited, [[s.recited for s in now.seen]], len(desk.form)),
    )


def _counted(mine: int, theirs: Sequence[Sequence[int]], sent: int) -> battery.Counted:
    runs = [count for rotation in theirs for count in rotation]
    return battery.Counted(model=Passes(mine, sent), panel=Passes(sum(runs), sent * len(runs)))


def _seen(desk: Desk, model: str, ability: float, memory: Cheat) -> Seen:
    draw = desk.world.generator("open", model, str(desk.rotation))
    days, taste = _days(desk), draw.normal(0, TASTE_SPREAD, OPEN_TASKS)
    known = (draw.random(OPEN_TASKS) < memory.remembered) & (days <= 0)
    chances = np.where(known, 1.0, expit(ability - _hardness(desk) + taste))
    canary = memory.leaked + (1 - memory.leaked) * HONEST_CANARY
    recital = memory.remembered * memory.recited
    return Seen(
        public=draw.binomial(desk.rules.samples, chances),
        canaries=int(draw.binomial(CANARIES, canary)),
        recited=int(draw.binomial(len(desk.form), recital + (1 - recital) * HONEST_RECITAL)),
    )


def _days(desk: Desk) -> Counts:
    """When each public task of the open form was written, in days from the cutoff."""
    draw = desk.world.generator("open days", str(desk.rotation))
    return np.sort(draw.integers(-DAYS, DAYS, OPEN_TASKS))


def _hardness(desk: Desk) -> Floats:
    draw = desk.world.generator("open hardness", str(desk.rotation))
    spread = draw.normal(0, DIFFICULTY_SPREAD, OPEN_TASKS)
    return np.asarray(spread + _days(desk) * HARDER_A_DAY, dtype=np.float64)
