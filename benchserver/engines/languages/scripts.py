"""The shell words that languages share: what a prepared cache was made by, and whether it fits.

A cache carries the size and time of the compilers that made it, so that an upgraded compiler never
meets an older one's cache: without a fitting cache a compile is slower and otherwise the same.
Example: ``fits("/usr/bin/g++")`` is true in a box whose ``/toolchain`` that very g++ has made.
"""

from __future__ import annotations

from pathlib import Path

from benchserver.engines.languages.base import Command

_DRIVERS = Path(__file__).parent / "drivers"
_MEMORY = 3 * 2**29
_ADDRESS = 8 * 2**30


def driver(name: str) -> str:
    """The text of one of our own programs in ``drivers``."""
    return (_DRIVERS / name).read_text(encoding="utf-8")


def written(text: str, path: str) -> str:
    """Shell words that write ``text`` to ``path``. ASCII only: dash loses bytes of other letters
    in a line that begins like the mark of the end."""
    assert text.isascii()
    return f"cat >{path} <<'END_OF_FILE'\n{text}\nEND_OF_FILE\n"


def state(*compilers: str) -> str:
    """Shell words that print what tells these compilers from others of the same name."""
    return f"stat -Lc '%s %Y' {' '.join(compilers)} 2>/dev/null"


def fits(*compilers: str) -> str:
    """A shell condition: the caches here were made by these compilers as they are."""
    return f'[ "$({state(*compilers)})" = "$(cat /toolchain/made-by 2>/dev/null)" ]'


def step(script: str, *compilers: str) -> Command:
    """A step that fills ``/tmp/made``, which becomes ``/toolchain``; the last one signs it."""
    sign = f"{state(*compilers)} >/tmp/made/made-by\n" if compilers else ""
    whole = f"set -e\nmkdir /tmp/made\n{{\n{script}\n}} </dev/null >/dev/null\n{sign}"
    return shell(whole + "exec tar -C /tmp/made -cf - .", memory_bytes=_MEMORY)


def shell(script: str, *, memory_bytes: int, address_bytes: int = _ADDRESS) -> Command:
    """A command of ours in a compile box."""
    return Command(
        argv=("/bin/sh", "-c", script),
        environment={"HOME": "/tmp"},
        memory_bytes=memory_bytes,
        address_bytes=address_bytes,
        processes=256,
    )
