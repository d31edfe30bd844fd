// Plain data between two boxes of JavaScript, or between one and the judge: JSON with tags.
// Shared by examiner.js and (untrusted) candidate.js. Never evaluates what it reads.
//   {"$undefined": 0}  {"$float": "nan"}  {"$int": "123"}  {"$map": [[k, v]]}  {"$set": [v]}
//   {"$date": ms}  {"$bytes": [kind, base64]}  {"$error": [name, text]}  {"$object": [[k, v]]}
//   {"$handle": [3, "function"]}  {"$promise": v}
// To the judge: undefined is null, a Date its ISO text, a Map {"$dict": [[k, v]]}, arguments may hold the judge's tags.
'use strict';
const fs = require('fs');

const FRAME = 16 << 20, DEPTH = 100, NODES = 1000000;
const BYTES = { Uint8Array, Int8Array, Uint8ClampedArray, Uint16Array, Int16Array, Uint32Array,
  Int32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array };
const ERRORS = { Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError };
const { isArray } = Array;
const parse = JSON.parse, stringify = JSON.stringify;

class WireError extends Error {}

class Encoder {
  constructor(keep, plain) {
    this.keep = keep;
    this.plain = plain;
    this.nodes = 0;
  }

  value(value, depth) {
    switch (typeof value) {
      case 'boolean': return value;
      case 'string': return checked(value);
      case 'number':
        if (Number.isInteger(value) && !Number.isSafeInteger(value)) return { $float: String(value) };
        if (Number.isFinite(value)) return value;
        return { $float: value !== value ? 'nan' : value > 0 ? 'inf' : '-inf' };
      case 'bigint': return { $int: value.toString() };
      case 'undefined': return this.plain ? null : { $undefined: 0 };
    }
    if (value === null) return null;
    if (depth > DEPTH || ++this.nodes > NODES) throw new WireError('too deep or too large');
    if (typeof value !== 'object') return this.keep(value);
    if (isArray(value)) return Array.from(value, (item) => this.value(item, depth + 1));
    return this.object(value, depth);
  }

  object(value, depth) {
    const kind = Object.getPrototypeOf(value);
    if (kind === Object.prototype || kind === null) return this.fields(value, depth);
    if (value instanceof Map) {
      return { [this.plain ? '$dict' : '$map']: this.pairs(value.entries(), depth) };
    }
    if (value instanceof Set) return { $set: Array.from(value, (item) => this.value(item, depth + 1)) };
    if (value instanceof Number || value instanceof String || value instanceof Boolean) {
      return this.value(value.valueOf(), depth);
    }
    if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
      if (this.plain) return Array.from(value, (item) => this.value(item, depth + 1));
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      const name = Object.keys(BYTES).find((known) => value instanceof BYTES[known]);
      return { $bytes: [name, bytes.toString('base64')] };
    }
    if (value instanceof Date) {
      if (!this.plain) return { $date: value.getTime() };
      return Number.isNaN(value.getTime()) ? null : value.toISOString();
    }
    if (this.plain) return this.fields(value, depth);
    if (value instanceof Error) return { $error: [checked(String(value.name)), checked(String(value.message))] };
    return this.keep(value);
  }

  fields(value, depth) {
    const names = Object.keys(value);
    if (names.every((name) => name[0] !== '$' && name !== '__proto__')) {
      const made = {};
      for (const name of names) made[checked(name)] = this.value(value[name], depth + 1);
      return made;
    }
    return { [this.plain ? '$dict' : '$object']: this.pairs(Object.entries(value), depth) };
  }

  pairs(entries, depth) {
    return Array.from(entries, ([key, inner]) => [this.value(key, depth + 1), this.value(inner, depth + 1)]);
  }
}

function checked(text) {
  if (/[\ud800-\udfff]/.test(text) && !text.isWellFormed?.() && Buffer.from(text).toString() !== text) {
    throw new WireError('lone surrogate in a string');
  }
  return text;
}

