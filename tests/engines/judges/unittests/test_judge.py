"""Unit tests beside the solution: right ones pass, and whatever does not solve the task does not.

Frameworks that need no compiler run all forgeries in every run; of Go and Rust the strongest one
runs always, and the rest as soak.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchserver.core import solution
from benchserver.core.task import Limits, UnitTests
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.judges.unittests.frameworks import FRAMEWORKS
from benchserver.engines.judges.unittests.survey import survey_of
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.unittests import projects
from tests.engines.judges.unittests.forgeries import FORGERIES
from tests.engines.judges.unittests.toolchain import need

ALL = tuple(FRAMEWORKS)
CHEAP = ("jest", "pytest")
DEAR = ("junit", "catch2")  # a build takes seconds
NOTHING = "export const double = 0, greet = 0;\n"
STRONGEST = "speaks the protocol"


def judged(framework: str, code: str, sandbox: Sandbox, **changes: Any) -> Judgement:
    need(framework)
    return judge(task=projects.task(framework, **changes), code=code, sandbox=sandbox)


def forgeries() -> Iterator[Any]:
    for framework, entries in FORGERIES.items():
        for what, code in entries.items():
            strongest = what == STRONGEST and framework not in DEAR
            always = framework in CHEAP or strongest or "brings" in what
            marks = () if always else (pytest.mark.soak,)
            yield pytest.param(framework, code, id=f"{framework}: {what}", marks=marks)


@pytest.mark.parametrize("framework", ALL)
def test_a_right_solution_passes(framework: str, sandbox: Sandbox) -> None:
    outcome = judged(framework, projects.HONEST[framework], sandbox)
    assert (outcome.verdict, outcome.detail) == (Verdict.PASSED, "")
    assert outcome.cpu_seconds > 0
    assert outcome.memory_bytes > 0


@pytest.mark.parametrize("framework", ALL)
def test_a_test_that_its_source_skips_is_really_run(framework: str, sandbox: Sandbox) -> None:
    outcome = judged(framework, projects.LAST_WRONG[framework], sandbox)
    assert outcome.verdict is Verdict.WRONG_ANSWER
    assert outcome.detail == "test failed"


@pytest.mark.parametrize(("framework", "code"), list(forgeries()))
def test_no_forgery_passes(framework: str, code: str, sandbox: Sandbox) -> None:
    assert not judged(framework, code, sandbox).passed


@pytest.mark.parametrize("what", [STRONGEST, "reads the answers"])
def test_a_forgery_that_passes_every_test_is_given_away_by_a_sentinel(
    what: str, sandbox: Sandbox
) -> None:
    outcome = judged("jest", FORGERIES["jest"][what], sandbox)
    assert (outcome.verdict, outcome.detail) == (Verdict.WRONG_ANSWER, "sentinel")


@pytest.mark.parametrize(
    "path",
    ["package.json", "work.spec.js", "more.test.js", ".npmrc", "jest.config.js", "test/a.js"],
)
def test_files_that_decide_about_tests_are_refused(path: str, sandbox: Sandbox) -> None:
    code = solution.join({"work.js": projects.HONEST["jest"], path: "x"})
    outcome = judged("jest", code, sandbox)
    assert (outcome.verdict, outcome.detail) == (Verdict.WRONG_ANSWER, "forbidden file")


def test_a_solution_may_bring_a_helper(sandbox: Sandbox) -> None:
    helper = "export const two = 2;\n"
    own = projects.HONEST["jest"].replace("2 * n", "two * n")
    code = solution.join({"work.js": "import { two } from './help.js';\n" + own, "help.js": helper})
    assert judged("jest", code, sandbox).passed


def test_a_solution_may_be_an_old_module(sandbox: Sandbox) -> None:
    code = "module.exports = {\n  double: (n) => 2 * n,\n"
    code += "  greet: (name) => ({ text: `hello ${name}` }),\n};\n"
    assert judged("jest", code, sandbox).passed


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (f"for (;;) {{}}\n{NOTHING}", Verdict.TIME_LIMIT),
        (
            f"const all = [];\nfor (;;) all.push(new Array(1e6).fill(1));\n{NOTHING}",
            Verdict.MEMORY_LIMIT,
        ),
        ("export const double = (n) => {", Verdict.RUNTIME_ERROR),
        ("export const double = () => { throw new Error('no'); };\n", Verdict.RUNTIME_ERROR),
    ],
)
def test_a_solution_that_does_not_answer_gets_the_verdict_it_earned(
    code: str, verdict: Verdict, sandbox: Sandbox
) -> None:
    limits = Limits(cpu_milliseconds=1500, memory_bytes=64 * 2**20)
    assert judged("jest", code, sandbox, limits=limits).verdict is verdict


@pytest.mark.parametrize(
    "framework",
    [pytest.param(n, marks=pytest.mark.soak if n in DEAR else ()) for n in ALL if n not in CHEAP],
)
def test_what_does_not_compile_is_a_compile_error(framework: str, sandbox: Sandbox) -> None:
    paths = projects.PATHS[framework]
    code = solution.join(dict.fromkeys(paths, "}{")) if len(paths) > 1 else "}{"
    assert judged(framework, code, sandbox).verdict is Verdict.COMPILE_ERROR


@pytest.mark.parametrize("framework", ALL)
def test_every_test_is_found_and_has_a_mirror(framework: str, sandbox: Sandbox) -> None:
    need(framework)
    survey = survey_of(projects.task(framework), FRAMEWORKS[framework], sandbox)
    assert len(survey.tests) == {"gotest": 2, "junit": 2, "catch2": 2}.get(framework, 3)
    assert len(survey.must_fail) >= 2
    assert "hello" not in repr(survey)


FUNCTIONS = """\
import pytest

from work import double, greet


@pytest.fixture
def two():
    return 2


def test_double(two):
    assert double(two) == 4


@pytest.mark.skip(reason="later")
@pytest.mark.parametrize("n", [1, 5])
def test_many(n):
    assert double(n) == 2 * n


def test_greet():
    pytest.skip("later")
    assert greet("Ann") == "hello Ann"
"""


@pytest.mark.soak
def test_functions_fixtures_and_parameters_need_pytest_in_the_box(sandbox: Sandbox) -> None:
    if not Path("/usr/lib/python3/dist-packages/pytest").exists():
        pytest.skip("pytest is not on this machine: apt install python3-pytest")
    small = projects.task("pytest")
    assert isinstance(small.tests, UnitTests)
    task = replace(small, tests=replace(small.tests, files=(("work_test.py", FUNCTIONS),)))
    survey = survey_of(task, FRAMEWORKS["pytest"], sandbox)
    assert len(survey.tests) == 4
    for code, verdict in (
        (projects.HONEST["pytest"], Verdict.PASSED),
        (projects.LAST_WRONG["pytest"], Verdict.WRONG_ANSWER),
        (projects.HONEST["pytest"].replace("2 * n", "n + 2"), Verdict.WRONG_ANSWER),
    ):
        assert judge(task=task, code=code, sandbox=sandbox).verdict is verdict
