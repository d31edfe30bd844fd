"""C++ tests for Catch2 with the exercise's own header, one binary, one test a process.

``EXERCISM_RUN_ALL_TESTS`` switches on what the test file hides. The main program with Catch's own
code is the same for every submission and built once. Example: a static constructor that calls
``_exit(0)`` ends the process before any nonce was handed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from benchserver.engines.judges.unittests.framework import Framework, Sentinels, laid, runner
from benchserver.engines.languages.base import Language
from benchserver.engines.languages.cpp import CPP
from benchserver.engines.languages.scripts import shell

_ENDINGS = ("cpp", "cc", "h", "hpp")
_BUILD = """\
[ -x /usr/bin/g++ ] || exit 97
cd /box/project && /usr/bin/g++ -std=c++17 -O0 -w -I/box/project -DEXERCISM_RUN_ALL_TESTS \
    -o /tmp/tests $(cat /box/sources) /box/shared -pthread </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/tests
"""
_BUILD_MAIN = """\
[ -x /usr/bin/g++ ] || exit 97
cd /box/project && /usr/bin/g++ -std=c++17 -O0 -w -I/box/project -c -o /tmp/main.o \
    main.cpp </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/main.o
"""
_HEADER = "test/catch.hpp"
_SYSTEM_HEADER = "#include <catch2/catch.hpp>\n"
_MAIN = re.compile(r"^\s*#\s*define\s+CATCH_CONFIG_MAIN\b", re.M)


def _language() -> Language:
    assert CPP.compile is not None
    command = shell(". /box/build.sh", memory_bytes=3 * 2**29)
    return replace(
        CPP,
        compile=replace(CPP.compile, command=command, artefact="tests"),
        run=replace(CPP.run, argv=("/box/tests",)),
    )


def _arrange(solution: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, bytes]:
    files = laid(solution, {_HEADER: _SYSTEM_HEADER, **tests})
    sources = [path for path in {**solution, **_cases(tests)} if path.endswith((".cpp", ".cc"))]
    files["sources"] = "\n".join(sources).encode()
    files["build.sh"] = _BUILD.encode()
    return files


def _with_sentinels(tests: Mapping[str, str], names: tuple[str, str]) -> Sentinels:
    path = next(iter(_cases(tests)))
    passing, failing = names
    text = (
        f'{tests[path]}\nTEST_CASE("{passing}")\n{{\n    REQUIRE(1 + 1 == 2);\n}}\n'
        f'\nTEST_CASE("{failing}")\n{{\n    REQUIRE(1 + 1 == 3);\n}}\n'
    )
    return Sentinels(tests={**tests, path: text}, passing=passing, failing=failing)


def _shared(tests: Mapping[str, str]) -> dict[str, bytes]:
    header = tests.get(_HEADER, _SYSTEM_HEADER)
    files = laid({}, {_HEADER: header, "main.cpp": runner("catch2.cpp")})
    files["build.sh"] = _BUILD_MAIN.encode()
    return files


def _cases(tests: Mapping[str, str]) -> dict[str, str]:
    """The sources of tests, without the exercise's own main program."""
    return {
        path: text
        for path, text in tests.items()
        if path.endswith((".cpp", ".cc")) and not _MAIN.search(text)
    }


CATCH2 = Framework(
    name="catch2",
    language=_language(),
    mirrors=6,
    endings=_ENDINGS,
    arrange=_arrange,
    with_sentinels=_with_sentinels,
    shared=_shared,
)
