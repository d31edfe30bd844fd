"""Tests that cannot be data run beside the solution: class MITIGATED, as MultiPL-E itself does.

The tests' program is built with the solution. At the end of the tests it asks for a nonce, which
only then is made, and says it back: leaving early with status 0 passes nothing. Expected values
lie in the candidate's memory and a program that knows this file can lie, hence the class. Example:
``assert(candidate(2) > 0.1 * 3);`` in C++ computes, so no call case can hold it.

A failed assertion and a crash look alike from outside: both are a wrong answer here.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable

from benchserver.core.errors import PlatformFault
from benchserver.core.task import TaskSpec, UnitTests
from benchserver.core.verdict import Judgement, Verdict
from benchserver.engines.judges.build import build
from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.endings import judgement, limit_verdict, without_starving
from benchserver.engines.judges.shims import go, java
from benchserver.engines.judges.shims.wanted import Wanted
from benchserver.engines.sandbox.base import BoxRequest, Ending, Sandbox

FRAMEWORK = "multipl-e"
_LENGTH = 32


def judge_beside(*, task: TaskSpec, tests: UnitTests, code: str, sandbox: Sandbox) -> Judgement:
    """One judgement. Raises ``NotCompiled``; ``PlatformFault`` when box, host or task failed."""
    if task.language not in _COMPOSERS or len(tests.files) != 1:
        raise PlatformFault("task_shape", f"no tests beside a solution in {task.language}")
    files = _COMPOSERS[task.language](code, tests.files[0][1], task.prompt_code)
    built = without_starving(lambda: build(language=task.language, files=files, sandbox=sandbox))
    box = built.request(limits=task.limits)
    return without_starving(lambda: _run(box, sandbox))


def _run(box: BoxRequest, sandbox: Sandbox) -> Judgement:
    confirmed, result = sandbox.converse(box, _confirmed)
    if result.ending is Ending.STARVED:
        raise PlatformFault("starved", "the host was too busy to run the box")
    limited = limit_verdict(result)
    if limited:
        return judgement(limited, result, sandbox, detail=result.ending.value)
    verdict = Verdict.PASSED if confirmed else Verdict.WRONG_ANSWER
    return judgement(verdict, result, sandbox, detail="" if confirmed else "tests")


def _confirmed(reading: int, writing: int) -> bool:
    """Whether the program asks for a nonce and gives it back, with not a byte more."""
    try:
        if os.read(reading, 1) != b"?":
            return False
        nonce = secrets.token_hex(_LENGTH // 2).encode()
        os.write(writing, nonce)
        said = b""
        while len(said) <= _LENGTH and (part := os.read(reading, _LENGTH + 1 - len(said))):
            said += part
            if len(said) == _LENGTH:
                return secrets.compare_digest(said, nonce)
    except OSError:
        pass
    return False


# The tests of the field begin with the brace that ends the solution's function.


def _opened(tests: str) -> str:
    text = tests.lstrip()
    if not text.startswith("}"):
        raise PlatformFault("task_shape", "the tests do not begin where a completion ends")
    return text[1:]


def _with_last(text: str, call: str, *, braces: int = 1) -> str:
    """``text`` with ``call`` before its last closing braces."""
    for _ in range(braces):
        text = text.rstrip().removesuffix("}")
    return f"{text}\n{call}\n" + "}\n" * braces


_CPP_DONE = """
extern long bench_shim_read(int, void*, unsigned long) __asm__("read");
extern long bench_shim_write(int, const void*, unsigned long) __asm__("write");
static void bench_shim_done() {
  char nonce[32];
  bench_shim_write(4, "?", 1);
  for (long done = 0, got; done < 32; done += got)
    if ((got = bench_shim_read(3, nonce + done, 32 - done)) <= 0) return;
  bench_shim_write(4, nonce, 32);
}
"""
_RUST_DONE = """
fn bench_shim_done() {
    use std::io::{Read, Write};
    use std::os::unix::io::FromRawFd;
    let (mut from, mut to) =
        unsafe { (std::fs::File::from_raw_fd(3), std::fs::File::from_raw_fd(4)) };
    let mut nonce = [0; 32];
    let _ = to.write_all(b"?");
    let _ = from.read_exact(&mut nonce);
    let _ = to.write_all(&nonce);
}
"""
_GO_MAIN = """
var _ = fmt.Sprint

