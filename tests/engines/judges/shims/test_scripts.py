"""Test code in JavaScript and TypeScript runs beside nobody: stubs call the other box."""

from __future__ import annotations

import pytest

from benchserver.core.errors import PlatformFault
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.registry import judge
from benchserver.engines.sandbox.base import Sandbox
from tests.engines.judges.shims.tasks import script
from tests.engines.languages.needed import require

ASSERT = "const assert = require('node:assert');\n"


def judged(
    text: str, code: str, sandbox: Sandbox, *, setup: str = "", names: str = "f"
) -> Judgement:
    task = script("javascript", ASSERT + text, setup=setup, names=names)
    return judge(task=task, code=code, sandbox=sandbox)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        ("function f(n) { return n * n; }", Verdict.PASSED),
        ("const f = (n) => n * n;", Verdict.PASSED),
        ("module.exports = { f: (n) => n * n };", Verdict.PASSED),
        ("module.exports = function f(n) { return n * n; };", Verdict.PASSED),
        ("export function f(n) { return n * n; }", Verdict.PASSED),
        ("export default function f(n) { return n * n; }", Verdict.PASSED),
        ("#!/usr/bin/env node\nvar f = (n) => n ** 2;", Verdict.PASSED),
        ("function f(n) { return n + n; }", Verdict.WRONG_ANSWER),
        ("function f(n) { return String(n * n); }", Verdict.WRONG_ANSWER),
        ("function f(n) { throw new RangeError('x'); }", Verdict.RUNTIME_ERROR),
        ("function g(n) { return n * n; }", Verdict.RUNTIME_ERROR),
        ("require('not-there');", Verdict.RUNTIME_ERROR),
        ("function f(n) { return n *; }", Verdict.COMPILE_ERROR),
        ("function f(n) { for (;;); }", Verdict.TIME_LIMIT),
        ("function f(n) { const a = []; for (;;) a.push(new Array(1e6).fill(n)); }", "memory"),
    ],
)
def test_a_verdict_says_what_happened(code: str, verdict: Verdict | str, sandbox: Sandbox) -> None:
    found = judged("assert.strictEqual(f(2), 4);\nassert.strictEqual(f(3), 9);", code, sandbox)
    wanted = (Verdict.MEMORY_LIMIT,) if verdict == "memory" else (verdict,)
    assert found.verdict in wanted, found.detail


def test_the_detail_names_the_failing_line_but_not_its_text(sandbox: Sandbox) -> None:
    found = judged("assert.equal(f(2), 4);\nassert.equal(f(3), 9);", "const f = () => 4;", sandbox)
    assert found.detail == "AssertionError line 3"


def test_all_kinds_of_plain_data_cross_unchanged(sandbox: Sandbox) -> None:
    text = """
const values = [undefined, null, NaN, Infinity, -1.5, 2n ** 80n, 'é\\u2028', { $a: 1, b: [] },
  new Map([[1, { x: undefined }], ['1', new Set([[2]])]]), new Date(86400000),
  new Uint8Array([1, 2]), new RangeError('m'), [[[]], { a: [{}] }]];
for (const value of values) assert.deepStrictEqual(f(value), value);
assert.deepStrictEqual(f([, 1]), [undefined, 1]);
assert.deepStrictEqual(Object.keys(f({ z: 1, a: 2 })), ['z', 'a']);
"""
    assert judged(text, "function f(x) { return x; }", sandbox).verdict is Verdict.PASSED


def test_changes_in_place_are_seen_by_the_tests(sandbox: Sandbox) -> None:
    text = """
const inner = [9], a = [3, 1, 2], o = { k: inner, gone: 1 };
const s = new Set([1]), m = new Map([['k', 1]]);
f(a, o, s, m);
assert.deepStrictEqual([a, o], [[1, 2, 3], { k: [9, 0], added: 1 }]);
assert.deepStrictEqual([s, m], [new Set(), new Map([['k', 1], ['n', 0]])]);
assert.strictEqual(o.k, inner);
"""
    code = """
function f(a, o, s, m) {
  a.sort(); o.k.push(0); delete o.gone; o.added = 1; s.clear(); m.set('n', 0);
}
"""
    assert judged(text, code, sandbox).passed
    assert not judged(text, "function f() {}", sandbox).passed


