"""Raw answers of real models: what our extraction and judges say against what was recorded.

The archive's evaluator calls the first function whatever its name; our tasks call it by the name
that was asked for. That is the only way in which the two may differ.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from benchserver.core.extraction import extract
from benchserver.core.task import Shape
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.canaicode import Answer, answers
from tests.engines.judges.needs import needs

EVERY = 9  # in the normal run; an odd step meets both languages


def verdict_of(answer: Answer, sandbox: Sandbox) -> Verdict:
    task = answer.task
    found = extract(
        answer.reply,
        language=task.language,
        prompt_code="",
        entry_point=task.entry_point,
        shape=Shape.FUNCTION,
    )
    return found.outcome or judge(task=task, code=found.code, sandbox=sandbox).verdict


def compare(chosen: Iterable[Answer], sandbox: Sandbox) -> Counter[str]:
    """How many agree, and the class of each difference; an unknown one names its place."""
    needs("javascript", sandbox)
    seen: Counter[str] = Counter()
    for answer in chosen:
        verdict = verdict_of(answer, sandbox)
        if (verdict is Verdict.PASSED) == answer.passed:
            seen["agree"] += 1
        elif answer.passed and not answer.own_name and verdict is Verdict.RUNTIME_ERROR:
            seen["another name"] += 1
        else:
            seen[f"{answer.place}: recorded {answer.passed}, ours {verdict}"] += 1
    return seen


def test_a_sample_of_real_answers_gets_the_recorded_verdicts(sandbox: Sandbox) -> None:
    seen = compare(list(answers())[::EVERY], sandbox)
    assert seen.keys() <= {"agree", "another name"}
    assert sum(seen.values()) == 35


@pytest.mark.soak
def test_all_real_answers_get_the_recorded_verdicts(sandbox: Sandbox) -> None:
    assert compare(answers(), sandbox) == {"agree": 299, "another name": 11}
