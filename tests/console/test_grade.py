"""``grade`` as its users meet it: files in, result lines out, one clear error on bad input."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchserver.console import grading
from benchserver.console.grading import (
    Sample,
    Tally,
    failing_test,
    grade,
    read_samples,
    result_line,
    summary,
    summary_lines,
)
from benchserver.core import solution
from benchserver.core.errors import BadInput, MissingPart, PlatformFault
from benchserver.core.task import (
    CallCase,
    CallCases,
    JudgingClass,
    ProgramCase,
    ProgramCases,
    Shape,
    Subtask,
    TaskSpec,
)
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.sandbox.base import Level, Sandbox
from benchserver.engines.taskformats.registry import read
from tests.engines.judges.tasks import program_task

ROOT = Path(grading.__file__).parents[2]

TASKS = [
    {
        "task_id": f"Add/{n}",
        "prompt": f'def add{n}(a):\n    """a plus {n}."""\n',
        "entry_point": f"add{n}",
        "canonical_solution": f"    return a + {n}\n",
        "test": f"def check(candidate):\n    assert candidate(1) == {n + 1}\n",
    }
    for n in (1, 2)
]


def jsonl(path: Path, lines: list[Any]) -> Path:
    text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines)
    if path.suffix == ".gz":
        path.write_bytes(gzip.compress(text.encode()))
    else:
        path.write_text(text)
    return path


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    return jsonl(tmp_path / "tasks.jsonl", TASKS)


@pytest.fixture
def specs(tasks: Path) -> list[TaskSpec]:
    return read(tasks)


def command(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, without any database or key."""
    env = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    line = [sys.executable, "manage.py", "grade", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120)


# -- the command, for real --------------------------------------------------------------------


def test_samples_are_graded_in_order_and_summed_up(tasks: Path, tmp_path: Path) -> None:
    samples = jsonl(
        tmp_path / "samples.jsonl.gz",
        [
            {
                "task_id": "Add/1",
                "completion": "    import time\n    time.sleep(0.5)\n    return a+1\n",
            },
            {"task_id": "Add/2", "completion": "    return a - 2\n", "note": "kept"},
            {"task_id": "Add/1", "solution": "def add1(a): return a + 1"},
            {"task_id": "Add/2", "solution": ""},
        ],
    )
    out = tmp_path / "out.jsonl"
    done = command("--tasks", tasks, "--samples", samples, "--out", out, "--json", "--show-tests")
    if "no sandbox" in done.stderr or "bubblewrap" in done.stderr:
        pytest.skip(done.stderr.strip())
    assert done.returncode == 0, done.stderr
    results = [json.loads(line) for line in out.read_text().splitlines()]
    assert [(r["task_id"], r["sample_index"], r["verdict"]) for r in results] == [
        ("Add/1", 0, "passed"),
        ("Add/2", 0, "wrong_answer"),
        ("Add/1", 1, "passed"),
        ("Add/2", 1, "no_code"),
    ]
    assert [r["passed"] for r in results] == [True, False, True, False]
    assert results[1]["note"] == "kept"
    assert results[1]["test"] == "assert candidate(1) == 3"
    assert all({"seconds", "memory_bytes", "detail"} <= set(r) for r in results)
    document = json.loads(done.stdout)
    assert (document["samples"], document["passed"], document["tasks"]) == (4, 2, 2)
    assert document["pass_at_k"]["1"]["mean"] == 0.5
    assert document["sandbox"]["level"] in ("full", "rlimits")
    assert document["programs_per_second"] > 0


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ({"task_id": "Add/9", "completion": ""}, "unknown task_id 'Add/9'"),
        ({"completion": ""}, "unknown task_id"),
        ({"task_id": "Add/1"}, "neither completion nor solution"),
        ({"task_id": "Add/1", "completion": 7}, "neither completion nor solution"),
        ({"task_id": "Add/1", "files": {"a": 1}}, "files is not an object of texts"),
        ({"task_id": "Add/1", "files": {"../a.py": ""}}, "files: a path leaves"),
        ({"task_id": "Add/1", "files": {"a.py": "", "b.py": ""}}, "one file"),
        ("{broken", "not JSON"),
        ("[1]", "not a JSON object"),
        ({"task_id": "Add/1", "completion": "", "language": "go"}, "the task is in python"),
    ],
)
def test_a_bad_line_is_named_before_anything_runs(
    line: Any, problem: str, specs: list[TaskSpec], tmp_path: Path
) -> None:
    good = {"task_id": "Add/1", "completion": "    return a + 1\n"}
    samples = jsonl(tmp_path / "samples.jsonl", [good, "", line])
    with pytest.raises(BadInput) as caught:
        list(read_samples(samples, specs))
    assert problem in str(caught.value)
    assert caught.value.place == "samples.jsonl:3"
    assert caught.value.mend


