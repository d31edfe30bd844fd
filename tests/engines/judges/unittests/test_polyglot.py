"""The 24 real exercises: references pass, stubs fail, and skipped tests are really run.

Exercises of languages without a compile step run always, all of them as soak.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from benchserver.core import solution
from benchserver.core.task import TaskSpec, UnitTests
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.exercism import statement
from tests.engines.judges.unittests.toolchain import need
from tests.shared_data import shared

ALWAYS = ("javascript/queen-attack", "python/bowling", "python/grade-school")
EXERCISES = (
    *(f"cpp/{name}" for name in ("grade-school", "phone-number", "queen-attack", "space-age")),
    *(f"go/{name}" for name in ("beer-song", "bowling", "kindergarten-garden", "pig-latin")),
    *(f"java/{name}" for name in ("bowling", "phone-number", "pig-latin", "queen-attack")),
    *(f"javascript/{name}" for name in ("bowling", "phone-number", "pig-latin", "queen-attack")),
    *(f"python/{name}" for name in ("bowling", "grade-school", "phone-number", "pig-latin")),
    *(f"rust/{name}" for name in ("bowling", "grade-school", "pig-latin", "two-bucket")),
)
# Its example needs a crate and a compiler of 2024; this one needs neither.
PIG_LATIN = """\
fn word(word: &str) -> String {
    let letters: Vec<char> = word.chars().collect();
    let vowel = |c: char| "aeiou".contains(c);
    if vowel(letters[0]) || word.starts_with("xr") || word.starts_with("yt") {
        return format!("{}ay", word);
    }
    let mut at = 0;
    while at < letters.len() {
        if letters[at] == 'q' && letters.get(at + 1) == Some(&'u') {
            at += 2;
            break;
        }
        if vowel(letters[at]) || (letters[at] == 'y' && at > 0) {
            break;
        }
        at += 1;
    }
    format!("{}{}ay", &word[at..], &word[..at])
}

pub fn translate(input: &str) -> String {
    input.split(' ').map(word).collect::<Vec<_>>().join(" ")
}
"""
# Breaks that only tests notice which the source skips: a text of the reference, and another.
BROKEN = {
    "cpp/phone-number": ("result[0] == '1'", "result[0] == '9'"),
    "java/queen-attack": ("must have positive", "should have positive"),
    "javascript/queen-attack": ("Queen must be placed on", "Queen may be placed on"),
    "rust/bowling": ("self.roll_score() <= 10", "self.roll_score() <= 11"),
}


@cache
def exercises() -> dict[str, TaskSpec]:
    return {task.source_id: task for task in registry.read(shared("polyglot"))}


def exercise(name: str) -> TaskSpec:
    task = exercises()[name]
    if isinstance(task.tests, UnitTests):
        need(task.tests.framework)
    return replace(task, reference=PIG_LATIN) if name == "rust/pig-latin" else task


def cases(names: Iterable[str]) -> list[Any]:
    soak = pytest.mark.soak
    return [pytest.param(name, marks=() if name in ALWAYS else soak) for name in names]


@pytest.mark.parametrize("name", cases(EXERCISES))
def test_the_reference_passes(name: str, sandbox: Sandbox) -> None:
    task = exercise(name)
    outcome = judge(task=task, code=task.reference, sandbox=sandbox)
    assert (outcome.verdict, outcome.detail) == (Verdict.PASSED, "")


@pytest.mark.parametrize("name", cases(BROKEN))
def test_a_break_that_only_skipped_tests_notice_fails(name: str, sandbox: Sandbox) -> None:
    task = exercise(name)
    old, new = BROKEN[name]
    assert old in task.reference
    outcome = judge(task=task, code=task.reference.replace(old, new), sandbox=sandbox)
    assert (outcome.verdict, outcome.detail) == (Verdict.WRONG_ANSWER, "test failed")


@pytest.mark.parametrize("name", cases(EXERCISES))
def test_the_stub_fails(name: str, sandbox: Sandbox) -> None:
    task = exercise(name)
    apart = statement.take_apart(task.statement)
    assert apart is not None
    stubs = apart[1]
    code = solution.join(stubs) if len(stubs) > 1 else next(iter(stubs.values()))
    assert not judge(task=task, code=code, sandbox=sandbox).passed
