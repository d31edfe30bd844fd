"""What a function's judgement says, and who is blamed for what."""

from __future__ import annotations

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Level, Sandbox
from tests.engines.judges.tasks import cases_task, script_task

SQUARE = script_task("assert f(2) == 4\nassert f(3) == 9\n")
SQUARE_DATA = cases_task([([2], 4), ([3], 9)])


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("def f(n): return n * n", Verdict.PASSED),
        ("def f(n): return n + n", Verdict.WRONG_ANSWER),
        ("def f(n): return n // 0", Verdict.RUNTIME_ERROR),
        ("def f(): return 4", Verdict.RUNTIME_ERROR),
        ("def g(n): return n * n", Verdict.RUNTIME_ERROR),
        ("import numpy_that_is_not_there", Verdict.RUNTIME_ERROR),
        ("def f(n) return n", Verdict.COMPILE_ERROR),
        ("def f(n): return '\ud800'", Verdict.COMPILE_ERROR),
        ("x = '\0'", Verdict.COMPILE_ERROR),
        ("", Verdict.NO_CODE),
        ("  \n\t", Verdict.NO_CODE),
        ("def f(n):\n    while True: pass", Verdict.TIME_LIMIT),
        ("while True: pass", Verdict.TIME_LIMIT),
        ("def f(n): return bytearray(b'x') * (1 << 30)", Verdict.MEMORY_LIMIT),
        ("def f(n): return f(n)", Verdict.RUNTIME_ERROR),
        ("import ctypes\ndef f(n): ctypes.string_at(0)", Verdict.RUNTIME_ERROR),
    ],
)
def test_both_forms_of_tests_give_the_same_verdict(
    code: str, verdict: Verdict, sandbox: Sandbox
) -> None:
    assert judge(task=SQUARE, code=code, sandbox=sandbox).verdict is verdict
    assert judge(task=SQUARE_DATA, code=code, sandbox=sandbox).verdict is verdict


def test_a_sleeper_runs_out_of_time(sandbox: Sandbox) -> None:
    code = "import time\ndef f(n): time.sleep(900)"
    assert judge(task=SQUARE, code=code, sandbox=sandbox).verdict is Verdict.TIME_LIMIT


def test_a_judgement_carries_its_measurements(sandbox: Sandbox) -> None:
    found = judge(task=SQUARE, code="def f(n): return n * n", sandbox=sandbox)
    assert found.wall_seconds > 0
    assert found.isolation == f"bubblewrap {sandbox.level.value}"
    if sandbox.level is Level.FULL:
        assert found.cpu_seconds > 0
        assert found.memory_bytes > 2**20


def test_the_detail_names_the_failing_line_but_not_its_text(sandbox: Sandbox) -> None:
    found = judge(task=SQUARE, code="def f(n): return 4", sandbox=sandbox)
    assert found.detail == "AssertionError line 2"
    found = judge(task=SQUARE_DATA, code="def f(n): return 4", sandbox=sandbox)
    assert found.detail == "case 1"


# -- what crosses the wall -------------------------------------------------------------------


def passed(script: str, code: str, sandbox: Sandbox, *, setup: str = "", names: str = "f") -> bool:
    task = script_task(script, setup=setup, proxies=tuple(names.split()))
    found: Judgement = judge(task=task, code=code, sandbox=sandbox)
    return found.passed


def test_changes_in_place_are_seen_by_the_tests(sandbox: Sandbox) -> None:
    script = """
a = [3, 1, 2]; inner = [9]; nested = {'k': inner, 'gone': 1}; s = {1}
f(a, nested, s)
assert a == [1, 2, 3] and inner == [9, 0] and nested == {'k': [9, 0], 'new': (1,)} and s == set()
assert nested['k'] is inner
"""
    code = """
def f(a, nested, s):
    a.sort(); nested['k'].append(0); del nested['gone']; nested['new'] = (1,); s.clear()
"""
    assert passed(script, code, sandbox)
    assert not passed(script, "def f(a, nested, s): pass", sandbox)


def test_exceptions_keep_their_builtin_class(sandbox: Sandbox) -> None:
    script = """
for n, kind in enumerate((ValueError, KeyError, ZeroDivisionError, LookupError)):
    try: f(n)
    except kind: pass
    else: assert False
try: f(9)
except Exception as error: assert type(error).__name__ == 'CandidateError'
"""
    code = """
class Mine(LookupError): pass
class Far(BaseException): pass
def f(n):
    if n == 0: raise ValueError('x')
    if n == 1: raise KeyError('x')
    if n == 2: return 1 / 0
    if n == 3: raise Mine
    raise SystemExit(0)
"""
    assert passed(script, code, sandbox)


def test_helpers_of_the_prompt_come_from_the_trusted_side(sandbox: Sandbox) -> None:
    setup = "def double(n):\n    return 2 * n\n\ndef f(n):\n    '''Four times n.'''\n"
    script = "assert f(3) == double(double(3))\n"
    lying = "def double(n): return 0\ndef f(n): return 0\n"
    assert not passed(script, lying, sandbox, setup=setup)
    assert passed(script, "def f(n): return 4 * n", sandbox, setup=setup)


