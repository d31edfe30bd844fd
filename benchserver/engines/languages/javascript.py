"""JavaScript: node, as a CommonJS program or, when it has imports, as a module.

V8's heap gets the task's memory; node's own need comes on top. Example: ``require`` and ``import``
both work, and ``require.main === module`` is true in the program.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Language

NODE = "/usr/bin/node"
NODE_MEMORY = 80 * 2**20
NODE_ADDRESS = 4 * 2**30
NODE_OUT_OF_MEMORY = (
    b"JavaScript heap out of memory",
    b"Fatal process out of memory",
    b"FATAL ERROR: Zone",
    b"Array buffer allocation failed",
)

_RUNNER = b"""\
'use strict';
const fs = require('fs'), vm = require('vm'), Module = require('module');
const SOURCE = '/box/main.js', MODULE = '/tmp/main.mjs';
const code = fs.readFileSync(SOURCE, 'utf8').replace(/^#!.*/, '');
const names = ['exports', 'require', 'module', '__filename', '__dirname'];
const IMPORTS = RegExp("import statement outside|Unexpected token 'export'|'import.meta'|" +
  'await is only valid');
function fail() {
  fs.writeSync(2, '\\0not compiled\\0');
  process.reallyExit(93);
}
function start() {
  try {
    vm.compileFunction(code, names, { filename: SOURCE });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    if (!IMPORTS.test(error.message)) fail();
    process.argv[1] = MODULE;
    fs.writeFileSync(MODULE, code);
    import('file://' + MODULE).catch((problem) => {
      if (problem instanceof SyntaxError) fail();
      process.nextTick(() => { throw problem; });
    });
    return;
  }
  process.argv[1] = SOURCE;
  Module.runMain(SOURCE);
}
start();
"""

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
    tested="20",
    install="apt install nodejs",
    hello="console.log(require('fs').readFileSync(0, 'utf8').trim().toUpperCase());\n",
    support={"run.js": _RUNNER},
    out_of_memory=NODE_OUT_OF_MEMORY,
)
