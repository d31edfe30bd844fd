"""Judge a function in any language but Python: build it with its shim, then ask it the cases.

``CallCases`` go to every language; test *code* (``CheckScript``) runs where an examiner of its
language exists, i.e. in JavaScript and TypeScript; tests of MultiPL-E that are no data run beside
the solution (``beside.py``, mitigated). Example: a C++ task is built once, and one box
(or one a case, with ``State.FRESH``) answers its calls.

A solution without the function is a compile error where a compiler meets it, and a runtime error
in JavaScript, TypeScript and bash.
"""

from __future__ import annotations

from collections.abc import Callable

from benchserver.core.errors import PlatformFault
from benchserver.core.task import CallCases, CheckScript, TaskSpec, UnitTests
from benchserver.core.verdict import Judgement
from benchserver.engines.judges.build import Built, NotCompiled, build, not_compiled
from benchserver.engines.judges.endings import without_starving
from benchserver.engines.judges.questions import put_cases
from benchserver.engines.judges.scripts import examine
from benchserver.engines.judges.shims import c, cpp, go, java, javascript, rust
from benchserver.engines.judges.shims.bash import judge_bash
from benchserver.engines.judges.shims.beside import FRAMEWORK, judge_beside
from benchserver.engines.judges.shims.wanted import Wanted, wanted_of
from benchserver.engines.sandbox.base import Sandbox

SCRIPTED = ("javascript", "typescript")
COMPOSERS: dict[str, Callable[[str, Wanted], dict[str, bytes]]] = {
    "c": c.compose,
    "cpp": cpp.compose,
    "go": go.compose,
    "java": java.compose,
    "rust": rust.compose,
}


def judge_shimmed(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement. Raises ``PlatformFault`` when the box, the host or the task itself failed."""
    tests = task.tests
    try:
        if isinstance(tests, CheckScript) and task.language in SCRIPTED:
            return _by_script(task, tests, code, sandbox)
        if isinstance(tests, CallCases):
            return _by_cases(task, tests, code, sandbox)
        if isinstance(tests, UnitTests) and tests.framework == FRAMEWORK:
            return judge_beside(task=task, tests=tests, code=code, sandbox=sandbox)
    except NotCompiled as problem:
        return not_compiled(problem, sandbox)
    raise PlatformFault("task_shape", f"a function task in {task.language} needs call cases")


def _by_script(task: TaskSpec, tests: CheckScript, code: str, sandbox: Sandbox) -> Judgement:
    built = javascript.candidate(task=task, code=code, sandbox=sandbox)
    box = built.request(limits=task.limits)
    examiner = javascript.examiner(task=task, tests=tests, sandbox=sandbox)
    return without_starving(
        lambda: examine(
            examiner=examiner,
            candidate=box,
            sandbox=sandbox,
            out_of_memory=built.language.out_of_memory,
        )
    )


def _by_cases(task: TaskSpec, tests: CallCases, code: str, sandbox: Sandbox) -> Judgement:
    wanted = wanted_of(task, tests)
    if task.language == "bash":
        return judge_bash(task=task, tests=tests, code=code, sandbox=sandbox)
    if task.language in SCRIPTED:
        built = javascript.candidate(task=task, code=code, sandbox=sandbox)
        box = built.request(limits=task.limits, arguments=javascript.FOR_JUDGE)
    else:
        built = _built(task.language, code, wanted, sandbox)
        box = built.request(limits=task.limits)
    out_of_memory = built.language.out_of_memory
    return put_cases(task=task, tests=tests, box=box, sandbox=sandbox, out_of_memory=out_of_memory)


def _built(language: str, code: str, wanted: Wanted, sandbox: Sandbox) -> Built:
    if language not in COMPOSERS:
        raise PlatformFault("language", f"no shim for {language}")
    files = COMPOSERS[language](code, wanted)
    return without_starving(lambda: build(language=language, files=files, sandbox=sandbox))
