"""Is this task good enough to judge a model by? Gates that run before anything is stored.

The reference must pass every time in fresh sandboxes, and the report says which rate of flips so
many runs still allow; the author's other right solutions must pass, programs that solve nothing
(empty, constants, echo) and the author's own wrong ones must fail, and so must most small faults
put into the reference (``pools/gauge.py``). Example: a task whose tests accept ``return None`` is
refused with the gate ``null_solutions`` and the number that got through.
Nothing here touches the database; ``check_tasks`` uses it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum

from benchserver.core import solution
from benchserver.core.task import CallCases, CheckScript, Shape, Split, TaskSpec, UnitTests
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.languages import nothing
from benchserver.measurement.contamination.canaries import SECRET_BITS, secret_bits
from benchserver.measurement.contamination.winnowing import hidden_literals
from benchserver.measurement.flakiness import rate_bound
from benchserver.pools.gauge import MOST, Gauge, Judging, gauge

REFERENCE_RUNS = 3  # 30 before tasks are used in earnest: see docs/statistics.md


class Weight(StrEnum):
    """What a gate that did not hold means: REFUSES the task, or ADVISES its author."""

    REFUSES = "refuses"
    ADVISES = "advises"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One check: its figure in words and whether it held. No task content."""

    name: str
    held: bool
    figure: str
    weight: Weight = Weight.REFUSES

    @property
    def refuses(self) -> bool:
        return not self.held and self.weight is Weight.REFUSES


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``reference_runs``: how often the reference ran, all alike when the report is good.
    ``gauge``: how the tests did on small faults; None when an earlier gate refused the task.
    ``near``: tasks much like it, for its author's eyes."""

    source_id: str
    gates: tuple[Gate, ...]
    reference_runs: int = 0
    gauge: Gauge | None = None
    near: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        return not any(gate.refuses for gate in self.gates)

    def first_fault(self) -> str:
        return next((f"{g.name}: {g.figure}" for g in self.gates if g.refuses), "")

    def advice(self) -> tuple[str, ...]:
        """What did not hold and yet refuses nothing."""
        return tuple(f"{g.name}: {g.figure}" for g in self.gates if not (g.held or g.refuses))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What a source brings beside the task: programs that must fail, others that must pass, and
    the mutants that its author found to do the same as the reference (``Mutant.key``)."""

    wrong: Sequence[str] = ()
    right: Sequence[str] = ()
    equivalent: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How much intake spends on a task: runs of the reference, mutants at most (0: none)."""

    runs: int = REFERENCE_RUNS
    mutants: int = MOST


def examine(
    task: TaskSpec,
    *,
    judging: Judging,
    beside: Beside | None = None,
    effort: Effort | None = None,
) -> Report:
    """All gates of one task; later gates are skipped once one refuses it (they would mean
    nothing)."""
    beside, effort = beside or Beside(), effort or Effort()
    ran: list[Judgement] = []
    gates: list[Gate] = []
    for gate in _gates(task, judging, beside, effort, ran):
        gates.append(gate)
        if gate.refuses:
            break
    found = None
    if effort.mutants and not any(gate.refuses for gate in gates):
        found = gauge(
            task,
            judging=judging,
            wrong=beside.wrong,
            equivalent=beside.equivalent,
            most=effort.mutants,
            cpu_seconds=max(run.cpu_seconds for run in ran),
        )
        gates.append(_mutants(found))
    return Report(
        source_id=task.source_id,
        gates=tuple(gates),
        reference_runs=effort.runs if ran else 0,
        gauge=found,
    )


def examine_all(
    tasks: Sequence[TaskSpec],
    *,
    judging: Judging,
    beside: Callable[[TaskSpec], Beside],
    workers: int,
    effort: Effort | None = None,
) -> Iterator[Report]:
    """Reports in the order of the tasks, ``workers`` tasks at a time."""

    def one(task: TaskSpec) -> Report:
        return examine(task, judging=judging, beside=beside(task), effort=effort)

    with ThreadPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(one, tasks)