def test_errors_keep_class_name_and_message(sandbox: Sandbox) -> None:
    text = """
assert.throws(() => f(0), TypeError);
assert.throws(() => f(1), { name: 'Mine', message: 'm' });
assert.throws(() => f(2), /thrown/);
"""
    code = """
class Mine extends Error { constructor() { super('m'); this.name = 'Mine'; } }
function f(n) { if (n === 0) return null.x; if (n === 1) throw new Mine(); throw Error('thrown'); }
"""
    assert judged(text, code, sandbox).verdict is Verdict.PASSED


def test_promises_are_promises_on_the_other_side(sandbox: Sandbox) -> None:
    text = """
(async () => {
  assert.ok(f(1) instanceof Promise);
  assert.equal(await f(2), 4);
  await assert.rejects(f(-1), RangeError);
})();
"""
    code = "async function f(n) { if (n < 0) throw new RangeError(); return n * n; }"
    assert judged(text, code, sandbox).verdict is Verdict.PASSED
    assert judged(text, "async function f(n) { return 4; }", sandbox).verdict is not Verdict.PASSED


def test_objects_of_the_candidate_can_be_used_but_never_compared(sandbox: Sandbox) -> None:
    code = """
class Stack { constructor() { this.held = []; } push(x) { this.held.push(x); return this; }
  pop() { return this.held.pop(); } get size() { return this.held.length; } }
"""
    text = """
const stack = new Stack();
stack.push(1).push([2]);
assert.equal(stack.size, 2);
assert.deepEqual(stack.pop(), [2]);
"""
    assert judged(text, code, sandbox, names="Stack").passed
    text += "try { assert.deepEqual(stack, {}); } catch { assert.fail(); }"
    assert judged(text, code, sandbox, names="Stack").verdict is Verdict.WRONG_ANSWER


def test_helpers_of_the_prompt_come_from_the_trusted_side(sandbox: Sandbox) -> None:
    setup = "function double(n) { return 2 * n; }\nfunction f(n) {\n"
    lying = "function double(n) { return 0; }\nfunction f(n) { return 0; }"
    text = "assert.equal(f(3), double(double(3)));"
    assert not judged(text, lying, sandbox, setup=setup).passed
    assert judged(text, "const f = (n) => 4 * n;", sandbox, setup=setup).passed


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("assert.ok(true);", "tests_never_call"),
        ("f(() => 1);", "tests_unsupported"),
    ],
)
def test_a_fault_of_the_tests_is_nobodys_verdict(text: str, code: str, sandbox: Sandbox) -> None:
    with pytest.raises(PlatformFault) as caught:
        judged(text, "function f(n) { return n; }", sandbox)
    assert caught.value.code == code


def test_tests_that_swallow_every_error_do_not_hide_a_forgery(sandbox: Sandbox) -> None:
    text = "for (let i = 0; i < 3; i++) { try { f(i); } catch {} }"
    assert not judged(text, "function f() { process.exit(0); }", sandbox).passed


def test_typescript_is_checked_then_judged_like_javascript(sandbox: Sandbox) -> None:
    require("typescript", sandbox)
    text = (
        "import assert from 'node:assert';\ndeclare var f: any;\nassert.equal(f(2) as number, 4);"
    )
    for code, verdict in (
        ("function f(n: number): number { return n * n; }", Verdict.PASSED),
        ("export const f = <T extends number>(n: T): number => n + n + 1;", Verdict.WRONG_ANSWER),
        ("function f(n: number): number { return 'x'; }", Verdict.COMPILE_ERROR),
    ):
        found = judge(task=script("typescript", text), code=code, sandbox=sandbox)
        assert found.verdict is verdict
