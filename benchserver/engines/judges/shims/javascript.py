"""JavaScript and TypeScript: candidate and examiner are our scripts, run by node.

A solution in TypeScript is checked and emitted in the compile box, then runs as JavaScript. Test
code in either language runs in a box of its own (``examiner.js``) against stubs. Example:
``assert.deepEqual(f(2), 4)`` asks the other box for ``f(2)`` and compares the 4 there.
"""

from __future__ import annotations

from benchserver.core.errors import PlatformFault
from benchserver.core.task import CheckScript, Limits, TaskSpec
from benchserver.engines.judges.build import Built, NotCompiled, build, build_solution
from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.frames import frame
from benchserver.engines.judges.shims.wanted import shim
from benchserver.engines.sandbox.base import BoxRequest, Sandbox

FOR_JUDGE = ("cases",)  # the other side knows no undefined
_EXAMINER_MEMORY = 512 * 2**20


def candidate(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Built:
    """The candidate's box. Raises ``NotCompiled`` and ``PlatformFault``."""
    solution = code_bytes(code)
    if task.language == "typescript":
        solution = _emitted(build_solution(task=task, code=code, sandbox=sandbox))
    return _node(
        sandbox, {"main.js": shim("javascript/candidate.js").encode(), "solution.js": solution}
    )


def examiner(*, task: TaskSpec, tests: CheckScript, sandbox: Sandbox) -> BoxRequest:
    """The box that runs the tests. Raises ``PlatformFault``, also when they do not compile."""
    texts = {"setup": tests.setup, "script": tests.script}
    if task.language == "typescript":
        texts = {name: _emitted_test(text, sandbox) for name, text in texts.items()}
    spec = {**texts, "proxies": list(tests.proxies)}
    files = {"main.js": shim("javascript/examiner.js").encode(), "spec": frame(spec)}
    cpu = 2 * task.limits.cpu_milliseconds + 5000
    limits = Limits(cpu_milliseconds=cpu, memory_bytes=_EXAMINER_MEMORY)
    return _node(sandbox, files).request(limits=limits)


def _node(sandbox: Sandbox, files: dict[str, bytes]) -> Built:
    own = {"wire.js": shim("javascript/wire.js").encode()}
    return build(language="javascript", files={**files, **own}, sandbox=sandbox)


def _emitted(built: Built) -> bytes:
    return built.files["main.js"]


def _emitted_test(text: str, sandbox: Sandbox) -> str:
    if not text.strip():
        return text
    try:
        built = build(language="typescript", files={"main.ts": text.encode()}, sandbox=sandbox)
    except NotCompiled:
        raise PlatformFault("tests_setup", "the tests do not compile") from None
    return _emitted(built).decode()
