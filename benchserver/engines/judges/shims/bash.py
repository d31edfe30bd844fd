"""bash: arguments are words of the command line, the answer is what the function prints.

Every case is a fresh shell, so nothing is shared between them. The answer ends where ``$(...)``
ends it: without the line ends at its end. A function's status says nothing in bash, so it is only
looked at when the answer is wrong. Example: ``f() { echo $(($1 + 1)); }`` asked with ``"2"``
answers ``3``. What a solution prints while it is loaded is dropped.
"""

from __future__ import annotations

import random
from functools import partial

from benchserver.core.errors import PlatformFault
from benchserver.core.task import CallCase, CallCases, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.build import Built, build
from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.endings import judgement, together, without_starving
from benchserver.engines.judges.shims.wanted import shim
from benchserver.engines.sandbox.base import BoxResult, Ending, Sandbox

_LONGEST_WORD = 100_000  # bytes; the kernel takes 131072


def judge_bash(*, task: TaskSpec, tests: CallCases, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement over all cases. Raises ``PlatformFault`` when box, host or task failed."""
    files = {"main.sh": shim("bash/candidate.sh").encode(), "solution.sh": code_bytes(code)}
    built = build(language="bash", files=files, sandbox=sandbox)
    cases = list(enumerate(tests.cases))
    random.SystemRandom().shuffle(cases)
    judged = []
    for number, case in cases:
        judged.append(without_starving(partial(_one, task, case, number, built, sandbox)))
        if not judged[-1].passed:
            break
    return together(judged, decided_by=judged[-1])


def _one(task: TaskSpec, case: CallCase, number: int, built: Built, sandbox: Sandbox) -> Judgement:
    words = [_text(value) for value in case.args]
    request = built.request(limits=task.limits, arguments=(task.entry_point, *words))
    result = sandbox.run(request)
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
    verdict, detail = _verdict(result, built, _text(case.expected))
    failed = f"{detail} case {number}".strip()
    return judgement(verdict, result, sandbox, detail="" if verdict is Verdict.PASSED else failed)


def _verdict(result: BoxResult, built: Built, expected: str) -> tuple[Verdict, str]:
    failure = built.failure(result)
    if failure is not None and failure[0] is not Verdict.RUNTIME_ERROR:
        return failure
    printed = result.stdout.rstrip(b"\n")
    if result.ending is Ending.EXITED and printed == expected.rstrip("\n").encode():
        return Verdict.PASSED, ""
    crashed = failure is not None and result.exit_code != 1
    return failure if failure is not None and crashed else (Verdict.WRONG_ANSWER, "")


def _text(value: object) -> str:
    if not isinstance(value, str) or "\0" in value or len(value.encode()) > _LONGEST_WORD:
        raise PlatformFault("task_shape", "a task in bash passes and expects strings")
    return value
