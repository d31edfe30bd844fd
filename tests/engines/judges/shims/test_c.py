"""Functions in C are called by the head that their task declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.core.task import TaskSpec
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.judges.shims.c import compose
from benchserver.engines.judges.shims.wanted import Wanted
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.taskformats.native import Native
from tests.engines.judges.shims.c_tasks import TASKS
from tests.engines.judges.shims.tasks import cases
from tests.engines.languages.needed import require
from tests.engines.taskformats.native.pools import only_fault, read_one


def files_of(name: str) -> dict[str, str]:
    head, calls, solution, _ = TASKS[name]
    manifest = f'id = "{name}"\nshape = "function"\nlanguage = "c"\nentry_point = "{name}"\n'
    return {
        "task.toml": f'{manifest}signature = "{head}"\nstate = "fresh"\n',
        "statement.md": f"Write {name}.\n",
        "reference.c": solution,
        "tests/cases.jsonl": calls,
    }


@pytest.mark.parametrize("name", TASKS)
def test_a_native_task_passes_its_reference_and_fails_a_mutant(
    name: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    require("c", sandbox)
    task = read_one(tmp_path, files_of(name))
    right, wrong = TASKS[name][3]
    assert judge(task=task, code=task.reference, sandbox=sandbox).verdict is Verdict.PASSED
    mutant = task.reference.replace(right, wrong)
    assert judge(task=task, code=mutant, sandbox=sandbox).verdict is Verdict.WRONG_ANSWER


def test_a_native_task_with_head_and_state_survives_writing(tmp_path: Path) -> None:
    task = read_one(tmp_path / "one", files_of("gcd"))
    Native().write([task], tmp_path / "two")
    assert Native().read(tmp_path / "two") == [task]


def test_a_native_task_in_c_needs_a_head(tmp_path: Path) -> None:
    files = files_of("gcd")
    files["task.toml"] = files["task.toml"].replace("signature", "#")
    assert "head" in only_fault(tmp_path, files).problem


SQUARE = cases("c", ([2], 4), ([3], 9), signature="int f(int n)")


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("int f(int n) { return n * n; }", Verdict.PASSED),
        ("#define int long\nint f(int n) { return n * n; }", Verdict.COMPILE_ERROR),
        ("double f(int n) { return n * n; }", Verdict.COMPILE_ERROR),
        ("int g(int n) { return n * n; }", Verdict.COMPILE_ERROR),
        ("int f(int n) { return n * n }", Verdict.COMPILE_ERROR),
        ("#include <stdlib.h>\nint f(int n) { exit(0); }", Verdict.RUNTIME_ERROR),
        ("#include <stdlib.h>\nint f(int n) { abort(); }", Verdict.RUNTIME_ERROR),
        ("int f(int n) { return *(volatile int *)0; }", Verdict.RUNTIME_ERROR),
        ("int f(int n) { for (;;); }", Verdict.TIME_LIMIT),
        (
            "#include <stdlib.h>\n#include <string.h>\n"
            "int f(int n) { for (;;) memset(malloc(1 << 20), 1, 1 << 20); }",
            Verdict.MEMORY_LIMIT,
        ),
    ],
)
def test_a_verdict_says_what_happened(code: str, verdict: Verdict, sandbox: Sandbox) -> None:
    require("c", sandbox)
    assert judge(task=SQUARE, code=code, sandbox=sandbox).verdict is verdict


@pytest.mark.parametrize(
    "head",
    [
        "",
        "int g(int n)",
        "int f(struct x n)",
        "int f(int *values)",
        "int *f(int n)",
        "int f(int ***n, size_t m)",
        "int f(int a, int b)",
        'int f(int n) { return 4; } //"',
    ],
)
def test_a_head_that_cannot_be_called_is_the_tasks_fault(head: str) -> None:
    with pytest.raises(PlatformFault):
        compose("", Wanted(entry_point="f", arity=1, signature=head))


@pytest.mark.parametrize(
    "task", [cases("cpp", ([1], 1), ([1, 2], 1)), cases("go", ([1], 1), name="a b")]
)
def test_cases_that_nobody_could_answer_are_the_tasks_fault(
    task: TaskSpec, sandbox: Sandbox
) -> None:
    with pytest.raises(PlatformFault, match="task_shape"):
        judge(task=task, code="x", sandbox=sandbox)
