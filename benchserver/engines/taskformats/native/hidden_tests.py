"""The ``tests/`` folder: one of four forms, chosen by shape and by the files present.

``cases.jsonl`` holds calls as data, ``check.py`` defines ``check(candidate)``, ``script.py`` (or
``.js``, ``.ts``) is raw test code that calls the proxied names itself, and a program has pairs
``01.in``/``01.out``. A function in another language is tested by ``cases.jsonl`` alone.
Example line of cases: ``{"args": [[3, 1, 2]], "expected": {"$tuple": [1, 3]}}``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchserver.core.task import (
    Blanks,
    CallCase,
    CallCases,
    CheckScript,
    Letters,
    ProgramCase,
    ProgramCases,
    Shape,
    State,
    Tests,
)
from benchserver.engines.taskformats import pythonsource
from benchserver.engines.taskformats.native import wire_values
from benchserver.engines.taskformats.native.folder import Folder
from benchserver.engines.taskformats.native.manifest import EXTENSIONS, Manifest
from benchserver.engines.taskformats.native.programs import read_subtasks, read_tools

CASES, CHECK = "cases.jsonl", "check.py"
_NOTHING = CallCases(cases=())


def check_call(entry_point: str) -> str:
    """What is appended to ``check.py``; the same line HumanEval's runner adds."""
    return f"\n\ncheck({entry_point})\n"


def script_name(language: str) -> str:
    return f"script.{EXTENSIONS[language]}"


def setup_name(language: str) -> str:
    return f"setup.{EXTENSIONS[language]}"


def read_tests(folder: Folder, manifest: Manifest, *, prompt_code: str) -> Tests:
    """The hidden tests; flaws become faults of the folder."""
    names = folder.names("tests")
    if not names:
        folder.fault("the task has no tests", inner="tests", mend="Add hidden tests.")
        return _NOTHING
    if manifest["shape"] == Shape.PROGRAM:
        return _program(folder, manifest, names)
    return _function(folder, manifest, names, prompt_code)


def _function(folder: Folder, manifest: Manifest, names: list[str], prompt_code: str) -> Tests:
    script, setup_file = script_name(manifest["language"]), setup_name(manifest["language"])
    readers = _readers(manifest["language"])
    _refuse_strangers(folder, names, known=(*readers, *([setup_file] if script in readers else [])))
    chosen = [name for name in readers if name in names]
    if len(chosen) != 1:
        mend = f"Keep exactly one of {', '.join(readers)}."
        folder.fault(f"{len(chosen)} kinds of tests", inner="tests", mend=mend)
        return _NOTHING
    if manifest.proxies and chosen[0] != script:
        mend = "Remove proxies; the entry point alone is tested."
        folder.fault(f"proxies belong to {script}", inner="task.toml", mend=mend)
    has_setup = setup_file in names and script in readers
    if has_setup and chosen[0] == CASES:
        folder.fault(f"{CASES} has no setup", inner=f"tests/{setup_file}", mend="Remove the file.")
    setup = folder.text(f"tests/{setup_file}") if has_setup else prompt_code
    return readers[chosen[0]](folder, manifest, setup)


def _readers(language: str) -> dict[str, Callable[[Folder, Manifest, str], Tests]]:
    """Test code runs where the judge has an examiner of its language."""
    if language == "python":
        return {CASES: _cases, CHECK: _check, script_name(language): _script}
    if language in ("javascript", "typescript"):
        return {CASES: _cases, script_name(language): _script}
    return {CASES: _cases}


def _check(folder: Folder, manifest: Manifest, setup: str) -> Tests:
    inner, entry = f"tests/{CHECK}", manifest["entry_point"]
    text = _python(folder, inner)
    if text and "check" not in pythonsource.defined_names(text):
        folder.fault("check is not defined", inner=inner, mend="Define check(candidate).")
    if entry == "check":
        mend = f"Rename the function or write tests/{script_name('python')}."
        folder.fault("the tests' own check hides the function", inner=inner, mend=mend)
    return CheckScript(setup=setup, script=text + check_call(entry), proxies=(entry,))


def _script(folder: Folder, manifest: Manifest, setup: str) -> Tests:
    proxies = manifest.proxies or (manifest["entry_point"],)
    language = manifest["language"]
    inner = f"tests/{script_name(language)}"
    text = _python(folder, inner) if language == "python" else folder.full_text(inner)
    return CheckScript(setup=setup, script=text, proxies=proxies)


def _python(folder: Folder, inner: str) -> str:
    text = folder.full_text(inner)
    if text and pythonsource.parsed(text) is None:
        folder.fault("this is not Python", inner=inner, mend="Mend the syntax.")
        return ""
    return text


def _cases(folder: Folder, manifest: Manifest, setup: str) -> Tests:
    del setup  # the judge compares data, it runs no code of the task
    lines = folder.full_text(f"tests/{CASES}").split("\n")
    found = [_case(folder, n, line) for n, line in enumerate(lines, start=1) if line.strip()]
    cases = tuple(case for case in found if case is not None)
    return CallCases(
        cases=cases,
        tolerance=manifest["tolerance"],
        state=State(manifest["state"]),
        signature=manifest["signature"],
    )


def _case(folder: Folder, number: int, line: str) -> CallCase | None:
    problem, data = _case_data(line)
    if problem:
        mend = 'Write {"args": [...], "expected": ...} with wire values.'
        folder.fault(problem, inner=f"tests/{CASES}", line=number, mend=mend)
        return None
    return CallCase(args=tuple(data["args"]), expected=data["expected"])


def _case_data(line: str) -> tuple[str, Any]:
    try:
        data = wire_values.loads(line)
        return _case_problem(data), data
    except RecursionError:
        return "the JSON is nested too deep", None
    except ValueError as error:
        reason = str(error) if "stands twice" in str(error) or "$float" in str(error) else ""
        return f"this is not JSON{': ' if reason else ''}{reason}", None


def _case_problem(data: Any) -> str:
    if not isinstance(data, dict) or set(data) != {"args", "expected"}:
        return "a case has exactly the keys args and expected"
    if not isinstance(data["args"], list):
        return "args is not a list"
    return wire_values.problem_of([*data["args"], data["expected"]])


def _program(folder: Folder, manifest: Manifest, names: list[str]) -> Tests:
    stems = sorted({name.rpartition(".")[0] for name in names if name.endswith((".in", ".out"))})
    wanted = [f"{stem}{end}" for stem in stems for end in (".in", ".out")]
    _refuse_strangers(folder, names, known=tuple(wanted))
    if not stems:
        folder.fault("no pair NN.in, NN.out", inner="tests", mend="Add hidden cases.")
    cases = tuple(
        ProgramCase(
            stdin=folder.text(f"tests/{stem}.in"), expected=folder.text(f"tests/{stem}.out")
        )
        for stem in stems
    )
    tools = read_tools(folder, manifest.tables)
    return ProgramCases(
        cases=cases,
        comparator=manifest["comparator"],
        tolerance=manifest["tolerance"],
        relative_tolerance=manifest["relative_tolerance"],
        letters=Letters(manifest["letters"]),
        blanks=Blanks(manifest["blanks"]),
        checker=tools.get("checker"),
        interactor=tools.get("interactor"),
        subtasks=read_subtasks(folder, manifest.tables, stems),
    )


def _refuse_strangers(folder: Folder, names: list[str], *, known: tuple[str, ...]) -> None:
    for name in names:
        if name not in known:
            mend = "Rename or remove it; a misspelt file would be ignored."
            folder.fault("unknown file", inner=f"tests/{name[:60]}", mend=mend)
