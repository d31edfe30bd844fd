"""The server's side of a season: forms, quotas, exposures, and what a provider is told.

It keeps what the server keeps and refuses what the server refuses, by the same rules. Example: the
third evaluation of a group in a rotation raises ``NotAllowed`` with ``quota_used``.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np

from benchserver.console.simulation.season.rules import Protection, Rules
from benchserver.console.simulation.season.world import Counts, Floats, World
from benchserver.core.errors import NotAllowed
from benchserver.core.rotation import Candidate, Plan, make_plan
from benchserver.core.task import Split
from benchserver.measurement.adaptive.ladder import told


@dataclass(frozen=True, slots=True)
class Account:
    """``owner``: the company behind it, which an admin has declared one owner group."""

    name: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One evaluation: passes and samples without a verdict per task of the form."""

    account: Account
    group: str
    model: str
    rotation: int
    passed: Counts
    missing: Counts
    samples: int

    @property
    def judged(self) -> int:
        return int(len(self.passed) * self.samples - self.missing.sum())

    @property
    def total(self) -> int:
        return len(self.passed) * self.samples

    @property
    def scores(self) -> Floats:
        """Task scores; what has no verdict has not passed (D11)."""
        return self.passed / self.samples


Met = dict[str, set[int]]  # of one task: group -> rotations


@dataclass(slots=True)
class Desk:
    rules: Rules
    world: World
    day: int = 0
    rotation: int = -1
    form: tuple[str, ...] = ()
    forms: list[tuple[str, ...]] = field(default_factory=list)
    plans: list[Plan] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    exposures: set[tuple[str, str, int]] = field(default_factory=set)  # task, group, rotation
    met: dict[str, Met] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    told_runs: dict[tuple[str, int], Run] = field(default_factory=dict)
    first_sent: dict[str, int] = field(default_factory=dict)
    retired: set[str] = field(default_factory=set)
    refusals: Counter[str] = field(default_factory=Counter)

    def open_rotation(self) -> None:
        """New tasks come in, the real plan says which are sent; raises when it refuses."""
        self.rotation += 1
        self.day = self.rotation * self.rules.days
        rules = self.rules
        self.world.add_batch(rules.each_intake if self.rotation else rules.first_stock)
        plan = make_plan(self._candidates(), rules.plan_policy(str(self.world.seed)))
        self.plans.append(plan)
        plan.require_ok()
        self.retired |= set(plan.retire)
        self.form = tuple(sorted((*plan.enter, *plan.stay)))
        self.forms.append(self.form)

    def group_of(self, account: Account) -> str:
        return account.owner if self.rules.on(Protection.GROUPS) else account.name

    def left(self, account: Account) -> int:
        """Evaluations the account's group may still start in this rotation."""
        if not self.rules.on(Protection.QUOTA):
            return 10**6
        group = self.group_of(account)
        used = sum(r.group == group and r.rotation == self.rotation for r in self.runs)
        return self.rules.evaluations - used

    def ask(
        self, account: Account, model: str, passed: Counts, *, missing: Counts | None = None
    ) -> tuple[float, bool]:
        """Evaluate once; (the private score told, whether it is this run's own).

        Raises ``NotAllowed`` with ``quota_used`` or ``exposure_spent``; nothing is kept then.
        """
        group = self.group_of(account)
        if self.left(account) < 1:
            raise self._refused("quota_used")
        self._check_exposure(group)
        for task in self.form:
            self.exposures.add((task, group, self.rotation))
            self.met[task][group].add(self.rotation)
            self.first_sent.setdefault(task, self.day)
        run = Run(
            account=account,
            group=group,
            model=model,
            rotation=self.rotation,
            passed=passed,
            missing=np.zeros_like(passed) if missing is None else missing,
            samples=self.rules.samples,
        )
        self.runs.append(run)
        return self._told(run)

    def _told(self, run: Run) -> tuple[float, bool]:
        if not self.rules.on(Protection.LADDER):
            return float(run.scores.mean()), True
        key = (run.model, run.rotation)
        before = self.told_runs.setdefault(key, run)  # what was told, all a later one is held to
        rows = [before.scores] if before is run else [before.scores, run.scores]
        if told(rows, min_changed=self.rules.min_cell):
            self.told_runs[key] = run
        kept = self.told_runs[key]
        return float(kept.scores.mean()), kept is run

    def _check_exposure(self, group: str) -> None:
        """c rotations per task and group, C groups per task, as ``request`` checks them."""
        if not self.rules.on(Protection.FRESH):
            return
        worn = any(
            len(self.met[t][group] - {self.rotation}) >= self.rules.exposure_per_provider
            for t in self.form
        )
        crowded = any(
            sum(bool(rotations) for g, rotations in self.met[t].items() if g != group)
            >= self.rules.groups_per_task
            for t in self.form
        )
        if worn or crowded:
            raise self._refused("exposure_spent")

    def _refused(self, code: str) -> NotAllowed:
        self.refusals[code] += 1
        return NotAllowed("refused by the rules", code=code)

    def _candidates(self) -> list[Candidate]:
        return [
            Candidate(
                version_id=task,
                family=task,
                split=Split.PRIVATE,
                age_days=self.day - self.first_sent.get(task, self.day),
                exposures_by_group_max=max((len(r) for r in self.met[task].values()), default=0),
                exposed_groups=sum(bool(r) for r in self.met[task].values()),
                in_current=task in self.form,
                retired=task in self.retired,
            )
            for task in self.world.difficulty
        ]


def worn_tasks_sent(desk: Desk) -> int:
    """Exposures beyond the caps, counted again from the list of exposures alone."""
    per_pair = Counter((task, group) for task, group, _ in desk.exposures)
    groups = Counter(task for task, _ in per_pair)
    over = sum(n > desk.rules.exposure_per_provider for n in per_pair.values())
    return over + sum(n > desk.rules.groups_per_task for n in groups.values())
