"""Is this task good enough to judge a model by? Gates that run before anything is stored.

The reference must pass every time in fresh sandboxes, and the report says which rate of flips so
many runs still allow; programs that solve nothing (empty,
constants, echo) and the author's own wrong solutions must fail. Example: a task whose tests accept
``return None`` is refused with the gate ``null_solutions`` and the number that got through.
Nothing here touches the database; ``check_tasks`` uses it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from benchserver.core import solution
from benchserver.core.task import CallCases, CheckScript, Shape, Split, TaskSpec, UnitTests
from benchserver.core.verdict import Judgement
from benchserver.engines.languages import nothing
from benchserver.measurement.contamination.canaries import SECRET_BITS, secret_bits
from benchserver.measurement.contamination.winnowing import hidden_literals
from benchserver.measurement.flakiness import rate_bound

REFERENCE_RUNS = 3  # 30 before tasks are used in earnest: see docs/statistics.md
# A judge bound to a sandbox: (task, code) -> judgement. Raises PlatformFault when we failed.
Judging = Callable[[TaskSpec, str], Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One check: its figure in words and whether it held. No task content."""

    name: str
    held: bool
    figure: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """``reference_runs``: how often the reference ran, all alike when the report is good."""

    source_id: str
    gates: tuple[Gate, ...]
    reference_runs: int = 0

    @property
    def good(self) -> bool:
        return all(gate.held for gate in self.gates)

    def first_fault(self) -> str:
        return next((f"{g.name}: {g.figure}" for g in self.gates if not g.held), "")


def examine(
    task: TaskSpec, *, judging: Judging, wrong: Sequence[str] = (), runs: int = REFERENCE_RUNS
) -> Report:
    """All gates of one task; later gates are skipped once one fails (they would mean nothing)."""
    gates: list[Gate] = []
    for gate in _gates(task, judging, wrong, runs):
        gates.append(gate)
        if not gate.held:
            break
    ran = runs if task.reference.strip() else 0
    return Report(source_id=task.source_id, gates=tuple(gates), reference_runs=ran)


def examine_all(
    tasks: Sequence[TaskSpec],
    *,
    judging: Judging,
    wrong: Callable[[TaskSpec], Sequence[str]],
    workers: int,
    runs: int = REFERENCE_RUNS,
) -> Iterator[Report]:
    """Reports in the order of the tasks, ``workers`` tasks at a time."""
    with ThreadPoolExecutor(max_workers=workers) as pool:
        yield from pool.map(lambda t: examine(t, judging=judging, wrong=wrong(t), runs=runs), tasks)


def _gates(task: TaskSpec, judging: Judging, wrong: Sequence[str], runs: int) -> Iterator[Gate]:
    if not task.reference.strip():
        yield Gate(name="reference", held=False, figure="the source has no reference solution")
        return
    if task.split is Split.CANARY:
        yield _unsolvable(task)
    verdicts = [judging(task, task.reference).verdict for _ in range(runs)]
    passes = sum(verdict == "passed" for verdict in verdicts)
    figure = f"{passes} of {runs} runs passed"
    if passes < runs:
        figure += f", last verdict {next(v for v in verdicts if v != 'passed')}"
    else:
        figure += f", flips in at most {rate_bound(runs):.1%} of runs"
    yield Gate(name="reference", held=passes == runs, figure=figure)
    yield _must_fail("null_solutions", task, null_solutions(task), judging)
    if wrong:
        yield _must_fail("wrong_solutions", task, wrong, judging)


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
