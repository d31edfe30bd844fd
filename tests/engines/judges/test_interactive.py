"""Interactive programs: two boxes talk, the interactor decides, nobody waits for ever."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.core.task import Limits, TaskSpec, Tool
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.needs import needs
from tests.engines.judges.tasks import program_task

LIMITS = Limits(cpu_milliseconds=800, memory_bytes=96 * 2**20)
GUESSED = """
import sys
number = int(open(sys.argv[1]).read())
for _ in range(8):
    guess = int(input())
    if guess == number:
        exit(42)
    print("higher" if guess < number else "lower", flush=True)
exit(43)
"""
SEARCH = """
low, high = 1, 100
while True:
    middle = (low + high) // 2
    print(middle, flush=True)
    answer = input()
    if answer == "higher":
        low = middle + 1
    else:
        high = middle - 1
"""
POLITE = SEARCH.replace(
    "answer = input()", "answer = next(sys.stdin, '').strip()\n    if not answer: exit()"
)
POLITE = "import sys\n" + POLITE
IN_CPP = """
#include <iostream>
#include <string>
int main() {
    int low = 1, high = 100;
    std::string answer;
    while (true) {
        int middle = (low + high) / 2;
        std::cout << middle << std::endl;
        if (!(std::cin >> answer)) return 0;
        if (answer == "higher") low = middle + 1; else high = middle - 1;
    }
}
"""
CPP_INTERACTOR = """
#include <fstream>
#include <iostream>
int main(int argc, char** argv) {
    std::ifstream in(argv[1]);
    int number, guess;
    in >> number;
    for (int i = 0; i < 8; i++) {
        if (!(std::cin >> guess)) return 43;
        if (guess == number) return 42;
        std::cout << (guess < number ? "higher" : "lower") << std::endl;
    }
    return 43;
}
"""


def guessing(
    source: str = GUESSED, *, language: str = "python", reference: str = POLITE
) -> TaskSpec:
    task = program_task(("37\n", ""))
    tool = Tool(language=language, files=((f"talk.{'cc' if language == 'cpp' else 'py'}", source),))
    tests = replace(task.tests, interactor=tool)
    return replace(task, tests=tests, limits=LIMITS, reference=reference)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (POLITE, Verdict.PASSED),
        (SEARCH, Verdict.RUNTIME_ERROR),  # it reads on when the talk is over, and crashes
        ("for n in range(1, 9): print(n, flush=True); input()", Verdict.WRONG_ANSWER),
        ("print(1, flush=True); exit()", Verdict.WRONG_ANSWER),
        ("print(37", Verdict.COMPILE_ERROR),
        ("import os; os._exit(42)", Verdict.RUNTIME_ERROR),
        ("while True: pass", Verdict.TIME_LIMIT),
        ("input()", Verdict.TIME_LIMIT),  # both wait for the other
        ("print(37, flush=True)\nimport time\ntime.sleep(99)", Verdict.TIME_LIMIT),
        (
            "x = [bytes(2 ** 20) + bytes([n % 7]) * 2 ** 20 for n in range(99)]",
            Verdict.MEMORY_LIMIT,
        ),
    ],
)
def test_verdicts(code: str, verdict: Verdict, sandbox: Sandbox) -> None:
    assert judge(task=guessing(), code=code, sandbox=sandbox).verdict is verdict


@pytest.mark.parametrize("language", ["python", "cpp"])
@pytest.mark.parametrize("interactor", [("python", GUESSED), ("cpp", CPP_INTERACTOR)])
def test_both_sides_may_be_in_any_language(
    language: str, interactor: tuple[str, str], sandbox: Sandbox
) -> None:
    needs("cpp", sandbox)
    task = replace(guessing(interactor[1], language=interactor[0]), language=language)
    code = IN_CPP if language == "cpp" else POLITE
    assert judge(task=task, code=code, sandbox=sandbox).passed


def test_the_time_of_the_interactor_is_not_the_candidates(sandbox: Sandbox) -> None:
    slow = GUESSED.replace("guess = int(input())", "guess = int(input()); sum(range(10 ** 7))")
    found = judge(task=guessing(slow), code=POLITE, sandbox=sandbox)
    assert found.passed
    assert found.cpu_seconds < 0.5


def test_the_interactor_and_its_secret_are_not_in_the_candidates_box(sandbox: Sandbox) -> None:
    code = """
import os
for folder, _, names in [*os.walk("/box"), *os.walk("/tmp")]:
    for name in names:
        text = open(os.path.join(folder, name), errors="replace").read()
        if text == "37\\n":
            print(37, flush=True)
print(1, flush=True)
"""
    assert judge(task=guessing(), code=code, sandbox=sandbox).verdict is Verdict.WRONG_ANSWER


def test_output_that_breaks_the_interactor_is_wrong(sandbox: Sandbox) -> None:
    found = judge(task=guessing(), code="print('x', flush=True)", sandbox=sandbox)
    assert (found.verdict, found.detail) == (Verdict.WRONG_ANSWER, "the interactor broke case 0")


def test_an_interactor_that_cannot_judge_the_reference_is_our_fault(sandbox: Sandbox) -> None:
    with pytest.raises(PlatformFault, match="interactor"):
        judge(task=guessing("exit(0)"), code=POLITE, sandbox=sandbox)
