"""Go tests of one package, compiled once to a test binary with a ``TestMain`` of ours.

``t.Skip`` is taken out of the tests. A test is a top-level ``TestX`` function with all its
subtests. Example: ``init() { os.Exit(0) }`` in the solution ends before any nonce was handed over.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from benchserver.engines.judges.unittests.framework import Framework, Sentinels, laid, runner
from benchserver.engines.languages.base import Language
from benchserver.engines.languages.go import GO
from benchserver.engines.languages.scripts import shell

_ENDINGS = ("go",)
_BUILD = """\
[ -x /usr/bin/go ] || exit 97
export GOCACHE=/tmp/cache GOPATH=/tmp/path GOENV=off GOTOOLCHAIN=local CGO_ENABLED=0
export GO111MODULE=on GOFLAGS='-buildvcs=false -mod=mod' GOPROXY=off
cd /box/project && /usr/bin/go test -c -ldflags '-s -w' -o /tmp/tests . \
    </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/tests
"""
_OURS = "bench_main_test.go"
_TEST = re.compile(r"^func (Test(?:[A-Z0-9_]\w*)?)\(\w+ \*testing\.T\)", re.M)
_PACKAGE = re.compile(r"^package (\w+)", re.M)
_SKIP = re.compile(r"\bt\.Skip(?:Now|f)?\(")


def _language() -> Language:
    assert GO.compile is not None
    command = shell(_BUILD, memory_bytes=3 * 2**29)
    compiled = replace(GO.compile, command=command, artefact="tests")
    return replace(GO, compile=compiled, run=replace(GO.run, argv=("/box/tests",)))


def _arrange(solution: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, bytes]:
    on = {path: _switched_on(path, text) for path, text in tests.items()}
    first = next(text for path, text in on.items() if path.endswith("_test.go"))
    names = [name for text in on.values() for name in _TEST.findall(text) if name != "TestMain"]
    package = _PACKAGE.search(first)
    ours = runner("gotest.go").replace("PACKAGE", package[1] if package else "main")
    quoted = ", ".join(f'"{name}"' for name in names)
    files = laid(solution, {"go.mod": "module solution\n\ngo 1.18\n", **on})
    files[f"project/{_OURS}"] = ours.replace("NAMES", quoted).encode()
    return files


def _with_sentinels(tests: Mapping[str, str], names: tuple[str, str]) -> Sentinels:
    path = next(path for path, text in tests.items() if _TEST.search(text))
    passing, failing = (f"Test{name.title().replace('_', '')}" for name in names)
    text = (
        f"{tests[path]}\nfunc {passing}(t *testing.T) {{\n"
        '\tif n := 2; n != 2 {\n\t\tt.Fatalf("%d", n)\n\t}\n}\n'
        f"\nfunc {failing}(t *testing.T) {{\n"
        '\tif n := 2; n != 3 {\n\t\tt.Fatalf("%d", n)\n\t}\n}\n'
    )
    return Sentinels(tests={**tests, path: text}, passing=passing, failing=failing)


def _switched_on(path: str, text: str) -> str:
    """Without skips: the call becomes one that only logs."""
    return _SKIP.sub("t.Log(", text) if path.endswith("_test.go") else text


GOTEST = Framework(
    name="gotest",
    language=_language(),
    mirrors=6,
    endings=_ENDINGS,
    arrange=_arrange,
    with_sentinels=_with_sentinels,
)
