"""What a model is shown: the English statement and, as contest sites show them, the samples.

The statement's text stays as its author wrote it, LaTeX or Markdown; only the title comes from
``problem.yaml``. Example: ``problem.en.tex`` and ``data/sample/1.in`` become "# Odd Echo", the
text, and a part "Sample Input 1". Pictures cannot be shown; a statement should not need them.
"""

from __future__ import annotations

import re

from benchserver.core.prompting import fenced
from benchserver.engines.taskformats.icpc.problem import Problem
from benchserver.engines.taskformats.native.folder import Folder

_FOLDERS = ("problem_statement", "statement")
_NAMES = ("problem.en.md", "problem.en.tex", "problem.md", "problem.tex")
_TITLE = re.compile(r"^[ \t]*\\problemname\{(?:[^{}]|\{[^{}]*\})*\}[ \t]*\n?", re.M)
_SAMPLE = "data/sample"


def read_statement(folder: Folder, problem: Problem) -> str:
    """Title, text and samples. A package without an English statement has a fault."""
    places = [f"{where}/{name}" for where in _FOLDERS for name in _NAMES]
    found = next((place for place in places if folder.has(place)), None)
    if found is None:
        mend = f"Write {places[0]} or {places[1]}."
        folder.fault("no English statement", inner=_FOLDERS[0], mend=mend)
        return ""
    text = _TITLE.sub("", folder.full_text(found))
    return titled(problem.name, text) + shown_samples(_samples(folder, problem))


def titled(name: str, text: str) -> str:
    return f"# {name}\n\n{text.strip()}\n"


def shown_samples(samples: list[tuple[str, ...]]) -> str:
    """The parts that show samples: (input, answer) pairs, or single interactions."""
    return "".join(_shown(number, sample) for number, sample in enumerate(samples, start=1))


def _shown(number: int, sample: tuple[str, ...]) -> str:
    if len(sample) == 1:
        hint = "(`<`: what your program reads, `>`: what it writes)"
        return f"\n## Sample Interaction {number} {hint}\n\n{fenced(sample[0], '')}\n"
    given, answer = (fenced(text, "") for text in sample)
    return f"\n## Sample Input {number}\n\n{given}\n\n## Sample Output {number}\n\n{answer}\n"


def _samples(folder: Folder, problem: Problem) -> list[tuple[str, ...]]:
    names = folder.names(_SAMPLE)
    if problem.interactive:
        shown = [name for name in names if name.endswith(".interaction")]
        return [(folder.text(f"{_SAMPLE}/{name}"),) for name in shown]
    stems = [name.removesuffix(".in") for name in names if name.endswith(".in")]
    return [
        tuple(folder.text(f"{_SAMPLE}/{stem}.{end}") for end in ("in", "ans")) for stem in stems
    ]
