// Runs one test of a project that is written for Jest: describe, test, expect and their kin.
//
// Skipped tests are run. The word that a test passed goes to the supervisor only after its body,
// and only if the supervisor's late nonce comes back. What the solution patches afterwards does
// not reach this file's own copies; the supervisor's sentinels see to the rest.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import util from 'node:util';
import vm from 'node:vm';

const PROJECT = '/box/project';
const [, , command, wanted] = process.argv;
const { readSync, writeSync, readFileSync, existsSync, statSync } = fs;
const reallyExit = process.reallyExit.bind(process);
const { isArray } = Array;
const { is, keys, getPrototypeOf, prototype: objectPrototype } = Object;
const ownKeys = Reflect.ownKeys;
const has = (object, key) => Reflect.apply(objectPrototype.hasOwnProperty, object, [key]);
const tag = (value) => Reflect.apply(objectPrototype.toString, value, []);
const { types, inspect, format } = util;

function say(text) {
  writeSync(4, text);
}

function listen(count) {
  const buffer = Buffer.alloc(count);
  let filled = 0;
  while (filled < count) {
    const got = readSync(3, buffer, filled, count - filled, null);
    if (!got) reallyExit(1);
    filled += got;
  }
  return buffer;
}

class NotMet extends Error {}

// --- equality --------------------------------------------------------------------------------

class Asymmetric {
  constructor(matches) {
    this.matches = matches;
  }
}

