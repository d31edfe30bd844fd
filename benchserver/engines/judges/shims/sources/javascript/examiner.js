// Inside the examiner's box: run the task's own tests against stubs that call the candidate.
// The tests and the expected values are here and nowhere else; what comes back is plain data. An
// object that stays with the candidate can be called and read, but never compared or converted.
// One frame on stdout reports the end, in the words of examiner.py.
'use strict';
const wire = require('/box/wire.js');
const fs = require('fs');
const vm = require('vm');
const { randomInt } = require('crypto');
const Module = require('module');

const IN = 3, OUT = 4;
const IMPORTS = /import statement outside|Unexpected token 'export'|import\.meta|await is only valid/;
const LOADS = ['ok', 'syntax', 'error'];

class LineBroken extends Error {}

const line = {
  calls: 0,
  broken: '',
  raised: new WeakSet(),
  handles: new Map(),

  fail(reason) {
    this.broken ||= reason;
    throw new LineBroken(this.broken);
  },

  receive() {
    try {
      return wire.receive(IN);
    } catch (error) {
      return this.fail(error instanceof wire.WireError ? 'forged' : 'gone');
    }
  },

  exchange(what, on, args) {
    if (this.broken) throw new LineBroken(this.broken);
    const message = { id: randomInt(2 ** 47), do: what, on };
    try {
      message.args = args.map((value) => wire.encode(value, handleOf, false));
    } catch {
      this.fail('unsupported');
    }
    try {
      wire.send(OUT, message);
    } catch (error) {
      this.fail(error instanceof wire.WireError ? 'unsupported' : 'gone');
    }
    const reply = this.receive();
    const keys = reply !== null && typeof reply === 'object' ? Object.keys(reply).sort().join() : '';
    if (!/^(changed,)?(id,ok|error,id,(late,)?text)$/.test(keys) || reply.id !== message.id) this.fail('forged');
    return reply;
  },

  ask(what, on, args) {
    this.calls += 1;
    const reply = this.exchange(what, on, args);
    let value, changed;
    try {
      value = wire.decode(reply.ok, (number) => this.opaque(number));
      changed = wire.decode(reply.changed ?? [], (number) => this.opaque(number));
    } catch {
      this.fail('forged');
    }
    if (Array.isArray(changed) && changed.length === args.length) args.forEach((mine, i) => restore(mine, changed[i]));
    if (!('error' in reply)) return value;
    const error = wire.error(String(reply.error).slice(0, 80), String(reply.text).slice(0, 2000));
    this.raised.add(error);
    if (reply.late) return Promise.reject(error);
    throw error;
  },

  opaque(handle) {
    if (!Array.isArray(handle) || !Number.isSafeInteger(handle[0])) throw new wire.WireError('no handle');
    const [number, kind] = handle;
    if (!this.handles.has(number)) this.handles.set(number, stub(number, kind === 'function' ? () => {} : {}));
    return this.handles.get(number);
  },
};

const numbers = new WeakMap();

function handleOf(value) {
  if (!numbers.has(value)) throw new wire.WireError('no plain form');
  return { $handle: [numbers.get(value), typeof value] };
}

function refuse() {
  throw new TypeError('an object of the candidate is not compared or converted');
}

function stub(on, target) {
  const bound = {
    apply: (self, args) => line.ask('call', on, [...(args ?? [])]),
    call: (self, ...args) => line.ask('call', on, args),
    bind: (self, ...first) => (...args) => line.ask('call', on, [...first, ...args]),
  };
  const made = new Proxy(target, {
    apply: (_, self, args) => line.ask('call', on, args),
    construct: (_, args) => line.ask('new', on, args),
    get(_, key) {
      if (key === 'valueOf' || key === 'toString' || key === 'toJSON' || key === Symbol.toPrimitive) return refuse;
      if (typeof key === 'symbol' || key === 'then' || key === 'constructor') return undefined;
      if (typeof target === 'function' && Object.hasOwn(bound, key)) return bound[key];
      if (typeof target === 'function' && key === 'prototype') return target.prototype;
      if (typeof on === 'string' && key === 'name') return on;
      return line.ask('get', on, [key]);
    },
    set(_, key, value) {
      line.ask('set', on, [key, value]);
      return true;
    },
    has: refuse, ownKeys: refuse, getOwnPropertyDescriptor: refuse, defineProperty: refuse, deleteProperty: refuse,
  });
  numbers.set(made, on);
  return made;
}

