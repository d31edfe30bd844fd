"""C++: g++, C++20, -O2, all ``.cpp``, ``.cc`` and ``.cxx`` files into one binary.

Example: ``#include <bits/stdc++.h>`` first in a file takes the precompiled header of the toolchain.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Compile, Language
from benchserver.engines.languages.c import NATIVE_RUN

_COMPILE = """\
[ -x /usr/bin/g++ ] || exit 97
/usr/bin/g++ -std=c++20 -O2 -w -s -pipe -I/box -o /tmp/main \
    $(find /box -name '*.cpp' -o -name '*.cc' -o -name '*.cxx') </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/main
"""

CPP = Language(
    name="cpp",
    title="C++",
    extension="cpp",
    source="main.cpp",
    run=NATIVE_RUN,
    compile=Compile(
        command=Command(argv=("/bin/sh", "-c", _COMPILE), memory_bytes=3 * 2**29), artefact="main"
    ),
    version=("/usr/bin/g++", "--version"),
    tested="g++ 12",
    install="apt install g++",
    hello=(
        "#include <bits/stdc++.h>\n"
        "int main() {\n    std::string line;\n    std::getline(std::cin, line);\n"
        "    for (char& c : line) c = std::toupper(c);\n    std::cout << line << '\\n';\n}\n"
    ),
    out_of_memory=(b"std::bad_alloc", b"std::bad_array_new_length"),
)
