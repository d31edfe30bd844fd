"""Judge programs by stdin and stdout: a fresh box per case, compared outside, first failure ends.

A program of any language is built once. A pass needs all of: it ended by itself with status 0, its
output is within the cap, is UTF-8 without NUL, and the comparison, or the task's own checker in
another box, holds. Cases come in random order and their number is not disclosed. Example: the right
answer and then an exit with 1 is no pass.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from benchserver.core.errors import PlatformFault
from benchserver.core.task import ProgramCase, ProgramCases, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.build import Built, NotCompiled, build_solution, not_compiled
from benchserver.engines.judges.checker import check
from benchserver.engines.judges.compare import right_output
from benchserver.engines.judges.endings import judgement, together, without_starving
from benchserver.engines.judges.interactive import converse
from benchserver.engines.judges.subtasks import judge_subtasks
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
    judge_case = partial(_case, task, tests, built, sandbox)
    if tests.subtasks:
        return judge_subtasks(tests.subtasks, judge_case)
    return _until_one_fails(len(tests.cases), judge_case)


def _until_one_fails(count: int, judge_case: Callable[[int], Judgement]) -> Judgement:
    numbers = list(range(count))
    random.SystemRandom().shuffle(numbers)
    judged = []
    for number in numbers:
        judged.append(judge_case(number))
        if not judged[-1].passed:
            break
    return together(judged, decided_by=judged[-1])


def _case(
    task: TaskSpec, tests: ProgramCases, built: Built, sandbox: Sandbox, number: int
) -> Judgement:
    """The judgement of one case; a failure's detail ends with its number."""
    once = partial(_one, task, tests, tests.cases[number], built, sandbox)
    found = without_starving(once)
    if found.passed:
        return found
    return replace(found, detail=f"{found.detail} case {number}".strip())


def _one(
    task: TaskSpec, tests: ProgramCases, case: ProgramCase, built: Built, sandbox: Sandbox
) -> Judgement:
    if tests.interactor is not None:
        return converse(task=task, tool=tests.interactor, case=case, built=built, sandbox=sandbox)
    result = sandbox.run(built.request(limits=task.limits), stdin=case.stdin.encode())
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
    verdict, detail = built.failure(result) or _compared(result, tests, case, sandbox)
    return judgement(verdict, result, sandbox, detail=detail)


def _compared(
    result: BoxResult, tests: ProgramCases, case: ProgramCase, sandbox: Sandbox
) -> tuple[Verdict, str]:
    try:
        output = result.stdout.decode("utf-8")
    except UnicodeDecodeError:
        return Verdict.WRONG_ANSWER, "not UTF-8"
    if "\0" in output:
        return Verdict.WRONG_ANSWER, "NUL in the output"
    if tests.checker is None:
        right, detail = right_output(output, tests, case.expected), ""
    else:
        right, detail = check(tool=tests.checker, case=case, output=result.stdout, sandbox=sandbox)
    return (Verdict.PASSED if right else Verdict.WRONG_ANSWER), detail
