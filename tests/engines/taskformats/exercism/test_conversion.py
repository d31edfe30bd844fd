"""Which Python tests become provable, and that they mean the same as before."""

from __future__ import annotations

import pytest

from benchserver.core.task import CheckScript, Shape, TaskSpec
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.taskformats.exercism.conversion import converted, original

SOLUTION = """\
class Box:
    def __init__(self, size):
        self.size = size

    def grow(self):
        self.size += 1
        return self.size


def double(n):
    if n < 0:
        raise ValueError("too small")
    return 2 * n
"""
TESTS = """\
import unittest

from work import Box, double


class WorkTest(unittest.TestCase):
    def setUp(self):
        self.box = Box(1)

    def test_double(self):
        self.assertEqual(double(2), 4)

    @unittest.skip("later")
    def test_error(self):
        with self.assertRaises(ValueError) as caught:
            double(-1)
        self.assertEqual(caught.exception.args[0], "too small")

    def test_box(self):
        self.assertEqual(self.box.grow(), 2)
        self.assertEqual(self.box.size, 2)


if __name__ == "__main__":
    unittest.main()
"""


def convert(tests: str = TESTS, reference: str = SOLUTION) -> CheckScript | None:
    return converted(
        stubs={"work.py": ""}, tests={"work_test.py": tests}, reference={"work.py": reference}
    )


def verdict(code: str, sandbox: Sandbox, tests: str = TESTS) -> Verdict:
    script = convert(tests)
    assert script is not None
    task = TaskSpec(
        source_id="work",
        shape=Shape.FUNCTION,
        statement="",
        tests=script,
        reference=SOLUTION,
        entry_point=script.proxies[0],
    )
    return judge(task=task, code=code, sandbox=sandbox).verdict


def test_the_tests_stay_as_they_are() -> None:
    script = convert()
    assert script is not None
    assert TESTS in script.script
    assert script.proxies == ("Box", "double")
    assert original(script) == ("work_test.py", TESTS)


def test_a_right_solution_passes_and_wrong_ones_do_not(sandbox: Sandbox) -> None:
    assert verdict(SOLUTION, sandbox) is Verdict.PASSED
    for old, new in (("2 * n", "3 * n"), ("+= 1", "+= 2"), ("too small", "too big")):
        assert verdict(SOLUTION.replace(old, new), sandbox) is Verdict.WRONG_ANSWER


def test_a_module_may_be_imported_whole(sandbox: Sandbox) -> None:
    tests = TESTS.replace("from work import Box, double", "import work").replace(
        "double(", "work.double("
    )
    tests = tests.replace("test_work.double(", "test_double(").replace("Box(", "work.Box(")
    assert verdict(SOLUTION, sandbox, tests) is Verdict.PASSED


def test_a_skipped_test_is_run(sandbox: Sandbox) -> None:
    tests = TESTS.replace('@unittest.skip("later")', "@unittest.skipIf(True, 'later')")
    tests = tests.replace("double(-1)", "self.skipTest('no')\n            double(-1)")
    for each in (TESTS, tests):
        wrong = SOLUTION.replace('ValueError("too small")', 'ValueError("other")')
        assert verdict(wrong, sandbox, each) is Verdict.WRONG_ANSWER


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)\n",
        "import sys\nsys.exit(0)\n",
        "class All:\n    def __eq__(self, other):\n        return True\n\n"
        "double = Box = lambda *a: All()\n",
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"
        "def double(n): return 0\ndef Box(n): return 0\n",
    ],
)
def test_no_forgery_passes(code: str, sandbox: Sandbox) -> None:
    assert verdict(code, sandbox) is not Verdict.PASSED


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("import unittest\n", "import unittest\nfrom unittest import mock\n"),
        ("import unittest\n", "import unittest\nimport subprocess\n"),
        ("import unittest\n", "import unittest\nimport numpy\n"),
        ("import unittest\n", "import unittest\nimport pytest\n"),
        ("double(2), 4", "isinstance(Box(1), Box), True"),
        ("double(2), 4", "double, 4"),
        ("class WorkTest", "class Mine(Box): pass\n\n\nclass WorkTest"),
        ("import unittest\n", "import unittest\n\n\ndef test_a():\n    assert double(1)\n\n"),
        ("from work import Box, double", "from work import *"),
    ],
)
def test_tests_that_need_more_than_calls_stay_beside_the_solution(old: str, new: str) -> None:
    assert old in TESTS
    assert convert(TESTS.replace(old, new)) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    def grow", "    def __eq__(self, other):\n        return True\n\n    def grow"),
        ("class Box:", "class Box(list):"),
        ("class Box:", "import dataclasses\n@dataclasses.dataclass\nclass Box:"),
        ("class Box:", "class Box(Exception):"),
        ("def double(n):", "double = None\ndef other(n):"),
    ],
)
def test_solutions_whose_objects_compare_stay_beside_their_tests(old: str, new: str) -> None:
    assert convert(reference=SOLUTION.replace(old, new)) is None
