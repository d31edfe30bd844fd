"""Every command in a page's ``sh`` block exists and takes the options it is given."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import CommandError

from benchserver.runtime import everything
from tests.docs import markdown
from tests.docs.markdown import ROOT

LAUNCHERS = ("./bench", "benchserver", "manage.py")
ENDS = "|&;<>\n"  # what ends a call


def commands(text: str) -> list[list[str]]:
    """Words after the launcher of each call in the ``sh`` blocks of a page."""
    return [call for block in markdown.fences(text, language="sh") for call in calls(block)]


def calls(block: str) -> list[list[str]]:
    """A quoted text may hold newlines; outside of one a newline ends the call."""
    joined = re.sub(r"\\\n", " ", re.sub(r"(^|[ \t])#.*$", "", block, flags=re.M))
    lexer = shlex.shlex(joined, posix=True, punctuation_chars=ENDS)
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    found: list[list[str]] = []
    words: list[str] = []
    for word in [*lexer, ENDS]:
        if word and set(word) <= set(ENDS):
            found += _launched(words)
            words = []
        else:
            words.append(word)
    return found


def _launched(words: list[str]) -> list[list[str]]:
    """The words after the launcher; before it only settings and an interpreter may stand."""
    for place, word in enumerate(words):
        if word in LAUNCHERS:
            return [words[place + 1 :]]
        if not re.match(r"[A-Z_]+=", word) and not word.endswith("python"):
            break
    return []


CALLS = sorted(
    {
        (str(page.relative_to(ROOT)), tuple(call))
        for page in markdown.pages()
        for call in commands(page.read_text())
    }
)


@pytest.mark.parametrize(("page", "call"), CALLS, ids=lambda x: x if isinstance(x, str) else x[0])
def test_a_command_in_a_page_exists_and_takes_these_arguments(page: str, call: tuple[str, ...]):
    assert fault(list(call)) == ""


def fault(call: list[str]) -> str:
    """What is wrong with the call; empty when its own parser takes it. Nothing is run."""
    name, *arguments = call or [""]
    if name == "test":
        everything.split_required(arguments)  # raises for an engine that does not exist
        return ""
    app = get_commands().get(name)
    if app is None:
        return f"no command {name!r}"
    command = load_command_class(app, name) if isinstance(app, str) else app
    try:
        command.create_parser("bench", name).parse_args(arguments)
    except CommandError as refusal:
        return str(refusal)
    return ""


def test_the_first_page_shows_the_two_commands_and_the_work_of_all_three_users():
    shown = {call[0] for call in commands((ROOT / "README.md").read_text()) if call}
    assert {"demo", "test"} <= shown
    assert {"create_provider", "verify"} <= shown
    assert {"check_tasks", "import_tasks", "rotation", "publish"} <= shown
    assert {"grade", "doctor", "up"} <= shown


def test_every_command_of_the_project_is_explained_in_the_first_page_or_in_operations():
    ours = (ROOT / "benchserver").glob("*/management/commands/[a-z]*.py")
    said = (ROOT / "README.md").read_text() + (ROOT / "docs" / "operations.md").read_text()
    assert {path.stem for path in ours if f"bench {path.stem}" not in said} == set()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("./bench demo --once  # comment", [["demo", "--once"]]),
        ("A=1 ./bench up --port 80 & ./bench doctor", [["up", "--port", "80"], ["doctor"]]),
        ("./bench verify 'a b' | head", [["verify", "a b"]]),
        ("mypy benchserver; python manage.py check", [["check"]]),
        ("curl -d '{\n \"a\": 1}'\n./bench doctor\n./bench up", [["doctor"], ["up"]]),
        ("./bench grade --tasks T \\\n --out O", [["grade", "--tasks", "T", "--out", "O"]]),
    ],
)
def test_calls_are_read_as_a_shell_would(line: str, expected: list[list[str]]):
    assert calls(line) == expected


def test_a_command_or_option_that_does_not_exist_would_be_found():
    assert "no command" in fault(["dance"])
    assert "--twice" in fault(["demo", "--twice"])
    assert fault(["publish"]) != "", "--track is missing"


def test_the_licence_named_in_the_project_file_lies_beside_it():
    assert 'text = "Apache-2.0"' in (ROOT / "pyproject.toml").read_text()
    text = Path(ROOT / "LICENSE").read_text()
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
