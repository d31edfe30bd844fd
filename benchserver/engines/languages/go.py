"""Go: one ``package main`` of all ``.go`` files, the standard library only, no cgo.

Compiler and linker are called with the list of precompiled packages that the cache holds; without
it, ``go build`` does the same and takes longer. Example: the collector works harder as the heap
nears the task's memory limit (``GOMEMLIMIT``).
"""

from __future__ import annotations

from benchserver.engines.languages.base import Caches, Command, Compile, Language
from benchserver.engines.languages.scripts import fits, shell, state, step

_ENVIRONMENT = """\
export GOCACHE=/tmp/cache GOPATH=/tmp/path GOENV=off GOTOOLCHAIN=local GOFLAGS=-buildvcs=false
export CGO_ENABLED=0 GO111MODULE=off
"""
_GO = "/usr/bin/go"
_COMPILE = f"""\
[ -x {_GO} ] || exit 97
{_ENVIRONMENT}cd /box
sources=$(find /box -maxdepth 1 -name '*.go')
if {fits(_GO)}; then
    read -r tools </toolchain/tools
    $tools/compile -p main -complete -pack -importcfg /toolchain/public.cfg -o /tmp/main.a \\
        $sources </dev/null >/dev/null 2>&1 || exit 1
    $tools/link -importcfg /toolchain/all.cfg -buildmode=exe -s -w -o /tmp/main /tmp/main.a \\
        </dev/null >/dev/null 2>&1 || exit 1
else
    {_GO} build -ldflags '-s -w' -o /tmp/main $sources </dev/null >/dev/null 2>&1 || exit 1
fi
exec cat /tmp/main
"""
# Packages that Go ships compiled stay where they are, the others are kept here.
_PACKAGES = f"""\
{_ENVIRONMENT}cd /tmp/made
{_GO} env GOTOOLDIR >tools
line='{{{{if .Export}}}}packagefile {{{{.ImportPath}}}}={{{{.Export}}}}{{{{end}}}}'
{_GO} list -export -f "$line" std >list
mkdir packages
for file in $(sed -n 's#.*=/tmp/cache/#/tmp/cache/#p' list); do cp "$file" packages/; done
sed 's#=/tmp/cache/../#=/toolchain/packages/#' list >all.cfg
grep -vE '^packagefile ([^=]*/)?(internal|vendor)/' all.cfg >public.cfg
rm list
"""

GO = Language(
    name="go",
    title="Go",
    extension="go",
    source="main.go",
    run=Command(
        argv=("/box/main",),
        environment={"GOMEMLIMIT": "{mebibytes}MiB", "HOME": "/tmp"},
        memory_bytes=24 * 2**20,
        address_bytes=7 * 2**27,
    ),
    compile=Compile(
        command=shell(_COMPILE, memory_bytes=2**30),
        artefact="main",
    ),
    caches=Caches(steps=(step(_PACKAGES, _GO),), compilers=("/bin/sh", "-c", state(_GO))),
    version=(_GO, "version"),
    tested="Go 1.19",
    install="apt install golang-go",
    hello=(
        'package main\n\nimport (\n\t"bufio"\n\t"fmt"\n\t"os"\n\t"strings"\n)\n\n'
        "func main() {\n\tline, _ := bufio.NewReader(os.Stdin).ReadString('\\n')\n"
        "\tfmt.Println(strings.ToUpper(strings.TrimSpace(line)))\n}\n"
    ),
    out_of_memory=(b"runtime: out of memory", b"runtime: cannot allocate memory"),
)
