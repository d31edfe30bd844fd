"""Whatever is written in the native format is read back the same."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.core.task import (
    Blanks,
    CallCase,
    CallCases,
    CheckScript,
    Difficulty,
    JudgingClass,
    Letters,
    Limits,
    ProgramCase,
    ProgramCases,
    Shape,
    Split,
    Subtask,
    TaskSpec,
    Tests,
    Tool,
)
from benchserver.engines.taskformats import registry
from benchserver.engines.taskformats.native import Native
from tests.engines.taskformats.native.test_wire_values import VALUES
from tests.shared_data import shared

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
FULL = TEXT.filter(lambda text: bool(text.strip()))
NAME = st.sampled_from(["snail", "f_1", "größe", "check"])
TOLERANCE = st.sampled_from(["", "1e-6", "0.5"])
SCRIPT = st.sampled_from(
    ["assert True\n", "def check(c):\n    pass\n\n\ncheck(snail)\n", "check = 1\n\n\ncheck(f_1)\n"]
)
LIMITS = st.builds(
    Limits,
    cpu_milliseconds=st.integers(1, 10**6),
    memory_bytes=st.integers(1, 2**31) | st.just(2**28),
    output_bytes=st.integers(1, 2**31) | st.just(2**20),
)
META = {
    "source_id": FULL,
    "statement": FULL,
    "reference": FULL,
    "limits": LIMITS,
    "judging_class": st.sampled_from(JudgingClass),
    "split": st.none() | st.sampled_from(Split),
    "difficulty": st.sampled_from(["", *[d.value for d in Difficulty]]),
    "created": st.just("") | st.dates().map(lambda date: date.isoformat()),
    "sources": st.lists(TEXT | st.just("license:MIT"), max_size=3).map(tuple),
    **dict.fromkeys(("family", "topic", "author", "canary", "twin_of", "prompt_code"), TEXT),
}
CALLS = st.builds(
    CallCases,
    cases=st.lists(
        st.builds(CallCase, args=st.lists(VALUES, max_size=2).map(tuple), expected=VALUES),
        min_size=1,
        max_size=3,
    ).map(tuple),
    tolerance=TOLERANCE,
)
TOOLS = st.builds(
    Tool,
    language=st.sampled_from(["python", "cpp"]),
    files=st.sampled_from([(("check.cpp", "int main() {}"), ("a.h", ""))]),
    arguments=st.lists(TEXT, max_size=2).map(tuple),
)
SUBTASKS = st.lists(
    st.builds(Subtask, name=TEXT, points=st.integers(0, 100), cases=st.just((0,))), max_size=2
)
PROGRAMS = st.builds(
    ProgramCases,
    cases=st.lists(st.builds(ProgramCase, stdin=TEXT, expected=TEXT), min_size=1, max_size=3).map(
        tuple
    ),
    comparator=st.sampled_from(["tokens", "exact"]),
    tolerance=TOLERANCE,
    relative_tolerance=TOLERANCE,
    letters=st.sampled_from(Letters),
    blanks=st.sampled_from(Blanks),
    checker=st.none() | TOOLS,
    subtasks=SUBTASKS.map(tuple),
) | st.just(
    ProgramCases(cases=(ProgramCase(stdin="", expected="1"),), comparator="float", tolerance="0.1")
)


@st.composite
def function_tasks(draw: st.DrawFn) -> TaskSpec:
    name = draw(NAME)
    proxies = draw(st.sampled_from([(name,), (name, "other")]))
    setup = TEXT | st.just("")
    scripts = st.builds(CheckScript, setup=setup, script=SCRIPT, proxies=st.just(proxies))
    tests: Tests = draw(CALLS | scripts)
    task: TaskSpec = draw(
        st.builds(
            TaskSpec,
            shape=st.just(Shape.FUNCTION),
            entry_point=st.just(name),
            tests=st.just(tests),
            **META,
        )
    )
    return task


PROGRAM_TASKS = st.builds(
    TaskSpec,
    shape=st.just(Shape.PROGRAM),
    tests=PROGRAMS,
    language=st.sampled_from(["python", "rust"]),
    **META,
)
POOLS = st.lists(
    function_tasks() | PROGRAM_TASKS, min_size=1, max_size=3, unique_by=lambda t: t.source_id
)


@settings(max_examples=150, deadline=None)
@given(POOLS)
def test_reading_what_was_written_gives_the_same_tasks(tasks: list[TaskSpec]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        Native().write(tasks, Path(folder) / "pool")
        assert Native().read(Path(folder) / "pool") == tasks


@pytest.mark.parametrize("path", ["humaneval/HumanEval.jsonl.gz", "mbpp/mbpp_1_100.jsonl"])
def test_the_native_format_can_say_what_the_others_say(tmp_path: Path, path: str) -> None:
    tasks = registry.read(shared(path))
    Native().write(tasks, tmp_path / "pool")
    assert registry.read(tmp_path / "pool") == tasks


@pytest.mark.parametrize("name", ["hello", "oddecho", "different"])
def test_the_native_format_can_say_what_a_problem_package_says(tmp_path: Path, name: str) -> None:
    (task,) = registry.read(shared(f"problem-packages/{name}"))
    Native().write([task], tmp_path / "pool")
    (again,) = registry.read(tmp_path / "pool")
    nameless = tuple(replace(case, name="") for case in task.tests.cases)
    assert again == replace(task, tests=replace(task.tests, cases=nameless))


def test_an_interactor_is_written_too(tmp_path: Path) -> None:
    tool = Tool(language="python", files=(("talk.py", "exit(42)\n"),))
    tests = ProgramCases(cases=(ProgramCase(stdin="", expected=""),), interactor=tool)
    task = TaskSpec(source_id="x", shape=Shape.PROGRAM, statement="s", reference="r", tests=tests)
    Native().write([task], tmp_path / "pool")
    assert Native().read(tmp_path / "pool") == [task]


def test_nothing_is_written_over_or_half(tmp_path: Path) -> None:
    task = TaskSpec(
        source_id="x",
        shape=Shape.PROGRAM,
        statement="s",
        reference="r",
        tests=ProgramCases(cases=(ProgramCase(stdin="", expected=""),)),
    )
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").write_text("kept")
    with pytest.raises(BadInput, match="taken"):
        Native().write([task], tmp_path / "taken")
    with pytest.raises(BadInput, match="language"):
        Native().write([task, replace(task, language="cobol")], tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_control_characters_survive_the_manifest(tmp_path: Path) -> None:
    task = TaskSpec(
        source_id="x",
        shape=Shape.PROGRAM,
        statement="s",
        reference="r",
        author='\x7f\x00\u0085\\"\r\n',
        tests=ProgramCases(cases=(ProgramCase(stdin="", expected=""),)),
    )
    Native().write([task], tmp_path / "pool")
    assert Native().read(tmp_path / "pool") == [task]