// Repeat in `mine` what the candidate did to its copy, keeping inner objects' identity.
function restore(mine, theirs) {
  if (mine === null || typeof mine !== 'object' || numbers.has(mine)) return;
  if (theirs === null || typeof theirs !== 'object') return;
  if (Array.isArray(mine) && Array.isArray(theirs)) {
    const same = mine.length === theirs.length;
    mine.splice(0, mine.length, ...theirs.map((item, i) => (same ? merged(mine[i], item) : item)));
  } else if (mine instanceof Map && theirs instanceof Map) {
    const entries = [...theirs].map(([key, item]) => [key, merged(mine.get(key), item)]);
    mine.clear();
    for (const [key, item] of entries) mine.set(key, item);
  } else if (mine instanceof Set && theirs instanceof Set) {
    mine.clear();
    for (const item of theirs) mine.add(item);
  } else if (ArrayBuffer.isView(mine) && ArrayBuffer.isView(theirs) && mine.length === theirs.length) {
    mine.set(theirs);
  } else if (Object.getPrototypeOf(mine) === Object.prototype && !Array.isArray(theirs)) {
    for (const key of Object.keys(mine)) if (!Object.hasOwn(theirs, key)) delete mine[key];
    for (const key of Object.keys(theirs)) if (key !== '__proto__') mine[key] = merged(mine[key], theirs[key]);
  }
}

function merged(old, fresh) {
  const structured = old !== null && typeof old === 'object' && fresh !== null && typeof fresh === 'object';
  if (!structured || numbers.has(fresh) || Object.getPrototypeOf(old) !== Object.getPrototypeOf(fresh)) return fresh;
  restore(old, fresh);
  return old;
}

// ---- the run -----------------------------------------------------------------------------

let finished = false;

function finish(ended) {
  if (finished) return;
  finished = true;
  wire.send(1, { ...ended, calls: line.calls });
  process.reallyExit(0);
}

function failure(error) {
  if (line.broken) return { end: line.broken, error: '' };
  const name = error instanceof Error ? String(error.name) : typeof error;
  const end = error !== null && typeof error === 'object' && line.raised.has(error) ? 'raised' : 'failed';
  const where = /tests\.m?js:(\d+)/.exec(error instanceof Error ? String(error.stack) : '');
  return { end, error: name.slice(0, 80), line: where ? Number(where[1]) : 0 };
}

// The last exchange: an answer that nobody asked for would lie before its reply.
function farewell() {
  try {
    const reply = line.exchange('bye', null, []);
    if ('error' in reply) line.broken ||= 'forged';
  } catch { /* the line says why */ }
  finish({ end: line.broken || 'passed', error: '' });
}

function setUp(text) {
  let script;
  try {
    script = new vm.Script(text, { filename: 'setup.js' });
  } catch {
    script = new vm.Script(`${text}\n}`, { filename: 'setup.js' }); // the head of a function
  }
  script.runInThisContext();
}

function install(names) {
  for (const name of names) {
    const made = stub(name, function () {});
    globalThis[name] = made;
    if (vm.runInThisContext(name) !== made) throw new Error('setup hides the function');
  }
}

function run(text) {
  let script;
  try {
    script = new vm.Script(text, { filename: 'tests.js', importModuleDynamically: (name) => import(name) });
  } catch (error) {
    if (!IMPORTS.test(error.message)) throw error;
    fs.writeFileSync('/tmp/tests.mjs', text);
    return import('file:///tmp/tests.mjs');
  }
  return script.runInThisContext();
}

async function main() {
  const spec = wire.receive(fs.openSync('/box/spec', 'r'));
  process.stdout.write = process.stderr.write = () => true; // what tests print is nobody's business
  const module = new Module('/box/tests.js');
  Object.assign(globalThis, { module, exports: module.exports, require: Module.createRequire('/box/tests.js') });
  try {
    setUp(spec.setup);
    install(spec.proxies);
  } catch (error) {
    return finish({ end: 'setup', error: String(error?.name) });
  }
  const loaded = line.receive();
  if (!LOADS.includes(loaded?.load)) return line.fail('forged');
  if (loaded.load !== 'ok') return finish({ end: loaded.load, error: String(loaded.error).slice(0, 80) });
  process.on('beforeExit', farewell);
  await run(spec.script);
}

process.on('uncaughtException', (error) => finish(failure(error)));
process.on('unhandledRejection', (error) => finish(failure(error)));
process.on('exit', () => finish({ end: line.broken || 'failed', error: 'exit' }));
main().catch((error) => finish(failure(error)));
