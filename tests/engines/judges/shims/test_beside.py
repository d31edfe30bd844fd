"""Tests beside the solution: the real ones of MultiPL-E, run as the field runs them."""

from __future__ import annotations

import dataclasses
import json

import pytest

from benchserver.core.task import JudgingClass, TaskSpec, UnitTests
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.compose import whole_program
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.shims.test_multipl_e import tasks
from tests.engines.languages.needed import require
from tests.engines.taskformats.multipl_e_solutions import SOLUTIONS, mutant
from tests.shared_data import shared

NAME = "HumanEval_8_sum_product"
LEAVES = {
    "cpp": "    std::exit(0);",
    "go": "    panic(0)\n}\n",
    "rs": "    std::process::exit(0)",
    "java": "        System.exit(0); return null;",
    "sh": "    exit 0",
}


def beside(language: str) -> TaskSpec:
    """A real task whose tests are taken as if they could not be read."""
    lines = shared(f"multipl-e/humaneval-{language}.jsonl").read_text().splitlines()
    line = next(json.loads(line) for line in lines if f'"{NAME}"' in line)
    tests = UnitTests(framework="multipl-e", files=(("tests", line["tests"]),), solution_files=())
    return dataclasses.replace(
        tasks(language)[NAME], tests=tests, judging_class=JudgingClass.MITIGATED
    )


@pytest.mark.parametrize(
    "language",
    ["cpp", "go", "sh", *(pytest.param(slow, marks=pytest.mark.soak) for slow in ("rs", "java"))],
)
def test_the_fields_own_tests_decide_and_leaving_early_passes_nothing(
    language: str, sandbox: Sandbox
) -> None:
    task = beside(language)
    require(task.language, sandbox)
    completion, change = SOLUTIONS[language][NAME]
    bodies = {
        completion: Verdict.PASSED,
        mutant(completion, change): Verdict.WRONG_ANSWER,
        LEAVES[language]: Verdict.WRONG_ANSWER,
    }
    for body, verdict in bodies.items():
        code = whole_program(task, completion=body)
        assert judge(task=task, code=code, sandbox=sandbox).verdict is verdict
