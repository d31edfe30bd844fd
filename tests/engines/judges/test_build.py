"""The compile step: what comes out, whose failure it is, and what a compiler may read."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

import benchserver
from benchserver.core.errors import PlatformFault
from benchserver.core.solution import join
from benchserver.core.task import Limits
from benchserver.core.verdict import Verdict
from benchserver.engines.judges.build import Built, NotCompiled, build, not_compiled
from benchserver.engines.judges.registry import judge
from benchserver.engines.languages.base import NO_TOOLCHAIN
from benchserver.engines.languages.registry import LANGUAGES
from benchserver.engines.sandbox.base import BoxRequest, BoxResult, Ending, Sandbox
from tests.engines.judges.tasks import program_task
from tests.engines.languages.needed import require

MIB = 2**20


def build_one(language: str, code: str, sandbox: Sandbox) -> Built:
    require(language, sandbox)
    files = {LANGUAGES[language].source: code.encode()}
    return build(language=language, files=files, sandbox=sandbox)


def run(built: Built, sandbox: Sandbox, stdin: bytes = b"") -> BoxResult:
    return sandbox.run(built.request(limits=Limits()), stdin=stdin)


HOSTILE = {
    "an endless file": ("c", '#include "/dev/zero"\nint main(void) { return 0; }'),
    "an endless file, by the assembler": (
        "c",
        '__asm__(".incbin \\"/dev/zero\\"");\nint main(void) { return 0; }',
    ),
    "itself": ("c", "#include __FILE__\nint main(void) { return 0; }"),
    "a binary beyond the cap": (
        "c",
        "char big[100 << 20] = {1};\nint main(void) { return big[1]; }",
    ),
    "a file beyond the scratch": ("c", "char big[1u << 30] = {1};\nint main(void) { return 0; }"),
    "templates without end": (
        "cpp",
        "template <int N, int M> struct T {\n"
        "  static const int x = T<N - 1, M>::x + T<N - 1, M + 1>::x + T<N - 1, M * M>::x;\n};\n"
        "template <int M> struct T<0, M> { static const int x = 1; };\n"
        "int main() { return T<40, 0>::x; }",
    ),
    "memory without end": (
        "cpp",
        '#define A "0123456789"\n#define B A A A A A A A A A A\n#define C B B B B B B B B B B\n'
        "#define D C C C C C C C C C C\n#define E D D D D D D D D D D\n"
        "#define F E E E E E E E E E E\n#define G F F F F F F F F F F\n"
        "#define H G G G G G G G G G G\nconst char* const x = H H;\nint main() { return x[1]; }",
    ),
    "macros without end": (
        "rust",
        "macro_rules! m { ($($t:tt)*) => { m!($($t)* $($t)* x) } }\nfn main() { m!(x x) }",
    ),
    "nesting without end": ("java", "class A { int f() { return " + "(" * 20000 + "; } }"),
    "types without end": (
        "typescript",
        "type Grow<T extends any[]> = T extends [...infer R] ? Grow<[...R, ...R, 1]> : never;\n"
        "const x: Grow<[1, 1]> = null as any;\nconsole.log(x);",
    ),
    "cgo": ("go", 'package main\n\n// int x;\nimport "C"\n\nfunc main() {}'),
    "Go's own insides": ("go", 'package main\n\nimport _ "internal/cpu"\n\nfunc main() {}'),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_source_that_fights_its_compiler_does_not_compile(
    name: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    language, code = HOSTILE[name]
    require(language, sandbox)
    shorten(language, monkeypatch)
    task = replace(program_task(("", "")), language=language)
    found = judge(task=task, code=code, sandbox=sandbox)
    assert found.verdict is Verdict.COMPILE_ERROR
    assert found.detail in ("", *(f"compiler {ending.value}" for ending in Ending))


def shorten(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same limit, sooner."""
    known = LANGUAGES[language]
    assert known.compile
    monkeypatch.setitem(
        LANGUAGES, language, replace(known, compile=replace(known.compile, cpu_seconds=1.0))
    )


READERS = {
    "c": '__asm__(".globl text\\ntext: .incbin \\"PATH\\"\\nfinish: .byte 0");\n'
    "#include <stdio.h>\nextern const char text[], finish[];\n"
    "int main(void) { fwrite(text, 1, finish - text, stdout); return 0; }",
    "rust": "use std::io::Write;\nfn main() "
    '{ std::io::stdout().write_all(include_bytes!("PATH")).unwrap() }',
}


