"""Which versions enter, stay and retire when a rotation turns: a pure, repeatable plan.

A private task is worn out by being sent. It may be used again only while no owner group has met
it ``exposure_per_provider`` times, fewer than ``exposure_per_task`` groups have met it at all and
it is not too old; the rule counts exposures, it never guesses at leaks (integrity note, section
7.2). What its results or an admin say against it (``unfit``) retires it too. Example: with c = 1 a
task that one provider met last month is retired, a task that nobody met stays. Too few fresh tasks
make a plan that says no; spent tasks are never put in to fill it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType

from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.task import Split

Stratum = tuple[str, str, str]  # language, topic, difficulty
_KINDS = {Split.PRIVATE: "fresh", Split.PUBLIC: "public control", Split.CANARY: "canary"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One sealed version as the plan sees it: no content, only its history and its labels.

    ``age_days``: whole days since the version was first sent to anybody, 0 before that.
    ``exposures_by_group_max``: the most exposures any one owner group has had.
    ``exposed_groups``: owner groups that have met it. ``in_current``: part of the form that ends.
    ``unfit``: why it should not be used again although it may, as a plain phrase.
    ``twin_of``: the version that this one rewrites; a pair tells something in one form only.
    """

    version_id: str
    family: str
    split: Split
    age_days: int = 0
    exposures_by_group_max: int = 0
    exposed_groups: int = 0
    topic: str = ""
    language: str = "python"
    difficulty: str = ""
    in_current: bool = False
    retired: bool = False
    unfit: str = ""
    twin_of: str = ""

    @property
    def stratum(self) -> Stratum:
        return (self.language, self.topic, self.difficulty)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The numbers of D9. ``*_weights``: wished proportions of a label; an absent label weighs 1."""

    private_target: int
    public_target: int
    min_private: int = 20
    exposure_per_provider: int = 1
    exposure_per_task: int = 10
    max_age_days: int = 120
    topic_weights: Mapping[str, int] = field(default_factory=dict)
    language_weights: Mapping[str, int] = field(default_factory=dict)
    difficulty_weights: Mapping[str, int] = field(default_factory=dict)
    seed: str = ""
    canary_percent: int = 6

    def __post_init__(self) -> None:
        if min(self.private_target, self.public_target, self.max_age_days) < 0:
            raise BadInput("targets and the age limit cannot be negative", place="policy")
        if not 0 <= self.canary_percent <= 20:
            raise BadInput("canaries make up 0 to 20 % of a form", place="policy.canary_percent")
        if min(self.exposure_per_provider, self.exposure_per_task, self.min_private) < 1:
            raise BadInput("exposure caps and min_private are at least 1", place="policy")
        if self.private_target < self.min_private:
            raise BadInput(
                f"private_target {self.private_target} is below min_private {self.min_private}",
                place="policy.private_target",
                mend="Raise private_target, or lower min_private on purpose.",
            )

    def weight(self, stratum: Stratum) -> int:
        language, topic, difficulty = stratum
        return (
            self.language_weights.get(language, 1)
            * self.topic_weights.get(topic, 1)
            * self.difficulty_weights.get(difficulty, 1)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Effects:
    """What the plan does to the form and to the reserve, for the preview an admin reads.

    ``families``: clusters among the chosen private tasks (errors need many).
    ``reserve``: eligible private versions left over; ``rotations_left``: full forms they make.
    """

    private_tasks: int
    public_tasks: int
    families: int
    never_exposed: int
    oldest_days: int
    reserve: int
    rotations_left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Sorted version ids. ``rest``: usable but not chosen; they stay in the pool untouched.

    ``counts``: chosen versions per split, language, topic and difficulty. ``refusal`` is empty
    when the plan may be applied.
    """

    enter: tuple[str, ...]
    stay: tuple[str, ...]
    retire: tuple[str, ...]
    rest: tuple[str, ...]
    reasons: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    effects: Effects
    warnings: tuple[str, ...]
    refusal: str

    @property
    def ok(self) -> bool:
        return not self.refusal

    def require_ok(self) -> None:
        """Raises ``NotAllowed`` (code ``pool_exhausted``) when the plan must not be applied."""
        if self.refusal:
            raise NotAllowed(
                self.refusal, code="pool_exhausted", mend="Bring fresh tasks, then plan again."
            )


@dataclass(frozen=True, slots=True)
class Window:
    """The half-open time [opens, closes) of one rotation, in UTC."""

    opens: datetime
    closes: datetime
    name: str = ""

    def __post_init__(self) -> None:
        for moment in (self.opens, self.closes):
            if moment.utcoffset() != timedelta(0):
                raise BadInput("a window is given in UTC", place=self.name or "window")
        if self.opens >= self.closes:
            raise BadInput("a window closes after it opens", place=self.name or "window")

    def overlaps(self, other: Window) -> bool:
        return self.opens < other.closes and other.opens < self.closes