function same(a, b, strict, seen = []) {
  if (b instanceof Asymmetric) return b.matches(a);
  if (a instanceof Asymmetric) return a.matches(b);
  if (is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const kind = tag(a);
  if (kind !== tag(b)) return false;
  if (types.isBoxedPrimitive(a)) return is(a.valueOf(), b.valueOf());
  if (types.isDate(a)) return is(a.getTime(), b.getTime());
  if (types.isRegExp(a)) return a.source === b.source && a.flags === b.flags;
  if (types.isNativeError(a)) return a.message === b.message && (!strict || a.name === b.name);
  if (strict && getPrototypeOf(a) !== getPrototypeOf(b)) return false;
  for (const [left, right] of seen) if (left === a) return right === b;
  const deeper = [...seen, [a, b]];
  if (types.isMap(a) || types.isSet(a)) return sameMembers([...a], [...b], strict, deeper);
  if (isArray(a) || types.isTypedArray(a)) if (a.length !== b.length) return false;
  return sameKeys(a, b, strict, deeper);
}

function sameMembers(left, right, strict, seen) {
  if (left.length !== right.length) return false;
  const free = [...right];
  for (const item of left) {
    const at = free.findIndex((other) => same(item, other, strict, seen));
    if (at < 0) return false;
    free.splice(at, 1);
  }
  return true;
}

function sameKeys(a, b, strict, seen) {
  const left = shown(a, strict);
  const right = shown(b, strict);
  if (left.length !== right.length) return false;
  for (const key of left) {
    if (!has(b, key) || !same(a[key], b[key], strict, seen)) return false;
  }
  return true;
}

function shown(object, strict) {
  const enumerable = (key) => Reflect.getOwnPropertyDescriptor(object, key).enumerable;
  const found = [];
  for (const key of ownKeys(object)) {
    if (enumerable(key) && (strict || object[key] !== undefined)) found.push(key);
  }
  return found;
}

function contains(whole, part) {
  if (part instanceof Asymmetric || part === null || typeof part !== 'object') {
    return same(whole, part, false);
  }
  if (whole === null || typeof whole !== 'object') return false;
  if (isArray(part)) {
    if (!isArray(whole) || whole.length !== part.length) return false;
    return part.every((item, index) => contains(whole[index], item));
  }
  return keys(part).every((key) => key in whole && contains(whole[key], part[key]));
}

// --- expect ----------------------------------------------------------------------------------

function thrown(received, fromPromise) {
  if (fromPromise) return [received];
  if (typeof received !== 'function') throw new NotMet('a function is expected');
  try {
    received();
  } catch (error) {
    return [error];
  }
  return [];
}

function isThrown(received, expected, fromPromise) {
  const caught = thrown(received, fromPromise);
  if (!caught.length) return false;
  const message = String(caught[0]?.message ?? caught[0]);
  if (expected === undefined) return true;
  if (typeof expected === 'string') return message.includes(expected);
  if (types.isRegExp(expected)) return expected.test(message);
  if (expected instanceof Asymmetric) return expected.matches(caught[0]);
  if (typeof expected === 'function') return caught[0] instanceof expected;
  return message === expected.message;
}

function at(object, where) {
  const steps = isArray(where) ? where : String(where).replace(/\[(\w+)\]/g, '.$1').split('.');
  let value = object;
  for (const step of steps) {
    if (value === null || value === undefined || !(step in Object(value))) return [];
    value = value[step];
  }
  return [value];
}

const near = (a, b, digits = 2) => is(a, b) || Math.abs(a - b) < 10 ** -digits / 2;
const calls = (mock) => mock.mock.calls;

const MATCHERS = {
  toBe: (a, b) => is(a, b),
  toEqual: (a, b) => same(a, b, false),
  toStrictEqual: (a, b) => same(a, b, true),
  toBeNull: (a) => a === null,
  toBeUndefined: (a) => a === undefined,
  toBeDefined: (a) => a !== undefined,
  toBeTruthy: (a) => Boolean(a),
  toBeFalsy: (a) => !a,
  toBeNaN: (a) => Number.isNaN(a),
  toBeGreaterThan: (a, b) => a > b,
  toBeGreaterThanOrEqual: (a, b) => a >= b,
  toBeLessThan: (a, b) => a < b,
  toBeLessThanOrEqual: (a, b) => a <= b,
  toBeCloseTo: near,
  toBeInstanceOf: (a, b) => a instanceof b,
  toContain: (a, b) => (typeof a === 'string' ? a.includes(b) : [...a].some((x) => is(x, b))),
  toContainEqual: (a, b) => [...a].some((x) => same(x, b, false)),
  toHaveLength: (a, b) => a.length === b,
  toHaveProperty: (a, where, ...value) => {
    const found = at(a, where);
    return found.length > 0 && (!value.length || same(found[0], value[0], false));
  },
  toMatch: (a, b) => (typeof b === 'string' ? a.includes(b) : b.test(a)),
  toMatchObject: (a, b) => contains(a, b),
  toThrow: isThrown,
  toThrowError: isThrown,
  toHaveBeenCalled: (a) => calls(a).length > 0,
  toHaveBeenCalledTimes: (a, n) => calls(a).length === n,
  toHaveBeenCalledWith: (a, ...args) => calls(a).some((c) => same(c, args, false)),
  toHaveBeenLastCalledWith: (a, ...args) => same(calls(a).at(-1), args, false),
  toHaveBeenNthCalledWith: (a, n, ...args) => same(calls(a)[n - 1], args, false),
  toHaveReturnedWith: (a, b) => a.mock.results.some((r) => same(r.value, b, false)),
};
const THROWS = ['toThrow', 'toThrowError'];

function matchersFor(received, { negated, fromPromise }) {
  const found = {};
  for (const name of keys(MATCHERS)) {
    found[name] = (...args) => {
      const given = THROWS.includes(name) ? [received, args[0], fromPromise] : [received, ...args];
      if (Boolean(MATCHERS[name](...given)) === negated) {
        throw new NotMet(`${name} ${negated ? 'held' : 'did not hold'}`);
      }
    };
  }
  return found;
}

function awaited(promise, { rejects, negated }) {
  const found = {};
  for (const name of keys(MATCHERS)) {
    found[name] = async (...args) => {
      const settled = await Promise.allSettled([typeof promise === 'function' ? promise() : promise]);
      const [{ status, value, reason }] = settled;
      if ((status === 'rejected') !== rejects) throw new NotMet(`the promise ${status}`);
      const received = rejects ? reason : value;
      matchersFor(received, { negated, fromPromise: rejects })[name](...args);
    };
  }
  return found;
}

function expect(received) {
  const both = (make) => Object.assign(make(false), { not: make(true) });
  return Object.assign(
    both((negated) => matchersFor(received, { negated, fromPromise: false })),
    {
      resolves: both((negated) => awaited(received, { rejects: false, negated })),
      rejects: both((negated) => awaited(received, { rejects: true, negated })),
    },
  );
}

function isOf(kind, value) {
  if (value === null || value === undefined) return false;
  return value instanceof kind || Object(value) instanceof kind;
}

Object.assign(expect, {
  any: (kind) => new Asymmetric((value) => isOf(kind, value)),
  anything: () => new Asymmetric((value) => value !== null && value !== undefined),
  arrayContaining: (wantedItems) =>
    new Asymmetric(
      (value) => isArray(value) && wantedItems.every((w) => value.some((v) => same(v, w, false))),
    ),
  objectContaining: (part) => new Asymmetric((value) => contains(value, part)),
  stringContaining: (part) => new Asymmetric((v) => typeof v === 'string' && v.includes(part)),
  stringMatching: (part) => new Asymmetric((v) => typeof v === 'string' && RegExp(part).test(v)),
  closeTo: (number, digits) => new Asymmetric((value) => near(value, number, digits)),
  assertions: () => {},
  hasAssertions: () => {},
});

// --- describe, test --------------------------------------------------------------------------

const hooks = () => ({ beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] });
let scope = { names: [], hooks: [hooks()] };
const tests = new Map();

