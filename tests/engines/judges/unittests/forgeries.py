"""Solutions of the small exercise that solve nothing and try to be taken for right.

Each entry: what it does, the framework, the solution's text. The strongest speak the supervisor's
own protocol: they say that the test is over and hand the nonce back.
"""

from __future__ import annotations

from benchserver.core import solution
from tests.engines.judges.unittests.projects import CPP_HEADER, HONEST

_JS = "export const double = () => 0;\nexport const greet = () => 0;\n"
_GO = "package work\n\n{imports}\n\nfunc init() {{\n{init}\n}}\n\n"
_GO += 'func Double(n int) int {{ return 0 }}\n\nfunc Greet(name string) string {{ return "" }}\n'
_RUST = "pub fn double(_n: u32) -> u32 {{\n    {body}\n}}\n\n"
_RUST += "pub fn greet(_name: &str) -> String {{\n    double(1);\n    String::new()\n}}\n"
_JAVA = "class Work {{\n    static {{\n        {body}\n    }}\n\n"
_JAVA += "    static int twice(int n) {{ return 0; }}\n\n"
_JAVA += '    static String greet(String n) {{ return ""; }}\n}}\n'
_PYTHON = "{body}\n\n\ndef double(n):\n    return 0\n\n\ndef greet(name):\n    return 0\n"


def _cpp(header: str, source: str) -> str:
    whole = f'#include "work.h"\n#include <unistd.h>\n{source}\n'
    whole += "int work::twice(int) { return 0; }\n"
    whole += 'std::string work::greet(std::string) { return ""; }\n'
    return solution.join({"work.h": CPP_HEADER + header, "work.cpp": whole})


