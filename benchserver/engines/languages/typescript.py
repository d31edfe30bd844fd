"""TypeScript: checked and emitted by the ``typescript`` package, then run by node.

The cache is a snapshot of the compiler with the library's types already parsed. Example:
``const n: number = "x"`` is a compile error, not a program that runs (ADR 0011).
"""

from __future__ import annotations

from benchserver.engines.languages.base import Caches, Command, Compile, Language
from benchserver.engines.languages.javascript import (
    NODE,
    NODE_ADDRESS,
    NODE_MEMORY,
    NODE_OUT_OF_MEMORY,
)
from benchserver.engines.languages.scripts import driver, fits, shell, state, step, written

_LIBRARY = "/usr/share/nodejs/typescript/lib"
_COMPILER = f"{_LIBRARY}/typescript.js"
_WHOLE = (
    written(driver("compile_ts.js"), "/tmp/driver.js")
    + f"cat {_COMPILER} /tmp/driver.js >/tmp/whole.js\n"
)
_COMPILE = f"""\
[ -x {NODE} ] && [ -f {_COMPILER} ] || exit 97
if {fits(NODE, _COMPILER)}; then
    exec {NODE} --snapshot-blob /toolchain/compiler.blob </dev/null 2>/dev/null
fi
{_WHOLE}exec {NODE} /tmp/whole.js </dev/null 2>/dev/null
"""
_SNAPSHOT = f"{_WHOLE}{NODE} --snapshot-blob /tmp/made/compiler.blob --build-snapshot /tmp/whole.js"

TYPESCRIPT = Language(
    name="typescript",
    title="TypeScript",
    extension="ts",
    source="main.ts",
    run=Command(
        argv=(NODE, "--max-old-space-size={mebibytes}", "/box/main.js"),
        memory_bytes=NODE_MEMORY,
        address_bytes=NODE_ADDRESS,
    ),
    compile=Compile(
        command=shell(_COMPILE, memory_bytes=2**30),
        artefact="main.js",
        output_bytes=16 * 2**20,
    ),
    caches=Caches(
        steps=(step(_SNAPSHOT, NODE, _COMPILER),),
        compilers=("/bin/sh", "-c", state(NODE, _COMPILER)),
    ),
    version=(NODE, f"{_LIBRARY}/tsc.js", "--version"),
    tested="TypeScript 4.8",
    install="apt install nodejs node-typescript",
    hello=(
        "const text: string = require('fs').readFileSync(0, 'utf8');\n"
        "console.log(text.trim().toUpperCase());\n"
    ),
    out_of_memory=NODE_OUT_OF_MEMORY,
)
