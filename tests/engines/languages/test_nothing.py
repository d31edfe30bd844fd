"""Programs that solve nothing do run, in every language: one that does not compile proves less."""

from __future__ import annotations

import pytest

from benchserver.core.task import Limits
from benchserver.engines.judges.build import build
from benchserver.engines.languages.nothing import PROGRAMS
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Ending, Sandbox
from tests.engines.judges.conftest import sandbox  # noqa: F401
from tests.engines.languages.needed import require


def test_there_are_some_for_every_language() -> None:
    assert set(PROGRAMS) == set(LANGUAGES)


@pytest.mark.parametrize("name", PROGRAMS)
def test_they_are_silent_constant_or_an_echo(name: str, sandbox: Sandbox) -> None:  # noqa: F811
    require(name, sandbox)
    outputs = []
    for code in PROGRAMS[name]:
        files = {LANGUAGES[name].source: code.encode()}
        built = build(language=name, files=files, sandbox=sandbox)
        result = sandbox.run(built.request(limits=Limits()), stdin=b"abc 1\n")
        assert (result.ending, result.exit_code) == (Ending.EXITED, 0)
        outputs.append(result.stdout.strip())
    assert outputs == [b"", b"", b"0", b"abc 1"]
