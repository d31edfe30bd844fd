"""Real one-line bugs: repaired programs pass, buggy ones fail, and loops without end are ended."""

from __future__ import annotations

import pytest

from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.needs import needs
from tests.engines.judges.quixbugs import PROGRAMS, code, task

QUICK_IN_JAVA = ("gcd", "quicksort")  # a JVM and its compiler start for each
# The bug decides how a program fails; a deep recursion in Java may run out of memory first.
FAILURES = {
    ("bitcount", "python"): {Verdict.TIME_LIMIT},
    ("bitcount", "java"): {Verdict.TIME_LIMIT},
    ("find_in_sorted", "python"): {Verdict.RUNTIME_ERROR},
    ("find_in_sorted", "java"): {Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT},
    ("flatten", "python"): {Verdict.RUNTIME_ERROR},
    ("flatten", "java"): {Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT},
    ("gcd", "python"): {Verdict.RUNTIME_ERROR},
    ("gcd", "java"): {Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT},
}


def both_are_told_apart(name: str, language: str, sandbox: Sandbox) -> None:
    needs(language, sandbox)
    asked = task(name, language)
    right = judge(task=asked, code=code(name, language, repaired=True), sandbox=sandbox)
    assert right.verdict is Verdict.PASSED
    wrong = judge(task=asked, code=code(name, language, repaired=False), sandbox=sandbox)
    assert wrong.verdict in FAILURES.get((name, language), {Verdict.WRONG_ANSWER})


@pytest.mark.parametrize("name", PROGRAMS)
def test_python_bugs_are_found_and_repairs_pass(name: str, sandbox: Sandbox) -> None:
    both_are_told_apart(name, "python", sandbox)


@pytest.mark.parametrize("name", QUICK_IN_JAVA)
def test_java_bugs_are_found_and_repairs_pass(name: str, sandbox: Sandbox) -> None:
    both_are_told_apart(name, "java", sandbox)


@pytest.mark.soak
@pytest.mark.parametrize("name", [name for name in PROGRAMS if name not in QUICK_IN_JAVA])
def test_all_other_java_bugs_too(name: str, sandbox: Sandbox) -> None:
    both_are_told_apart(name, "java", sandbox)
