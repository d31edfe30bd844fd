"""bash: the script is read once for its grammar, then run in a fresh shell.

Example: a script with an open quote is not compiled, though bash would run its first lines.
"""

from __future__ import annotations

from benchserver.engines.languages.base import Command, Language

_RUNNER = b"""\
if ! /usr/bin/bash -n /box/main.sh </dev/null >/dev/null 2>&1; then
    printf '\\0not compiled\\0' >&2
    exit 93
fi
exec /usr/bin/bash /box/main.sh "$@"
"""

BASH = Language(
    name="bash",
    title="bash",
    extension="sh",
    source="main.sh",
    run=Command(argv=("/bin/sh", "/box/run.sh"), memory_bytes=4 * 2**20),
    version=("/usr/bin/bash", "--version"),
    tested="bash 5.2",
    install="apt install bash",
    hello='read -r line\necho "${line^^}"\n',
    support={"run.sh": _RUNNER},
    out_of_memory=(b"cannot allocate", b"Cannot allocate memory"),
)
