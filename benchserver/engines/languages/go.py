"""Go: one ``package main`` of all ``.go`` files, the standard library only, no cgo.

Example: the collector works harder as the heap nears the task's memory limit (``GOMEMLIMIT``).
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Compile, Language

_COMPILE = """\
[ -x /usr/bin/go ] || exit 97
cd /box && /usr/bin/go build -ldflags '-s -w' -o /tmp/main $(find /box -maxdepth 1 -name '*.go') \
    </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/main
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
        address_bytes=3 * 2**29,
    ),
    compile=Compile(
        command=Command(
            argv=("/bin/sh", "-c", _COMPILE),
            environment={
                "GOCACHE": "/tmp/cache",
                "GOPATH": "/tmp/path",
                "HOME": "/tmp",
                "CGO_ENABLED": "0",
                "GO111MODULE": "off",
                "GOFLAGS": "-buildvcs=false",
                "GOTOOLCHAIN": "local",
            },
            memory_bytes=3 * 2**29,
            address_bytes=4 * 2**30,
            processes=256,
        ),
        artefact="main",
    ),
    version=("/usr/bin/go", "version"),
    tested="1.19",
    install="apt install golang-go",
    hello=(
        'package main\n\nimport (\n\t"bufio"\n\t"fmt"\n\t"os"\n\t"strings"\n)\n\n'
        "func main() {\n\tline, _ := bufio.NewReader(os.Stdin).ReadString('\\n')\n"
        "\tfmt.Println(strings.ToUpper(strings.TrimSpace(line)))\n}\n"
    ),
    out_of_memory=(b"runtime: out of memory", b"runtime: cannot allocate memory"),
)