def check_windows(existing: Iterable[Window], new: Window) -> None:
    """Windows of one pool never overlap; touching ends are fine (D16).

    Raises ``NotAllowed`` (code ``window_overlap``) naming the earliest window in the way.
    """
    clashes = sorted((w for w in existing if w.overlaps(new)), key=lambda w: (w.opens, w.name))
    if clashes:
        first = clashes[0]
        raise NotAllowed(
            f"the window overlaps {first.name or 'another rotation'} "
            f"({first.opens.isoformat()} to {first.closes.isoformat()})",
            code="window_overlap",
            mend="Open it at or after that end, or close it at or before that start.",
        )


def spent(candidate: Candidate, policy: Policy) -> str:
    """Why this version may not be sent again, as a plain phrase; empty while it may.

    Monotone: more exposures or more age never make a spent version usable.
    """
    if candidate.unfit or candidate.split is Split.PUBLIC:
        return candidate.unfit
    if candidate.exposures_by_group_max >= policy.exposure_per_provider:
        most = candidate.exposures_by_group_max
        return f"one provider has met it {_times(most)} (limit {policy.exposure_per_provider})"
    if candidate.exposed_groups >= policy.exposure_per_task:
        return f"{candidate.exposed_groups} providers met it (limit {policy.exposure_per_task})"
    if candidate.age_days > policy.max_age_days:
        return f"in use for {candidate.age_days} days (limit {policy.max_age_days})"
    return ""


def make_plan(candidates: Sequence[Candidate], policy: Policy) -> Plan:
    """The plan for the next rotation of a pool. Deterministic; the order of input is irrelevant.

    Raises ``BadInput`` when a version id occurs twice.
    """
    pool = _sorted_unique(candidates)
    alive = [c for c in pool if not c.retired]
    worn = {c.version_id: phrase for c in alive if (phrase := spent(c, policy))}
    usable = [c for c in alive if c.version_id not in worn]
    private = [c for c in usable if c.split is Split.PRIVATE]
    public = [c for c in usable if c.split is Split.PUBLIC]
    canaries = [c for c in usable if c.split is Split.CANARY]
    pairs = paired(usable)
    chosen_private = choose(private, policy.private_target, policy, first=pairs)
    chosen_public = choose(public, policy.public_target, policy, first=pairs)
    chosen_canaries = choose(canaries, canary_target(len(chosen_private), policy), policy)
    chosen = {c.version_id: c for c in (*chosen_private, *chosen_public, *chosen_canaries)}
    rest = [c for c in usable if c.version_id not in chosen]
    return Plan(
        enter=tuple(sorted(v for v, c in chosen.items() if not c.in_current)),
        stay=tuple(sorted(v for v, c in chosen.items() if c.in_current)),
        retire=tuple(sorted(worn)),
        rest=tuple(c.version_id for c in rest),
        reasons=_reasons(pool, worn, chosen),
        counts=_counts(chosen.values()),
        effects=_effects(chosen_private, chosen_public, private, policy),
        warnings=(*_warnings(private, public, chosen_private, policy), *_lonely(chosen)),
        refusal=_refusal(private, policy),
    )


def canary_target(private: int, policy: Policy) -> int:
    """How many canaries a form of so many private tasks carries. Example: 150 at 6 % carry 9."""
    return round(private * policy.canary_percent / 100)


def paired(usable: Sequence[Candidate]) -> frozenset[str]:
    """Twins and their originals, where both may be sent. Example: b rewrites a: {a, b}."""
    known = {c.version_id for c in usable}
    twins = [c for c in usable if c.twin_of in known]
    return frozenset(v for c in twins for v in (c.version_id, c.twin_of))


def choose(
    usable: Sequence[Candidate],
    target: int,
    policy: Policy,
    *,
    first: Collection[str] = frozenset(),
) -> list[Candidate]:
    """At most ``target`` versions: a quota per stratum; in it those that go ``first``, then the
    freshest of the current form."""
    strata: dict[Stratum, list[Candidate]] = {}
    for candidate in usable:
        strata.setdefault(candidate.stratum, []).append(candidate)
    supply = {stratum: len(members) for stratum, members in strata.items()}
    weights = {stratum: policy.weight(stratum) for stratum in strata}
    quota = apportion(target, weights=weights, supply=supply)
    chosen: list[Candidate] = []
    for stratum in sorted(strata):
        ranked = sorted(strata[stratum], key=lambda c: _preference(c, policy.seed, first))
        chosen += ranked[: quota[stratum]]
    return chosen


