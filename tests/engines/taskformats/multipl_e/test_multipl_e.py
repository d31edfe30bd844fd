"""MultiPL-E lines become tasks: cases where the asserts are literals, else test code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.errors import BadInput
from benchserver.core.payload import from_payload, to_payload
from benchserver.core.task import (
    CallCases,
    CheckScript,
    JudgingClass,
    TaskSpec,
    UnitTests,
)
from benchserver.engines.judges.compose import whole_program
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.base import SourceFaults
from benchserver.engines.taskformats.multipl_e import MultiplE, by_kind
from tests.shared_data import shared

LINES = {"js": 20, "ts": 20, "cpp": 20, "go": 19, "rs": 20, "java": 20, "sh": 20}


def real(language: str) -> list[TaskSpec]:
    return registry.read(shared(f"multipl-e/humaneval-{language}.jsonl"))


def one(tmp_path: Path, language: str, **changes: Any) -> TaskSpec:
    """The first real line of the language, changed."""
    text = shared(f"multipl-e/humaneval-{language}.jsonl").read_text().split("\n")[0]
    path = tmp_path / "tasks.jsonl"
    path.write_text(json.dumps(json.loads(text) | changes) + "\n")
    (task,) = MultiplE().read(path)
    return task


@pytest.mark.parametrize("language", LINES)
def test_every_real_line_is_read_as_cases(language: str) -> None:
    tasks = real(language)
    assert by_kind(tasks) == {"cases": LINES[language], "script": 0, "mitigated": 0}
    assert all(task.judging_class is JudgingClass.PROVABLE for task in tasks)
    assert {task.family for task in tasks} <= {f"HumanEval/{n}" for n in range(0, 164, 8)}
    for task in tasks:
        assert isinstance(task.tests, CallCases)
        assert len({len(case.args) for case in task.tests.cases}) == 1
        assert from_payload(json.loads(json.dumps(to_payload(task)))) == task


def test_all_languages_say_the_same_of_one_task() -> None:
    found = {}
    for language in LINES:
        task = next(t for t in real(language) if t.source_id.startswith("HumanEval_96_"))
        assert isinstance(task.tests, CallCases)
        found[language] = [(list(case.args), case.expected) for case in task.tests.cases]
    words = found.pop("sh")
    assert all(cases == found["js"] for cases in found.values())
    assert words == [([str(n)], " ".join(map(str, e))) for (n,), e in found["js"]]


def test_a_completion_is_cut_at_a_stop_token_and_closed() -> None:
    task = real("cpp")[0]
    whole = whole_program(task, completion="    return 1;\n}\n\nint main() { junk")
    assert whole == task.prompt_code + "    return 1;\n}\n"
    task = real("js")[0]
    whole = whole_program(task, completion="  return 1;\n}\n\nfunction junk(")
    assert whole == task.prompt_code + "  return 1;\n}\n"


def test_asserts_that_compute_stay_test_code(tmp_path: Path) -> None:
    js = "const assert = require('node:assert');\nlet candidate = f;\nassert.ok(candidate(1) > 0);"
    task = one(tmp_path, "js", tests=js)
    assert task.tests == CheckScript(setup="", script=js, proxies=("f",))
    assert task.judging_class is JudgingClass.PROVABLE
    rust = "}\nfn main() {\n    let candidate = f;\n    assert!(candidate(1) > 0);\n}\n"
    task = one(tmp_path, "rs", tests=rust)
    assert isinstance(task.tests, UnitTests)
    assert (task.entry_point, task.judging_class) == ("f", JudgingClass.MITIGATED)
    assert by_kind([task]) == {"cases": 0, "script": 0, "mitigated": 1}


def test_a_language_without_a_judge_is_refused_with_what_to_keep() -> None:
    with pytest.raises(SourceFaults, match="Keep lines in one of: js, ts") as caught:
        real("lua")
    assert len(caught.value.faults) == 20


def test_a_line_without_a_function_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SourceFaults, match="name no function"):
        one(tmp_path, "go", tests="package x")


def test_nothing_is_written_in_this_format(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="only read"):
        MultiplE().write(real("js"), tmp_path / "out.jsonl")
