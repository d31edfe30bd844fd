"""Our own solutions of real MultiPL-E tasks pass as completions; a small mistake in each fails."""

from __future__ import annotations

from functools import cache

import pytest

from benchserver.core.task import TaskSpec
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.compose import whole_program
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.taskformats import registry
from tests.engines.languages.needed import require
from tests.engines.taskformats.multipl_e_solutions import SOLUTIONS, mutant
from tests.shared_data import shared

SLOW = (
    "cpp",
    "rs",
    "java",
)  # one of these and two of the others in every run; all with ``-m soak``
RUN_ON = {"js": "\nconsole.log('junk')", "go": "\nfunc junk("}  # what a model writes after its end
PAIRS = [(language, name) for language, found in SOLUTIONS.items() for name in found]


def pairs() -> list[object]:
    often = {
        (language, name)
        for language, found in SOLUTIONS.items()
        for name in list(found)[-1 if language in SLOW else -2 :]
    }
    soak = pytest.mark.soak
    return [p if p in often else pytest.param(*p, marks=soak) for p in PAIRS]


@cache
def tasks(language: str) -> dict[str, TaskSpec]:
    path = shared(f"multipl-e/humaneval-{language}.jsonl")
    return {task.source_id: task for task in registry.read(path)}


@pytest.mark.parametrize(("language", "name"), pairs())
def test_a_solution_passes_and_its_mutant_fails(language: str, name: str, sandbox: Sandbox) -> None:
    task = tasks(language)[name]
    require(task.language, sandbox)
    completion, change = SOLUTIONS[language][name]
    runs_on = completion + (RUN_ON.get(language) or (task.stop_tokens[0] + "\njunk {{"))
    right = whole_program(task, completion=runs_on)
    assert judge(task=task, code=right, sandbox=sandbox).verdict is Verdict.PASSED
    wrong = whole_program(task, completion=mutant(completion, change))
    assert judge(task=task, code=wrong, sandbox=sandbox).verdict is Verdict.WRONG_ANSWER


def test_each_language_has_at_least_ten_solutions() -> None:
    assert all(len(found) >= 10 for found in SOLUTIONS.values())