function describe(name, body) {
  const outer = scope;
  scope = { names: [...outer.names, String(name)], hooks: [...outer.hooks, hooks()] };
  body();
  scope = outer;
}

function test(name, body) {
  const full = [...scope.names, String(name)].join(' > ');
  let key = full;
  for (let n = 2; tests.has(key); n += 1) key = `${full} #${n}`;
  tests.set(key, { body, hooks: scope.hooks });
}

function each(register) {
  return (table) => (name, body) => {
    for (const row of table) {
      const values = isArray(row) ? row : [row];
      register(named(name, values, row), () => body(...values));
    }
  };
}

function named(name, values, row) {
  if (!isArray(row) && row !== null && typeof row === 'object') {
    return name.replace(/\$(\w+)/g, (_, key) => inspect(row[key]));
  }
  const places = (name.match(/%[sdifjop#]/g) ?? []).length;
  return format(name.replace(/%[p#]/g, '%j'), ...values.slice(0, places));
}

for (const register of [describe, test]) {
  register.each = each(register);
  register.skip = register.only = register;
  register.skip.each = register.each;
}
test.failing = (name) => test(name, () => { throw new NotMet('failing tests are not supported'); });
test.todo = () => {};
test.concurrent = test;

const hook = (kind) => (body) => scope.hooks.at(-1)[kind].push(body);

function mock(implementation = () => undefined) {
  const state = { calls: [], results: [] };
  const once = [];
  let current = implementation;
  const made = function made(...args) {
    state.calls.push(args);
    const value = (once.shift() ?? current).apply(this, args);
    state.results.push({ type: 'return', value });
    return value;
  };
  const set = (change) => (...args) => {
    change(...args);
    return made;
  };
  return Object.assign(made, {
    mock: state,
    mockImplementation: set((f) => { current = f; }),
    mockReturnValue: set((value) => { current = () => value; }),
    mockReturnValueOnce: set((value) => { once.push(() => value); }),
    mockResolvedValue: set((value) => { current = async () => value; }),
    mockClear: set(() => { state.calls.length = 0; state.results.length = 0; }),
    mockReset: set(() => { state.calls.length = 0; current = () => undefined; }),
  });
}

const GLOBALS = {
  describe,
  xdescribe: describe,
  fdescribe: describe,
  test,
  xtest: test,
  it: test,
  xit: test,
  fit: test,
  expect,
  beforeAll: hook('beforeAll'),
  beforeEach: hook('beforeEach'),
  afterEach: hook('afterEach'),
  afterAll: hook('afterAll'),
  jest: { fn: mock, setTimeout: () => {}, useRealTimers: () => {} },
};

async function call(body) {
  if (body.length === 0) return body();
  return new Promise((done, fail) => {
    Promise.resolve(body((error) => (error ? fail(error) : done()))).catch(fail);
  });
}

async function run({ body, hooks: levels }) {
  for (const level of levels) for (const before of level.beforeAll) await call(before);
  for (const level of levels) for (const before of level.beforeEach) await call(before);
  await call(body);
  for (const level of levels.toReversed?.() ?? [...levels].reverse()) {
    for (const after of [...level.afterEach, ...level.afterAll]) await call(after);
  }
}

// --- modules ---------------------------------------------------------------------------------

const modules = new Map();

function locate(specifier, from) {
  const base = path.resolve(path.dirname(from), specifier);
  const tries = [base, `${base}.js`, `${base}.mjs`, path.join(base, 'index.js')];
  const found = tries.find((file) => existsSync(file) && statSync(file).isFile());
  if (!found || !found.startsWith(`${PROJECT}/`)) throw new Error(`no module ${specifier}`);
  return found;
}

function synthetic(exported, identifier) {
  const named = { ...Object(exported), default: exported?.default ?? exported };
  return new vm.SyntheticModule(
    Object.keys(named),
    function fill() {
      for (const name of Object.keys(named)) this.setExport(name, named[name]);
    },
    { identifier },
  );
}

function common(source, file) {
  const module = { exports: {} };
  const names = ['exports', 'require', 'module', '__filename', '__dirname'];
  const body = vm.compileFunction(source, names, { filename: file });
  const require = (specifier) => {
    if (!specifier.startsWith('.')) return process.getBuiltinModule?.(specifier);
    const inner = locate(specifier, file);
    return common(readFileSync(inner, 'utf8'), inner);
  };
  body.call(module.exports, module.exports, require, module, file, path.dirname(file));
  return module.exports;
}

function moduleAt(file) {
  if (!modules.has(file)) {
    const source = readFileSync(file, 'utf8').replace(/^#!.*/, '');
    const isCommon = /\bmodule\.exports\b|\bexports\.\w+\s*=/.test(source);
    modules.set(
      file,
      isCommon && !/^\s*(?:export|import)\b/m.test(source)
        ? synthetic(common(source, file), file)
        : new vm.SourceTextModule(source, { identifier: file, importModuleDynamically: linked }),
    );
  }
  return modules.get(file);
}

async function link(specifier, referrer) {
  if (specifier === '@jest/globals') return synthetic({ ...GLOBALS }, specifier);
  if (specifier.startsWith('.')) return moduleAt(locate(specifier, referrer.identifier));
  return synthetic({ ...(await import(specifier)) }, specifier);
}

async function linked(specifier, referrer) {
  const module = await link(specifier, referrer);
  if (module.status === 'unlinked') await module.link(link);
  await module.evaluate();
  return module;
}

async function load(files) {
  for (const file of files) {
    const module = moduleAt(path.join(PROJECT, file));
    await module.link(link);
    await module.evaluate();
  }
}

function failed(error) {
  say(error instanceof NotMet ? 'failed\n' : 'raised\n');
  reallyExit(1);
}

process.on('uncaughtException', failed);
for (const [name, value] of Object.entries(GLOBALS)) {
  Object.defineProperty(globalThis, name, { value, writable: false, configurable: false });
}
try {
  await load(JSON.parse(readFileSync('/box/tests.json', 'utf8')));
  if (command === 'list') {
    say(JSON.stringify([...tests.keys()]));
    reallyExit(0);
  }
  if (!tests.has(wanted)) reallyExit(1);
  await run(tests.get(wanted));
} catch (error) {
  failed(error);
}
say('done\n');
say(listen(32));
reallyExit(0);
