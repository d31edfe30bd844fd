"""Judge unit tests: every test in a box of its own, then its mirrors; the supervisor decides.

A pass needs all of: every test of the task hands back the late nonce and ends well, the sentinel
that must pass does, the one that must fail does not, and every mirrored test fails. Example: a
solution that makes every assertion succeed is ``wrong_answer`` with the detail ``sentinel``.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from functools import partial

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Limits, TaskSpec, UnitTests
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.build import Built, NotCompiled, not_compiled
from benchserver.engines.judges.endings import isolation_of, judgement, without_starving
from benchserver.engines.judges.unittests.baggage import files_of, refused
from benchserver.engines.judges.unittests.building import build_project
from benchserver.engines.judges.unittests.framework import Framework
from benchserver.engines.judges.unittests.frameworks import FRAMEWORKS
from benchserver.engines.judges.unittests.handover import Word
from benchserver.engines.judges.unittests.running import Run, run_test
from benchserver.engines.judges.unittests.survey import Survey, survey_of
from benchserver.engines.sandbox.base import Sandbox

_RANDOM = random.SystemRandom()
_SENTINEL_NAMES = ("simple", "ordinary", "short", "long", "mixed", "repeated", "last", "other")


def judge_unittests(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement. Raises ``PlatformFault`` when the box, the host or the task itself failed."""
    tests = task.tests
    if not isinstance(tests, UnitTests) or tests.framework not in FRAMEWORKS:
        raise PlatformFault("task_shape", "a unit-test task needs a known framework")
    framework = FRAMEWORKS[tests.framework]
    files = files_of(code, wanted=tests.solution_files)
    if files is None:
        return _unbuilt(Verdict.COMPILE_ERROR, "not the task's files", sandbox)
    laid = [path for path, _ in tests.files]
    if refused(files, wanted=tests.solution_files, tests=laid, endings=framework.endings):
        return _unbuilt(Verdict.WRONG_ANSWER, "forbidden file", sandbox)
    return _Judging(task, tests, framework, files, sandbox).judge()


def _unbuilt(verdict: Verdict, detail: str, sandbox: Sandbox) -> Judgement:
    return Judgement(verdict=verdict, detail=detail, isolation=isolation_of(sandbox))


class _Judging:
    """One submission: its runs so far and what they cost."""

    def __init__(
        self,
        task: TaskSpec,
        tests: UnitTests,
        framework: Framework,
        files: dict[str, str],
        sandbox: Sandbox,
    ) -> None:
        self._task, self._tests, self._framework = task, dict(tests.files), framework
        self._files, self._sandbox = files, sandbox
        passing, failing = _RANDOM.sample(_SENTINEL_NAMES, 2)
        kind = _RANDOM.choice(("input", "case", "values"))
        self._names = (f"{passing}_{kind}", f"{failing}_{kind}")
        self._runs: list[Run] = []

    def judge(self) -> Judgement:
        try:
            plain, passing, failing = self._built(self._tests)
        except NotCompiled as problem:
            return not_compiled(problem, self._sandbox)
        survey = survey_of(self._task, self._framework, self._sandbox)
        wrong = self._originals(plain, survey, passing=passing)
        wrong = wrong or self._must_fail(plain, (failing,))
        return wrong or self._mirrored(survey) or self._total(Verdict.PASSED)

    def _built(self, tests: dict[str, str]) -> tuple[Built, str, str]:
        among = self._framework.with_sentinels(tests, self._names)
        built = without_starving(
            lambda: build_project(
                self._framework, solution=self._files, tests=among.tests, sandbox=self._sandbox
            )
        )
        return built, among.passing, among.failing

    def _originals(self, built: Built, survey: Survey, *, passing: str) -> Judgement | None:
        """The first real test that does not pass decides the verdict."""
        names = [*survey.tests, passing]
        _RANDOM.shuffle(names)
        for name in names:
            run = self._run(built, name)
            if not run.passed:
                verdict, detail = _verdict(built, run)
                return self._total(verdict, "sentinel" if name == passing else detail)
        return None

    def _must_fail(self, built: Built, names: Iterable[str]) -> Judgement | None:
        for name in names:
            if self._run(built, name).passed:
                return self._total(Verdict.WRONG_ANSWER, "sentinel")
        return None

    def _mirrored(self, survey: Survey) -> Judgement | None:
        """Mirrors of a random choice of tests; the box cannot tell that they are mirrors."""
        if not survey.mirrored:
            return None
        names = sorted(survey.must_fail)
        chosen = _RANDOM.sample(names, min(len(names), self._framework.mirrors))
        try:
            built, _, failing = self._built(dict(survey.mirrored))
        except NotCompiled:
            return self._total(Verdict.WRONG_ANSWER, "sentinel")
        return self._must_fail(built, [*chosen, failing])

    def _run(self, built: Built, name: str) -> Run:
        run = without_starving(partial(run_test, built, name, self._limits, self._sandbox))
        self._runs.append(run)
        return run

    @property
    def _limits(self) -> Limits:
        return self._task.limits

    def _total(self, verdict: Verdict, detail: str = "") -> Judgement:
        """Time adds up over all boxes, memory is the highest."""
        last = judgement(verdict, self._runs[-1].result, self._sandbox, detail=detail)
        return Judgement(
            verdict=verdict,
            cpu_seconds=sum(run.result.cpu_seconds for run in self._runs),
            wall_seconds=sum(run.result.wall_seconds for run in self._runs),
            memory_bytes=max(run.result.memory_bytes for run in self._runs),
            detail=detail,
            isolation=last.isolation,
        )


def _verdict(built: Built, run: Run) -> tuple[Verdict, str]:
    """What a test that did not pass means; the box's word only ever counts against it."""
    failure = built.failure(run.result)
    if failure is None or failure[0] is Verdict.RUNTIME_ERROR:
        if run.word is Word.FAILED:
            return Verdict.WRONG_ANSWER, "test failed"
        return Verdict.RUNTIME_ERROR, "ended early"
    return failure
