"""Skip what needs a toolchain that this machine lacks, with the line that installs it."""

from __future__ import annotations

from functools import cache

import pytest

from benchserver.core.errors import MissingPart
from benchserver.engines.judges.toolchains import prove
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox


def needs(language: str, sandbox: Sandbox) -> None:
    reason = _missing(language, sandbox)
    if reason:
        pytest.skip(reason)


@cache
def _missing(language: str, sandbox: Sandbox) -> str:
    try:
        prove(LANGUAGES[language], sandbox)
    except MissingPart as problem:
        return str(problem)
    return ""
