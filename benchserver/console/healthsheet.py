"""Task health as people read it: one line per task, one per board, each with what to do.

The same sheet stands on the admin's page and is printed by ``health``; it names tasks by their slug
and holds figures, never content. Example: "retire: nearly every model passes it: 98.0% over 12
models" beside a button that retires the task.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchserver.evaluations.health import FLIPS_WANTED, BoardHealth, PoolHealth, TaskHealth
from benchserver.evaluations.sureness import Judging
from benchserver.measurement.asks import CHANCE, PANEL_TO_REVIEW
from benchserver.measurement.compromise import ALARM
from benchserver.measurement.estimators import label
from benchserver.measurement.flakiness import any_of, majority_of
from benchserver.pools.models import Pool

_MADE_BY = {
    "lines.passed": ("jeffreys",),
    "lines.passed_range": ("jeffreys",),
    "lines.item_rest": ("item-rest",),
    "lines.top_less_bottom": ("top-less-bottom",),
    "lines.flips_at_most": ("flip-bound",),
    "lines.runs_missing": ("runs-needed",),
    "lines.surprise": ("task-cusum",),
    "lines.jump_p": ("window-fisher",),
    "lines.jump_q": ("benjamini-hochberg",),
    "boards.kr20": ("kr-20",),
    "boards.sem": ("kr-20",),
    "boards.says": ("saturation", "task-cusum"),
    "boards.tells": ("variance-split", "clustered-error", "shown-score", "score-behind"),
    "again": ("flip-bound", "any-of", "majority-of"),
    "summary": ("task-cusum",),
}
_AGAIN = 3  # runs of a failed candidate, were it run again


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """``asks``: "what: why" each, most pressing first. Figures are decimal text, "" if unknown."""

    task: str
    task_id: str
    asks: tuple[str, ...]
    reason: str
    models: int
    passed: str
    passed_range: str
    item_rest: str
    top_less_bottom: str
    flips_at_most: str
    reference_runs: int
    runs_missing: int
    surprise: str
    jump_p: str
    jump_q: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Board:
    """``says``: whole sentences about what to do; empty when there is nothing to say. ``tells``:
    whole sentences for information."""

    track: str
    rotation: str
    models: int
    panel: int
    kr20: str
    sem: str
    says: tuple[str, ...]
    tells: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """``again``: what running candidates again would do to verdicts; empty without a run.
    ``estimators``: field -> ``id@version`` of what made its numbers."""

    pool: str
    lines: tuple[Line, ...]
    boards: tuple[Board, ...]
    summary: str
    again: str
    estimators: dict[str, list[str]]

    @property
    def asking(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.asks)


def sheet(pool: Pool, found: PoolHealth) -> Sheet:
    lines = tuple(_line(task) for task in found.tasks)
    asking = sum(1 for line in lines if line.asks)
    by_luck = f"{found.false_alarms:.1f} alarms of surprise are expected by luck alone"
    return Sheet(
        pool=pool.slug,
        lines=lines,
        boards=tuple(_board(board) for board in found.boards),
        summary=f"{asking} of {len(lines)} tasks ask for something; {by_luck}",
        again=_again(found),
        estimators={name: [label(made) for made in by] for name, by in _MADE_BY.items()},
    )


def _again(found: PoolHealth) -> str:
    """The least sure task stands for all: what a pass by luck would be worth in three runs."""
    bounds = [task.flips_at_most for task in found.tasks if task.flips_at_most is not None]
    if not bounds:
        return ""
    worst, missing = max(bounds), max(task.runs_missing for task in found.tasks)
    more = f"; {missing} more runs alike would bound all at {FLIPS_WANTED:.0%}" if missing else ""
    return (
        f"a verdict of the least sure task may flip in {worst:.1%} of runs{more}. One pass in "
        f"three runs would make {any_of(worst, _AGAIN):.1%} of it, two of three "
        f"{majority_of(worst, _AGAIN):.1%}: only faults of our own are run again"
    )


def _line(task: TaskHealth) -> Line:
    asks = task.asks
    mean, low, high = ("", "", "")
    if task.difficulty is not None:
        middle, interval = task.difficulty
        mean, low, high = (f"{x:.0%}" for x in (middle, interval.low, interval.high))
    return Line(
        task=task.slug,
        task_id=str(task.task_id),
        asks=tuple(f"{asked.what}: {asked.why}" for asked in asks),
        reason=asks[0].why.partition(":")[0] if asks else "",
        models=task.signs.models,
        passed=mean,
        passed_range=f"{low} to {high}" if low else "",
        item_rest=_decimal(task.item_rest),
        top_less_bottom=_decimal(task.top_less_bottom),
        flips_at_most="" if task.flips_at_most is None else f"{task.flips_at_most:.1%}",
        reference_runs=task.signs.runs,
        runs_missing=task.runs_missing,
        surprise=_decimal(task.signs.surprise) if task.jump_p is not None else "",
        jump_p="" if task.jump_p is None else f"{task.jump_p:.3f}",
        jump_q="" if task.jump_q is None else f"{task.jump_q:.3f}",
    )


def _board(board: BoardHealth) -> Board:
    return Board(
        track=board.track,
        rotation=board.rotation,
        models=board.models,
        panel=board.panel,
        kr20=_decimal(board.kr20),
        sem=_decimal(board.sem),
        says=tuple(_says(board)),
        tells=tuple(_tells(board)),
    )


def _tells(board: BoardHealth) -> list[str]:
    words = []
    if board.spread is not None:
        words.append(
            f"Samples make {board.spread.share_within:.0%} of a task score's variance: twice the "
            f"samples would lower a score's error by {board.spread.more_samples:.0%}, twice the "
            f"tasks by {board.spread.more_tasks:.0%}."
        )
    if board.design:
        words.append(
            f"Families of tasks make a score's variance {board.design:.2f} times that of unrelated "
            f"tasks: {board.tasks} tell as much as {board.tasks / board.design:.0f} of those."
        )
    if board.judging is not None:
        words.append(_judging(board.judging))
    return words


def _judging(found: Judging) -> str:
    words = (
        f"Tests noticed {found.noticed} of {found.faults} small faults, references failed in "
        f"{found.flips} of {found.runs} runs. Did tests err on replies as often, a model that "
        f"solves half would be shown {found.half:.1%}"
    )
    if found.best is None:
        return f"{words}."
    if found.behind is None:
        return f"{words}, and the best score, {found.best:.1%}, could not have come about."
    return f"{words}, and {found.behind:.1%} would stand behind the best score, {found.best:.1%}."


def _says(board: BoardHealth) -> list[str]:
    words = []
    if board.saturation is not None and board.saturation.alarm:
        words.append(f"Full: {'; '.join(board.saturation.reasons)}. Bring harder tasks.")
    words += [
        f"{one.group} passes more than its models explain: S {one.highest:.1f} (alarm at "
        f"{ALARM:.0f}), by luck in {one.chance:.1%} of runs. Look at what its models were sent."
        for one in board.surprised
        if one.alarm and one.chance <= CHANCE
    ]
    if board.panel < PANEL_TO_REVIEW:
        words.append(
            f"Agreement of tasks decides nothing yet: {board.panel} of the {PANEL_TO_REVIEW} panel "
            "models it takes. The figures are over all models, for information."
        )
    return words


def _decimal(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"