function items(value) {
  if (!isArray(value)) throw new WireError('a list is expected');
  return value;
}

function pairs(value, get) {
  return items(value).map((pair) => {
    if (items(pair).length !== 2) throw new WireError('a pair is expected');
    return [get(pair[0]), get(pair[1])];
  });
}

function text(value) {
  if (typeof value !== 'string') throw new WireError('a string is expected');
  return value;
}

const READERS = {
  $undefined: () => undefined,
  $float: (v) => ({ nan: NaN, inf: Infinity, '-inf': -Infinity })[text(v)] ?? Number(v),
  $int: (v) => text(v)[0] === '-' ? -BigInt(v.slice(1)) : BigInt(v),
  $map: (v, get) => new Map(pairs(v, get)),
  $dict: (v, get) => new Map(pairs(v, get)),
  $set: (v, get) => new Set(items(v).map(get)),
  $frozenset: (v, get) => new Set(items(v).map(get)),
  $tuple: (v, get) => items(v).map(get),
  $deque: (v, get) => items(v).map(get),
  $date: (v) => new Date(Number(v)),
  $bytes: (v) => {
    const [kind, data] = isArray(v) ? v : ['Uint8Array', v];
    const bytes = Buffer.from(text(data), 'base64');
    if (!Object.hasOwn(BYTES, kind)) throw new WireError('unknown kind of bytes');
    return new BYTES[kind](bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  },
  $error: (v) => error(text(items(v)[0]), text(v[1])),
  $object: (v, get) => Object.fromEntries(pairs(v, get)),
  $promise: (v, get) => Promise.resolve(get(v)),
};

function error(name, message) {
  const made = new (Object.hasOwn(ERRORS, name) ? ERRORS[name] : Error)(message);
  if (made.name !== name) made.name = name;
  return made;
}

function decode(data, handle) {
  let nodes = 0;
  const get = (depth) => (value) => {
    if (value === null || typeof value !== 'object') return value;
    if (depth > DEPTH || ++nodes > NODES) throw new WireError('too deep or too large');
    const inner = get(depth + 1);
    if (isArray(value)) return value.map(inner);
    const names = Object.keys(value);
    if (names.length === 1 && names[0] === '$handle') return handle(value.$handle);
    if (names.length === 1 && Object.hasOwn(READERS, names[0])) return READERS[names[0]](value[names[0]], inner);
    if (names.some((name) => name[0] === '$')) throw new WireError('unknown tag');
    return Object.fromEntries(names.map((name) => [name, inner(value[name])]));
  };
  try {
    return get(0)(data);
  } catch (problem) {
    throw problem instanceof WireError ? problem : new WireError('malformed value');
  }
}

function frame(message) {
  const body = Buffer.from(stringify(message), 'utf8');
  if (body.length > FRAME) throw new WireError('frame too large');
  return Buffer.concat([Buffer.from(body.length.toString(16).padStart(8, '0')), body]);
}

function send(descriptor, message) {
  const data = frame(message);
  for (let done = 0; done < data.length;) done += fs.writeSync(descriptor, data, done);
}

function exactly(descriptor, count) {
  const data = Buffer.alloc(count);
  for (let done = 0; done < count;) {
    const got = fs.readSync(descriptor, data, done, count - done, null);
    if (got === 0) throw new Error('the other side is gone');
    done += got;
  }
  return data;
}

function receive(descriptor) {
  const head = exactly(descriptor, 8).toString('latin1');
  const length = /^[0-9a-f]{8}$/.test(head) ? parseInt(head, 16) : 0;
  if (!length || length > FRAME) throw new WireError('not a frame');
  const bytes = exactly(descriptor, length);
  try {
    return parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new WireError('not JSON');
  }
}

module.exports = {
  WireError, decode, error, frame, receive, send,
  encode: (value, keep, plain) => new Encoder(keep, plain).value(value, 0),
};
