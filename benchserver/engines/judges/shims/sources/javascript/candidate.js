// Inside the candidate's box: load the solution, answer calls with plain data.
// Untrusted as soon as the solution is loaded. One call per frame on descriptor 3, one answer per
// frame on descriptor 4, as candidate.py does for Python. With "cases" as first argument the other
// side is the judge, which knows no undefined, Map or Promise; else it is examiner.js.
'use strict';
const wire = require('/box/wire.js');
const vm = require('vm');
const Module = require('module');

const SOLUTION = '/box/solution.js';
const MODULE = /import statement outside|Unexpected token 'export'|import\.meta|await is only valid/;
const forJudge = process.argv[2] === 'cases';
const kept = [];

function keep(value) {
  if (forJudge) throw new wire.WireError('no plain form');
  let number = kept.indexOf(value);
  if (number < 0) number = kept.push(value) - 1;
  return { $handle: [number, typeof value] };
}

// A script keeps its names where later scripts see them; a module has exports.
async function load() {
  const code = require('fs').readFileSync(SOLUTION, 'utf8').replace(/^#!.*/, '');
  const module = new Module(SOLUTION);
  module.filename = SOLUTION;
  module.paths = [];
  Object.assign(globalThis, { module, exports: module.exports, require: Module.createRequire(SOLUTION) });
  let script;
  try {
    script = new vm.Script(code, { filename: 'solution.js', importModuleDynamically: (name) => import(name) });
  } catch (error) {
    if (!MODULE.test(error.message)) throw error;
    require('fs').writeFileSync('/tmp/solution.mjs', code);
    return await import('file:///tmp/solution.mjs');
  }
  script.runInThisContext();
  return module.exports;
}

function find(exported, name) {
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) throw new ReferenceError('no such name');
  try {
    return vm.runInThisContext(name);
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
  }
  if (exported !== null && exported !== undefined) {
    if (exported[name] !== undefined) return exported[name];
    if (exported.default && exported.default.name === name) return exported.default;
    if (exported.default && exported.default[name] !== undefined) return exported.default[name];
    if (typeof exported === 'function' && exported.name === name) return exported;
  }
  throw new ReferenceError('no such name');
}

const operations = {
  call: (target, args) => target(...args),
  new: (target, args) => new target(...args),
  get: (target, [name]) => typeof target[name] === 'function' ? target[name].bind(target) : target[name],
  set: (target, [name, value]) => { target[name] = value; },
  bye: () => undefined,
};

async function answer(message, exported) {
  const reply = { id: message.id };
  const given = message.args;
  let args = [];
  try {
    args = wire.decode(given, ([number]) => kept[number]);
    const on = message.on;
    const target = message.do === 'bye' ? null : typeof on === 'string' ? find(exported, on) : kept[on];
    let value = operations[message.do](target, args);
    let late = false;
    if (value !== null && typeof value === 'object' && typeof value.then === 'function') {
      late = true;
      try {
        value = await value;
      } catch (error) {
        return Object.assign(reply, raised(error), forJudge ? {} : { late });
      }
    }
    reply.ok = wire.encode(value, keep, forJudge);
    if (late && !forJudge) reply.ok = { $promise: reply.ok };
  } catch (error) {
    Object.assign(reply, raised(error));
  }
  if (!forJudge) changed(reply, given, args);
  return reply;
}

function raised(error) {
  if (error instanceof wire.WireError) return { error: 'TypeError', text: 'cannot be passed' };
  let name = 'Error', text = '';
  try {
    name = error instanceof Error ? String(error.name) : typeof error;
    text = error instanceof Error ? String(error.message) : String(error);
  } catch { /* an error that raises when it is looked at */ }
  if (text === 'Array buffer allocation failed') name = 'MemoryError';
  return { error: name.slice(0, 80), text: Buffer.from(text.slice(0, 2000)).toString() };
}

// The arguments again, when the call changed one in place.
function changed(reply, before, args) {
  try {
    const after = args.map((value) => wire.encode(value, keep, false));
    if (JSON.stringify(after) !== JSON.stringify(before)) reply.changed = after;
  } catch { /* what cannot be passed did not change for the other side */ }
}

async function serve() {
  let exported;
  try {
    exported = await load();
  } catch (error) {
    const load = error instanceof SyntaxError ? 'syntax' : 'error';
    wire.send(4, { load, error: raised(error).error });
    return;
  }
  wire.send(4, { load: 'ok', error: '' });
  for (;;) {
    const reply = await answer(wire.receive(3), exported);
    try {
      wire.send(4, reply);
    } catch (error) {
      if (!(error instanceof wire.WireError)) throw error;
      wire.send(4, { id: reply.id, error: 'RangeError', text: 'answer too large' });
    }
  }
}

process.on('uncaughtException', () => process.reallyExit(1));
process.on('unhandledRejection', () => {});
serve().then(() => process.reallyExit(0), () => process.reallyExit(1));
