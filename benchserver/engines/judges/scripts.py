"""Let an examiner's box run a task's own test code against a candidate's box; read its report.

The examiner (Python or JavaScript) holds the expected values, the candidate only answers calls.
Example: a report that says ``passed`` without a single call means that the *task* is at fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchserver.core.errors import PlatformFault
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges import frames, wire
from benchserver.engines.judges.endings import judgement, limit_verdict
from benchserver.engines.judges.questions import word
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox

_ENDS = {
    "failed": Verdict.WRONG_ANSWER,
    "forged": Verdict.WRONG_ANSWER,
    "raised": Verdict.RUNTIME_ERROR,
    "error": Verdict.RUNTIME_ERROR,
    "gone": Verdict.RUNTIME_ERROR,
    "syntax": Verdict.COMPILE_ERROR,
}


def examine(
    *,
    examiner: BoxRequest,
    candidate: BoxRequest,
    sandbox: Sandbox,
    out_of_memory: Sequence[bytes] = (),
) -> Judgement:
    """One run of the tests. Raises ``PlatformFault`` when boxes, host or the tests failed.

    ``out_of_memory``: what a runtime says on stderr when it ends itself for lack of memory.
    """
    examined, answered = sandbox.run_pair(examiner=examiner, candidate=candidate)
    if Ending.STARVED in (examined.ending, answered.ending):
        raise PlatformFault("starved", "the host was too busy to run the boxes")
    limited = limit_verdict(answered)
    if limited:
        return judgement(limited, answered, sandbox, detail=answered.ending.value)
    if examined.ending in (Ending.CPU_LIMIT, Ending.MEMORY_LIMIT):
        # The reference stays far below these limits: an answer made the tests this expensive.
        return judgement(Verdict.WRONG_ANSWER, answered, sandbox, detail="costly_answer")
    verdict, detail = _from_report(_report_of(examined))
    said = detail.startswith("MemoryError") or any(w in answered.stderr for w in out_of_memory)
    if verdict is Verdict.RUNTIME_ERROR and said:
        verdict = Verdict.MEMORY_LIMIT
    return judgement(verdict, answered, sandbox, detail=detail)


def _report_of(examiner: BoxResult) -> dict[str, Any]:
    try:
        report = frames.unframe(examiner.stdout)
    except wire.WireError:
        report = None
    if examiner.ending is not Ending.EXITED or not isinstance(report, dict):
        raise PlatformFault("examiner", f"no report: {examiner.ending} {examiner.exit_code}")
    return report


def _from_report(report: dict[str, Any]) -> tuple[Verdict, str]:
    end, error = str(report.get("end")), word(report.get("error", ""))
    if end == "passed":
        if not report.get("calls"):
            raise PlatformFault("tests_never_call", "the tests never called the solution")
        return Verdict.PASSED, ""
    if end in ("setup", "unsupported"):
        raise PlatformFault(f"tests_{end}", error)
    line = report.get("line")
    return _ENDS[end], f"{error or end} line {line}" if line else error or end
