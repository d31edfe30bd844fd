"""One real sandbox for all judge tests; a machine without any skips them with the reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchserver.core.errors import MissingPart
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.sandbox.registry import open_sandbox


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    try:
        engine = open_sandbox()
    except MissingPart as problem:
        pytest.skip(f"no sandbox: {problem}")
    yield engine
    engine.close()
