"""Rust: the solution is a module of its own, with one function of ours at its end.

There it reaches the solution's private function, whose types are then inferred. Example: a solution
with a ``main`` of its own is fine, for the crate's ``main`` is ours.
"""

from __future__ import annotations

from benchserver.core.errors import PlatformFault
from benchserver.engines.judges.compose import code_bytes
from benchserver.engines.judges.shims.wanted import Wanted, shim

_MAIN = b"""\
mod bench_shim;
mod solution;

fn main() {
    solution::bench_shim_serve()
}
"""
_SERVE = "\npub fn bench_shim_serve() {{ crate::bench_shim::serve{arity}({name}) }}\n"
_MOST = 8


def compose(code: str, wanted: Wanted) -> dict[str, bytes]:
    """The files of the program. Raises ``PlatformFault`` when the task has too many arguments."""
    if wanted.arity > _MOST:
        raise PlatformFault("task_shape", f"the shim for Rust takes at most {_MOST} arguments")
    below = _SERVE.format(arity=wanted.arity, name=wanted.entry_point)
    return {
        "main.rs": _MAIN,
        "bench_shim.rs": shim("rust/json.rs", "rust/values.rs", "rust/serve.rs").encode(),
        "solution.rs": code_bytes(code + below),
    }
