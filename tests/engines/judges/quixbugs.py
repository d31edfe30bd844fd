"""QuixBugs as tasks for tests: programs with one bug each, and their repaired twins.

A line of its cases is ``[arguments, expected]``. Example: ``task("gcd", "java")`` is judged with
``code("gcd", "java", repaired=True)``.
"""

from __future__ import annotations

import json
from typing import Any

from benchserver.core.task import CallCase, CallCases, Limits, Shape, TaskSpec
from tests.shared_data import shared

PROGRAMS = (
    *("bitcount", "bucketsort", "find_in_sorted", "flatten", "gcd", "hanoi"),
    *("knapsack", "levenshtein", "quicksort", "shunting_yard"),
)
LIMITS = Limits(cpu_milliseconds=2000)
_LONG = Limits(cpu_milliseconds=10_000)  # the right levenshtein is exponential
_SLOW = (6404180, "amanaplanacanalpanama")  # cases that take the right program minutes or years
# Generators and classes of one's own cannot cross to the judge: both versions get the same adapter.
_ADAPTERS = {
    ("flatten", "python"): """

def adapted(arr):
    return list(flatten(arr))
""",
    ("hanoi", "java"): """
class ADAPTED {
    public static List<List<Integer>> adapted(int height, int start, int end) {
        List<List<Integer>> steps = new ArrayList<>();
        for (HANOI.Pair<Integer, Integer> step : HANOI.hanoi(height, start, end)) {
            steps.add(List.of(step.getFirst(), step.getSecond()));
        }
        return steps;
    }
}
""",
}


def task(name: str, language: str) -> TaskSpec:
    return TaskSpec(
        source_id=f"quixbugs/{name}",
        shape=Shape.FUNCTION,
        statement="",
        tests=CallCases(cases=_cases(name, language)),
        reference=code(name, language, repaired=True),
        language=language,
        entry_point="adapted" if (name, language) in _ADAPTERS else name,
        limits=_LONG if name == "levenshtein" else LIMITS,
    )


def code(name: str, language: str, *, repaired: bool) -> str:
    folder = f"{'correct_' if repaired else ''}{language}_programs"
    file = f"{name.upper()}.java" if language == "java" else f"{name}.py"
    text = shared(f"quixbugs/{folder}/{file}").read_text()
    return text + _ADAPTERS.get((name, language), "")


def _cases(name: str, language: str) -> tuple[CallCase, ...]:
    lines = shared(f"quixbugs/json_testcases/{name}.json").read_text().splitlines()
    pairs = [json.loads(line) for line in lines if line.strip()]
    return tuple(
        CallCase(
            args=tuple(args if isinstance(args, list) else [args]),
            expected=_tuples(expected) if (name, language) == ("hanoi", "python") else expected,
        )
        for args, expected in pairs
        if not (isinstance(args, list) and args[0] in _SLOW)
    )


def _tuples(steps: list[Any]) -> list[Any]:
    return [{"$tuple": step} for step in steps]
