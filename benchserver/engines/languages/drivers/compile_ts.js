// Checks and emits /box/*.ts; follows the text of typescript.js, whose `ts` it uses.
// Started from a snapshot, it has the library's types parsed already. Exit status 3: not compiled.
(() => {
  const fs = require('fs');
  const LIB = '/usr/share/nodejs/typescript/lib/';
  const NODE = '/node.d.ts';
  const MODULES = 'assert assert/strict async_hooks buffer child_process cluster console constants ' +
    'crypto dgram diagnostics_channel dns domain events fs fs/promises http http2 https inspector ' +
    'module net os path path/posix perf_hooks process punycode querystring readline ' +
    'readline/promises repl stream stream/promises string_decoder test timers timers/promises tls ' +
    'trace_events tty url util util/types v8 vm wasi worker_threads zlib';
  // node's own names are of type any: what a program may say of them is not what is judged.
  const AMBIENT = [
    ...MODULES.split(' ').map((name) => `declare module '${name}'; declare module 'node:${name}';`),
    'declare var console: any, process: any, require: any, module: any, exports: any, global: any;',
    'declare var Buffer: any, performance: any, URL: any, TextEncoder: any, TextDecoder: any;',
    'declare var __filename: string, __dirname: string;',
    'declare function setTimeout(call: (...rest: any[]) => void, ...rest: any[]): any;',
    'declare function setInterval(call: (...rest: any[]) => void, ...rest: any[]): any;',
    'declare function setImmediate(call: (...rest: any[]) => void, ...rest: any[]): any;',
    'declare function clearTimeout(timer?: any): void;',
    'declare function clearInterval(timer?: any): void;',
    'declare function clearImmediate(timer?: any): void;',
    'declare function queueMicrotask(call: () => void): void;',
    'declare function structuredClone<T>(value: T): T;',
    'type Buffer = any;',
    'declare namespace NodeJS { type Timeout = any; type Immediate = any; }',
  ].join('\n');
  const NAMES_OF_NODE_TYPES = new Set([2694, 2709]); // no such member, or a namespace as a type
  const OPTIONS = {
    target: ts.ScriptTarget.ES2022,
    lib: ['lib.es2022.d.ts'],
    module: ts.ModuleKind.CommonJS,
    moduleDetection: ts.ModuleDetectionKind.Force,
    esModuleInterop: true,
    skipLibCheck: true,
    skipDefaultLibCheck: true,
    types: [],
  };
  const WARM = `import * as fs from 'fs';
class Box<T> { constructor(private readonly held: T[]) {} get first(): T | undefined { return this.held[0]; } }
function keyed<T>(all: T[]): Map<string, T> { return new Map(all.map((x, i) => [String(i), x] as [string, T])); }
async function main(): Promise<void> { console.log(new Box([...keyed(fs.readFileSync(0).split(',')).keys()]).first); }
main();`;
  const known = new Map();

  function knownFile(name) {
    if (!known.has(name)) {
      const text = name === NODE ? AMBIENT : ts.sys.readFile(name);
      known.set(name, text && ts.createSourceFile(name, text, OPTIONS.target));
    }
    return known.get(name);
  }

  function hostOf(sources, emitted) {
    return {
      getSourceFile: (name, how) => {
        if (sources.has(name)) return ts.createSourceFile(name, sources.get(name), how);
        return name === NODE || name.startsWith(LIB) ? knownFile(name) : undefined;
      },
      getDefaultLibFileName: () => LIB + 'lib.es2022.d.ts',
      getDefaultLibLocation: () => LIB,
      getCurrentDirectory: () => '/box',
      getCanonicalFileName: (name) => name,
      useCaseSensitiveFileNames: () => true,
      getNewLine: () => '\n',
      fileExists: (name) => sources.has(name),
      readFile: (name) => sources.get(name),
      directoryExists: () => true,
      getDirectories: () => [],
      writeFile: (name, text) => emitted.set(name, text),
    };
  }

  function compiled(sources) {
    const emitted = new Map();
    const host = hostOf(sources, emitted);
    const program = ts.createProgram([...sources.keys(), NODE], OPTIONS, host);
    const problems = ts.getPreEmitDiagnostics(program).filter((one) =>
      one.category === ts.DiagnosticCategory.Error && !NAMES_OF_NODE_TYPES.has(one.code));
    if (problems.length === 0) program.emit();
    return problems.length === 0 ? emitted : null;
  }

  function sourcesBelow(folder, found) {
    for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
      const path = folder + '/' + entry.name;
      if (entry.isDirectory()) sourcesBelow(path, found);
      else if (path.endsWith('.ts')) found.set(path, fs.readFileSync(path, 'utf8'));
    }
    return found;
  }

  // Several files become one: each a function, found by its path.
  function bundled(emitted) {
    if (emitted.size === 1) return [...emitted.values()][0];
    const parts = [...emitted].map(([path, text]) =>
      `${JSON.stringify(path)}: function (exports, require, module) {${text}\n}`);
    return `const files = {${parts.join(',\n')}}, loaded = {};
const { dirname, resolve } = require('path');
function load(path) {
  if (!loaded[path]) {
    const module = (loaded[path] = { exports: {} });
    files[path].call(module.exports, module.exports, (name) => {
      const inner = resolve(dirname(path), name).replace(/(\\.js)?$/, '.js');
      return name.startsWith('.') && files[inner] ? load(inner) : require(name);
    }, module);
  }
  return loaded[path].exports;
}
load('/box/main.js');
`;
  }

  function main() {
    try {
      const emitted = compiled(sourcesBelow('/box', new Map()));
      if (emitted === null || !emitted.has('/box/main.js')) process.reallyExit(3);
      fs.writeFileSync(1, bundled(emitted));
    } catch (error) {
      process.reallyExit(3); // too deep for the checker
    }
  }

  const snapshot = require('v8').startupSnapshot;
  if (snapshot && snapshot.isBuildingSnapshot()) {
    compiled(new Map([['/box/main.ts', WARM]]));
    snapshot.setDeserializeMainFunction(main);
  } else {
    main();
  }
})();
