"""Languages that a test needs: proved once, else the test is skipped with what installs them."""

from __future__ import annotations

import pytest

from benchserver.core.errors import MissingPart
from benchserver.engines.judges.toolchains import prove
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox
from tests.conftest import required

_ANSWERS: dict[tuple[str, str], str] = {}


def require(language: str, sandbox: Sandbox) -> None:
    asked = (language, sandbox.name)
    if asked not in _ANSWERS:
        _ANSWERS[asked] = _why_missing(language, sandbox)
    if _ANSWERS[asked] and required("languages"):
        pytest.fail(f"every language is required, but {_ANSWERS[asked]}", pytrace=False)
    if _ANSWERS[asked]:
        pytest.skip(_ANSWERS[asked])


def _why_missing(language: str, sandbox: Sandbox) -> str:
    try:
        prove(LANGUAGES[language], sandbox)
    except MissingPart as problem:
        return str(problem)
    return ""