def apportion(
    target: int, *, weights: Mapping[Stratum, int], supply: Mapping[Stratum, int]
) -> dict[Stratum, int]:
    """Seats per stratum by largest remainder (Hamilton), never above the stratum's supply.

    What a full stratum cannot take is dealt again among the others by the same rule. A weight
    of 0 shuts a stratum. Known answer: 10 seats, weights 5, 3, 2 and ample supply: 5, 3, 2.
    """
    seats = {stratum: 0 for stratum in supply}
    left = target
    while left > 0:
        open_ = [s for s in sorted(supply) if seats[s] < supply[s] and weights[s] > 0]
        if not open_:
            break
        dealt = _largest_remainder(left, {s: weights[s] for s in open_})
        for stratum in open_:
            taken = min(dealt[stratum], supply[stratum] - seats[stratum])
            seats[stratum] += taken
            left -= taken
    return seats


def _largest_remainder(total: int, weights: Mapping[Stratum, int]) -> dict[Stratum, int]:
    whole = sum(weights.values())
    seats = {s: total * w // whole for s, w in weights.items()}
    by_remainder = sorted(weights, key=lambda s: (-(total * weights[s] % whole), s))
    for stratum in by_remainder[: total - sum(seats.values())]:
        seats[stratum] += 1
    return seats


def _preference(
    candidate: Candidate, seed: str, first: Collection[str]
) -> tuple[bool, bool, int, int, bytes, str]:
    """Sort key: pairs, current form, then least met, youngest, then by lot drawn from the seed."""
    lot = hashlib.sha256(f"{seed}\n{candidate.version_id}".encode()).digest()
    met, age = candidate.exposed_groups, candidate.age_days
    alone = candidate.version_id not in first
    return (alone, not candidate.in_current, met, age, lot, candidate.version_id)


def _sorted_unique(candidates: Sequence[Candidate]) -> list[Candidate]:
    twice = [v for v, n in Counter(c.version_id for c in candidates).items() if n > 1]
    if twice:
        raise BadInput(f"version {min(twice)} is listed twice", place="candidates")
    return sorted(candidates, key=lambda c: c.version_id)


def _reasons(
    pool: Sequence[Candidate], worn: Mapping[str, str], chosen: Mapping[str, Candidate]
) -> Mapping[str, str]:
    return MappingProxyType({c.version_id: _reason(c, worn, chosen) for c in pool})


def _reason(candidate: Candidate, worn: Mapping[str, str], chosen: Mapping[str, Candidate]) -> str:
    if candidate.retired:
        return "retired earlier"
    if candidate.version_id in worn:
        return f"retires: {worn[candidate.version_id]}"
    if candidate.version_id not in chosen:
        return "rests: its quota is full"
    verb = "stays" if candidate.in_current else "enters"
    return f"{verb}: {_KINDS[candidate.split]}"


def _counts(chosen: Iterable[Candidate]) -> Mapping[str, Mapping[str, int]]:
    members = list(chosen)
    axes = {
        "split": Counter(str(c.split) for c in members),
        "language": Counter(c.language for c in members),
        "topic": Counter(c.topic for c in members),
        "difficulty": Counter(c.difficulty for c in members),
    }
    return MappingProxyType({axis: dict(sorted(n.items())) for axis, n in axes.items()})


def _effects(
    private: Sequence[Candidate],
    public: Sequence[Candidate],
    usable: Sequence[Candidate],
    policy: Policy,
) -> Effects:
    reserve = len(usable) - len(private)
    return Effects(
        private_tasks=len(private),
        public_tasks=len(public),
        families=len({c.family or c.version_id for c in private}),
        never_exposed=sum(c.exposed_groups == 0 for c in private),
        oldest_days=max((c.age_days for c in private), default=0),
        reserve=reserve,
        rotations_left=reserve // policy.private_target,
    )


def _refusal(private: Sequence[Candidate], policy: Policy) -> str:
    if len(private) >= policy.min_private:
        return ""
    return (
        f"only {len(private)} private tasks may still be sent, {policy.min_private} are needed; "
        "worn-out tasks are never used again to fill a form"
    )


def _warnings(
    private: Sequence[Candidate],
    public: Sequence[Candidate],
    chosen: Sequence[Candidate],
    policy: Policy,
) -> tuple[str, ...]:
    found: list[str] = []
    if policy.min_private <= len(private) < policy.private_target:
        found.append(f"{len(private)} private tasks instead of {policy.private_target}")
    if len(public) < policy.public_target:
        found.append(f"{len(public)} public tasks instead of {policy.public_target}")
    if len(private) - len(chosen) < policy.private_target:
        found.append("the reserve does not fill one more form after this one")
    families = Counter(c.family or c.version_id for c in chosen)
    if families and max(families.values()) * 5 > len(chosen):
        found.append("one family makes up more than a fifth of the private tasks")
    return tuple(found)


def _lonely(chosen: Mapping[str, Candidate]) -> tuple[str, ...]:
    lonely = sum(bool(c.twin_of) and c.twin_of not in chosen for c in chosen.values())
    if not lonely:
        return ()
    return (f"{lonely} {'twin' if lonely == 1 else 'twins'} without the original in this form",)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
