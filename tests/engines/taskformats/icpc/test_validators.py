"""Flags of the default validator become a rule; a validator of the package becomes a tool."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.task import Blanks, Letters, Tool
from tests.engines.taskformats.icpc.packages import cases_of, package, problems_of

ANY, EXACT, FREE, KEPT = Letters.ANY_CASE, Letters.EXACT, Blanks.FREE, Blanks.KEPT


@pytest.mark.parametrize(
    ("flags", "rule"),
    [
        ("", ("tokens", "", "", ANY, FREE)),
        ("case_sensitive", ("tokens", "", "", EXACT, FREE)),
        ("space_change_sensitive", ("tokens", "", "", ANY, KEPT)),
        ("float_tolerance 1e-6", ("float", "1e-6", "1e-6", ANY, FREE)),
        ("float_absolute_tolerance 1e-4", ("float", "1e-4", "0", ANY, FREE)),
        ("float_relative_tolerance 1e-9 case_sensitive", ("float", "0", "1e-9", EXACT, FREE)),
        (
            "float_absolute_tolerance 1 float_relative_tolerance 1e-2",
            ("float", "1", "1e-2", ANY, FREE),
        ),
    ],
)
def test_flags_of_the_default_validator(
    flags: str, rule: tuple[object, ...], tmp_path: Path
) -> None:
    tests = cases_of(package(tmp_path, {"problem.yaml": f"validator_flags: {flags}\n"}))
    found = (
        tests.comparator,
        tests.tolerance,
        tests.relative_tolerance,
        tests.letters,
        tests.blanks,
    )
    assert found == rule
    assert tests.checker is None


def test_flags_may_stand_with_the_groups(tmp_path: Path) -> None:
    settings = "output_validator_flags: case_sensitive\n"
    assert cases_of(package(tmp_path, {"data/testdata.yaml": settings})).letters is EXACT


def test_a_custom_validator_comes_with_headers_and_flags(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        "problem.yaml": "validation: custom\nvalidator_flags: strict 3\n",
        "output_validators/check/a.h": "// header\n",
        "output_validators/check/check.cc": "int main() {}\n",
    }
    checker = cases_of(package(tmp_path, files)).checker
    assert checker == Tool(
        language="cpp",
        files=(("check.cc", "int main() {}\n"), ("a.h", "// header\n")),
        arguments=("strict", "3"),
    )


def test_the_newer_layout_needs_no_word_for_a_custom_validator(tmp_path: Path) -> None:
    files: dict[str, str | None] = {
        "output_validator/helper.py": "X = 1\n",
        "output_validator/validate.py": "import helper\n",
    }
    checker = cases_of(package(tmp_path, files)).checker
    assert checker is not None
    assert [name for name, _ in checker.files] == ["validate.py", "helper.py"]


def test_an_interactive_package_has_an_interactor(tmp_path: Path) -> None:
    files = {"problem.yaml": "type: interactive\n", "output_validator/talk.py": "print()\n"}
    tests = cases_of(package(tmp_path, dict(files)))
    assert tests.checker is None
    assert tests.interactor is not None
    assert tests.interactor.language == "python"


@pytest.mark.parametrize(
    ("files", "problem"),
    [
        ({"problem.yaml": "validator_flags: exactly"}, "unknown validator flag 'exactly'"),
        ({"problem.yaml": "validator_flags: float_tolerance"}, "float_tolerance lacks its number"),
        ({"problem.yaml": "validator_flags: float_tolerance nan"}, "lacks its number"),
        ({"problem.yaml": "validation: custom"}, "0 output validators"),
        (
            {
                "problem.yaml": "validation: custom",
                "output_validators/a.py": "",
                "output_validators/b.py": "",
            },
            "2 output validators",
        ),
        (
            {
                "problem.yaml": "validation: custom",
                "output_validators/a/build": "",
                "output_validators/a/a.py": "",
            },
            "the validator cannot be built here",
        ),
        (
            {"problem.yaml": "validation: custom", "output_validators/a.pl": "print 1"},
            "the validator cannot be built here",
        ),
    ],
)
def test_validators_that_cannot_be_run_are_refused(
    files: dict[str, str | None], problem: str, tmp_path: Path
) -> None:
    assert any(problem in told for told in problems_of(package(tmp_path, files)))
