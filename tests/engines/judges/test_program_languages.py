"""Programs of every language get the same verdicts for the same deeds, in real boxes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchserver.core.task import Limits, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges import program
from benchserver.engines.judges.build import Built, build_solution
from benchserver.engines.judges.registry import judge
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.tasks import program_task
from tests.engines.languages.needed import require
from tests.engines.languages.samples import BROKEN, DOES_AS_TOLD

LIMITS = Limits(cpu_milliseconds=900, memory_bytes=96 * 2**20, output_bytes=100_000)


_BUILT: dict[str, Built] = {}


def built_once(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Built:
    """One compile per program, so that seven deeds do not take seven compiles."""
    if code not in _BUILT:
        _BUILT[code] = build_solution(task=task, code=code, sandbox=sandbox)
    return _BUILT[code]


@pytest.fixture(params=LANGUAGES)
def language(request: pytest.FixtureRequest, sandbox: Sandbox) -> str:
    name = str(request.param)
    require(name, sandbox)
    return name


def task_of(language: str, stdin: str, expected: str) -> TaskSpec:
    return replace(program_task((stdin, expected)), language=language, limits=LIMITS)


def judged(language: str, stdin: str, expected: str, sandbox: Sandbox) -> Judgement:
    task = task_of(language, stdin, expected)
    if stdin in ("spin", "spread"):
        task = replace(task, limits=replace(LIMITS, cpu_milliseconds=400))
    return judge(task=task, code=DOES_AS_TOLD[language], sandbox=sandbox)


@pytest.mark.parametrize(
    ("stdin", "expected", "verdict"),
    [
        ("shout hello", "HELLO", Verdict.PASSED),
        ("shout hello", "GOODBYE", Verdict.WRONG_ANSWER),
        ("crash", "", Verdict.RUNTIME_ERROR),
        ("spin", "", Verdict.TIME_LIMIT),
        ("spread", "", Verdict.TIME_LIMIT),
        ("eat", "", Verdict.MEMORY_LIMIT),
        ("flood", "", Verdict.OUTPUT_LIMIT),
        ("hold 80", "80", Verdict.PASSED),  # of 96 MiB: the limit is the program's, all of it
    ],
)
def test_deed_and_verdict(
    language: str,
    stdin: str,
    expected: str,
    verdict: Verdict,
    sandbox: Sandbox,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(program, "build_solution", built_once)
    assert judged(language, stdin, expected, sandbox).verdict is verdict


def test_what_does_not_build_is_a_compile_error(language: str, sandbox: Sandbox) -> None:
    found = judge(task=task_of(language, "", ""), code=BROKEN[language], sandbox=sandbox)
    assert found.verdict is Verdict.COMPILE_ERROR
    assert found.detail in ("", "syntax case 0")  # no word of the compiler's
