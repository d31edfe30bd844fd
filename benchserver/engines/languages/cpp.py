"""C++: g++, C++20, -O2, all ``.cpp``, ``.cc`` and ``.cxx`` files into one binary.

Example: ``#include <bits/stdc++.h>`` first in a file takes the precompiled header of the toolchain.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Caches, Compile, Language
from benchserver.engines.languages.c import NATIVE_RUN
from benchserver.engines.languages.scripts import fits, shell, state, step

_GXX = "/usr/bin/g++"
_FLAGS = "-std=c++20 -O2 -w"
_COMPILE = f"""\
[ -x {_GXX} ] || exit 97
if {fits(_GXX)}; then cached=-I/toolchain; fi
{_GXX} {_FLAGS} -s -pipe -I/box $cached -o /tmp/main \\
    $(find /box -name '*.cpp' -o -name '*.cc' -o -name '*.cxx') </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/main
"""
_HEADER = f"""\
mkdir /tmp/made/bits
echo '#include <bits/stdc++.h>' >/tmp/all.h
echo '#include_next <bits/stdc++.h>' >/tmp/made/bits/stdc++.h  # for a second #include
{_GXX} {_FLAGS} -x c++-header -o /tmp/made/bits/stdc++.h.gch /tmp/all.h
"""

CPP = Language(
    name="cpp",
    title="C++",
    extension="cpp",
    source="main.cpp",
    run=NATIVE_RUN,
    compile=Compile(command=shell(_COMPILE, memory_bytes=2**30), artefact="main"),
    caches=Caches(steps=(step(_HEADER, _GXX),), compilers=("/bin/sh", "-c", state(_GXX))),
    version=(_GXX, "--version"),
    tested="g++ 12",
    install="apt install g++",
    hello=(
        "#include <bits/stdc++.h>\n"
        "int main() {\n    std::string line;\n    std::getline(std::cin, line);\n"
        "    for (char& c : line) c = std::toupper(c);\n    std::cout << line << '\\n';\n}\n"
    ),
    out_of_memory=(b"std::bad_alloc", b"std::bad_array_new_length"),
)
