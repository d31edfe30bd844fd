"""The prompt is one fixed text per task, and says nothing that would betray the benchmark."""

from __future__ import annotations

import gzip
import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.prompting import TEMPLATE_VERSION, fenced, language_name, prompt
from benchserver.core.task import (
    CheckScript,
    ProgramCases,
    PromptSpec,
    Shape,
    TaskSpec,
    prompt_of,
)
from tests.shared_data import shared

COMPLETION = '''Complete the following Python code so that it does what its description says.

```python
def double(x: int) -> int:
    """Twice x."""
```

Reply with one Markdown code block that holds self-contained Python code: the code above, \
completed, together with every import and helper it needs. Do not read input, print anything or \
add tests.
'''

PROSE = """Write the JavaScript function `double` that solves the following task.

Give twice x.

Reply with one Markdown code block that holds self-contained JavaScript code: every import and \
helper it needs. Do not read input, print anything or add tests.
"""

PROSE_WITH_CODE = """Write the Python function `double` that solves the following task.

Give twice x.

Start from this code:

```python
def double(x):
```

Reply with one Markdown code block that holds self-contained Python code: the code above, \
completed, together with every import and helper it needs. Do not read input, print anything or \
add tests.
"""

PROGRAM = """Write a complete C++ program that solves the following problem. It reads its input \
from standard input and writes its answer to standard output.

Print the sum of two numbers.

Reply with one Markdown code block that holds the whole C++ program. Print only the answer: no \
prompts, labels or extra text.
"""

EXERCISE = """Write the Rust code that solves the following task.

Give twice x.

Reply with one Markdown code block that holds the whole Rust file. Use only the standard library \
and do not add tests.
"""

FILES = """Write the C++ code that solves the following task.

Give twice x.

Reply with one Markdown code block for each of these files: `a.cpp`, `a.h`. Each block holds the \
whole file; write the file's path on a line of its own above the block. Use only the standard \
library and do not add tests.
"""


def spec(
    *,
    shape: Shape = Shape.FUNCTION,
    language: str = "python",
    statement: str = "Give twice x.",
    prompt_code: str = "",
    entry_point: str = "double",
) -> PromptSpec:
    return PromptSpec(
        shape=shape,
        language=language,
        statement=statement,
        prompt_code=prompt_code,
        entry_point=entry_point,
    )


def test_the_template_is_version_1_to_the_letter() -> None:
    assert TEMPLATE_VERSION == "1"
    code = 'def double(x: int) -> int:\n    """Twice x."""\n'
    assert prompt(spec(statement=code, prompt_code=code)) == COMPLETION
    assert prompt(spec(language="javascript")) == PROSE
    assert prompt(spec(prompt_code="def double(x):\n")) == PROSE_WITH_CODE
    program = spec(shape=Shape.PROGRAM, language="cpp", statement="Print the sum of two numbers.\n")
    assert prompt(program) == PROGRAM


def test_an_exercise_says_which_files_to_write() -> None:
    one = spec(shape=Shape.UNITTESTS, language="rust", entry_point="")
    assert prompt(one) == EXERCISE
    two = spec(shape=Shape.UNITTESTS, language="cpp", entry_point="")
    assert prompt(replace(two, solution_files=("a.cpp", "a.h"))) == FILES


def test_code_that_stands_in_the_statement_is_not_shown_twice() -> None:
    text = prompt(
        spec(statement="Finish this:\n\ndef double(x):\n", prompt_code="def double(x):\n")
    )
    assert text.count("def double(x):") == 1


def test_nothing_but_the_task_itself_reaches_the_prompt() -> None:
    task = TaskSpec(
        source_id="SecretBench/7",
        shape=Shape.FUNCTION,
        statement="Give twice x.",
        tests=CheckScript(setup="", script="assert double(2) == 4", proxies=("double",)),
        reference="def double(x): return 2 * x",
        entry_point="double",
        canary="canary-4711",
        family="doubling",
        author="someone",
    )
    text = prompt(prompt_of(task))
    for hidden in ("SecretBench", "canary", "4711", "assert", "2 * x", "doubling", "someone"):
        assert hidden not in text
    assert "bench" not in text.lower()


def test_no_tests_of_a_program_task_reach_the_prompt() -> None:
    task = TaskSpec(
        source_id="sum",
        shape=Shape.PROGRAM,
        statement="Print the sum.",
        tests=ProgramCases(cases=()),
        reference="print(input())",
    )
    assert "print(input())" not in prompt(prompt_of(task))


@given(st.text(), st.text(), st.text(max_size=20), st.sampled_from(list(Shape)))
def test_equal_tasks_give_equal_prompts_that_hold_the_statement(
    statement: str, code: str, entry_point: str, shape: Shape
) -> None:
    one = spec(shape=shape, statement=statement, prompt_code=code, entry_point=entry_point)
    two = spec(shape=shape, statement=statement, prompt_code=code, entry_point=entry_point)
    assert prompt(one) == prompt(two)
    assert statement.strip("\n") in prompt(one) or statement.strip() == code.strip()


@given(st.text(alphabet="`ab\n "))
def test_a_fence_is_longer_than_any_run_of_backticks_inside(code: str) -> None:
    ticks = fenced(code, "python").rsplit("\n", 1)[1]
    assert set(ticks) == {"`"}
    assert len(ticks) >= 3
    assert ticks not in code


def test_humaneval_prompts_are_all_different_and_hold_their_code() -> None:
    with gzip.open(shared("humaneval/HumanEval.jsonl.gz"), "rt") as lines:
        tasks = [json.loads(line) for line in lines]
    prompts = [
        prompt(spec(statement=t["prompt"], prompt_code=t["prompt"], entry_point=t["entry_point"]))
        for t in tasks
    ]
    assert len(set(prompts)) == 164
    assert all(t["prompt"].strip("\n") in p for t, p in zip(tasks, prompts, strict=True))
    assert not any("HumanEval" in p for p in prompts)


def test_languages_are_written_as_people_write_them() -> None:
    names = [language_name(x) for x in ("python", "cpp", "javascript", "kotlin", "rs")]
    assert names == ["Python", "C++", "JavaScript", "Kotlin", "Rust"]