@pytest.mark.parametrize("language", READERS)
def test_what_a_compiler_reads_holds_nothing_of_ours(
    language: str, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CANARY", "canary-7f3a")
    for path in ("/proc/self/environ", "/proc/1/environ", "/proc/1/cmdline"):
        try:
            built = build_one(language, READERS[language].replace("PATH", path), sandbox)
        except NotCompiled:
            continue
        found = run(built, sandbox).stdout
        assert b"canary" not in found
        assert str(Path(benchserver.__file__).parent.parent).encode() not in found


@pytest.mark.parametrize("language", READERS)
def test_these_readers_do_read(language: str, sandbox: Sandbox) -> None:
    built = build_one(language, READERS[language].replace("PATH", "/usr/bin/env"), sandbox)
    assert run(built, sandbox).stdout.startswith(b"\x7fELF")


@pytest.mark.parametrize("language", READERS)
def test_no_file_of_the_host_is_before_a_compiler(language: str, sandbox: Sandbox) -> None:
    for path in (os.path.realpath(benchserver.__file__), os.path.realpath(__file__), "/etc/passwd"):
        assert os.path.exists(path)
        with pytest.raises(NotCompiled):
            build_one(language, READERS[language].replace("PATH", path), sandbox)


def test_only_the_artefact_reaches_the_run_box(sandbox: Sandbox) -> None:
    built = build_one("c", LANGUAGES["c"].hello, sandbox)
    assert set(built.files) == set(built.executables) == {"main"}


def test_an_interpreted_program_is_its_own_artefact(sandbox: Sandbox) -> None:
    built = build(language="bash", files={"main.sh": b"echo $1 $(cat /box/data)"}, sandbox=sandbox)
    request = built.request(limits=Limits(), arguments=("one",), files={"data": b"two"})
    assert sandbox.run(request).stdout == b"one two\n"


@pytest.mark.parametrize(
    ("language", "files"),
    [
        (
            "c",
            {
                "main.c": '#include "lib/add.h"\n#include <stdio.h>\n'
                'int main(void) { printf("%d\\n", add(40, 2)); return 0; }',
                "lib/add.c": "int add(int a, int b) { return a + b; }",
                "lib/add.h": "int add(int a, int b);",
            },
        ),
        (
            "typescript",
            {
                "main.ts": "import { add } from './lib/add';\nconsole.log(add(40, 2));",
                "lib/add.ts": "export const add = (a: number, b: number): number => a + b;",
            },
        ),
        (
            "java",
            {
                "Main.java": "public class Main { public static void main(String[] a) "
                "{ System.out.println(lib.Add.add(40, 2)); } }",
                "lib/Add.java": "package lib; public class Add "
                "{ public static int add(int a, int b) { return a + b; } }",
            },
        ),
        (
            "rust",
            {
                "main.rs": 'mod add;\nfn main() { println!("{}", add::add(40, 2)) }',
                "add.rs": "pub fn add(a: i32, b: i32) -> i32 { a + b }",
            },
        ),
        (
            "go",
            {
                "main.go": 'package main\n\nimport "fmt"\n\n'
                "func main() { fmt.Println(add(40, 2)) }",
                "add.go": "package main\n\nfunc add(a, b int) int { return a + b }",
            },
        ),
        (
            "python",
            {
                "main.py": "from add import add\nprint(add(40, 2))",
                "add.py": "def add(a, b): return a + b",
            },
        ),
    ],
)
def test_a_solution_may_be_several_files(
    language: str, files: dict[str, str], sandbox: Sandbox
) -> None:
    require(language, sandbox)
    task = replace(
        program_task(("", "42")), language=language, solution_files=tuple(files), limits=Limits()
    )
    assert judge(task=task, code=join(files), sandbox=sandbox).passed


def test_several_files_that_are_none_do_not_compile(sandbox: Sandbox) -> None:
    task = replace(program_task(("", "42")), solution_files=("main.py",))
    assert judge(task=task, code="print(42)", sandbox=sandbox).verdict is Verdict.COMPILE_ERROR


@pytest.mark.parametrize("code", ["import fs from 'fs';\n", "const fs = require('fs');\n"])
def test_javascript_may_be_a_module_or_not(code: str, sandbox: Sandbox) -> None:
    code += "console.log(fs.readFileSync(0, 'utf8').trim());"
    assert run(build_one("javascript", code, sandbox), sandbox, b"yes").stdout == b"yes\n"


def test_javascript_knows_that_it_is_the_main_program(sandbox: Sandbox) -> None:
    built = build_one("javascript", "console.log(require.main === module);", sandbox)
    assert run(built, sandbox).stdout == b"true\n"


def test_typescript_may_name_types_of_node(sandbox: Sandbox) -> None:
    code = """
import * as readline from 'readline';
const lines: readline.Interface = readline.createInterface({ input: process.stdin });
declare var require: any;
const name = 'x';
lines.on('line', (line: string) => console.log(line + name));
"""
    assert run(build_one("typescript", code, sandbox), sandbox, b"yes\n").stdout == b"yesx\n"


@pytest.mark.parametrize("language", ["c", "cpp", "rust"])
def test_recursion_is_bounded_by_memory_not_by_the_stack(language: str, sandbox: Sandbox) -> None:
    code = {
        "c": "#include <stdio.h>\nint f(int n, char *p) { char x[100]; x[n % 100] = p[0] + 1;"
        " int r = n ? f(n - 1, x) : 0; return r + 1 + 0 * x[n % 100]; }\n"
        'int main(void) { char s[100] = {0}; printf("%d\\n", f(400000, s)); return 0; }',
        "rust": "fn f(n: u32, p: &[u8; 100]) -> u32 { let mut x = *p; x[(n % 100) as usize] += 1;"
        " if n == 0 { 1 } else { f(n - 1, &x) + 1 + (x[3] as u32) / 255 } }\n"
        'fn main() { let n = f(200000, &[0; 100]); println!("{}", (n > 200000) as u8 * 1) }',
    }
    code["cpp"] = code["c"]
    found = run(build_one(language, code[language], sandbox), sandbox)
    assert found.stdout.strip() in (b"400001", b"1")


class Compiler:
    """Stands where the sandbox stands and answers what a broken host would."""

    name = "none"

    def __init__(self, **answer: object) -> None:
        usual = {"ending": Ending.EXITED, "exit_code": 0, "stdout": b"", "stderr": b""}
        self.level = None
        self.boxes = 0
        self._answer = BoxResult(
            **{**usual, "cpu_seconds": 0.1, "wall_seconds": 0.1, "memory_bytes": MIB, **answer}  # type: ignore[arg-type]
        )

    def run(self, request: BoxRequest, *, stdin: bytes = b"") -> BoxResult:
        self.boxes += 1
        return self._answer


def test_a_missing_compiler_is_ours_and_says_what_installs_it() -> None:
    with pytest.raises(PlatformFault, match="apt install g") as fault:
        build(language="cpp", files={}, sandbox=Compiler(exit_code=NO_TOOLCHAIN))  # type: ignore[arg-type]
    assert fault.value.code == "no_toolchain"


def test_a_compiler_that_cannot_build_hello_is_ours() -> None:
    with pytest.raises(PlatformFault) as fault:
        build(language="cpp", files={}, sandbox=Compiler(exit_code=1))  # type: ignore[arg-type]
    assert fault.value.code == "broken_toolchain"


def test_a_busy_host_is_not_the_models_fault() -> None:
    with pytest.raises(PlatformFault) as fault:
        build(language="c", files={}, sandbox=Compiler(ending=Ending.STARVED))  # type: ignore[arg-type]
    assert fault.value.code == "starved"


def test_a_judgement_holds_no_word_of_the_compiler(sandbox: Sandbox) -> None:
    with pytest.raises(NotCompiled) as problem:
        build_one("c", "int main(void) { return secret_name; }", sandbox)
    assert problem.value.result.stderr == b""
    assert "secret" not in repr(not_compiled(problem.value, sandbox)) + repr(problem.value)


def test_a_language_that_nobody_knows_is_ours() -> None:
    with pytest.raises(PlatformFault):
        build(language="cobol", files={}, sandbox=Compiler())  # type: ignore[arg-type]
