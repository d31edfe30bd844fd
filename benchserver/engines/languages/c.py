"""C: gcc, GNU C17, -O2, one binary of all ``.c`` files; the stack may grow to the memory limit.

Example: ``/box/main.c`` becomes ``/box/main``, which is all that the run box gets.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Compile, Language
from benchserver.engines.languages.scripts import shell

# A deep recursion is data like any other: the memory limit bounds it, not a stack of 8 MiB.
# Nothing is added to that limit: contest packages count the whole of a native program.
NATIVE_RUN = Command(
    argv=("/bin/sh", "-c", 'ulimit -s $(ulimit -H -s); exec /box/main "$@"', "main"),
)

_COMPILE = """\
[ -x /usr/bin/gcc ] || exit 97
/usr/bin/gcc -x c -std=gnu17 -O2 -w -s -pipe -I/box -o /tmp/main $(find /box -name '*.c') -lm \
    </dev/null >/dev/null 2>&1 || exit 1
exec cat /tmp/main
"""

C = Language(
    name="c",
    title="C",
    extension="c",
    source="main.c",
    run=NATIVE_RUN,
    compile=Compile(command=shell(_COMPILE, memory_bytes=2**30), artefact="main"),
    version=("/usr/bin/gcc", "--version"),
    tested="gcc 12",
    install="apt install gcc libc6-dev",
    hello=(
        "#include <ctype.h>\n#include <stdio.h>\n"
        "int main(void) {\n    int c;\n"
        "    while ((c = getchar()) != EOF) putchar(toupper(c));\n    return 0;\n}\n"
    ),
)
