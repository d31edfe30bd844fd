"""Each form of hidden tests reaches the judge as it was written, or is a fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.task import CallCase, CallCases, CheckScript, ProgramCase, ProgramCases
from tests.engines.taskformats.native.pools import FUNCTION, PROGRAM, only_fault, read_one

BARE = {k: v for k, v in FUNCTION.items() if not k.startswith("tests")}


def test_cases_are_wire_values(tmp_path: Path) -> None:
    line = '{"args": [{"$tuple": [1, 2]}, "a"], "expected": {"$set": [1]}}\n'
    task = read_one(tmp_path, BARE | {"tests/cases.jsonl": line + "\n" + line})
    case = CallCase(args=({"$tuple": [1, 2]}, "a"), expected={"$set": [1]})
    assert task.tests == CallCases(cases=(case, case))


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "3",
        '{"args": [1]}',
        '{"args": [1], "expected": 1, "note": 2}',
        '{"args": 1, "expected": 1}',
        '{"args": [NaN], "expected": 1}',
        '{"args": [{"$tupel": [1]}], "expected": 1}',
        '{"args": [{"$tuple": 1}], "expected": 1}',
        '{"args": [{"$bytes": "?"}], "expected": 1}',
        '{"args": [1], "args": [2], "expected": 1}',
        '{"args": [' + "[" * 90_000 + "]" * 90_000 + '], "expected": 1}',
        '{"args": [' + "[" * 700 + "]" * 700 + '], "expected": 1}',
    ],
)
def test_a_flawed_case_is_told_with_its_line(tmp_path: Path, line: str) -> None:
    good = '{"args": [1], "expected": 2}\n'
    fault = only_fault(tmp_path / "t", BARE | {"tests/cases.jsonl": good + line + "\n"})
    assert fault.place == "t/tests/cases.jsonl:2"


def test_check_py_is_called_with_the_function(tmp_path: Path) -> None:
    text = "def check(candidate):\n    assert candidate(1) == 2\n"
    task = read_one(tmp_path, BARE | {"tests/check.py": text, "tests/setup.py": "import math\n"})
    assert task.tests == CheckScript(
        setup="import math\n", script=text + "\n\ncheck(snail)\n", proxies=("snail",)
    )


@pytest.mark.parametrize("text", ["def chek(c): pass\n", "def check(c:\n", "\n"])
def test_a_check_py_that_defines_no_check_is_a_fault(tmp_path: Path, text: str) -> None:
    fault = only_fault(tmp_path / "t", BARE | {"tests/check.py": text})
    assert fault.place == "t/tests/check.py"


def test_a_function_named_check_needs_a_script(tmp_path: Path) -> None:
    manifest = {"task.toml": 'id = "x"\nshape = "function"\nentry_point = "check"\n'}
    text = "def check(c):\n    pass\n"
    fault = only_fault(tmp_path / "t", BARE | manifest | {"tests/check.py": text})
    assert "hides" in fault.problem


def test_script_py_runs_as_it_is_with_its_own_proxies(tmp_path: Path) -> None:
    manifest = {"task.toml": FUNCTION["task.toml"] + 'proxies = ["snail", "helper"]\n'}
    task = read_one(tmp_path, BARE | manifest | {"tests/script.py": "assert snail(1) == 2\n"})
    assert task.tests == CheckScript(
        setup="", script="assert snail(1) == 2\n", proxies=("snail", "helper")
    )


def test_two_forms_at_once_are_a_fault(tmp_path: Path) -> None:
    fault = only_fault(tmp_path / "t", FUNCTION | {"tests/script.py": "pass\n"})
    assert fault.problem == "2 kinds of tests"


def test_program_cases_are_pairs_in_the_order_of_their_names(tmp_path: Path) -> None:
    more = {"tests/02.in": "b\r\n", "tests/02.out": "", "tests/a b.in": "", "tests/a b.out": "c"}
    task = read_one(tmp_path, PROGRAM | more)
    assert task.tests == ProgramCases(
        cases=(
            ProgramCase(stdin="a\n", expected="a\n"),
            ProgramCase(stdin="b\r\n", expected=""),
            ProgramCase(stdin="", expected="c"),
        )
    )


def test_half_a_pair_is_a_fault_that_names_the_other_half(tmp_path: Path) -> None:
    fault = only_fault(tmp_path / "t", PROGRAM | {"tests/02.out": "b"})
    assert fault.place == "t/tests/02.in"