def test_bad_input_exits_2_and_leaves_the_old_results(tasks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("old\n")
    samples = jsonl(tmp_path / "samples.jsonl", [{"task_id": "Add/9", "completion": ""}])
    done = command("--tasks", tasks, "--samples", samples, "--out", out)
    assert done.returncode == 2
    assert "samples.jsonl:1" in done.stderr
    assert "Traceback" not in done.stderr
    assert out.read_text() == "old\n"
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "out.jsonl",
        "samples.jsonl",
        "tasks.jsonl",
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [("absent.jsonl", None), ("empty.jsonl", b""), ("a.jsonl.gz", b"x"), ("b.jsonl", b"\xff\n")],
)
def test_a_samples_file_that_cannot_be_read_is_bad_input(
    name: str, content: bytes | None, specs: list[TaskSpec], tmp_path: Path
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(BadInput):
        list(read_samples(tmp_path / name, specs))


# -- the rules, without a sandbox ---------------------------------------------------------------


class _NoBox:
    name, level = "none", Level.RLIMITS
    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def judged(monkeypatch: pytest.MonkeyPatch) -> dict[str, Judgement | BaseException]:
    """Outcomes by code, in place of a judge."""
    outcomes: dict[str, Judgement | BaseException] = {}

    def judge(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
        outcome = outcomes[code]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    monkeypatch.setattr(grading, "judge", judge)
    return outcomes


def graded(
    samples: Iterator[grading.Sample], sandbox: _NoBox
) -> tuple[grading.Tally, list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []
    tally = grade(
        samples,
        sandbox=sandbox,  # type: ignore[arg-type]
        workers=2,
        write=lambda sample, outcome: lines.append(result_line(sample, outcome)),
    )
    return tally, lines


def test_a_fault_is_no_verdict_and_counts_in_no_score(
    judged: dict[str, Any], specs: list[TaskSpec], tmp_path: Path
) -> None:
    judged["good"] = Judgement(verdict=Verdict.PASSED)
    judged["bad"] = Judgement(verdict=Verdict.WRONG_ANSWER)
    judged["ours"] = PlatformFault("starved")
    codes = [("Add/1", "good"), ("Add/1", "ours"), ("Add/2", "bad"), ("add/2", "good")]
    samples = jsonl(
        tmp_path / "s.jsonl", [{"task_id": task, "solution": code} for task, code in codes]
    )
    sandbox = _NoBox()
    tally, lines = graded(read_samples(samples, specs), sandbox)
    assert lines[1]["fault"] == "platform_fault"
    assert "verdict" not in lines[1]
    document = summary(tally, sandbox=sandbox, workers=2, limits={})  # type: ignore[arg-type]
    assert document["faults"] == {"starved": 1}
    assert document["pass_at_k"]["1"]["mean"] == 0.75
    assert set(document["pass_at_k"]) == {"1"}
    assert any("not scored" in line for line in grading.summary_lines(document))


def test_a_missing_sandbox_stops_everything(
    judged: dict[str, Any], specs: list[TaskSpec], tmp_path: Path
) -> None:
    judged["x"] = MissingPart("bubblewrap", mend="install it")
    samples = jsonl(tmp_path / "s.jsonl", [{"task_id": "Add/1", "solution": "x"}] * 3)
    sandbox = _NoBox()
    with pytest.raises(MissingPart):
        graded(read_samples(samples, specs), sandbox)
    assert sandbox.closed


def test_mbpp_samples_may_name_their_task_as_other_graders_do(tmp_path: Path) -> None:
    record = {
        "task_id": 2,
        "text": "t",
        "code": "def g(): return 1",
        "test_list": ["assert g() == 1"],
    }
    specs = read(jsonl(tmp_path / "mbpp.jsonl", [record]))
    lines = [{"task_id": name, "solution": "x"} for name in (2, "MBPP/2", "Mbpp/2")]
    samples = list(read_samples(jsonl(tmp_path / "s.jsonl", lines), specs))
    assert [sample.index for sample in samples] == [0, 1, 2]


def test_a_completion_continues_the_prompt_and_a_solution_does_not(
    specs: list[TaskSpec], tmp_path: Path
) -> None:
    lines = [{"task_id": "Add/1", "completion": "  x"}, {"task_id": "Add/1", "solution": "  x"}]
    first, second = read_samples(jsonl(tmp_path / "s.jsonl", lines), specs)
    assert first.code == TASKS[0]["prompt"] + "  x"
    assert second.code == "  x"


def test_show_tests_finds_the_case_that_failed() -> None:
    task = program_task(("1", "2"), ("3", "4"))
    assert failing_test(task, "runtime_error case 1") == "stdin '3', expected '4'"
    data = CallCases(cases=(CallCase(args=(1,), expected=2),))
    spec = TaskSpec(
        source_id="d", shape=Shape.FUNCTION, statement="", tests=data, reference="", entry_point="f"
    )
    assert failing_test(spec, "case 0") == "arguments [1], expected 2"
    assert failing_test(spec, "gone") == ""
    assert isinstance(task.tests, ProgramCases)
    assert task.tests.cases[0] == ProgramCase(stdin="1", expected="2")


def test_a_program_task_takes_samples_in_any_language_and_tells_points(tmp_path: Path) -> None:
    cases = program_task(("1\n", "2\n"))
    subtasks = (Subtask(name="a", points=3, cases=(0,)),)
    task = replace(cases, tests=replace(cases.tests, subtasks=subtasks))
    lines = [{"task_id": "t/1", "solution": "x", "language": name} for name in ("cpp", "python")]
    samples = list(read_samples(jsonl(tmp_path / "s.jsonl", lines), [task]))
    assert [sample.task.language for sample in samples] == ["cpp", "python"]
    outcome = Judgement(verdict=Verdict.WRONG_ANSWER, points=1, points_total=3)
    assert result_line(samples[0], outcome)["points"] == 1
    tally = grading.Tally()
    for sample in samples:
        tally.add(sample, outcome)
    document = summary(tally, sandbox=_NoBox(), workers=1, limits={})
    assert document["points"] == {"earned": 2, "total": 6}
    assert "points         2 of 6" in grading.summary_lines(document)
    odd = jsonl(tmp_path / "o.jsonl", [{**lines[0], "language": "cobol"}])
    with pytest.raises(BadInput, match="not in 'cobol'"):
        list(read_samples(odd, [task]))


def test_files_are_a_solution_too(tasks: Path, specs: list[TaskSpec], tmp_path: Path) -> None:
    files = {"work.h": "int f();\n", "work.cpp": "int f() { return 1; }\n"}
    several = replace(specs[0], shape=Shape.UNITTESTS, solution_files=("work.cpp", "work.h"))
    rows = [{"task_id": "Add/1", "files": files}]
    (sample,) = read_samples(jsonl(tmp_path / "s.jsonl", rows), [several])
    assert solution.split(sample.code) == files
    rows = [{"task_id": "Add/1", "files": {"work.py": "def add1(a): return 1"}}]
    (sample,) = read_samples(jsonl(tmp_path / "s.jsonl", rows), specs)
    assert sample.code == "def add1(a): return 1"


def test_provable_and_mitigated_are_never_one_number(specs: list[TaskSpec]) -> None:
    mitigated = replace(specs[1], judging_class=JudgingClass.MITIGATED)
    passed, failed = Judgement(verdict=Verdict.PASSED), Judgement(verdict=Verdict.WRONG_ANSWER)
    both = Tally()
    for task, outcome in ((specs[0], passed), (mitigated, passed), (mitigated, failed)):
        both.add(Sample(fields={}, task=task, index=0, code=""), outcome)
    told = summary(both, sandbox=_NoBox(), workers=1, limits={})
    assert (told["passed"], told["pass_at_k"]) == (None, {})
    assert [(n, c["passed"], c["samples"]) for n, c in told["classes"].items()] == [
        ("mitigated", 1, 2),
        ("provable", 1, 1),
    ]
    lines = "\n".join(summary_lines(told))
    assert "mitigated      1 of 2 samples passed" in lines
    assert "provable       1 of 1 samples passed" in lines
    one = Tally()
    one.add(Sample(fields={}, task=mitigated, index=0, code=""), passed)
    alone = summary(one, sandbox=_NoBox(), workers=1, limits={})
    assert (alone["passed"], list(alone["classes"])) == (1, ["mitigated"])
