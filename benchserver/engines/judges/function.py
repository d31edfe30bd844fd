"""Judge functions: the candidate answers calls in one box, the comparison happens outside it.

Two forms of tests. A ``CheckScript`` is test *code*: it runs in an examiner's box of its own and
calls the candidate over a pipe. ``CallCases`` are data: this judge feeds the inputs itself, in
random order, and compares. Example: a candidate whose ``__eq__`` always says yes fails, because
only its plain data crosses and the comparison never meets its objects.
"""

from __future__ import annotations

from benchserver.core.errors import PlatformFault
from benchserver.core.task import CallCases, CheckScript, TaskSpec
from benchserver.core.verdict import Judgement
from benchserver.engines.judges import frames
from benchserver.engines.judges.compose import box_program, code_bytes
from benchserver.engines.judges.endings import without_starving
from benchserver.engines.judges.questions import put_cases
from benchserver.engines.judges.scripts import examine
from benchserver.engines.judges.shims.judge import judge_shimmed
from benchserver.engines.sandbox.base import BoxRequest, Sandbox

_BACKSTOP = 6  # wall seconds per CPU second of limit, and a start: only for a stuck host
_START_SECONDS = 30.0
_EXAMINER_MEMORY = 512 * 2**20


def judge_function(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement. Raises ``PlatformFault`` when the box, the host or the task itself failed."""
    if task.language != "python":
        return judge_shimmed(task=task, code=code, sandbox=sandbox)
    tests = task.tests
    if isinstance(tests, CheckScript):
        examiner, candidate = (
            _examiner_box(task, tests, sandbox),
            _candidate_box(task, code, sandbox),
        )
        return without_starving(
            lambda: examine(examiner=examiner, candidate=candidate, sandbox=sandbox)
        )
    if isinstance(tests, CallCases):
        box = _candidate_box(task, code, sandbox)
        return put_cases(task=task, tests=tests, box=box, sandbox=sandbox)
    raise PlatformFault("task_shape", "a function task needs a check script or call cases")


def _candidate_box(task: TaskSpec, code: str, sandbox: Sandbox) -> BoxRequest:
    limits = task.limits
    cpu = limits.cpu_milliseconds / 1000
    return BoxRequest(
        argv=("python3", "-I", "-S", "/box/candidate.pyc"),
        files={
            "candidate.pyc": box_program("candidate", sandbox),
            "solution.py": code_bytes(code),
        },
        cpu_seconds=cpu,
        wall_seconds=_BACKSTOP * cpu + _START_SECONDS,
        memory_bytes=limits.memory_bytes,
        output_bytes=limits.output_bytes,
    )


def _examiner_box(task: TaskSpec, tests: CheckScript, sandbox: Sandbox) -> BoxRequest:
    cpu = task.limits.cpu_milliseconds / 1000
    spec = {"setup": tests.setup, "script": tests.script, "proxies": list(tests.proxies)}
    return BoxRequest(
        argv=("python3", "-I", "-S", "/box/examiner.pyc"),
        files={"examiner.pyc": box_program("examiner", sandbox), "spec": frames.frame(spec)},
        cpu_seconds=2 * cpu + 5,
        wall_seconds=_BACKSTOP * cpu + _START_SECONDS,
        memory_bytes=_EXAMINER_MEMORY,
    )
