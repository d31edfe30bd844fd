"""From sources to what a run box gets: the compile step in a box of its own, once per submission.

Only the artefact's bytes leave the compile box, by its stdout; compiler messages are dropped. A
source that is bad, or that makes its compiler hit a limit, is the model's (``NotCompiled``); a
missing compiler is ours. Example: ``build(language="cpp", files=..., sandbox=box).request(...)``
is the box of one run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from benchserver.core.errors import BadInput, PlatformFault
from benchserver.core.solution import split
from benchserver.core.task import Limits, TaskSpec
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.endings import judgement, limit_verdict, without_starving
from benchserver.engines.languages.base import (
    NO_TOOLCHAIN,
    NOT_COMPILED,
    SYNTAX_MARK,
    Compile,
    Language,
)
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox

_BACKSTOP = 6
_START_SECONDS = 30.0
_MEBIBYTE = 2**20
_NOTHING_RAN = BoxResult(
    ending=Ending.EXITED,
    exit_code=1,
    stdout=b"",
    stderr=b"",
    cpu_seconds=0.0,
    wall_seconds=0.0,
    memory_bytes=0,
)
_WORKING: WeakKeyDictionary[Sandbox, set[str]] = WeakKeyDictionary()  # compilers that have built


class NotCompiled(Exception):
    """The model's sources do not build. ``result``: how the compile box ended."""

    def __init__(self, result: BoxResult) -> None:
        self.result = result
        super().__init__("the sources do not build")


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """``files``: everything the run box needs, by inner path; ``executables`` among them."""

    language: Language
    files: Mapping[str, bytes]
    executables: frozenset[str] = frozenset()

    def request(
        self,
        *,
        limits: Limits,
        arguments: tuple[str, ...] = (),
        files: Mapping[str, bytes] | None = None,
    ) -> BoxRequest:
        """One fresh run box within a task's ``limits``; the runtime's own need is added."""
        run = self.language.run
        mebibytes = str(max(1, limits.memory_bytes // _MEBIBYTE))
        cpu = limits.cpu_milliseconds / 1000
        return BoxRequest(
            argv=(*(_filled(word, mebibytes) for word in run.argv), *arguments),
            files={**self.files, **(files or {})},
            executables=self.executables,
            environment={k: _filled(v, mebibytes) for k, v in run.environment.items()},
            toolchain=self.language.name,
            address_bytes=run.address_bytes,
            cpu_seconds=cpu,
            wall_seconds=_BACKSTOP * cpu + _START_SECONDS,
            memory_bytes=limits.memory_bytes + run.memory_bytes,
            output_bytes=limits.output_bytes,
            processes=run.processes,
        )

    def failure(self, result: BoxResult) -> tuple[Verdict, str] | None:
        """Verdict and detail of a run box that hit a limit or did not end well, else None.

        The runtime's own words on stderr only ever turn one failure into another.
        """
        limited = limit_verdict(result)
        if limited:
            return limited, result.ending.value
        if result.ending is Ending.EXITED and result.exit_code == 0:
            return None
        if result.exit_code == NOT_COMPILED and result.stderr == SYNTAX_MARK:
            return Verdict.COMPILE_ERROR, "syntax"
        if any(words in result.stderr for words in self.language.out_of_memory):
            return Verdict.MEMORY_LIMIT, Ending.MEMORY_LIMIT.value
        return Verdict.RUNTIME_ERROR, f"{result.ending.value} {result.exit_code}"

    def __repr__(self) -> str:
        return f"<Built {self.language.name}>"


def build_solution(*, task: TaskSpec, code: str, sandbox: Sandbox) -> Built:
    """Build a solution's text, of one file or of the task's several. Raises like ``build``."""
    language = task.language
    if language not in LANGUAGES:
        raise PlatformFault("language", f"no such language {language}")
    files = {LANGUAGES[language].source: code_bytes(code)}
    if task.solution_files:
        files = _files_of(task, code)
    return without_starving(lambda: build(language=language, files=files, sandbox=sandbox))


def _files_of(task: TaskSpec, code: str) -> dict[str, bytes]:
    """Of what a solution brings, the files that the task asks for."""
    try:
        brought = split(code)
    except BadInput:
        raise NotCompiled(_NOTHING_RAN) from None
    wanted = task.solution_files
    return {path: code_bytes(brought[path]) for path in wanted if path in brought}


def not_compiled(problem: NotCompiled, sandbox: Sandbox) -> Judgement:
    """The judgement of sources that do not build; it holds no word of the compiler."""
    ending = problem.result.ending
    detail = "" if ending is Ending.EXITED else f"compiler {ending.value}"
    return judgement(Verdict.COMPILE_ERROR, problem.result, sandbox, detail=detail)


def build(*, language: str, files: Mapping[str, bytes], sandbox: Sandbox) -> Built:
    """Build ``files`` (sources by their path under ``/box``) of a program in ``language``.

    Interpreted languages return at once. Raises ``NotCompiled`` when the sources are bad, and
    ``PlatformFault`` when the compiler is missing or its box broke.
    """
    chosen = LANGUAGES.get(language)
    if chosen is None:
        raise PlatformFault("language", f"no such language {language}")
    return build_as(chosen, files=files, sandbox=sandbox)


def build_as(chosen: Language, *, files: Mapping[str, bytes], sandbox: Sandbox) -> Built:
    """Like ``build``, for a variant of a language: other commands, the same toolchain."""
    if chosen.compile is None:
        return Built(language=chosen, files={**files, **chosen.support})
    result = _compile(chosen, chosen.compile, files, sandbox)
    if not _well(result):
        _blame_nobody_for_a_broken_compiler(LANGUAGES.get(chosen.name, chosen), sandbox)
        raise NotCompiled(result)
    _WORKING.setdefault(sandbox, set()).add(chosen.name)
    artefact = chosen.compile.artefact
    return Built(
        language=chosen,
        files={artefact: result.stdout, **chosen.support},
        executables=frozenset((artefact,)),
    )


def _compile(
    language: Language, step: Compile, files: Mapping[str, bytes], sandbox: Sandbox
) -> BoxResult:
    """Raises ``PlatformFault`` when the compile box says nothing about the sources."""
    result = sandbox.run(_compile_box(language, step, files))
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to compile")
    if result.ending is Ending.EXITED and result.exit_code == NO_TOOLCHAIN:
        raise PlatformFault("no_toolchain", f"{language.title} is missing: {language.install}")
    return result


def _well(result: BoxResult) -> bool:
    return result.ending is Ending.EXITED and result.exit_code == 0 and bool(result.stdout)


def _blame_nobody_for_a_broken_compiler(language: Language, sandbox: Sandbox) -> None:
    """Before the first source is called bad, the compiler must have built something here."""
    if language.compile is None or language.name in _WORKING.setdefault(sandbox, set()):
        return
    files = {language.source: language.hello.encode()}
    if not _well(_compile(language, language.compile, files, sandbox)):
        raise PlatformFault("broken_toolchain", f"{language.title} builds nothing: see doctor")
    _WORKING[sandbox].add(language.name)


def _compile_box(language: Language, step: Compile, files: Mapping[str, bytes]) -> BoxRequest:
    return BoxRequest(
        argv=step.command.argv,
        files=files,
        environment=step.command.environment,
        toolchain=language.name,
        address_bytes=step.command.address_bytes,
        cpu_seconds=step.cpu_seconds,
        wall_seconds=_BACKSTOP * step.cpu_seconds + _START_SECONDS,
        memory_bytes=step.command.memory_bytes,
        output_bytes=step.output_bytes,
        scratch_bytes=step.scratch_bytes,
        processes=step.command.processes,
    )


def _filled(word: str, mebibytes: str) -> str:
    return word.replace("{mebibytes}", mebibytes)
