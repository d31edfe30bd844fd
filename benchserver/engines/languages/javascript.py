"""JavaScript: node, as a CommonJS program or, when it has imports, as a module.

V8's heap gets the task's memory; node's own need comes on top. Example: ``require`` and ``import``
both work, and ``require.main === module`` is true in the program.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Language
from benchserver.engines.languages.scripts import driver

NODE = "/usr/bin/node"
NODE_MEMORY = 112 * 2**20
NODE_ADDRESS = 4 * 2**30
NODE_OUT_OF_MEMORY = (
    b"JavaScript heap out of memory",
    b"Fatal process out of memory",
    b"FATAL ERROR: Zone",
    b"Array buffer allocation failed",
)

JAVASCRIPT = Language(
    name="javascript",
    title="JavaScript",
    extension="js",
    source="main.js",
    run=Command(
        argv=(NODE, "--max-old-space-size={mebibytes}", "/box/run.js"),
        memory_bytes=NODE_MEMORY,
        address_bytes=NODE_ADDRESS,
    ),
    version=(NODE, "--version"),
    tested="node 18, 20",
    install="apt install nodejs",
    hello="console.log(require('fs').readFileSync(0, 'utf8').trim().toUpperCase());\n",
    support={"run.js": driver("run.js").encode()},
    out_of_memory=NODE_OUT_OF_MEMORY,
)
