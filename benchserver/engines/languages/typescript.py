"""TypeScript: checked and emitted by the ``typescript`` package, then run by node.

Example: ``const n: number = "x"`` is a compile error, not a program that runs.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Compile, Language
from benchserver.engines.languages.javascript import (
    NODE,
    NODE_ADDRESS,
    NODE_MEMORY,
    NODE_OUT_OF_MEMORY,
)

_COMPILE = """\
tsc=/usr/share/nodejs/typescript/lib/tsc.js
[ -x /usr/bin/node ] && [ -f $tsc ] || exit 97
printf 'declare var require: any, process: any, module: any;' >/tmp/node.d.ts
/usr/bin/node $tsc --target es2022 --module commonjs --esModuleInterop --noEmitOnError \
    --outDir /tmp/out /tmp/node.d.ts /box/main.ts </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/out/main.js
"""

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
        command=Command(
            argv=("/bin/sh", "-c", _COMPILE), memory_bytes=2**30, address_bytes=NODE_ADDRESS
        ),
        artefact="main.js",
        output_bytes=16 * 2**20,
    ),
    version=(NODE, "/usr/share/nodejs/typescript/lib/tsc.js", "--version"),
    tested="4.8",
    install="apt install nodejs node-typescript",
    hello=(
        "const text: string = require('fs').readFileSync(0, 'utf8');\n"
        "console.log(text.trim().toUpperCase());\n"
    ),
    out_of_memory=NODE_OUT_OF_MEMORY,
)
