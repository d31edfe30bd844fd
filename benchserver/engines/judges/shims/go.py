"""Go: solution and shim are two files of one ``package main``.

A solution may name its package as it likes and bring a ``main``. What the *task's* prompt imports
for its tests (``testing``, ``fmt``) is not the solution's to use: Go refuses unused imports, so
each gets a use here. Example: a completion of a MultiPL-E prompt builds as it is.
"""

from __future__ import annotations

import re

from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.shims.wanted import Wanted, shim

_PACKAGE = re.compile(r"^package[ \t]+\w+", re.MULTILINE)
_MAIN = re.compile(r"^func[ \t]+main[ \t]*\(", re.MULTILINE)
_IMPORTS = re.compile(r'^import[ \t]*(?:\(([^)]*)\)|("[^"\n]+"))', re.MULTILINE)
_PATH = re.compile(r'^[ \t]*"([^"\n]+)"', re.MULTILINE)

# A name of each package that may stand as a value.
_USES = {
    "bufio": "bufio.NewReader",
    "bytes": "bytes.Equal",
    "container/heap": "heap.Init",
    "crypto/md5": "md5.New",
    "encoding/hex": "hex.EncodeToString",
    "errors": "errors.New",
    "fmt": "fmt.Sprint",
    "math": "math.Abs",
    "math/big": "big.NewInt",
    "math/rand": "rand.Int",
    "os": "os.Getenv",
    "reflect": "reflect.TypeOf",
    "regexp": "regexp.MatchString",
    "sort": "sort.Ints",
    "strconv": "strconv.Itoa",
    "strings": "strings.Split",
    "testing": "testing.Short",
    "time": "time.Now",
    "unicode": "unicode.IsSpace",
    "unicode/utf8": "utf8.RuneLen",
}


def compose(code: str, wanted: Wanted) -> dict[str, bytes]:
    """The files of the program, by inner path."""
    given = _imports(wanted.prompt_code) & _imports(code)
    uses = [f"var _ = {_USES[path]}" for path in sorted(given) if path in _USES]
    solution = _PACKAGE.sub("package main", code, count=1)
    solution = _MAIN.sub("func bench_shim_other_main(", solution)
    call = f"\nfunc main() {{ benchShimServe({wanted.entry_point}) }}\n"
    return {
        "solution.go": code_bytes("\n".join((solution, *uses, ""))),
        "from_wire.go": shim("go/from_wire.go").encode(),
        "to_wire.go": shim("go/to_wire.go").encode(),
        "serve.go": (shim("go/serve.go") + call).encode(),
    }


def _imports(code: str) -> set[str]:
    """The packages that ``code`` imports under their own names."""
    found = (block or single for block, single in _IMPORTS.findall(code))
    return {path for text in found for path in _PATH.findall(text)}
