"""Judge programs by stdin and stdout: a fresh box per case, compared outside, first failure ends.

A program of any language is built once. A pass needs all of: it ended by itself with status 0, its
output is within the cap, is UTF-8 without NUL, and the comparison holds. Cases come in random order
and their number is not disclosed. Example: the right answer and then an exit with 1 is no pass.
"""

from __future__ import annotations

import random
from functools import partial

from benchserver.core.errors import PlatformFault
from benchserver.core.task import ProgramCase, ProgramCases, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.build import Built, NotCompiled, build_solution, not_compiled
from benchserver.engines.judges.compare import same_text
from benchserver.engines.judges.endings import judgement, without_starving
from benchserver.engines.sandbox.base import BoxResult, Ending, Sandbox


def judge_program(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement over all cases. Raises ``PlatformFault`` when the box or the host failed."""
    tests = task.tests
    if not isinstance(tests, ProgramCases) or not tests.cases:
        raise PlatformFault("task_shape", "a program task needs cases")
    try:
        built = build_solution(task=task, code=code, sandbox=sandbox)
    except NotCompiled as problem:
        return not_compiled(problem, sandbox)
    cases = list(enumerate(tests.cases))
    random.SystemRandom().shuffle(cases)
    judged = []
    for number, case in cases:
        once = partial(_one, task, tests, case, built, sandbox)
        judged.append(without_starving(once))
        if not judged[-1].passed:
            return _total(judged, failed=number)
    return _total(judged)


def _one(
    task: TaskSpec, tests: ProgramCases, case: ProgramCase, built: Built, sandbox: Sandbox
) -> Judgement:
    result = sandbox.run(built.request(limits=task.limits), stdin=case.stdin.encode())
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
    verdict, detail = _verdict(result, built, tests, case)
    return judgement(verdict, result, sandbox, detail=detail)


def _verdict(
    result: BoxResult, built: Built, tests: ProgramCases, case: ProgramCase
) -> tuple[Verdict, str]:
    failed = built.failure(result)
    if failed:
        return failed
    try:
        output = result.stdout.decode("utf-8")
    except UnicodeDecodeError:
        return Verdict.WRONG_ANSWER, "not UTF-8"
    if "\0" in output:
        return Verdict.WRONG_ANSWER, "NUL in the output"
    right = same_text(output, case.expected, comparator=tests.comparator, tolerance=tests.tolerance)
    return (Verdict.PASSED, "") if right else (Verdict.WRONG_ANSWER, "")


def _total(judged: list[Judgement], *, failed: int | None = None) -> Judgement:
    """The last judgement decides; time adds up, memory is the highest."""
    last = judged[-1]
    return Judgement(
        verdict=last.verdict,
        cpu_seconds=sum(one.cpu_seconds for one in judged),
        wall_seconds=sum(one.wall_seconds for one in judged),
        memory_bytes=max(one.memory_bytes for one in judged),
        detail=last.detail if failed is None else f"{last.detail} case {failed}".strip(),
        isolation=last.isolation,
    )
