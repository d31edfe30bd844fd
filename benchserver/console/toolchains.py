"""The compilers of this machine made ready: caches that are missing or old are filled, once.

Looking costs milliseconds and starts no sandbox; filling takes a few seconds a language. Engines
other than bubblewrap bring caches in their images. Example: the first ``./bench up`` says
``preparing C++`` and the second says nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from benchserver import wiring
from benchserver.core.errors import BenchserverError
from benchserver.engines.judges.toolchains import is_stale, prepare
from benchserver.engines.languages.base import Language
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import Sandbox
from benchserver.engines.sandbox.registry import open_sandbox
from benchserver.engines.sandbox.toolchains import make_base

Say = Callable[[str], None]
_ENGINE = "bubblewrap"


def prepare_toolchains(say: Say) -> dict[str, str]:
    """Fill what is not current; name -> ``""``, or why it could not be filled.

    A failure is no reason to stop: without its caches a language compiles more slowly.
    """
    stale = [language for language in LANGUAGES.values() if is_stale(language)]
    if not stale or wiring.sandbox_name() not in ("auto", _ENGINE):
        return {}
    try:
        make_base()
        sandbox = open_sandbox(_ENGINE)
    except (BenchserverError, OSError) as problem:
        return {language.name: str(problem) for language in stale}
    try:
        return dict(_prepared(stale, sandbox, say))
    finally:
        sandbox.close()


def _prepared(
    languages: Iterable[Language], sandbox: Sandbox, say: Say
) -> Iterable[tuple[str, str]]:
    for language in languages:
        say(f"preparing {language.title}")
        begun = time.monotonic()
        try:
            prepare(language, sandbox)
        except (BenchserverError, OSError) as problem:
            say(f"{language.title} is not prepared, it will compile slowly: {problem}")
            yield language.name, str(problem)
        else:
            say(f"{language.title} is prepared after {time.monotonic() - begun:.1f} s")
            yield language.name, ""
