"""82 replies a real model once gave to the even HumanEval tasks, and what their checker said."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

from benchserver.core.prompting import prompt
from benchserver.core.task import PromptSpec, Shape
from benchserver.engines.endpoints.reference_answers import Answer, AnswerBook
from tests.shared_data import shared


@dataclass(frozen=True)
class Recorded:
    """``line``: the task in its file; ``asked``: the prompt that it makes."""

    line: str
    asked: str
    completion: str
    passed: bool


def recorded() -> list[Recorded]:
    """Sample 0 of each task; skips where the data is absent."""
    lines = gzip.decompress(shared("humaneval/HumanEval.jsonl.gz").read_bytes()).decode()
    tasks = {json.loads(line)["task_id"]: line for line in lines.splitlines()}
    samples = shared("humaneval-codegen16b/samples.jsonl").read_text().splitlines()
    found = [s for s in map(json.loads, samples) if s["sample"] == 0]
    return [_recorded(tasks[s["task_id"]], s["completion"], s["passed"]) for s in found]


def _recorded(line: str, completion: str, passed: bool) -> Recorded:
    task = json.loads(line)
    spec = PromptSpec(
        shape=Shape.FUNCTION,
        language="python",
        statement=task["prompt"],
        prompt_code=task["prompt"],
        entry_point=task["entry_point"],
    )
    return Recorded(line, prompt(spec), completion, passed)


def book_of(found: list[Recorded]) -> AnswerBook:
    statements = [(json.loads(r.line)["prompt"], r.completion) for r in found]
    return AnswerBook(Answer(statement=s, solution=c) for s, c in statements)


def write_pool(found: list[Recorded], path: Path) -> None:
    path.write_text("".join(r.line + "\n" for r in found))
