"""Our own solutions of MultiPL-E tasks, as completions of their prompts, one module a language.

``SOLUTIONS[name] = (completion, (right, wrong))``: replacing ``right`` by ``wrong`` in the
completion makes a plausible mistake that the task's cases must find.
"""

from __future__ import annotations

from tests.engines.taskformats.multipl_e_solutions import bash, cpp, go, java, javascript, rust

Solutions = dict[str, tuple[str, tuple[str, str]]]

SOLUTIONS: dict[str, Solutions] = {
    "js": javascript.SOLUTIONS,
    "ts": javascript.SOLUTIONS,
    "cpp": cpp.SOLUTIONS,
    "go": go.SOLUTIONS,
    "rs": rust.SOLUTIONS,
    "java": java.SOLUTIONS,
    "sh": bash.SOLUTIONS,
}


def mutant(completion: str, change: tuple[str, str]) -> str:
    right, wrong = change
    assert completion.count(right) >= 1, right
    return completion.replace(right, wrong, 1)