def _gates(
    task: TaskSpec, judging: Judging, beside: Beside, effort: Effort, ran: list[Judgement]
) -> Iterator[Gate]:
    """``ran``: takes what each run of the reference came to."""
    if not task.reference.strip():
        yield Gate(name="reference", held=False, figure="the source has no reference solution")
        return
    if task.split is Split.CANARY:
        yield _unsolvable(task)
    ran += [judging(task, task.reference) for _ in range(effort.runs)]
    yield _reference([run.verdict for run in ran])
    if beside.right:
        yield _must_pass(task, beside.right, judging)
    yield _must_fail("null_solutions", task, null_solutions(task), judging)
    if beside.wrong:
        yield _must_fail("wrong_solutions", task, beside.wrong, judging)


def _reference(verdicts: Sequence[Verdict]) -> Gate:
    runs, passes = len(verdicts), sum(verdict is Verdict.PASSED for verdict in verdicts)
    figure = f"{passes} of {runs} runs passed"
    if passes < runs:
        figure += f", last verdict {next(v for v in verdicts if v is not Verdict.PASSED)}"
    else:
        figure += f", flips in at most {rate_bound(runs):.1%} of runs"
    return Gate(name="reference", held=passes == runs, figure=figure)


def _must_pass(task: TaskSpec, codes: Sequence[str], judging: Judging) -> Gate:
    """A right solution that fails shows tests that ask for more than the statement does."""
    passes = sum(judging(task, code).passed for code in codes)
    figure = f"{passes} of {len(codes)} other right solutions passed"
    return Gate(name="right_solutions", held=passes == len(codes), figure=figure)


def _mutants(found: Gauge) -> Gate:
    weight = Weight.REFUSES if found.too_few else Weight.ADVISES
    return Gate(name="mutants", held=found.enough, figure=found.figure, weight=weight)


def _unsolvable(task: TaskSpec) -> Gate:
    """A canary task's reference needs a constant that nobody can guess or read off the statement.

    That the tests ask for it is shown by the null solutions, which must fail.
    """
    shown = f"{task.statement}\n{task.prompt_code}"
    bits = max(map(secret_bits, hidden_literals(task.reference, shown=shown)), default=0)
    figure = f"a constant of {bits} bits that is not shown, {SECRET_BITS} are needed"
    return Gate(name="unsolvable", held=bits >= SECRET_BITS, figure=figure)


def _must_fail(name: str, task: TaskSpec, codes: Sequence[str], judging: Judging) -> Gate:
    survivors = sum(judging(task, code).passed for code in codes)
    figure = f"{len(codes) - survivors} of {len(codes)} rejected"
    if not survivors and name == "wrong_solutions":
        figure += f", at most {rate_bound(len(codes)):.1%} of such get through"
    return Gate(name=name, held=survivors == 0, figure=figure)


def null_solutions(task: TaskSpec) -> list[str]:
    """Programs that solve nothing in the task's language and shape; the empty one always."""
    if task.shape is Shape.PROGRAM:
        return list(dict.fromkeys(["", *nothing.PROGRAMS[task.language]]))
    if isinstance(task.tests, UnitTests):
        blank = dict.fromkeys(task.tests.solution_files, "\n")
        return ["", solution.join(blank)]
    if task.language != "python":
        bodies = nothing.BODIES.get(task.language, ()) if task.prompt_code else ()
        return ["", *(task.prompt_code + body for body in bodies)]
    names = _names(task)
    answers = ("pass", "return 0", "return ''", "return []", "return True")
    return ["", *("".join(_function(name, body) for name in names) for body in answers)]


def _names(task: TaskSpec) -> tuple[str, ...]:
    if isinstance(task.tests, CheckScript):
        return task.tests.proxies
    assert isinstance(task.tests, CallCases)
    return (task.entry_point,)


def _function(name: str, body: str) -> str:
    return f"def {name}(*args, **kwargs):\n    {body}\n\n"
