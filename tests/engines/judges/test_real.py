"""The judge against tasks and completions that nobody here wrote."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchserver.core.task import Limits, TaskSpec
from benchserver.engines.judges.compose import whole_program
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.taskformats.registry import read
from tests.shared_data import shared

HUMANEVAL_TRAPS = {"HumanEval/32", "HumanEval/33", "HumanEval/38", "HumanEval/50"}
MBPP_TRAPS = {"MBPP/56", "MBPP/67", "MBPP/75", "MBPP/82", "MBPP/98"}


def passes(pairs: list[tuple[TaskSpec, str]], sandbox: Sandbox) -> list[bool]:
    with ThreadPoolExecutor(4) as pool:
        judged = pool.map(lambda pair: judge(task=pair[0], code=pair[1], sandbox=sandbox), pairs)
        return [one.passed for one in judged]


def some(tasks: list[TaskSpec], traps: set[str], *, every: int) -> list[TaskSpec]:
    return [t for n, t in enumerate(tasks) if n % every == 0 or t.source_id in traps]


def test_canonical_solutions_of_humaneval_pass(sandbox: Sandbox) -> None:
    tasks = some(read(shared("humaneval/HumanEval.jsonl.gz")), HUMANEVAL_TRAPS, every=5)
    found = passes([(task, task.reference) for task in tasks], sandbox)
    assert [t.source_id for t, ok in zip(tasks, found, strict=True) if not ok] == []


def test_references_of_mbpp_pass(sandbox: Sandbox) -> None:
    tasks = some(read(shared("mbpp/mbpp_1_100.jsonl")), MBPP_TRAPS, every=4)
    found = passes([(task, task.reference) for task in tasks], sandbox)
    assert [t.source_id for t, ok in zip(tasks, found, strict=True) if not ok] == []


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_real_completions_get_the_verdicts_of_the_upstream_checker(sandbox: Sandbox) -> None:
    by_id = {task.source_id: task for task in read(shared("humaneval/HumanEval.jsonl.gz"))}
    samples = [
        row
        for row in rows(shared("humaneval-codegen16b/samples.jsonl"))
        if row["sample"] == 0 and row["result"] != "timed out"
    ]
    pairs = [
        (by_id[r["task_id"]], whole_program(by_id[r["task_id"]], completion=r["completion"]))
        for r in samples
    ]
    found = passes(pairs, sandbox)
    assert [r["task_id"] for r, ok in zip(samples, found, strict=True) if ok != r["passed"]] == []
    assert sum(found) == 18


def test_the_published_example_samples_pass_three_times(sandbox: Sandbox) -> None:
    (task,) = read(shared("humaneval/example_problem.jsonl"))
    task = replace(task, limits=Limits(cpu_milliseconds=1_000))
    samples = rows(shared("humaneval/example_samples.jsonl"))
    pairs = [(task, whole_program(task, completion=r["completion"])) for r in samples]
    assert passes(pairs, sandbox) == [False, False, False, True, True, True]
