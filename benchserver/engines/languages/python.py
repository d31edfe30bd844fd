"""Python: the box's own interpreter, isolated, without site packages.

A program runs as ``__main__``. One that will not compile says so with a mark on stderr, which only
ever counts against it. Example: ``print(input().upper())`` is a whole program.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Language

_RUNNER = b"""\
import builtins, sys
builtins.exit = builtins.quit = sys.exit
sys.argv = ["/box/main.py", *sys.argv[1:]]
with open("/box/main.py", "rb") as file:
    source = file.read()
try:
    code = compile(source, "main.py", "exec", dont_inherit=True)
except (SyntaxError, ValueError, RecursionError, MemoryError):
    sys.stderr.write("\\0not compiled\\0")
    sys.stderr.flush()
    sys.exit(93)
sys.path.append("/box")
names = sys.modules["__main__"].__dict__
del source, file
exec(code, names)
"""

PYTHON = Language(
    name="python",
    title="Python",
    extension="py",
    source="main.py",
    run=Command(argv=("python3", "-I", "-S", "/box/run.py")),
    version=("python3", "--version"),
    tested="Python 3.11",
    install="apt install python3",
    hello="print(input().upper())\n",
    support={"run.py": _RUNNER},
    out_of_memory=(b"MemoryError",),
)
