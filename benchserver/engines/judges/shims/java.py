"""Java: the solution as it is, our ``main`` beside it, which finds the method by reflection.

Any class of the solution may hold it, static or not. ``org.javatuples``, which tasks of the field
import, is part of the shim. Example: ``class Problem { static long f(long n) ... }`` is found
under whatever name its class has.
"""

from __future__ import annotations

import re

from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.shims.wanted import Wanted, shim

_PACKAGE = re.compile(r"^\s*package\s+([\w.]+)\s*;", re.MULTILINE)
_CLASS = re.compile(r"\b(?:class|record|enum|interface)\s+([A-Za-z_]\w*)")
_MOST_CLASSES = 200
_PARTS = ("BenchShim", "BenchShimToWire", "BenchShimFromWire", "BenchShimJson")
_TUPLES = ("Tuple", "Unit", "Pair", "Triplet", "Quartet", "Quintet", "Sextet")
_PUBLIC = re.compile(r"^(?=(?:abstract |final )class )", re.MULTILINE)

# The last file by name: its public class is the one that is started.
_MAIN = """\
public class BenchShimMain {{
    public static void main(String[] arguments) throws Exception {{
        BenchShim.serve({words});
    }}
}}
"""


def compose(code: str, wanted: Wanted) -> dict[str, bytes]:
    """The files of the program, by inner path."""
    words = ", ".join(f'"{word}"' for word in (wanted.entry_point, *_classes(code)))
    files = {
        "Solution.java": code_bytes(code),
        "z/BenchShimMain.java": _MAIN.format(words=words).encode(),
    }
    files |= {f"z/{name}.java": shim(f"java/{name}.java").encode() for name in _PARTS}
    return files | (_tuples() if "org.javatuples" in code else {})


def _classes(code: str) -> list[str]:
    package = _PACKAGE.search(code)
    before = f"{package[1]}." if package else ""
    names = dict.fromkeys(_CLASS.findall(code))
    return [before + name for name in list(names)[:_MOST_CLASSES] if name.isascii()]


def _tuples() -> dict[str, bytes]:
    """One file a class: a public class has a file of its own."""
    head, *classes = _PUBLIC.split(shim("java/javatuples.java"))
    texts = (f"package org.javatuples;\n\n{head}public {text}" for text in classes)
    named = zip(_TUPLES, texts, strict=True)
    return {f"org/javatuples/{name}.java": text.encode() for name, text in named}
