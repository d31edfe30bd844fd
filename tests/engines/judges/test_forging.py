"""No forgery passes, in neither form of function task; every honest program does."""

from __future__ import annotations

import pytest

from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.forgeries import FORGERIES, HONEST
from tests.engines.judges.tasks import cases_task, program_task, script_task

SCRIPT = script_task(
    "answer_key = [4, 9, 100]\nassert f(2) == 4\nassert f(3) == 9\nassert f(10) == 100\n"
)
CASES = cases_task([([2], 4), ([3], 9), ([10], 100)])


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_passes_test_code(name: str, sandbox: Sandbox) -> None:
    found = judge(task=SCRIPT, code=FORGERIES[name], sandbox=sandbox)
    assert found.verdict in (Verdict.WRONG_ANSWER, Verdict.RUNTIME_ERROR, Verdict.COMPILE_ERROR)


@pytest.mark.parametrize("name", FORGERIES)
def test_no_forgery_passes_test_data(name: str, sandbox: Sandbox) -> None:
    found = judge(task=CASES, code=FORGERIES[name], sandbox=sandbox)
    assert found.verdict in (Verdict.WRONG_ANSWER, Verdict.RUNTIME_ERROR, Verdict.COMPILE_ERROR)


@pytest.mark.parametrize("name", HONEST)
def test_every_honest_program_passes(name: str, sandbox: Sandbox) -> None:
    assert judge(task=SCRIPT, code=HONEST[name], sandbox=sandbox).verdict is Verdict.PASSED
    assert judge(task=CASES, code=HONEST[name], sandbox=sandbox).verdict is Verdict.PASSED


@pytest.mark.parametrize(
    "code",
    [
        "import os\nos._exit(0)",
        "import sys\nprint('OK PASSED accepted 4')",
        "print(4)\nimport sys\nsys.exit(1)",
        "import os\nos.write(1, b'4\\0')",
        "import os\nos.write(1, b'4\\xff')",
        "import os\nos.write(3, b'4')",
        "print('4 4')",
        "import os, time\nif os.fork() == 0: print(4)\nelse: os.kill(os.getpid(), 9)",
    ],
)
def test_no_forgery_passes_a_program_task(code: str, sandbox: Sandbox) -> None:
    task = program_task(("2\n", "4\n"))
    assert not judge(task=task, code=code, sandbox=sandbox).passed
