"""Do a task's tests notice small faults? Mutants of its reference are judged like any candidate.

A task whose tests kill fewer lets wrong programs of models pass, too. Twelve mutants are tried;
when one of them lives, up to fifty are, since a few say little about a share. Example: 43 of 50
killed is 86 % (74 % to 93 %), less than the 90 % that is wanted: the task's author is told which
lines survive and adds tests, or names those mutants that do the same as the reference.

Programs that cannot be mutated (other languages, several files) are gauged by the wrong solutions
their source brings. A mutant is a candidate: it meets no expected output and has no network.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from benchserver.core.mutants import Mutant, mutants
from benchserver.core.task import TaskSpec
from benchserver.core.verdict import Judgement
from benchserver.measurement.flakiness import MUTANTS_KILLED, Killed, mutants_killed

FIRST, MOST = 12, 50  # all of 12 killed is just enough; 50 is what the gate's figure asks for
_PATIENCE = 10  # times the reference's own CPU time: whatever takes longer does not end
_LEAST_CPU_MILLISECONDS = 500

# A judge bound to a sandbox: (task, code) -> judgement. Raises PlatformFault when we failed.
Judging = Callable[[TaskSpec, str], Judgement]
MUTANTS, WRONG = "mutants", "wrong solutions"


class Reach(StrEnum):
    """Whether the faults tried were some of those there are, or all."""

    SAMPLE = "sample"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """``tried`` faults of which ``killed`` were noticed and ``equivalent`` are none, as the
    task's author says; ``survivors``: the rest. ``kind``: what stood for faults. ``reach``:
    whether those are all there are."""

    kind: str
    tried: int
    killed: int
    equivalent: int = 0
    survivors: tuple[Mutant, ...] = ()
    reach: Reach = Reach.SAMPLE

    @property
    def share(self) -> Killed | None:
        """None where there was nothing to kill."""
        if self.tried == self.equivalent:
            return None
        return mutants_killed(self.killed, self.tried, equivalent=self.equivalent)

    @property
    def enough(self) -> bool:
        """Where all there are were killed, few are no sample and need no interval."""
        if self.reach is Reach.ALL and not self.survivors:
            return True
        return self.share is not None and self.share.enough

    @property
    def too_few(self) -> bool:
        """The tests surely miss most faults; no review of survivors could save that."""
        return self.share is not None and self.share.too_few

    @property
    def figure(self) -> str:
        """In words, with what to do about it."""
        words, share = f"no {self.kind} to try", self.share
        if share is not None:
            words = f"{self.killed} of {self.tried - self.equivalent} {self.kind} killed "
            words += f"({share.share:.0%}, {share.low:.0%} to {share.high:.0%})"
        if self.equivalent:
            words += f", {self.equivalent} more change nothing"
        return words if self.enough else f"{words}; {_MENDS[self.kind]}"


_MENDS = {
    MUTANTS: (
        f"{MUTANTS_KILLED:.0%} are wanted: add tests for the lines that survive, or name the "
        "mutants that change nothing in equivalent_mutants"
    ),
    WRONG: f"bring {FIRST} or more, to stand for the faults that a model may make",
}


def gauge(
    task: TaskSpec,
    *,
    judging: Judging,
    wrong: Sequence[str],
    equivalent: Collection[str],
    most: int,
    cpu_seconds: float,
) -> Gauge:
    """Judge mutants of a task whose reference passes and whose ``wrong`` solutions all failed.

    ``equivalent``: keys of mutants that do not count. ``cpu_seconds``: what the reference takes.
    Raises what ``judging`` raises.
    """
    if task.language != "python" or task.solution_files:
        return Gauge(kind=WRONG, tried=len(wrong), killed=len(wrong))
    every = mutants(task.reference, prompt_code=task.prompt_code, most=most)
    brisk = _brisk(task, cpu_seconds)
    first, rest = every[:FIRST], every[FIRST:]
    reach = Reach.ALL if len(every) < most else Reach.SAMPLE
    lives = _survivors(brisk, first, judging)
    found = _counted(len(first), lives, equivalent, Reach.SAMPLE if rest else reach)
    if found.enough:
        return found
    lives += _survivors(brisk, rest, judging)
    return _counted(len(every), lives, equivalent, reach)


def _counted(
    tried: int, lives: Sequence[Mutant], equivalent: Collection[str], reach: Reach
) -> Gauge:
    survivors = tuple(mutant for mutant in lives if mutant.key not in equivalent)
    return Gauge(
        kind=MUTANTS,
        tried=tried,
        killed=tried - len(lives),
        equivalent=len(lives) - len(survivors),
        survivors=survivors,
        reach=reach,
    )


def _survivors(task: TaskSpec, tried: Iterable[Mutant], judging: Judging) -> list[Mutant]:
    return [mutant for mutant in tried if judging(task, mutant.code).passed]


def _brisk(task: TaskSpec, cpu_seconds: float) -> TaskSpec:
    """The task with less patience, since many mutants never end."""
    wanted = max(_LEAST_CPU_MILLISECONDS, round(_PATIENCE * 1000 * cpu_seconds))
    cpu = min(task.limits.cpu_milliseconds, wanted)
    return replace(task, limits=replace(task.limits, cpu_milliseconds=cpu))
