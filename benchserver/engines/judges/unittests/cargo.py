"""Rust tests of one library crate, compiled by rustc alone: no cargo, no crates, no build script.

The test functions become plain functions of one program of ours, ``#[ignore]`` or not. Example:
``#[should_panic]`` passes when the function panics. Edition and crate name come from the task's
``Cargo.toml``; what a solution says about them is not read.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace

from benchserver.engines.judges.unittests.framework import (
    PROJECT,
    Framework,
    Sentinels,
    laid,
    runner,
)
from benchserver.engines.languages.base import Language
from benchserver.engines.languages.rust import RUST
from benchserver.engines.languages.scripts import shell

_ENDINGS = ("rs",)
_BUILD = """\
[ -x /usr/bin/rustc ] && [ -x /usr/bin/gcc ] || exit 97
with='--edition {edition} --cap-lints allow -C debuginfo=0 -C linker=/usr/bin/gcc'
cd /box/project && /usr/bin/rustc $with --crate-type lib --crate-name {crate} \
    -o /tmp/lib{crate}.rlib src/lib.rs </dev/null >/dev/null 2>&1 || exit 1
cd /box && /usr/bin/rustc $with --crate-name bench --extern {crate}=/tmp/lib{crate}.rlib \
    -C strip=symbols -o /tmp/tests bench.rs </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/tests
"""
_EDITIONS = ("2015", "2018", "2021")
_ATTRIBUTE = r"[ \t]*#\[(?:[^\[\]]|\[[^\[\]]*\])*\][ \t]*(?://[^\n]*)?\n"
_FUNCTION = re.compile(
    rf"^((?:{_ATTRIBUTE}(?:[ \t]*//[^\n]*\n)*)+)([ \t]*)(?:pub )?fn (\w+)\s*\(\s*\)", re.M
)
_MARK = re.compile(r"#\[\s*(?:test|ignore\b[^\]]*)\s*\]")
_PANIC = re.compile(r"#\[\s*should_panic\b([^\]]*)\]")
_EXPECTED = re.compile(r'expected\s*=\s*("(?:[^"\\]|\\.)*")')


def _language() -> Language:
    assert RUST.compile is not None
    command = shell(". /box/build.sh", memory_bytes=3 * 2**29)
    return replace(
        RUST,
        compile=replace(RUST.compile, command=command, artefact="tests"),
        run=replace(RUST.run, argv=("/box/tests",)),
    )


def _arrange(solution: Mapping[str, str], tests: Mapping[str, str]) -> dict[str, bytes]:
    paths = [path for path in tests if path.endswith(".rs")]
    parts = [_as_module(tests[path]) for path in paths]
    edition, crate = _manifest(tests.get("Cargo.toml", ""))
    files = laid(
        solution, {**tests, **{p: text for p, (text, _) in zip(paths, parts, strict=True)}}
    )
    files["bench.rs"] = _program(paths, [calls for _, calls in parts]).encode()
    files["build.sh"] = _BUILD.format(edition=edition, crate=crate).encode()
    return files


def _with_sentinels(tests: Mapping[str, str], names: tuple[str, str]) -> Sentinels:
    path = next(path for path in tests if path.endswith(".rs"))
    passing, failing = names
    number = [p for p in tests if p.endswith(".rs")].index(path)
    text = (
        f"{tests[path]}\n#[test]\nfn {passing}() {{\n    assert_eq!(1 + 1, 2);\n}}\n"
        f"\n#[test]\nfn {failing}() {{\n    assert_eq!(1 + 1, 3);\n}}\n"
    )
    return Sentinels(
        tests={**tests, path: text},
        passing=f"t{number}::{passing}",
        failing=f"t{number}::{failing}",
    )


def _manifest(text: str) -> tuple[str, str]:
    """Edition and crate name. An edition that this compiler lacks becomes its newest."""
    try:
        manifest = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        manifest = {}
    package = manifest.get("package", {})
    library = manifest.get("lib", {})
    name = str(library.get("name") or package.get("name") or "solution").replace("-", "_")
    edition = str(package.get("edition", "2015"))
    crate = name if re.fullmatch(r"[A-Za-z_]\w{0,60}", name) else "solution"
    return (edition if edition in _EDITIONS else _EDITIONS[-1]), crate


def _as_module(text: str) -> tuple[str, dict[str, str]]:
    """The tests as plain functions, and the call of each by its name."""
    calls: dict[str, str] = {}

    def plain(match: re.Match[str]) -> str:
        marks, indent, name = match[1], match[2], match[3]
        if not re.search(r"#\[\s*test\s*\]", marks):
            return match[0]
        panics = _PANIC.search(marks)
        expected = _EXPECTED.search(panics[1]) if panics else None
        words = expected[1] if expected else '""'
        calls[name] = f"panics({name}, {words})" if panics else f"call({name})"
        return f"{_PANIC.sub('', _MARK.sub('', marks))}{indent}pub fn {name}()"

    plainly = _FUNCTION.sub(plain, text)
    arms = "".join(
        f'        "{name}" => crate::bench_harness::{call},\n' for name, call in calls.items()
    )
    entry = f"\npub fn bench_run(name: &str) -> bool {{\n    match name {{\n{arms}"
    return f"{plainly}{entry}        _ => false,\n    }}\n}}\n", calls


def _program(paths: list[str], calls: list[dict[str, str]]) -> str:
    modules = "".join(
        f'#[path = "{PROJECT}/{path}"]\nmod t{number};\n' for number, path in enumerate(paths)
    )
    names = [f'"t{number}::{name}"' for number, found in enumerate(calls) for name in found]
    arms = "".join(
        f'        Some(("t{n}", name)) => t{n}::bench_run(name),\n' for n in range(len(paths))
    )
    return (
        f"{modules}{runner('cargo.rs')}\nfn run(id: &str) -> bool {{\n"
        f'    match id.split_once("::") {{\n{arms}        _ => false,\n    }}\n}}\n\n'
        f"fn main() {{\n    bench_harness::start(&[{', '.join(names)}], run);\n}}\n"
    )


CARGO = Framework(
    name="cargo",
    language=_language(),
    mirrors=6,
    endings=_ENDINGS,
    arrange=_arrange,
    with_sentinels=_with_sentinels,
)
