"""Build a project of tests and solution; what is the same for every submission is built once.

Example: Catch2's own code takes ten times as long to compile as an exercise, and depends on the
task's header alone.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from threading import Lock
from weakref import WeakKeyDictionary

from benchserver.core.errors import PlatformFault
from benchserver.engines.judges.build import Built, NotCompiled, build_as
from benchserver.engines.judges.unittests.framework import Framework
from benchserver.engines.sandbox.base import Ending, Sandbox

_MOST_KEPT = 8
_SHARED_SECONDS = 240.0
_SHARED: WeakKeyDictionary[Sandbox, dict[str, bytes]] = WeakKeyDictionary()
_BUILDING = Lock()


def build_project(
    framework: Framework,
    *,
    solution: Mapping[str, str],
    tests: Mapping[str, str],
    sandbox: Sandbox,
) -> Built:
    """Raises ``NotCompiled`` when it does not build, ``PlatformFault`` when we failed."""
    files = framework.arrange(solution, tests)
    shared = framework.shared(tests)
    if shared:
        files["shared"] = _shared(framework, shared, sandbox)
    return build_as(framework.language, files=files, sandbox=sandbox)


def _shared(framework: Framework, files: dict[str, bytes], sandbox: Sandbox) -> bytes:
    key = hashlib.sha256(repr((framework.name, sorted(files.items()))).encode()).hexdigest()
    with _BUILDING:
        kept = _SHARED.setdefault(sandbox, {})
        if key not in kept:
            while len(kept) >= _MOST_KEPT:
                kept.pop(next(iter(kept)))
            kept[key] = _built(framework, files, sandbox)
        return kept[key]


def _built(framework: Framework, files: dict[str, bytes], sandbox: Sandbox) -> bytes:
    """No submission's code is in it, so limits are wide and every failure is ours."""
    compile_ = framework.language.compile
    assert compile_ is not None
    patient = replace(framework.language, compile=replace(compile_, cpu_seconds=_SHARED_SECONDS))
    try:
        built = build_as(patient, files=files, sandbox=sandbox)
    except NotCompiled as problem:
        if problem.result.ending is not Ending.EXITED:
            raise PlatformFault("starved", "the test framework did not build in time") from problem
        raise PlatformFault("task_tests", "the test framework does not build") from problem
    return next(iter(built.files.values()))
