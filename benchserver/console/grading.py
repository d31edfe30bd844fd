"""Grade a file of samples against a file of tasks: the judge on its own, no database.

Decides what a sample line means, keeps results in sample order while programs run side by side
(a hanging program delays nobody but itself), and what the summary says. Example: the line
``{"task_id": "HumanEval/0", "completion": "    return 1\\n"}`` continues that task's prompt.
Memory is flat: samples are read twice, once to refuse bad input before anything runs.
"""

from __future__ import annotations

import gzip
import json
import re
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TextIO

from benchserver.console.estimates import pass_at_k
from benchserver.core import solution
from benchserver.core.errors import BadInput, MissingPart, PlatformFault
from benchserver.core.task import CallCases, CheckScript, ProgramCases, Shape, TaskSpec
from benchserver.core.verdict import FaultKind, Judgement
from benchserver.engines.judges.compose import whole_program
from benchserver.engines.judges.registry import judge
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox

_WINDOW = 512  # samples in flight or waiting for an earlier one: bounds memory, not speed
_PLACE = re.compile(r"\b(line|case) ([0-9]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One line: ``fields`` as they came, ``index`` = how many of this task came before."""

    fields: Mapping[str, Any]
    task: TaskSpec
    index: int
    code: str

    def __repr__(self) -> str:
        return f"<Sample {self.index}>"


@dataclass(slots=True)
class Tally:
    """Counts for the summary, per task: its judging class, how many judged, how many passed."""

    classes: dict[str, str] = field(default_factory=dict)
    judged: Counter[str] = field(default_factory=Counter)
    passed: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    points: int = 0
    points_total: int = 0
    seconds: float = 0.0

    def add(self, sample: Sample, outcome: Judgement | PlatformFault) -> None:
        if isinstance(outcome, PlatformFault):
            self.faults[outcome.code] += 1
            return
        self.classes[sample.task.source_id] = sample.task.judging_class.value
        self.judged[sample.task.source_id] += 1
        self.passed[sample.task.source_id] += outcome.passed
        self.verdicts[outcome.verdict.value] += 1
        self.points += outcome.points
        self.points_total += outcome.points_total

    @property
    def samples(self) -> int:
        return sum(self.verdicts.values()) + sum(self.faults.values())


def read_samples(path: Path, tasks: Sequence[TaskSpec]) -> Iterator[Sample]:
    """The samples of a ``.jsonl`` or ``.jsonl.gz``, one by one.

    Raises ``BadInput`` naming file and line: not JSON, unknown task, no code to run.
    """
    find = _finder(tasks)
    seen: Counter[str] = Counter()
    empty = True
    with _open_text(path) as lines:
        for number, line in enumerate(_lines(lines, path), start=1):
            if not line.strip():
                continue
            empty = False
            sample = _sample(line, find, seen, place=f"{path.name}:{number}")
            seen[sample.task.source_id] += 1
            yield sample
    if empty:
        raise BadInput("no samples", place=path.name, mend="Give one JSON object per line.")


def grade(
    samples: Iterator[Sample],
    *,
    sandbox: Sandbox,
    workers: int,
    write: Callable[[Sample, Judgement | PlatformFault], None],
) -> Tally:
    """Judge all samples on ``workers`` threads; ``write`` is called in sample order.

    Raises ``MissingPart`` when the sandbox goes away. On any exception (Ctrl-C too) what has not
    started is dropped and running boxes end with the sandbox, which is closed.
    """
    tally, started = Tally(), time.monotonic()
    waiting: deque[tuple[Sample, Future[Judgement | PlatformFault]]] = deque()

    def settle() -> None:
        sample, future = waiting.popleft()
        outcome = future.result()
        tally.add(sample, outcome)
        write(sample, outcome)

    pool = ThreadPoolExecutor(workers, thread_name_prefix="grade")
    try:
        for sample in samples:
            waiting.append((sample, pool.submit(_outcome, sample, sandbox)))
            while len(waiting) >= _WINDOW or (waiting and waiting[0][1].done()):
                settle()
        while waiting:
            settle()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        sandbox.close()
        raise
    pool.shutdown()
    tally.seconds = time.monotonic() - started
    return tally


def _outcome(sample: Sample, sandbox: Sandbox) -> Judgement | PlatformFault:
    try:
        return judge(task=sample.task, code=sample.code, sandbox=sandbox)
    except MissingPart:
        raise
    except PlatformFault as fault:
        return fault


def result_line(
    sample: Sample, outcome: Judgement | PlatformFault, *, show_tests: bool = False
) -> dict[str, Any]:
    """The sample's own fields, and what came of it."""
    line: dict[str, Any] = {**sample.fields, "task_id": sample.task.source_id}
    line["sample_index"] = sample.index
    if isinstance(outcome, PlatformFault):
        fault = {"fault": FaultKind.PLATFORM.value, "passed": False, "seconds": 0.0}
        return {**line, **fault, "memory_bytes": 0, "detail": outcome.code}
    line.update(
        verdict=outcome.verdict.value,
        passed=outcome.passed,
        seconds=round(outcome.cpu_seconds, 4),
        memory_bytes=outcome.memory_bytes,
        detail=outcome.detail,
    )
    if outcome.points_total:
        line.update(points=outcome.points, points_total=outcome.points_total)
    if show_tests and not outcome.passed:
        line["test"] = failing_test(sample.task, outcome.detail)
    return line


def failing_test(task: TaskSpec, detail: str) -> str:
    """The line of the test code, or the case, that ``detail`` names; empty when it names none."""
    match = _PLACE.search(detail)
    if match is None:
        return ""
    number, tests = int(match[2]), task.tests
    if isinstance(tests, CheckScript):
        return next(iter(tests.script.splitlines()[number - 1 : number]), "").strip()
    if isinstance(tests, ProgramCases):
        program_case = tests.cases[number]
        return f"stdin {program_case.stdin!r}, expected {program_case.expected!r}"
    if not isinstance(tests, CallCases):
        return ""
    case = tests.cases[number]
    return f"arguments {json.dumps(list(case.args))}, expected {json.dumps(case.expected)}"


def summary(
    tally: Tally, *, sandbox: Sandbox, workers: int, limits: Mapping[str, Any]
) -> dict[str, Any]:
    """The whole run as one JSON-able document. Faulted samples count in no score.

    Provable and mitigated tasks are never counted together: with both, ``passed`` is null,
    ``pass_at_k`` empty, and ``classes`` has each class's own.
    """
    samples = tally.samples
    classes = {name: _of_class(tally, name) for name in sorted(set(tally.classes.values()))}
    headline = next(iter(classes.values())) if len(classes) == 1 else None
    return {
        "samples": samples,
        "tasks": len(tally.judged),
        "passed": headline["passed"] if headline else (None if classes else 0),
        "pass_at_k": headline["pass_at_k"] if headline else {},
        "classes": classes,
        "verdicts": dict(sorted(tally.verdicts.items())),
        "faults": dict(sorted(tally.faults.items())),
        "points": {"earned": tally.points, "total": tally.points_total},
        "seconds": round(tally.seconds, 3),
        "programs_per_second": round(samples / tally.seconds, 2) if tally.seconds else 0.0,
        "workers": workers,
        "sandbox": {"name": sandbox.name, "level": sandbox.level.value},
        "limits": dict(limits),
    }


def _of_class(tally: Tally, name: str) -> dict[str, Any]:
    tasks = [task for task in tally.judged if tally.classes[task] == name]
    passed = [tally.passed[task] for task in tasks]
    judged = [tally.judged[task] for task in tasks]
    return {
        "tasks": len(tasks),
        "samples": sum(judged),
        "passed": sum(passed),
        "pass_at_k": pass_at_k(passed, judged),
    }


def _estimate_line(k: str, found: Mapping[str, Any]) -> str:
    low, high = found["interval"] or (None, None)
    interval = f"  [{low:.4f}, {high:.4f}] {found['method']}" if low is not None else ""
    return f"pass@{k:<4} {found['mean']:.4f}{interval}"


def summary_lines(document: Mapping[str, Any]) -> list[str]:
    """The summary for people."""
    box, limits = document["sandbox"], document["limits"]
    lines = [f"{document['samples']} samples of {document['tasks']} tasks"]
    for name, part in document["classes"].items():
        lines.append(f"{name:<14} {part['passed']} of {part['samples']} samples passed")
        lines += [_estimate_line(k, found) for k, found in part["pass_at_k"].items()]
    lines += [f"{name:<14} {count}" for name, count in document["verdicts"].items()]
    if document["points"]["total"]:
        lines.append("points         {earned} of {total}".format(**document["points"]))
    lines += [f"fault {name}: {count} (not scored)" for name, count in document["faults"].items()]
    lines.append(
        f"{document['seconds']:.1f} s, {document['programs_per_second']:.1f} programs/s, "
        f"{document['workers']} workers"
    )
    shown = ", ".join(f"{name} {value}" for name, value in limits.items())
    lines.append(f"sandbox {box['name']}, level {box['level']}, {shown}")
    return lines


def _open_text(path: Path) -> TextIO:
    try:
        if path.suffix == ".gz":
            return gzip.open(path, "rt", encoding="utf-8")
        return path.open(encoding="utf-8")
    except OSError as error:
        mend = "Name a readable .jsonl or .jsonl.gz file."
        raise BadInput(error.strerror or "cannot read", place=str(path), mend=mend) from None


def _lines(lines: TextIO, path: Path) -> Iterator[str]:
    try:
        yield from lines
    except (OSError, EOFError, UnicodeDecodeError) as error:
        mend = "Write it as UTF-8 JSON lines, optionally gzipped."
        raise BadInput(type(error).__name__, place=path.name, mend=mend) from None


def _finder(tasks: Sequence[TaskSpec]) -> Callable[[Any], TaskSpec | None]:
    """Task by id as graders write them: exact, in other case, or (MBPP) by its bare number."""
    exact = {task.source_id: task for task in tasks}
    loose = {task.source_id.lower(): task for task in tasks}

    def find(task_id: Any) -> TaskSpec | None:
        if isinstance(task_id, int) and not isinstance(task_id, bool):
            return loose.get(f"mbpp/{task_id}")
        if not isinstance(task_id, str):
            return None
        return exact.get(task_id) or loose.get(task_id.lower())

    return find


def _sample(
    line: str, find: Callable[[Any], TaskSpec | None], seen: Counter[str], *, place: str
) -> Sample:
    try:
        fields = json.loads(line)
    except ValueError:
        raise BadInput(
            "not JSON", place=place, mend="Write one JSON object on each line."
        ) from None
    if not isinstance(fields, dict):
        raise BadInput("not a JSON object", place=place, mend="Write one JSON object per line.")
    task = find(fields.get("task_id"))
    if task is None:
        problem = f"unknown task_id {str(fields.get('task_id'))[:80]!r}"
        raise BadInput(problem, place=place, mend="Use a task_id of the --tasks file.")
    task = _in_language(task, fields.get("language", task.language), place=place)
    code = _code(fields, task, place=place)
    return Sample(fields=fields, task=task, index=seen[task.source_id], code=code)


def _in_language(task: TaskSpec, language: Any, *, place: str) -> TaskSpec:
    """Cases of stdin and stdout judge a program of any language; other tasks have just one."""
    if language == task.language:
        return task
    if task.shape is Shape.PROGRAM and not task.prompt_code and language in LANGUAGES:
        return replace(task, language=language)
    problem = f"the task is in {task.language}, not in {str(language)[:40]!r}"
    raise BadInput(problem, place=place, mend="Leave language out or name the task's.")


def _code(fields: Mapping[str, Any], task: TaskSpec, *, place: str) -> str:
    """``completion`` continues the prompt, ``solution`` is a whole program, ``files`` are several
    files by their path; one of them must be there."""
    if "files" in fields:
        return _files(fields["files"], task, place=place)
    for name in ("completion", "solution"):
        if isinstance(fields.get(name), str):
            text = str(fields[name])
            return whole_program(task, completion=text) if name == "completion" else text
    raise BadInput(
        "neither completion nor solution nor files",
        place=place,
        mend="Give completion (continues the prompt) or solution (a whole program) as a string, "
        "or files as an object of path and text.",
    )


def _files(files: Any, task: TaskSpec, *, place: str) -> str:
    """The one text of several files, in the form every judge takes; one file is just its text."""
    mend = "Give files as an object of plain relative paths and texts."
    if not isinstance(files, dict) or not all(isinstance(text, str) for text in files.values()):
        raise BadInput("files is not an object of texts", place=place, mend=mend)
    joined = solution.join(files)
    try:
        solution.split(joined)
    except BadInput as problem:
        raise BadInput(f"files: {problem.problem}", place=place, mend=mend) from None
    if task.shape is Shape.UNITTESTS or task.solution_files:
        return joined
    if len(files) > 1:
        raise BadInput("the task's solution is one file", place=place, mend="Give that file.")
    return str(next(iter(files.values())))