def test_a_prompt_may_end_in_the_head_of_a_function(sandbox: Sandbox) -> None:
    assert passed("assert f() == 1", "def f(): return 1", sandbox, setup="def f():\n")


def test_keyword_and_default_arguments_cross(sandbox: Sandbox) -> None:
    script = "assert f(1, b=(2, 3)) == [1, (2, 3), None]\n"
    assert passed(script, "def f(a, b, c=None): return [a, b, c]", sandbox)


def test_classes_can_be_made_used_and_handed_back(sandbox: Sandbox) -> None:
    script = """
root = Node(1); root.left = Node(2)
assert root.left.value == 2 and root.total() == 3 and total(root) == 3
assert len(root) == 2 and [v for v in root] == [1, 2] and str(root) == 'N1'
root[0] = 5
assert root[0] == 5 and root.left is root.left and root != Node(1)
"""
    code = """
class Node:
    def __init__(self, value): self.value, self.left = value, None
    def total(self): return self.value + (self.left.total() if self.left else 0)
    def __len__(self): return 2
    def __iter__(self): yield from (1, 2)
    def __str__(self): return 'N1'
    def __getitem__(self, key): return self.value
    def __setitem__(self, key, value): self.value = value
def total(node): return node.total()
"""
    assert passed(script, code, sandbox, names="Node total")


def test_an_object_of_the_candidate_never_decides_a_comparison(sandbox: Sandbox) -> None:
    code = """
class Yes:
    def __getattr__(self, name): return lambda *a, **k: True
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __contains__(self, other): return True
    def __len__(self): return 4
    def __iter__(self): return iter(())
def f(n): return Yes()
"""
    for script in (
        "assert f(2) == 4",
        "assert 4 in f(2)",
        "assert f(2) < 5",
        "assert not f(2) != 4",
    ):
        assert not passed(script + "\n", code, sandbox)


# -- who is blamed ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("setup", "script"),
    [
        ("1 / 0", "assert f(2) == 4"),
        ("", "assert True"),
        ("", "assert f(lambda: 1) == 4"),
    ],
)
def test_a_task_that_cannot_be_judged_is_our_fault(
    setup: str, script: str, sandbox: Sandbox
) -> None:
    with pytest.raises(PlatformFault, match="tests_"):
        judge(task=script_task(script, setup=setup), code="def f(n): return n * n", sandbox=sandbox)


def test_an_answer_that_overwhelms_the_tests_is_wrong(sandbox: Sandbox) -> None:
    script = "assert len(list(range(f(2)))) == 4\n"
    found = judge(task=script_task(script), code="def f(n): return 10 ** 12", sandbox=sandbox)
    assert found.verdict is Verdict.WRONG_ANSWER


class _Starved:
    """A sandbox on a host that is too busy for the first ``times`` boxes."""

    name, level = "starved", Level.FULL

    def __init__(self, real: Sandbox, times: int) -> None:
        self._real, self._left = real, times

    def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
        return self._real.run(request, stdin=stdin)

    def run_pair(
        self, *, examiner: BoxRequest, candidate: BoxRequest
    ) -> tuple[BoxResult, BoxResult]:
        if self._left:
            self._left -= 1
            result = BoxResult(
                ending=Ending.STARVED,
                exit_code=0,
                stdout=b"",
                stderr=b"",
                cpu_seconds=0,
                wall_seconds=0,
                memory_bytes=0,
            )
            return result, result
        return self._real.run_pair(examiner=examiner, candidate=candidate)


def test_a_busy_host_is_tried_again_and_never_the_models_zero(sandbox: Sandbox) -> None:
    code = "def f(n): return n * n"
    patient = judge(task=SQUARE, code=code, sandbox=_Starved(sandbox, 2))  # type: ignore[arg-type]
    assert patient.passed
    with pytest.raises(PlatformFault, match="starved"):
        judge(task=SQUARE, code=code, sandbox=_Starved(sandbox, 3))  # type: ignore[arg-type]


def test_data_is_compared_by_kind_and_within_tolerance(sandbox: Sandbox) -> None:
    third = cases_task([([3], {"$float": "0.333333"})], tolerance="1e-5")
    assert judge(task=third, code="def f(n): return 1 / n", sandbox=sandbox).passed
    pair = cases_task([([3], {"$tuple": [3, 3]})])
    assert judge(task=pair, code="def f(n): return (n, n)", sandbox=sandbox).passed
    assert not judge(task=pair, code="def f(n): return [n, n]", sandbox=sandbox).passed


def test_an_answer_far_longer_than_the_right_one_is_not_even_read(sandbox: Sandbox) -> None:
    code = "def f(n): return 'x' * 10_000_000"
    assert judge(task=SQUARE_DATA, code=code, sandbox=sandbox).verdict is Verdict.WRONG_ANSWER
