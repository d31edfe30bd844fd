// Runs /box/main.js as node itself would; one that does not parse says so with a mark on stderr.
'use strict';
const fs = require('fs'), vm = require('vm'), Module = require('module');
const SOURCE = '/box/main.js', AS_MODULE = '/tmp/main.mjs';
const NAMES = ['exports', 'require', 'module', '__filename', '__dirname'];
const MODULE_ONLY = /import statement outside|Unexpected token 'export'|'import.meta'|await is only/;

function fail() {
  fs.writeSync(2, '\0not compiled\0');
  process.reallyExit(93);
}

function problemOf(code) {
  try {
    vm.compileFunction(code, NAMES, { filename: SOURCE });
  } catch (error) {
    return error;
  }
  return null;
}

function runAsModule(code) {
  process.argv[1] = AS_MODULE;
  fs.writeFileSync(AS_MODULE, code);
  import('file://' + AS_MODULE).catch((error) => {
    if (error instanceof SyntaxError) fail();
    process.nextTick(() => { throw error; });
  });
}

function start() {
  const code = fs.readFileSync(SOURCE, 'utf8').replace(/^#!.*/, '');
  const problem = problemOf(code);
  if (problem === null) {
    process.argv[1] = SOURCE;
    Module.runMain(SOURCE);
  } else if (MODULE_ONLY.test(problem.message)) {
    runAsModule(code);
  } else {
    fail();
  }
}

start();
