"""Judge functions: the candidate answers calls in one box, the comparison happens outside it.

Two forms of tests. A ``CheckScript`` is test *code*: it runs in an examiner's box of its own and
calls the candidate over a pipe. ``CallCases`` are data: this judge feeds the inputs itself, in
random order, and compares. Example: a candidate whose ``__eq__`` always says yes fails, because
only its plain data crosses and the comparison never meets its objects.
"""

from __future__ import annotations

import json
import random
from typing import Any

from benchserver.core.errors import PlatformFault
from benchserver.core.task import CallCase, CallCases, CheckScript, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges import frames, wire
from benchserver.engines.judges.compare import same
from benchserver.engines.judges.compose import box_program, code_bytes
from benchserver.engines.judges.endings import (
    judgement,
    limit_verdict,
    without_starving,
)
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox

_BACKSTOP = 6  # wall seconds per CPU second of limit, and a start: only for a stuck host
_START_SECONDS = 30.0
_EXAMINER_MEMORY = 512 * 2**20
_FRAME_SLACK = 4096

_ENDS = {
    "failed": Verdict.WRONG_ANSWER,
    "forged": Verdict.WRONG_ANSWER,
    "raised": Verdict.RUNTIME_ERROR,
    "error": Verdict.RUNTIME_ERROR,
    "gone": Verdict.RUNTIME_ERROR,
    "syntax": Verdict.COMPILE_ERROR,
}