func benchShimTest(t *testing.T) {{
	{name}(t)
	if t.Failed() {{
		return
	}}
	nonce := make([]byte, 32)
	input, output := os.NewFile(3, "in"), os.NewFile(4, "out")
	output.WriteString("?")
	if _, err := io.ReadFull(input, nonce); err == nil {{
		output.Write(nonce)
	}}
}}

func main() {{
	always := func(_, _ string) (bool, error) {{ return true, nil }}
	testing.Main(always, []testing.InternalTest{{{{Name: "x", F: benchShimTest}}}}, nil, nil)
}}
"""
_JAVA_MAIN = """
public class BenchShimMain {
    public static void main(String[] arguments) throws Exception {
        ClassLoader.getSystemClassLoader().setDefaultAssertionStatus(true);
        BenchShimTests.main(arguments);
        java.io.OutputStream output = new java.io.FileOutputStream(BenchShim.descriptor(4));
        output.write('?');
        output.write(new java.io.DataInputStream(
                new java.io.FileInputStream(BenchShim.descriptor(3))).readNBytes(32));
    }
}
"""
_BASH_DONE = """
printf '?' >&4
read -r -N 32 -u 3 bench_shim_nonce
printf '%s' "$bench_shim_nonce" >&4
"""
_GO_TEST = re.compile(r"^func (Test\w+)\(", re.MULTILINE)


def _cpp(code: str, tests: str, prompt: str) -> dict[str, bytes]:
    ended = _with_last(_opened(tests), "bench_shim_done();\nreturn 0;")
    text = f"#include <bits/stdc++.h>\n{_CPP_DONE}{code}\n{ended}"
    return {"main.cpp": code_bytes(text)}


def _rust(code: str, tests: str, prompt: str) -> dict[str, bytes]:
    ended = _with_last(_opened(tests), "bench_shim_done();")
    return {"main.rs": code_bytes(f"{code}\n{ended}{_RUST_DONE}")}


def _go(code: str, tests: str, prompt: str) -> dict[str, bytes]:
    name = _GO_TEST.search(tests)
    if name is None:
        raise PlatformFault("task_shape", "the tests have no Test function")
    wanted = Wanted(entry_point="f", arity=0, prompt_code=prompt)
    solution = go.compose(code, wanted)["solution.go"]
    head = 'package main\n\nimport (\n\t"fmt"\n\t"io"\n\t"os"\n\t"testing"\n)\n\n'
    text = head + tests + _GO_MAIN.format(name=name[1])
    return {"solution.go": solution, "tests.go": text.encode()}


def _java(code: str, tests: str, prompt: str) -> dict[str, bytes]:
    """The tests are a class that inherits the solution's static methods, and its imports."""
    files = java.compose(code, Wanted(entry_point="f", arity=0))
    imports = "\n".join(re.findall(r"^import [^;]+;", prompt, re.MULTILINE))
    inside = _opened(tests)
    files["z/BenchShimTests.java"] = (
        f"{imports}\nclass BenchShimTests extends Problem {{{inside}".encode()
    )
    return files | {"z/BenchShimMain.java": _JAVA_MAIN.encode()}


def _bash(code: str, tests: str, prompt: str) -> dict[str, bytes]:
    return {"main.sh": code_bytes(f"{code}\n{_opened(tests)}\n{_BASH_DONE}")}


_COMPOSERS: dict[str, Callable[[str, str, str], dict[str, bytes]]] = {
    "bash": _bash,
    "cpp": _cpp,
    "go": _go,
    "java": _java,
    "rust": _rust,
}
