"""The languages as a Markdown table, drawn from their data for ``docs/languages.md``.

Example: the line of C says ``main.c``, gcc 12, 4 MiB on top of a task's limit.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Language
from benchserver.engines.languages.registry import LANGUAGES

HEAD = (
    "| language | in tasks | one file | becomes | on top of a task's memory | tested | install |",
    "|---|---|---|---|---|---|---|",
)


def table_lines() -> list[str]:
    """Head and one line per language, in the registry's order."""
    return [*HEAD, *(_line(language) for language in LANGUAGES.values())]


def _line(language: Language) -> str:
    cells = (
        language.title,
        f"`{language.name}`",
        f"`{language.source}`",
        f"`{language.compile.artefact}`" if language.compile else "itself",
        f"{language.run.memory_bytes // 2**20} MiB",
        language.tested,
        f"`{language.install}`",
    )
    return f"| {' | '.join(cells)} |"
