"""Interactive programs: the author's interactor talks to the candidate, each in a box of its own.

Pipes join the two: what one writes to stdout the other reads from stdin. The verdict is the
interactor's exit status as the supervisor saw it; the candidate must also end by itself. Only the
candidate's own CPU time counts, and two that wait for each other are the candidate's time limit.
Example: a guessing game whose interactor answers "higher", and exits with 42 at the right guess.
"""

from __future__ import annotations

from dataclasses import replace

from benchserver.core.errors import PlatformFault
from benchserver.core.task import ProgramCase, TaskSpec, Tool
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.build import Built, NotCompiled, build_solution
from benchserver.engines.judges.endings import judgement, limit_verdict
from benchserver.engines.judges.tools import answer_of, tool_box
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox

_JOINED = 'exec "$@" <&3 >&4 3<&- 4>&-'

# An interactor that is content waits until the candidate has ended, whose end counts too.
_LEADING = """\
"$@" <&3 >&4 3<&- 4>&-
code=$?
exec 4>&-
[ $code = 42 ] && cat <&3 >/dev/null
exit $code
"""

_PYTHON_JOINED = b"""\
import os, sys
def joined():
    os.dup2(3, 0)
    os.dup2(4, 1)
    os.close(3)
    os.close(4)
    sys.argv = sys.argv[1:]
    with open(sys.argv[0], "rb") as file:
        return compile(file.read(), sys.argv[0], "exec", dont_inherit=True)
exec(joined(), sys.modules["__main__"].__dict__)
"""

_PYTHON_LEADING = b"""\
import os, sys
child = os.fork()
if child == 0:
    with open("/box/joined.py", "rb") as file:
        exec(compile(file.read(), "joined.py", "exec"), sys.modules["__main__"].__dict__)
    sys.exit()
os.close(4)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
while code == 42 and os.read(3, 65536):
    pass
os._exit(code if code >= 0 else 128 - code)
"""


def converse(
    *, task: TaskSpec, tool: Tool, case: ProgramCase, built: Built, sandbox: Sandbox
) -> Judgement:
    """The judgement of one case. Raises ``PlatformFault`` when interactor, box or host failed."""
    talk, result = _talk(task, tool, case, built, sandbox)
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the boxes")
    verdict, detail = _verdict(talk, result, built)
    if verdict is None:
        _refuse_broken(task, tool, case, sandbox)
        verdict, detail = Verdict.WRONG_ANSWER, "the interactor broke"
    return judgement(verdict, result, sandbox, detail=detail)


def _talk(
    task: TaskSpec, tool: Tool, case: ProgramCase, built: Built, sandbox: Sandbox
) -> tuple[BoxResult, BoxResult]:
    return sandbox.run_pair(
        examiner=_leading(tool_box(tool, case, sandbox)),
        candidate=_joined(built.request(limits=task.limits)),
    )


def _verdict(talk: BoxResult, result: BoxResult, built: Built) -> tuple[Verdict | None, str]:
    """None: the interactor said nothing. A candidate that it dismissed was stopped by us."""
    if limit_verdict(result):
        return limit_verdict(result), result.ending.value
    said = answer_of(talk)
    failed = built.failure(result)
    if failed and (said or result.ending is Ending.EXITED):
        return failed
    if said is None:
        return None, ""
    return (Verdict.PASSED, "") if said else (Verdict.WRONG_ANSWER, "")


def _refuse_broken(task: TaskSpec, tool: Tool, case: ProgramCase, sandbox: Sandbox) -> None:
    """An interactor that cannot even judge the reference is ours. Raises ``PlatformFault``."""
    try:
        reference = build_solution(task=task, code=task.reference, sandbox=sandbox)
        talk, _ = _talk(task, tool, case, reference, sandbox)
    except NotCompiled:
        raise PlatformFault("interactor", "the reference does not build") from None
    if answer_of(talk) is None:
        raise PlatformFault("interactor", "it cannot judge the reference")


def _joined(request: BoxRequest) -> BoxRequest:
    """The same program with stdin and stdout on the pipes (descriptors 3 and 4)."""
    if request.argv[0] == "python3":
        return _python(request, "joined.py", {"joined.py": _PYTHON_JOINED})
    return replace(request, argv=("/bin/sh", "-c", _JOINED, "sh", *request.argv))


def _leading(request: BoxRequest) -> BoxRequest:
    if request.argv[0] == "python3":
        ours = {"joined.py": _PYTHON_JOINED, "leading.py": _PYTHON_LEADING}
        return _python(request, "leading.py", ours)
    return replace(request, argv=("/bin/sh", "-c", _LEADING, "sh", *request.argv))


def _python(request: BoxRequest, name: str, ours: dict[str, bytes]) -> BoxRequest:
    """Our program in the box starts the other one: the engine alone knows where its Python lies."""
    at = next(i for i, word in enumerate(request.argv) if word.startswith("/box/"))
    argv = (*request.argv[:at], f"/box/{name}", *request.argv[at:])
    return replace(request, argv=argv, files={**request.files, **ours})
