"""Which tasks of a pool are worn, wrong or leaked, and which board is full: for the admin's eyes.

Per task all signs are gathered (how hard, whether it agrees with the others, whether its reference
repeats, how often it was met, whether it is suddenly solved) and the fixed rules of
``measurement/asks.py`` say what it asks for. Example: a task that twelve models of twelve pass asks
to be retired; the next rotation's plan leaves it out by itself.

Figures of single tasks are private: they go to admins only, and into no log or message.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from django.db.models import Sum

from benchserver.core.rotation import Candidate, Policy, spent
from benchserver.core.task import Split
from benchserver.core.verdict import Verdict
from benchserver.evaluations import sureness, surprises
from benchserver.evaluations.models import ReferenceRuns, SecondOpinion
from benchserver.evaluations.outcomes import Outcomes, forms_of, outcomes
from benchserver.evaluations.queries import exposed
from benchserver.measurement import ranks
from benchserver.measurement.asks import Asked, Signs, asks, unfit
from benchserver.measurement.drift import robust_z
from benchserver.measurement.flakiness import rate_bound, runs_needed
from benchserver.measurement.items import analyse, jeffreys
from benchserver.measurement.means import Interval, mean_score
from benchserver.measurement.multiplicity import benjamini_hochberg
from benchserver.measurement.saturation import Saturation, saturation
from benchserver.pools.models import Pool, TaskVersion, Track
from benchserver.pools.queries import newest_versions
from benchserver.pools.rotate import candidates_of, database_now

FLIPS_WANTED = 0.05  # what a reference's rate of flips should be bounded by
ROTATIONS_READ = 4  # of each track: older results are of other times


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskHealth:
    """One task. ``difficulty``: share passed with its interval, models as trials, None unmet.

    ``item_rest``, ``top_less_bottom``: over all models, for information; what decides is in
    ``signs``. ``flips_at_most``: bound on the reference's rate of flips, None without a run;
    ``runs_missing``: further runs that, all alike, would bring it to ``FLIPS_WANTED``.
    ``jump_p``: of later results that are better; ``jump_q``: the same after all tasks of the pool.
    """

    version_id: UUID
    slug: str
    task_id: UUID
    signs: Signs
    difficulty: tuple[float, Interval] | None = None
    item_rest: float | None = None
    top_less_bottom: float | None = None
    flips_at_most: float | None = None
    runs_missing: int = 0
    jump_p: float | None = None
    jump_q: float | None = None

    @property
    def asks(self) -> tuple[Asked, ...]:
        return asks(self.signs)


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardHealth:
    """The newest form of one track. ``saturation``: None below two models or two families.

    ``spread``, ``design``, ``judging``: None where there is nothing to tell them from
    (``sureness.py``).
    """

    track: str
    rotation: str
    tasks: int
    models: int
    panel: int
    kr20: float | None
    sem: float | None
    saturation: Saturation | None
    surprised: tuple[surprises.Pooled, ...]
    spread: sureness.Spread | None
    design: float | None
    judging: sureness.Judging | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolHealth:
    """``tasks``: those in use that ask for something first. ``false_alarms``: expected by luck."""

    tasks: tuple[TaskHealth, ...]
    boards: tuple[BoardHealth, ...]
    false_alarms: float

    @property
    def asking(self) -> tuple[TaskHealth, ...]:
        return tuple(task for task in self.tasks if task.asks)


@dataclass(slots=True)
class _Gathered:
    """What the forms say about single tasks, collected over all tracks of a pool."""

    passed: dict[UUID, float] = field(default_factory=lambda: defaultdict(float))
    met: Counter[UUID] = field(default_factory=Counter)
    about: dict[UUID, dict[str, float | None]] = field(default_factory=lambda: defaultdict(dict))
    panel: dict[UUID, int] = field(default_factory=dict)
    false_alarms: float = 0.0


def pool_health(pool: Pool, policy: Policy) -> PoolHealth:
    """Everything about the tasks of a pool that are in use. Reads only.

    ``policy``: the caps by which a rotation calls a task worn.
    """
    gathered, boards = _Gathered(), []
    for track in pool.tracks.order_by("slug"):
        tables = [outcomes(form) for form in forms_of(track.pk, newest=ROTATIONS_READ)]
        if tables:
            boards.append(_board(track, tables))
            _gather(gathered, tables)
    versions = [v for v in newest_versions(pool) if v.task.retired_at is None]
    worn = {c.version_id: spent(replace(c, unfit=""), policy) for c in _candidates(pool)}
    repeats = _repeats(versions)
    tasks = _adjusted([_task(v, gathered, worn.get(str(v.pk), ""), repeats) for v in versions])
    return PoolHealth(
        tasks=tuple(sorted(tasks, key=_pressing)),
        boards=tuple(boards),
        false_alarms=gathered.false_alarms,
    )


def _adjusted(tasks: Sequence[TaskHealth]) -> list[TaskHealth]:
    """Among many tasks a few look better by luck: what is shown bounds the share of such."""
    looked_at = [task.jump_p for task in tasks if task.jump_p is not None]
    shared = iter(benjamini_hochberg(looked_at) if looked_at else ())
    return [task if task.jump_p is None else replace(task, jump_q=next(shared)) for task in tasks]


def unfit_versions(pool: Pool, policy: Policy) -> dict[UUID, str]:
    """Why the next rotation should leave a version out, beyond wear: what ``preview`` takes."""
    found = {task.version_id: unfit(task.signs) for task in pool_health(pool, policy).tasks}
    return {version: why for version, why in found.items() if why}


def _candidates(pool: Pool) -> list[Candidate]:
    return candidates_of(pool, exposed=exposed(pool), now=database_now())


def _pressing(task: TaskHealth) -> tuple[int, str]:
    order = [asked.what for asked in task.asks]
    return (("quarantine", "retire", "review").index(order[0]) if order else 3, task.slug)


def _board(track: Track, tables: Sequence[Outcomes]) -> BoardHealth:
    newest = tables[0]
    figures = analyse(newest.shares.tolist()) if newest.models and newest.versions else None
    return BoardHealth(
        track=track.slug,
        rotation=newest.form.rotation.slug,
        tasks=len(newest.versions),
        models=newest.models,
        panel=int(newest.panel.sum()),
        kr20=figures.kr20 if figures else None,
        sem=figures.sem if figures else None,
        saturation=_saturation(tables),
        surprised=surprises.pooled(newest),
        spread=sureness.spread(newest),
        design=sureness.design(newest),
        judging=_judging(newest),
    )


def _judging(table: Outcomes) -> sureness.Judging | None:
    versions = list(TaskVersion.objects.filter(pk__in=table.versions).only("pk", "intake"))
    return sureness.judging(
        table,
        intakes=[version.intake for version in versions],
        references=list(_repeats(versions).runs.values()),
    )


def _saturation(tables: Sequence[Outcomes]) -> Saturation | None:
    """Whether entrants have room left; the panel does not compete."""
    newest = tables[0]
    rows = newest.shares[~newest.panel]
    clusters = len(set(newest.families or newest.versions))
    if not len(rows) or clusters < 2:
        return None
    best = mean_score(rows[rows.mean(axis=1).argmax()].tolist(), families=newest.families)
    tied = [_top_tied(table) for table in tables]
    return saturation(best.mean, se=best.se, tasks=clusters, top_tied=tied)


def _top_tied(table: Outcomes) -> bool:
    """Whether the three best entrants of a form are one tie group."""
    rows = table.shares[~table.panel]
    if len(rows) < 3 or len(table.versions) < 2:
        return False
    scores = {str(place): row.tolist() for place, row in enumerate(rows)}
    standings = ranks.board(scores, families=table.families)
    best = sorted(standings, key=lambda line: (-line.mean, line.model))[:3]
    return len({line.tier for line in best}) == 1


def _gather(gathered: _Gathered, tables: Sequence[Outcomes]) -> None:
    for table in tables:
        for place, version in enumerate(table.versions):
            gathered.met[version] += table.models
            gathered.passed[version] += int(table.passed[:, place].sum()) / table.samples
    newest = tables[0]
    _agreement(gathered, newest)
    watched = surprises.by_task(newest)
    gathered.false_alarms += watched.false_alarms
    for version, seen in watched.tasks.items():
        gathered.about[version] |= {"surprise": seen.highest, "jump_p": seen.jump_p}
    for version, z in _drift(tables).items():
        gathered.about[version]["drift"] = z


def _agreement(gathered: _Gathered, table: Outcomes) -> None:
    """Item-rest over all models for information, over the panel for the rule."""
    if not table.models or not table.versions:
        return
    panel = table.shares[table.panel]
    everybody = analyse(table.shares.tolist())
    deciding = analyse(panel.tolist()) if len(panel) else None
    for place, version in enumerate(table.versions):
        item = everybody.items[place]
        gathered.panel[version] = len(panel)
        gathered.about[version] |= {
            "item_rest": item.item_rest,
            "top_less_bottom": item.top_less_bottom,
            "panel_rest": deciding.items[place].item_rest if deciding else None,
            "critical": deciding.critical if deciding else None,
        }


def _drift(tables: Sequence[Outcomes]) -> Mapping[UUID, float]:
    """Robust z of the change in difficulty, for tasks of the newest form and the one before."""
    if len(tables) < 2:
        return {}
    new, old = (surprises.difficulties(table) for table in tables[:2])
    common = sorted(new.keys() & old.keys())
    z = robust_z([new[version] - old[version] for version in common])
    return dict(zip(common, z, strict=True)) if z else {}


@dataclass(frozen=True, slots=True)
class _Repeats:
    runs: Mapping[UUID, tuple[int, int]]
    unlike: Mapping[UUID, int]


def _repeats(versions: Sequence[TaskVersion]) -> _Repeats:
    """(runs, flips) of each reference, and programs that two machines judged unlike."""
    counted = {
        version.pk: (int(version.intake.get("reference_runs", 0)), 0) for version in versions
    }
    later = ReferenceRuns.objects.filter(version__in=counted).values("version_id")
    for row in later.annotate(all=Sum("runs"), bad=Sum("flips")):
        runs, flips = counted[row["version_id"]]
        counted[row["version_id"]] = (runs + row["all"], flips + row["bad"])
    return _Repeats(counted, _unlike(counted))


def _unlike(versions: Iterable[UUID]) -> Mapping[UUID, int]:
    second = SecondOpinion.objects.filter(attempt__entry__version__in=list(versions)).exclude(
        second=""
    )
    rows = second.values_list("attempt__entry__version_id", "attempt__verdict__verdict", "second")
    return Counter(
        version
        for version, one, other in rows
        if (one == Verdict.PASSED) != (other == Verdict.PASSED)
    )


def _task(version: TaskVersion, gathered: _Gathered, worn: str, repeats: _Repeats) -> TaskHealth:
    about, met = gathered.about.get(version.pk, {}), gathered.met[version.pk]
    passed = gathered.passed.get(version.pk, 0.0)
    share = passed / met if met else None
    runs, flips = repeats.runs[version.pk]
    hidden = version.task.split == Split.PRIVATE
    return TaskHealth(
        version_id=version.pk,
        slug=version.task.slug,
        task_id=version.task_id,
        signs=Signs(
            runs=runs,
            flips=flips,
            unlike=repeats.unlike.get(version.pk, 0),
            leaked=hidden and version.task.leaked_at is not None,
            worn=worn,
            models=met,
            share=share,
            panel=gathered.panel.get(version.pk, 0),
            item_rest=about.get("panel_rest"),
            critical=about.get("critical"),
            drift=about.get("drift"),
            surprise=about.get("surprise") or 0.0,
        ),
        difficulty=jeffreys(round(passed), met) if met else None,
        item_rest=about.get("item_rest"),
        top_less_bottom=about.get("top_less_bottom"),
        flips_at_most=rate_bound(runs, flips) if runs else None,
        runs_missing=0 if flips else max(0, runs_needed(FLIPS_WANTED) - runs),
        jump_p=about.get("jump_p"),
    )
