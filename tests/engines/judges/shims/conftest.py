"""Each program of these tests is built once, however many claims are made about it."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.engines.judges.build import Built
from benchserver.engines.judges.shims import javascript, judge

_BUILT: dict[tuple[str, str], Built] = {}
_build, _candidate = judge._built, javascript.candidate


@pytest.fixture(autouse=True)
def built_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(language: str, code: str, wanted: Any, sandbox: Any) -> Built:
        key = (language, f"{wanted} {code}")
        if key not in _BUILT:
            _BUILT[key] = _build(language, code, wanted, sandbox)
        return _BUILT[key]

    def candidate(*, task: Any, code: str, sandbox: Any) -> Built:
        key = (task.language, code)
        if key not in _BUILT:
            _BUILT[key] = _candidate(task=task, code=code, sandbox=sandbox)
        return _BUILT[key]

    monkeypatch.setattr(judge, "_built", build)
    monkeypatch.setattr(javascript, "candidate", candidate)