def judge_function(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement. Raises ``PlatformFault`` when the box, the host or the task itself failed."""
    tests = task.tests
    if isinstance(tests, CheckScript):
        return without_starving(lambda: _by_script(task, tests, code, sandbox))
    if isinstance(tests, CallCases):
        return without_starving(lambda: _by_cases(task, tests, code, sandbox))
    raise PlatformFault("task_shape", "a function task needs a check script or call cases")


def _by_script(task: TaskSpec, tests: CheckScript, code: str, sandbox: Sandbox) -> Judgement:
    examiner, candidate = sandbox.run_pair(
        examiner=_examiner_box(task, tests, sandbox), candidate=_candidate_box(task, code, sandbox)
    )
    if Ending.STARVED in (examiner.ending, candidate.ending):
        raise PlatformFault("starved", "the host was too busy to run the boxes")
    limited = limit_verdict(candidate)
    if limited:
        return judgement(limited, candidate, sandbox, detail=candidate.ending.value)
    if examiner.ending in (Ending.CPU_LIMIT, Ending.MEMORY_LIMIT):
        # The reference stays far below these limits: an answer made the tests this expensive.
        return judgement(Verdict.WRONG_ANSWER, candidate, sandbox, detail="costly_answer")
    verdict, detail = _from_report(_report_of(examiner))
    if verdict is Verdict.RUNTIME_ERROR and detail.startswith("MemoryError"):
        verdict = Verdict.MEMORY_LIMIT
    return judgement(verdict, candidate, sandbox, detail=detail)


def _report_of(examiner: BoxResult) -> dict[str, Any]:
    try:
        report = frames.unframe(examiner.stdout)
    except wire.WireError:
        report = None
    if examiner.ending is not Ending.EXITED or not isinstance(report, dict):
        raise PlatformFault("examiner", f"no report: {examiner.ending} {examiner.exit_code}")
    return report


def _from_report(report: dict[str, Any]) -> tuple[Verdict, str]:
    end, error = str(report.get("end")), _word(report.get("error", ""))
    if end == "passed":
        if not report.get("calls"):
            raise PlatformFault("tests_never_call", "the tests never called the solution")
        return Verdict.PASSED, ""
    if end in ("setup", "unsupported"):
        raise PlatformFault(f"tests_{end}", error)
    line = report.get("line")
    return _ENDS[end], f"{error or end} line {line}" if line else error or end


def _by_cases(task: TaskSpec, tests: CallCases, code: str, sandbox: Sandbox) -> Judgement:
    (verdict, detail), candidate = sandbox.converse(
        _candidate_box(task, code, sandbox),
        lambda reading, writing: _Questions(task, tests).put(reading, writing),
    )
    if candidate.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
    limited = limit_verdict(candidate)
    if limited:
        return judgement(limited, candidate, sandbox, detail=candidate.ending.value)
    return judgement(verdict, candidate, sandbox, detail=detail)


class _Questions:
    """Puts the cases to the candidate, each once, in random order, until one is wrong."""

    def __init__(self, task: TaskSpec, tests: CallCases) -> None:
        self._name = task.entry_point
        self._tolerance = tests.tolerance
        self._cases = list(enumerate(tests.cases))
        random.SystemRandom().shuffle(self._cases)

    def put(self, reading: int, writing: int) -> tuple[Verdict, str]:
        try:
            loaded = frames.receive(reading, _FRAME_SLACK)
            if not isinstance(loaded, dict) or loaded.get("load") not in ("ok", "error", "syntax"):
                return Verdict.WRONG_ANSWER, "forged"
            if loaded["load"] != "ok":
                return _ENDS[loaded["load"]], _word(loaded.get("error"))
            return self._all_cases(reading, writing)
        except wire.WireError:
            return Verdict.WRONG_ANSWER, "forged"
        except (EOFError, OSError):
            return Verdict.RUNTIME_ERROR, "gone"

    def _all_cases(self, reading: int, writing: int) -> tuple[Verdict, str]:
        for number, case in self._cases:
            verdict, detail = self._one_case(case, reading, writing)
            if verdict is not Verdict.PASSED:
                return verdict, f"{detail} case {number}".strip()
        return Verdict.PASSED, ""

    def _one_case(self, case: CallCase, reading: int, writing: int) -> tuple[Verdict, str]:
        number = random.SystemRandom().getrandbits(48)
        call = {"id": number, "do": "call", "on": self._name, "kwargs": {}}
        frames.send(writing, {**call, "args": list(case.args)})
        reply = frames.receive(reading, _frame_limit(case))
        if not isinstance(reply, dict) or type(reply.get("id")) is not int:
            return Verdict.WRONG_ANSWER, "forged"
        if reply["id"] != number:
            return Verdict.WRONG_ANSWER, "forged"
        if "error" in reply:
            error = _word(reply["error"])
            memory = error == "MemoryError"
            return (Verdict.MEMORY_LIMIT if memory else Verdict.RUNTIME_ERROR), error
        answer, expected = wire.decode(reply.get("ok")), wire.decode(case.expected)
        right = same(answer, expected, tolerance=self._tolerance)
        return (Verdict.PASSED, "") if right else (Verdict.WRONG_ANSWER, "")


def _frame_limit(case: CallCase) -> int:
    """An answer many times longer than the right one is wrong without being read.

    The arguments count too: a function that changes them in place sends them back.
    """
    right = len(json.dumps(case.expected)) + len(json.dumps(list(case.args)))
    return min(frames.MAX_FRAME, 4 * right + _FRAME_SLACK)


def _word(text: object) -> str:
    """A class name from the candidate's side, cut down to what a name may be."""
    return "".join(c for c in str(text)[:60] if c.isalnum() or c == "_")


def _candidate_box(task: TaskSpec, code: str, sandbox: Sandbox) -> BoxRequest:
    limits = task.limits
    cpu = limits.cpu_milliseconds / 1000
    return BoxRequest(
        argv=("python3", "-I", "-S", "/box/candidate.pyc"),
        files={
            "candidate.pyc": box_program("candidate", sandbox),
            "solution.py": code_bytes(code),
        },
        cpu_seconds=cpu,
        wall_seconds=_BACKSTOP * cpu + _START_SECONDS,
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
    )


def _examiner_box(task: TaskSpec, tests: CheckScript, sandbox: Sandbox) -> BoxRequest:
    cpu = task.limits.cpu_milliseconds / 1000
    spec = {"setup": tests.setup, "script": tests.script, "proxies": list(tests.proxies)}
    return BoxRequest(
        argv=("python3", "-I", "-S", "/box/examiner.pyc"),
        files={"examiner.pyc": box_program("examiner", sandbox), "spec": frames.frame(spec)},
        cpu_seconds=2 * cpu + 5,
        wall_seconds=_BACKSTOP * cpu + _START_SECONDS,
        memory_bytes=_EXAMINER_MEMORY,
    )
