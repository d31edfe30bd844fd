"""Where the prepared caches of a language lie on this machine: made once, read-only in boxes.

Example: the C++ toolchain holds a precompiled header. A box of any uid must be able to read them,
so root makes them below ``/var/cache``, where every other user's boxes find them too; an ordinary
user alone makes them in its own cache folder.
"""

from __future__ import annotations

import os
from pathlib import Path

SYSTEM = Path("/var/cache/benchserver/toolchains")


def toolchain_folder(name: str) -> Path:
    """The folder that boxes with ``toolchain=name`` see as ``/toolchain``; it need not exist."""
    return _base() / name


def make_base() -> None:
    """Make the folder that holds all of them; engines look for it when they start."""
    base = _base()
    base.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0:  # whatever root's umask is, the boxes' users must get there
        base.parent.chmod(0o755)
        base.chmod(0o755)


def _base() -> Path:
    if os.geteuid() == 0 or _is_roots(SYSTEM):
        return SYSTEM
    return Path(os.path.expanduser("~")) / ".cache" / "benchserver" / "toolchains"


def _is_roots(folder: Path) -> bool:
    try:
        found = folder.lstat()
    except OSError:
        return False
    return folder.is_dir() and found.st_uid == 0 and not found.st_mode & 0o022
