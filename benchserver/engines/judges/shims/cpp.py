"""C++: the shim above the solution in one file, the call below it.

The shim comes first, so that no macro of the solution reaches it and the precompiled header is
used. A solution's own ``main`` gets another name. Example: a solution that lacks the function does
not compile, since ``serve(f)`` names it.
"""

from __future__ import annotations

from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.shims.wanted import Wanted, shim

_PARTS = ("cpp/json.h", "cpp/scalars.h", "cpp/containers.h", "cpp/serve.h")
_BEFORE = "\n#define main bench_shim_other_main\n"
_AFTER = "\n#undef main\n#undef int\nint main() {{ return bench_shim::serve({name}); }}\n"


def compose(code: str, wanted: Wanted) -> dict[str, bytes]:
    """The files of the program, by inner path."""
    below = _AFTER.format(name=wanted.entry_point)
    return {"main.cpp": code_bytes(shim(*_PARTS) + _BEFORE + code + below)}
