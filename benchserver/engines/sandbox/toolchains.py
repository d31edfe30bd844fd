"""Where the prepared caches of a language lie on this machine: made once, read-only in boxes.

Example: the C++ toolchain holds a precompiled header. A box of any uid must be able to read them,
so as root they lie below ``/var/cache``, else in the user's cache folder.
"""

from __future__ import annotations

import os
from pathlib import Path


def toolchain_folder(name: str) -> Path:
    """The folder that boxes with ``toolchain=name`` see as ``/toolchain``; it need not exist."""
    return _base() / name


def _base() -> Path:
    if os.geteuid() == 0:
        return Path("/var/cache/benchserver/toolchains")
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if cache else Path.home() / ".cache") / "benchserver" / "toolchains"
