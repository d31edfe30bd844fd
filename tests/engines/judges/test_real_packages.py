"""The judge against problem packages of others: each submission gets the verdict of its folder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from benchserver.core.task import Limits
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.taskformats.icpc import Icpc
from benchserver.engines.taskformats.icpc.submissions import language_of
from tests import shared_data
from tests.engines.judges.needs import needs
from tests.shared_data import shared

PACKAGES = ("hello", "oddecho", "different")
NOT_JUDGED = {".kt", ".scala", ".cs", ".hs", ".lisp", ".ml", ".php", ".rb", ".pl"}
# Contest judges call every abnormal end a run-time error; ours say which.
EXPECTED = {
    "accepted": {Verdict.PASSED},
    "slow_accepted": {Verdict.PASSED},
    "wrong_answer": {Verdict.WRONG_ANSWER},
    "time_limit_exceeded": {Verdict.TIME_LIMIT},
    "run_time_error": {Verdict.RUNTIME_ERROR, Verdict.MEMORY_LIMIT},
    "partially_accepted": {Verdict.WRONG_ANSWER, Verdict.RUNTIME_ERROR},
}


def submissions() -> Iterator[tuple[str, str, str, str]]:
    """(package, folder, file, language) of all that are in a language of ours."""
    for name in PACKAGES:
        for path in sorted((shared_data.ROOT / "problem-packages" / name).glob("submissions/*/*")):
            if path.is_file():
                language = language_of(path.name, path.read_text())
                if language:
                    yield name, path.parent.name, path.name, language


@pytest.mark.parametrize(("name", "folder", "file", "language"), list(submissions()))
def test_each_submission_gets_the_verdict_its_folder_names(
    name: str, folder: str, file: str, language: str, sandbox: Sandbox
) -> None:
    if folder == "slow_accepted":
        pytest.skip("minutes of CPU: in the soak")
    found = _judged(name, f"{folder}/{file}", language, sandbox, cpu_milliseconds=3000)
    assert found.verdict in EXPECTED[folder]
    if name == "oddecho":
        assert (found.points, found.points_total) == (100 if found.passed else 50, 100)


@pytest.mark.soak
def test_a_slow_submission_is_accepted_when_it_has_the_time(sandbox: Sandbox) -> None:
    slow = "slow_accepted/different_slow.py"
    assert _judged("different", slow, "python", sandbox, cpu_milliseconds=900_000).passed


def test_only_languages_without_a_judge_and_python_2_are_passed_over() -> None:
    root = shared("problem-packages")
    judged = {(name, f"{folder}/{file}") for name, folder, file, _ in submissions()}
    left = {
        path.suffix if path.suffix in NOT_JUDGED else path.name
        for name in PACKAGES
        for path in (root / name / "submissions").glob("*/*")
        if path.is_file() and (name, f"{path.parent.name}/{path.name}") not in judged
    }
    assert left <= {*NOT_JUDGED, "different_py2.py"}
    assert len(judged) == 22


def _judged(name: str, place: str, language: str, sandbox: Sandbox, *, cpu_milliseconds: int):
    needs(language, sandbox)
    path = shared(f"problem-packages/{name}")
    (task,) = Icpc().read(path)
    limits = replace(task.limits, cpu_milliseconds=cpu_milliseconds)
    assert isinstance(limits, Limits)
    code = (path / "submissions" / place).read_text()
    return judge(task=replace(task, language=language, limits=limits), code=code, sandbox=sandbox)
