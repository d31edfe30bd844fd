"""Programs of a task's author: built once, told only data, believed only by exit status."""

from __future__ import annotations

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.core.task import ProgramCase, Tool
from benchserver.engines.judges.tools import answer_of, tool_box
from benchserver.engines.sandbox.base import BoxResult, Ending, Sandbox
from tests.engines.judges.needs import needs

CASE = ProgramCase(stdin="3\n", expected="6\n")


def result(ending: Ending, code: int = 0) -> BoxResult:
    return BoxResult(
        ending=ending,
        exit_code=code,
        stdout=b"42",
        stderr=b"",
        cpu_seconds=0,
        wall_seconds=0,
        memory_bytes=0,
    )


@pytest.mark.parametrize(
    ("ending", "code", "said"),
    [
        (Ending.EXITED, 42, True),
        (Ending.EXITED, 43, False),
        (Ending.EXITED, 0, None),
        (Ending.SIGNALLED, 42, None),
        (Ending.CPU_LIMIT, 42, None),
    ],
)
def test_only_an_exit_by_itself_with_42_or_43_is_an_answer(
    ending: Ending, code: int, said: bool | None
) -> None:
    assert answer_of(result(ending, code)) is said


def test_a_starved_tool_is_run_again_not_judged() -> None:
    with pytest.raises(PlatformFault, match="starved"):
        answer_of(result(Ending.STARVED))


def test_a_tool_gets_the_case_as_files_its_flags_and_its_own_modules(sandbox: Sandbox) -> None:
    main = """
import sys, helper
given, answer, feedback, *flags = sys.argv[1:]
open(feedback + "judgemessage.txt", "w").write("seen")
assert (open(given).read(), open(answer).read(), flags) == ("3\\n", "6\\n", ["-x", "1"])
exit(helper.RIGHT)
"""
    tool = Tool(
        language="python",
        files=(("validate.py", main), ("helper.py", "RIGHT = 42\n")),
        arguments=("-x", "1"),
    )
    assert answer_of(sandbox.run(tool_box(tool, CASE, sandbox))) is True


def test_a_tool_is_compiled_once_for_all_judgements(sandbox: Sandbox) -> None:
    needs("cpp", sandbox)
    source = "#include <cstdlib>\nint main() { return 43; }\n"
    tool = Tool(language="cpp", files=(("check.cc", source),))
    first, second = (tool_box(tool, CASE, sandbox) for _ in range(2))
    assert first.files["main"] is second.files["main"]


def test_a_tool_that_does_not_build_is_our_fault(sandbox: Sandbox) -> None:
    needs("cpp", sandbox)
    for tool in (
        Tool(language="cpp", files=(("check.cc", "int main( {"),)),
        Tool(language="perl", files=(("check.pl", ""),)),
    ):
        with pytest.raises(PlatformFault, match="tool"):
            tool_box(tool, CASE, sandbox)
