"""Judge programs by stdin and stdout: a fresh box per case, compared outside, first failure ends.

A pass needs all of: the program ended by itself with status 0, its output is within the cap, is
UTF-8 without NUL, and the comparison holds. Cases come in random order and their number is not
disclosed. Example: a program that prints the right answer and then exits with 1 has failed.
"""

from __future__ import annotations

import random
from functools import partial

from benchserver.core.errors import PlatformFault
from benchserver.core.task import ProgramCase, ProgramCases, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.compare import same_text
from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.endings import judgement, limit_verdict, without_starving
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox

_BACKSTOP = 6
_START_SECONDS = 30.0
_NOT_COMPILED = 93
_SYNTAX_MARK = b"\0not compiled\0"

# Runs the program as __main__; a program that will not compile says so (only ever against it).
_RUNNER = b"""\
import builtins, sys
builtins.exit = builtins.quit = sys.exit
sys.argv = ["/box/main.py"]
with open("/box/main.py", "rb") as file:
    source = file.read()
try:
    code = compile(source, "main.py", "exec", dont_inherit=True)
except (SyntaxError, ValueError, RecursionError, MemoryError):
    sys.stderr.write("\\0not compiled\\0")
    sys.stderr.flush()
    sys.exit(93)
names = sys.modules["__main__"].__dict__
del source, file
exec(code, names)
"""


def judge_program(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement over all cases. Raises ``PlatformFault`` when the box or the host failed."""
    tests = task.tests
    if not isinstance(tests, ProgramCases) or not tests.cases:
        raise PlatformFault("task_shape", "a program task needs cases")
    cases = list(enumerate(tests.cases))
    random.SystemRandom().shuffle(cases)
    judged = []
    for number, case in cases:
        once = partial(_one, task, tests, case, code, sandbox)
        judged.append(without_starving(once))
        if not judged[-1].passed:
            return _total(judged, failed=number)
    return _total(judged)


def _one(
    task: TaskSpec, tests: ProgramCases, case: ProgramCase, code: str, sandbox: Sandbox
) -> Judgement:
    result = sandbox.run(_box(task, code), stdin=case.stdin.encode())
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
    verdict, detail = _verdict(result, tests, case)
    return judgement(verdict, result, sandbox, detail=detail)


def _verdict(result: BoxResult, tests: ProgramCases, case: ProgramCase) -> tuple[Verdict, str]:
    limited = limit_verdict(result)
    if limited:
        return limited, result.ending.value
    if result.exit_code == _NOT_COMPILED and result.stderr == _SYNTAX_MARK:
        return Verdict.COMPILE_ERROR, "syntax"
    if result.ending is not Ending.EXITED or result.exit_code != 0:
        return Verdict.RUNTIME_ERROR, f"{result.ending.value} {result.exit_code}"
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


def _box(task: TaskSpec, code: str) -> BoxRequest:
    limits = task.limits
    cpu = limits.cpu_milliseconds / 1000
    return BoxRequest(
        argv=("python3", "-I", "-S", "/box/run.py"),
        files={"run.py": _RUNNER, "main.py": code_bytes(code)},
        cpu_seconds=cpu,
        wall_seconds=_BACKSTOP * cpu + _START_SECONDS,
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
    )
