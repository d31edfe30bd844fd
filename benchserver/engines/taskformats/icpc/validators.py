"""The output validator: the default one's flags as a rule of comparison, or a program of the task.

The default validator compares tokens and, unless told otherwise, neither letters' case nor blanks
matter. Example: ``float_tolerance 1e-6 case_sensitive`` compares numbers within an absolute or
relative 1e-6. A custom one is C++, C, Python, Java ... with its headers beside it; interactive or
not, it answers by exit status 42 (right) or 43 (wrong).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Any

from benchserver.core.task import Blanks, Letters, Tool
from benchserver.engines.taskformats.icpc.problem import FILE, Problem
from benchserver.engines.taskformats.icpc.submissions import language_of
from benchserver.engines.taskformats.native.folder import Folder

_FOLDERS = ("output_validator", "output_validators")
_MAIN_NAMES = ("main", "__main__", "validate", "validator")
_SWITCHES: dict[str, tuple[str, Any]] = {
    "case_sensitive": ("letters", Letters.EXACT),
    "space_change_sensitive": ("blanks", Blanks.KEPT),
}
_TOLERANCES = {
    "float_tolerance": ("tolerance", "relative_tolerance"),
    "float_absolute_tolerance": ("tolerance",),
    "float_relative_tolerance": ("relative_tolerance",),
}


def rule_of(folder: Folder, flags: Sequence[str], *, inner: str = FILE) -> dict[str, Any]:
    """The default validator's flags as fields of ``ProgramCases``."""
    rule: dict[str, Any] = {"letters": Letters.ANY_CASE}
    words = iter(flags)
    for word in words:
        if word in _SWITCHES:
            name, value = _SWITCHES[word]
            rule[name] = value
        elif word in _TOLERANCES:
            _tolerate(folder, rule, word, next(words, ""), inner=inner)
        else:
            mend = "Use the flags of the default validator, or a validator of your own."
            folder.fault(f"unknown validator flag {word[:40]!r}", inner=inner, mend=mend)
    return rule


def tool_of(folder: Folder, problem: Problem, flags: Sequence[str]) -> Tool | None:
    """The package's own validator. None and a fault when there is not exactly one to run."""
    where = next((name for name in _FOLDERS if folder.names(name)), _FOLDERS[1])
    names = folder.names(where)
    if where == "output_validator" and any("." in name for name in names):
        return _tool(folder, where, flags)
    if len(names) != 1:
        mend = "Keep exactly one."
        folder.fault(f"{len(names)} output validators", inner=where, mend=mend)
        return None
    return _tool(folder, f"{where}/{names[0]}", flags)


def _tolerate(folder: Folder, rule: dict[str, Any], word: str, text: str, *, inner: str) -> None:
    if not _is_tolerance(text):
        folder.fault(f"{word} lacks its number", inner=inner, mend="Write it like 1e-6.")
        return
    rule |= {"comparator": "float"}
    rule.setdefault("tolerance", "0")
    rule.setdefault("relative_tolerance", "0")
    rule |= dict.fromkeys(_TOLERANCES[word], text)


def _is_tolerance(text: str) -> bool:
    try:
        return 0 <= float(text) < float("inf")
    except ValueError:
        return False


def _tool(folder: Folder, inner: str, flags: Sequence[str]) -> Tool | None:
    """One file, or a folder of sources of one language; the main file comes first."""
    names = folder.names(inner)
    paths = [f"{inner}/{name}" for name in names] if names else [inner]
    files = [(PurePosixPath(path).name, folder.text(path)) for path in paths]
    languages = {language_of(name, text) for name, text in files} - {""}
    if len(languages) != 1 or any(name in ("build", "run") for name, _ in files):
        mend = "Write it in one language, without scripts that build or run it."
        folder.fault("the validator cannot be built here", inner=inner, mend=mend)
        return None
    language = languages.pop()
    main = _main(files, language, PurePosixPath(inner).stem)
    ordered = [main, *(file for file in files if file != main)]
    return Tool(language=language, files=tuple(ordered), arguments=tuple(flags))


def _main(files: list[tuple[str, str]], language: str, folder_name: str) -> tuple[str, str]:
    """The file that is run: the only source, or the one with a customary name."""
    sources = [file for file in files if language_of(*file) == language]
    wanted = (*_MAIN_NAMES, folder_name)
    named = (f for name in wanted for f in sources if PurePosixPath(f[0]).stem == name)
    return next(named, sources[0])
