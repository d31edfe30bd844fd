"""What a task's tests are and which of their mirrors mean something: found out once per task.

The reference is run, never a candidate: it lists the tests, and a mirrored test counts only if the
reference fails it. Example: a mirror that changed a word nobody looks at is not used.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from weakref import WeakKeyDictionary

from benchserver.core.errors import PlatformFault
from benchserver.core.payload import to_payload
from benchserver.core.task import TaskSpec, UnitTests
from benchserver.engines.judges.build import Built, NotCompiled
from benchserver.engines.judges.endings import without_starving
from benchserver.engines.judges.unittests.baggage import files_of
from benchserver.engines.judges.unittests.building import build_project
from benchserver.engines.judges.unittests.framework import Framework
from benchserver.engines.judges.unittests.mirror import mirrored
from benchserver.engines.judges.unittests.running import list_tests, run_test
from benchserver.engines.sandbox.base import Sandbox

_TRIES = 3
_MOST_TRIED = 12
_MOST_KEPT = 64
_RANDOM = random.SystemRandom()


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """``tests``: ids. ``mirrored``: test files with changed expectations, empty when none could
    be made; ``must_fail``: the tests in them that a right solution fails."""

    tests: tuple[str, ...]
    mirrored: Mapping[str, str]
    must_fail: frozenset[str]

    def __repr__(self) -> str:
        return f"<Survey {len(self.tests)} {len(self.must_fail)}>"


_KEPT: WeakKeyDictionary[Sandbox, dict[str, Survey]] = WeakKeyDictionary()
_LOCK = Lock()
_WORKING: dict[str, Lock] = {}


def survey_of(task: TaskSpec, framework: Framework, sandbox: Sandbox) -> Survey:
    """The survey of ``task``, made at its first use and kept while the sandbox lives.

    Raises ``PlatformFault`` when the reference does not build or no test is found.
    """
    payload = json.dumps(to_payload(task), sort_keys=True).encode("utf-8", "surrogatepass")
    key = hashlib.sha256(payload).hexdigest()
    with _LOCK:
        kept = _KEPT.setdefault(sandbox, {})
        working = _WORKING.setdefault(key, Lock())
    with working:
        if key not in kept:
            made = _make(task, framework, sandbox)
            with _LOCK:
                while len(kept) >= _MOST_KEPT:
                    kept.pop(next(iter(kept)))
                kept[key] = made
                _WORKING.pop(key, None)
        return kept[key]


def _make(task: TaskSpec, framework: Framework, sandbox: Sandbox) -> Survey:
    assert isinstance(task.tests, UnitTests)
    tests = dict(task.tests.files)
    try:
        built = _reference(task, framework, tests, sandbox)
    except NotCompiled as problem:
        raise PlatformFault("task_reference", "the reference does not build") from problem
    names = without_starving(partial(list_tests, built, task.limits, sandbox))
    if not names:
        raise PlatformFault("task_tests", "no test was found")
    for _ in range(_TRIES):
        changed = mirrored(tests, language=task.language)
        if not changed:
            break
        try:
            built = _reference(task, framework, changed, sandbox)
        except NotCompiled:
            continue
        must_fail = _failing(built, names, task, sandbox)
        if must_fail:
            return Survey(tests=names, mirrored=changed, must_fail=must_fail)
    return Survey(tests=names, mirrored={}, must_fail=frozenset())


def _reference(
    task: TaskSpec, framework: Framework, tests: dict[str, str], sandbox: Sandbox
) -> Built:
    assert isinstance(task.tests, UnitTests)
    files = files_of(task.reference, wanted=task.tests.solution_files)
    if files is None:
        raise PlatformFault("task_reference", "the reference is not the task's files")
    return without_starving(
        lambda: build_project(framework, solution=files, tests=tests, sandbox=sandbox)
    )


def _failing(
    built: Built, names: tuple[str, ...], task: TaskSpec, sandbox: Sandbox
) -> frozenset[str]:
    tried = _RANDOM.sample(names, min(len(names), _MOST_TRIED))
    runs = {
        name: without_starving(partial(run_test, built, name, task.limits, sandbox))
        for name in tried
    }
    return frozenset(name for name, run in runs.items() if not run.passed)
