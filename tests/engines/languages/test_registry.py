"""What every language's file must say, so that build, doctor and the docs can rely on it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchserver.engines.languages.base import Command, Language
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.languages.table import table_lines
from tests.engines.languages.samples import BROKEN, DOES_AS_TOLD

DOCS = Path(__file__).parents[3] / "docs" / "languages.md"


def test_the_nine_languages_are_there_under_the_names_that_tasks_use() -> None:
    names = ["python", "javascript", "typescript", "bash", "c", "cpp", "go", "rust", "java"]
    assert list(LANGUAGES) == names
    assert all(LANGUAGES[name].name == name for name in names)


def test_the_page_shows_the_table_that_the_data_gives() -> None:
    assert "\n".join(table_lines()) in DOCS.read_text(encoding="utf-8")


def test_every_language_has_programs_for_the_tests() -> None:
    assert BROKEN.keys() == DOES_AS_TOLD.keys() == LANGUAGES.keys()


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.name)
def test_source_and_extension_agree(language: Language) -> None:
    assert language.source.endswith(f".{language.extension}")


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.name)
def test_no_command_uses_a_link_that_a_box_does_not_have(language: Language) -> None:
    """``/usr/bin/java`` and ``/usr/bin/cc`` lead through ``/etc/alternatives``."""
    for command in commands(language):
        assert not re.search(r"/usr/bin/(java|javac|cc|c\+\+|nodejs)\b", " ".join(command.argv))


@pytest.mark.parametrize("language", LANGUAGES.values(), ids=lambda language: language.name)
def test_a_compiler_gets_no_words_out(language: Language) -> None:
    if language.compile:
        assert "2>/dev/null" in language.compile.command.argv[-1] or (
            "2>&1" in language.compile.command.argv[-1]
        )


def commands(language: Language) -> list[Command]:
    found = [language.run, Command(argv=language.version)]
    found += [language.compile.command] if language.compile else []
    found += list(language.caches.steps) if language.caches else []
    return found
