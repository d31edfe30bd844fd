"""Rust: rustc, edition 2021, -O, the crate of ``main.rs`` and the standard library only.

Example: ``mod helper;`` in ``main.rs`` finds ``/box/helper.rs``.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Compile, Language
from benchserver.engines.languages.c import NATIVE_RUN
from benchserver.engines.languages.scripts import shell

_COMPILE = """\
[ -x /usr/bin/rustc ] && [ -x /usr/bin/gcc ] || exit 97
/usr/bin/rustc --edition 2021 -O --crate-name main --cap-lints allow \
    -C linker=/usr/bin/gcc -C strip=symbols -o /tmp/main /box/main.rs \
    </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/main
"""

RUST = Language(
    name="rust",
    title="Rust",
    extension="rs",
    source="main.rs",
    run=NATIVE_RUN,
    compile=Compile(command=shell(_COMPILE, memory_bytes=2**30), artefact="main"),
    version=("/usr/bin/rustc", "--version"),
    tested="rustc 1.63",
    install="apt install rustc gcc libc6-dev",
    hello=(
        "fn main() {\n    let mut line = String::new();\n"
        "    std::io::stdin().read_line(&mut line).unwrap();\n"
        '    println!("{}", line.trim().to_uppercase());\n}\n'
    ),
    out_of_memory=(b"memory allocation of ",),
)
