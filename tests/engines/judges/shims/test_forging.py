"""No forgery passes in any language, and a program that dies or hangs is the model's failure."""

from __future__ import annotations

import pytest

from benchserver.core.verdict import Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.shims.sources import SOURCES
from tests.engines.judges.shims.tasks import cases, script
from tests.engines.judges.shims.test_values import PARTS, asked
from tests.engines.languages.needed import require

DEEDS = {
    "add": {Verdict.WRONG_ANSWER},
    "ahead": {Verdict.WRONG_ANSWER},
    "print": {Verdict.WRONG_ANSWER},
    "twice": {Verdict.WRONG_ANSWER},
    "huge": {Verdict.WRONG_ANSWER},
    "leave": {Verdict.RUNTIME_ERROR},
    "raise": {Verdict.RUNTIME_ERROR},
    "flood": {Verdict.WRONG_ANSWER},
}


@pytest.mark.parametrize("how", DEEDS)
@pytest.mark.parametrize("language", SOURCES)
def test_no_deed_passes(language: str, how: str, sandbox: Sandbox) -> None:
    require(language, sandbox)
    found = asked(language, (how, PARTS, PARTS), sandbox=sandbox)
    assert found.verdict in DEEDS[how], found.detail


EARLY = {
    "c": """#include <unistd.h>
__attribute__((constructor)) static void early(void) {
  write(4, "0000001b{\\"load\\":\\"ok\\",\\"error\\":\\"\\"}", 35);
  write(4, "00000010{\\"id\\":1,\\"ok\\":\\"x\\"}", 24);
}
long f(long n) { return n * n; }
""",
    "go": """package main
import "os"
var _, _ = os.NewFile(4, "").WriteString("0000001b{\\"load\\":\\"ok\\",\\"error\\":\\"\\"}")
func f(n int) int { return n * n }
""",
    "javascript": """
const fs = require('fs');
fs.writeSync(4, '0000001b{"load":"ok","error":""}');
fs.writeSync(4, '0000000f{"id":1,"ok":4}');
function f(n) { return n * n; }
""",
    "python": """
import posix
posix.write(4, b'0000001b{"load":"ok","error":""}')
def f(n): return n * n
""",
}


@pytest.mark.parametrize("language", EARLY)
def test_an_answer_before_the_question_is_a_forgery(language: str, sandbox: Sandbox) -> None:
    require(language, sandbox)
    task = cases(language, ([2], 4), ([3], 9), signature="long f(long n)")
    found = judge(task=task, code=EARLY[language], sandbox=sandbox)
    assert (found.verdict, found.detail.split()[0]) == (Verdict.WRONG_ANSWER, "forged")


PATCHED = {
    "comparison and serialiser": """
JSON.stringify = () => '{"id":1,"ok":4}';
Object.is = () => true;
Array.isArray = () => true;
const assert = require('assert');
for (const name of Object.keys(assert)) assert[name] = () => {};
function f(n) { return 0; }
""",
    "an object equal to everything": """
class Yes { valueOf() { return 4; } toString() { return '4'; } toJSON() { return 4; }
  [Symbol.toPrimitive]() { return 4; } equals() { return true; } }
function f(n) { return new Yes(); }
""",
    "a proxy": "const f = (n) => new Proxy({}, { get: () => 4, ownKeys: () => [] });",
    "a number object": "const f = (n) => Object.assign(new Number(0), { valueOf: () => 4 });",
    "the report": """
const text = '{"end":"passed","error":"","calls":2}';
for (const to of [1, 2, 4]) {
  try { require('fs').writeSync(to, text.length.toString(16).padStart(8, '0') + text); } catch {}
}
function f(n) { return 0; }
""",
    "leaving early": "process.exit(0);",
    "leaving when called": "function f(n) { process.exit(0); }",
    "killing itself": "function f(n) { process.kill(process.pid, 'SIGKILL'); }",
    "a promise that never ends": """
function f(n) { return new Promise(() => setInterval(() => {}, 1)); }
""",
    "a getter on the prototype": """
Object.defineProperty(Object.prototype, 'ok', { get: () => 4, set() {} });
function f(n) { return 0; }
""",
    "the other side's answer": """
function f(n) { return { $handle: [0, 'function'] }; }
""",
}
CHECKS = """
const assert = require('node:assert');
assert.equal(f(2), 4);
assert.deepEqual(f(3), 9);
"""


@pytest.mark.parametrize("name", PATCHED)
def test_no_patched_script_passes_test_code_or_data(name: str, sandbox: Sandbox) -> None:
    for task in (script("javascript", CHECKS), cases("javascript", ([2], 4), ([3], 9))):
        found = judge(task=task, code=PATCHED[name], sandbox=sandbox)
        assert not found.passed
        assert found.verdict is not Verdict.COMPILE_ERROR


def test_a_second_copy_of_the_last_answer_is_a_forgery(sandbox: Sandbox) -> None:
    code = """
const fs = require('fs'), write = fs.writeSync;
let frames = 0;
fs.writeSync = (to, data, done) => (++frames === 2
  ? (write(to, Buffer.concat([data, data])), data.length) : write(to, data, done));
function f(n) { return n * n; }
"""
    checks = "require('assert').equal(f(2), 4);"
    for task in (script("javascript", checks), cases("javascript", ([2], 4))):
        found = judge(task=task, code=code, sandbox=sandbox)
        assert (found.verdict, found.detail.split()[0]) == (Verdict.WRONG_ANSWER, "forged")


def test_a_right_answer_to_another_question_is_a_forgery(sandbox: Sandbox) -> None:
    code = """
const fs = require('fs'), write = fs.writeSync;
fs.writeSync = (to, data, done) => {
  const text = data.toString().slice(8);
  if (!text.includes('"ok"')) return write(to, data, done);
  const other = text.replace(/"id":(\\d)/, (_, d) => `"id":${(Number(d) % 9) + 1}`);
  write(to, other.length.toString(16).padStart(8, '0') + other);
  return data.length;
};
function f(n) { return n * n; }
"""
    checks = "require('assert').equal(f(2), 4);"
    for task in (script("javascript", checks), cases("javascript", ([2], 4))):
        found = judge(task=task, code=code, sandbox=sandbox)
        assert (found.verdict, found.detail.split()[0]) == (Verdict.WRONG_ANSWER, "forged")


BASH = {
    "leaving early": "exit 0\nf() { echo 4; }\n",
    "success without an answer": "f() { true; }\n",
    "an answer while loading": "echo 4\nf() { :; }\n",
    "another shell": "exec true\n",
    "two answers": "f() { echo 4; echo 9; }\n",
    "a traced shell": "set -x\nf() { echo; }\n",
    "a trap": "trap 'echo 4' EXIT\nf() { echo 0; }\n",
    "killing itself": "f() { echo 4; kill -9 $$; }\n",
    "missing": "g() { echo 4; }\n",
}


@pytest.mark.parametrize("name", BASH)
def test_no_forged_shell_passes(name: str, sandbox: Sandbox) -> None:
    found = judge(task=cases("bash", (["2"], "4"), (["3"], "9")), code=BASH[name], sandbox=sandbox)
    assert not found.passed


def test_a_shell_that_does_not_parse_is_not_compiled(sandbox: Sandbox) -> None:
    task = cases("bash", (["2"], "4"))
    found = judge(task=task, code="f() { echo 4; }\nif true\n", sandbox=sandbox)
    assert found.verdict is Verdict.COMPILE_ERROR
