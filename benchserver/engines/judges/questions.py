"""Put call cases to a candidate: each once, in random order, exactly one answer, compared here.

The other end of the pipe may be Python, Go or any box that speaks the frames of ``candidate.py``.
With ``State.FRESH`` every case has a process of its own, so that nothing an earlier call left can
help or harm a later one. Example: a candidate that answers twice, or before it was asked, has
forged, whatever it answered.
"""

from __future__ import annotations

import json
import random
import select
from collections.abc import Sequence
from functools import partial

from benchserver.core.errors import PlatformFault
from benchserver.core.task import CallCase, CallCases, State, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges import frames, wire
from benchserver.engines.judges.compare import same
from benchserver.engines.judges.endings import (
    judgement,
    limit_verdict,
    together,
    without_starving,
)
from benchserver.engines.sandbox.base import BoxRequest, Ending, Sandbox

FRAME_SLACK = 4096
LOAD_ENDS = {
    "syntax": Verdict.COMPILE_ERROR,
    "error": Verdict.RUNTIME_ERROR,
}


def put_cases(
    *,
    task: TaskSpec,
    tests: CallCases,
    box: BoxRequest,
    sandbox: Sandbox,
    out_of_memory: Sequence[bytes] = (),
) -> Judgement:
    """One judgement over all cases. Raises ``PlatformFault`` when the box or the host failed.

    ``out_of_memory``: what a runtime says on stderr when it ends itself for lack of memory.
    """
    cases = list(enumerate(tests.cases))
    random.SystemRandom().shuffle(cases)
    rounds = [[case] for case in cases] if tests.state is State.FRESH else [cases]
    judged = []
    for asked in rounds:
        questions = Questions(task.entry_point, asked, tolerance=tests.tolerance)
        judged.append(without_starving(partial(_one_box, questions, box, sandbox, out_of_memory)))
        if not judged[-1].passed:
            break
    return together(judged, decided_by=judged[-1])


def _one_box(
    questions: Questions, box: BoxRequest, sandbox: Sandbox, out_of_memory: Sequence[bytes]
) -> Judgement:
    (verdict, detail), candidate = sandbox.converse(box, questions.put)
    if candidate.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
    limited = limit_verdict(candidate)
    if limited:
        return judgement(limited, candidate, sandbox, detail=candidate.ending.value)
    if verdict is Verdict.RUNTIME_ERROR and any(w in candidate.stderr for w in out_of_memory):
        verdict = Verdict.MEMORY_LIMIT
    return judgement(verdict, candidate, sandbox, detail=detail)


class Questions:
    """The cases of one box: (number, case) pairs, put one after the other until one is wrong."""

    def __init__(
        self, entry_point: str, cases: Sequence[tuple[int, CallCase]], *, tolerance: str = ""
    ) -> None:
        self._name = entry_point
        self._tolerance = tolerance
        self._cases = cases

    def put(self, reading: int, writing: int) -> tuple[Verdict, str]:
        """Verdict and detail of the conversation on our ends of the two pipes."""
        try:
            loaded = frames.receive(reading, FRAME_SLACK)
            if not isinstance(loaded, dict) or loaded.get("load") not in ("ok", *LOAD_ENDS):
                return Verdict.WRONG_ANSWER, "forged"
            if loaded["load"] != "ok":
                return LOAD_ENDS[loaded["load"]], word(loaded.get("error"))
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
        return (Verdict.PASSED, "") if _silent(reading) else (Verdict.WRONG_ANSWER, "forged")

    def _one_case(self, case: CallCase, reading: int, writing: int) -> tuple[Verdict, str]:
        if not _silent(reading):
            return Verdict.WRONG_ANSWER, "forged"
        number = random.SystemRandom().getrandbits(48)
        call = {"id": number, "do": "call", "on": self._name, "kwargs": {}}
        frames.send(writing, {**call, "args": list(case.args)})
        reply = frames.receive(reading, _frame_limit(case))
        if not isinstance(reply, dict) or type(reply.get("id")) is not int:
            return Verdict.WRONG_ANSWER, "forged"
        if reply["id"] != number:
            return Verdict.WRONG_ANSWER, "forged"
        if "error" in reply:
            error = word(reply["error"])
            memory = error == "MemoryError"
            return (Verdict.MEMORY_LIMIT if memory else Verdict.RUNTIME_ERROR), error
        answer, expected = wire.decode(reply.get("ok")), wire.decode(case.expected)
        right = same(answer, expected, tolerance=self._tolerance)
        return (Verdict.PASSED, "") if right else (Verdict.WRONG_ANSWER, "")


def _silent(reading: int) -> bool:
    """Whether nothing lies unread that nobody asked for. A closed pipe is silent too."""
    poller = select.poll()
    poller.register(reading, select.POLLIN)
    return all(not flags & select.POLLIN for _, flags in poller.poll(0))


def _frame_limit(case: CallCase) -> int:
    """An answer many times longer than the right one is wrong without being read.

    The arguments count too: a function that changes them in place sends them back.
    """
    right = len(json.dumps(case.expected)) + len(json.dumps(list(case.args)))
    return min(frames.MAX_FRAME, 4 * right + FRAME_SLACK)


def word(text: object) -> str:
    """A class name from the candidate's side, cut down to what a name may be."""
    return "".join(c for c in str(text)[:60] if c.isalnum() or c == "_")