JEST = {
    "leaves": f"process.exit(0);\n{_JS}",
    "really leaves": f"process.reallyExit(0);\n{_JS}",
    "leaves at a call": _JS.replace("() => 0", "() => process.exit(0)"),
    "says passed": "console.log('ok 1\\n1..1'); console.log('{\"numFailedTests\":0}');\n" + _JS,
    "patches expect": "globalThis.expect = () => new Proxy({}, { get: () => () => {} });\n" + _JS,
    "patches equality": "Object.is = () => true;\nArray.prototype.every = () => true;\n" + _JS,
    "objects that are equal to all": "const all = new Proxy({}, { get: () => () => true });\n"
    + _JS.replace("=> 0", "=> all"),
    "speaks the protocol": "import fs from 'node:fs';\nfs.writeSync(4, 'done\\n');\n"
    "const nonce = Buffer.alloc(32);\nfs.readSync(3, nonce, 0, 32, null);\n"
    f"fs.writeSync(4, nonce);\nprocess.reallyExit(0);\n{_JS}",
    "swallows the failure": "import fs from 'node:fs';\nconst say = fs.writeSync;\n"
    "process.reallyExit = () => {};\nprocess.removeAllListeners('uncaughtException');\n" + _JS,
    "reads the answers": "import fs from 'node:fs';\n"
    "const text = fs.readFileSync('/box/project/work.spec.js', 'utf8');\n"
    "const after = (call) => Number(text.split('expected = ')[call].split(';')[0]);\n"
    "export const double = (n) => after(n === 2 ? 1 : 2);\n"
    'export const greet = () => ({ text: text.split("text: \'")[1].split("\'")[0] });\n',
    "is other tests": solution.join({"work.js": _JS, "work.spec.js": "test('a', () => {});\n"}),
    "brings a configuration": solution.join({"work.js": _JS, "package.json": "{}"}),
}
PYTEST = {
    "leaves": _PYTHON.format(body="import sys\nsys.exit(0)"),
    "really leaves": _PYTHON.format(body="import os\nos._exit(0)"),
    "leaves at the end": _PYTHON.format(
        body="import atexit, os\natexit.register(os._exit, 0)\nprint('1 passed')"
    ),
    "patches assertions": _PYTHON.format(
        body="import unittest\nfor name in dir(unittest.TestCase):\n"
        "    if name.startswith('assert'):\n"
        "        setattr(unittest.TestCase, name, lambda *a, **k: None)"
    ),
    "patches the result": _PYTHON.format(
        body="import unittest\nunittest.TestResult.addFailure = lambda *a: None\n"
        "unittest.TestResult.addError = lambda *a: None"
    ),
    "is equal to all": "class All:\n    def __eq__(self, other):\n        return True\n\n\n"
    "def double(n):\n    return All()\n\n\ndef greet(name):\n    return All()\n",
    "speaks the protocol": _PYTHON.format(
        body="import os\nos.write(4, b'done\\n')\nos.write(4, os.read(3, 32))\nos._exit(0)"
    ),
    "walks the frames": "import sys\n\n\ndef double(n):\n"
    "    return sys._getframe(1).f_locals.get('expected', 2)\n\n\ndef greet(name):\n"
    "    return next(c for c in sys._getframe(1).f_code.co_consts if 'hello' in str(c))\n",
    "brings conftest": solution.join({"work.py": "", "conftest.py": "x = 1\n"}),
    "brings its own unittest": solution.join({"work.py": "", "unittest.py": "x = 1\n"}),
    "brings a start hook": solution.join({"work.py": "", "sitecustomize.py": "x = 1\n"}),
}
GOTEST = {
    "leaves at start": _GO.format(imports='import "os"', init="\tos.Exit(0)"),
    "asks for no tests": _GO.format(
        imports='import (\n\t"flag"\n\t"os"\n)',
        init='\tos.Args = append(os.Args, "x")\n\tflag.CommandLine.Init("x", 0)\n'
        '\tos.Args[0] = "-test.run=^$"',
    ),
    "speaks the protocol": _GO.format(
        imports='import "syscall"',
        init='\tsyscall.Write(4, []byte("done\\n"))\n\tnonce := make([]byte, 32)\n'
        "\tsyscall.Read(3, nonce)\n\tsyscall.Write(4, nonce)\n\tsyscall.Exit(0)",
    ),
    "ends the goroutine": 'package work\n\nimport "runtime"\n\n'
    "func Double(n int) int {\n\truntime.Goexit()\n\treturn 0\n}\n\n"
    'func Greet(name string) string {\n\tpanic("PASS")\n}\n',
    "brings a test": solution.join({"work.go": HONEST["gotest"], "more_test.go": "package work\n"}),
    "brings a module": solution.join({"work.go": HONEST["gotest"], "go.mod": "module other\n"}),
}
CARGO = {
    "leaves": _RUST.format(body="std::process::exit(0)"),
    "speaks the protocol": _RUST.format(
        body="use std::io::{Read, Write};\n    use std::os::unix::io::FromRawFd;\n"
        "    unsafe {\n        let mut nonce = [0u8; 32];\n"
        "        let mut out = std::fs::File::from_raw_fd(4);\n"
        '        out.write_all(b"done\\n").unwrap();\n'
        "        std::fs::File::from_raw_fd(3).read_exact(&mut nonce).unwrap();\n"
        "        out.write_all(&nonce).unwrap();\n    }\n    std::process::exit(0)"
    ),
    "reads the answers": 'const TESTS: &str = include_str!("../tests/work.rs");\n\n'
    "pub fn double(n: u32) -> u32 {\n    if n > 100 {\n"
    '        panic!("too large");\n'
    "    }\n    TESTS.split(\"double(2), \").nth(1).unwrap().split(')').next().unwrap()"
    ".parse().unwrap()\n}\n\npub fn greet(_name: &str) -> String {\n"
    '    TESTS.split("let expected = \\"").nth(1).unwrap()'
    ".split('\"').next().unwrap().into()\n}\n",
    "brings a build script": solution.join(
        {"src/lib.rs": HONEST["cargo"], "build.rs": "fn main() {}"}
    ),
    "brings a manifest": solution.join({"src/lib.rs": HONEST["cargo"], "Cargo.toml": "[package]"}),
}
JUNIT = {
    "leaves": _JAVA.format(body="System.exit(0);"),
    "halts": _JAVA.format(body="Runtime.getRuntime().halt(0);"),
    "speaks the protocol": _JAVA.format(
        body="try {\n"
        "            var out = new java.io.FileOutputStream(java.io.FileDescriptor.out);\n"
        '            out.write("done\\n".getBytes());\n            byte[] nonce = new byte[32];\n'
        "            new java.io.FileInputStream(java.io.FileDescriptor.in).read(nonce);\n"
        "            out.write(nonce);\n            Runtime.getRuntime().halt(0);\n"
        "        } catch (java.io.IOException e) {\n        }"
    ),
    "brings AssertJ": solution.join(
        {
            "src/main/java/Work.java": HONEST["junit"],
            "src/main/java/org/assertj/core/api/Assertions.java": "package org.assertj.core.api;\n",
        }
    ),
    "brings a test": solution.join(
        {"src/main/java/Work.java": HONEST["junit"], "src/main/java/WorkTest.java": "class A {}"}
    ),
}
CATCH2 = {
    "leaves before main": _cpp("", "namespace { struct A { A() { _exit(0); } } a; }"),
    "speaks the protocol": _cpp(
        "",
        'namespace { struct A { A() { char n[32]; write(4, "done\\n", 5); read(3, n, 32);\n'
        "write(4, n, 32); _exit(0); } } a; }",
    ),
    "undoes the assertions": _cpp(
        '#include "test/catch.hpp"\n#undef REQUIRE\n#define REQUIRE(x) (void)0\n', ""
    ),
    "switches Catch off": _cpp("#define CATCH_CONFIG_DISABLE\n", ""),
    "brings a build file": solution.join({"work.h": CPP_HEADER, "CMakeLists.txt": "project(x)"}),
}
FORGERIES = {
    "jest": JEST,
    "pytest": PYTEST,
    "gotest": GOTEST,
    "cargo": CARGO,
    "junit": JUNIT,
    "catch2": CATCH2,
}
