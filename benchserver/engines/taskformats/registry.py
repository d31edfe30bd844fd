"""Which formats there are, and which one a path is written in.

Example: ``read(Path("HumanEval.jsonl.gz"))`` sees the published keys and reads ``humaneval``.
A path that no format recognises, or more than one, is the caller's to name: ``BadInput``.
"""

from __future__ import annotations

from pathlib import Path

from benchserver.core.errors import BadInput
from benchserver.core.task import TaskSpec
from benchserver.engines.taskformats.base import TaskFormat
from benchserver.engines.taskformats.exercism import Exercism
from benchserver.engines.taskformats.humaneval import HumanEval
from benchserver.engines.taskformats.icpc import Icpc
from benchserver.engines.taskformats.mbpp import Mbpp
from benchserver.engines.taskformats.multipl_e import MultiplE
from benchserver.engines.taskformats.native import Native

FORMATS: dict[str, TaskFormat] = {
    "exercism": Exercism(),
    "humaneval": HumanEval(),
    "mbpp": Mbpp(),
    "multipl-e": MultiplE(),
    "icpc": Icpc(),
    "native": Native(),
}
AUTO = "auto"


def read(path: Path, *, format: str = AUTO, language: str = "") -> list[TaskSpec]:
    """All tasks of the source. Raises ``SourceFaults`` for its flaws, ``BadInput`` before that.

    ``language``: for formats whose tasks can be solved in several; empty lets the format choose.
    """
    chosen = format_named(detect(path) if format == AUTO else format, path=path)
    if not language:
        return chosen.read(path)
    if isinstance(chosen, Icpc):
        return chosen.read_in(path, language)
    problem = f"a {chosen.name} source has the language it is written in"
    raise BadInput(problem, place=path.name, mend="Leave the language out.")


def detect(path: Path) -> str:
    """Name of the one format that recognises the path. Raises ``BadInput``."""
    if not path.exists():
        raise BadInput("there is nothing here", place=path.name, mend="Name a file or folder.")
    found = [name for name, known in FORMATS.items() if known.recognises(path)]
    if len(found) == 1:
        return found[0]
    problem = f"several formats fit: {', '.join(found)}" if found else "no format fits"
    raise BadInput(problem, place=path.name, mend=f"Name one with --format: {_names()}.")


def format_named(name: str, *, path: Path) -> TaskFormat:
    """The format of that name. Raises ``BadInput`` when it is unknown or ``path`` is absent."""
    if name not in FORMATS:
        raise BadInput("unknown task format", place=name[:40], mend=f"Use one of: {_names()}.")
    if not path.exists():
        raise BadInput("there is nothing here", place=path.name, mend="Name a file or folder.")
    return FORMATS[name]


def _names() -> str:
    return ", ".join(FORMATS)
