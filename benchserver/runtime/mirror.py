"""A checkout inside a private home cannot be reached by the service account: run a copy.

Only root meets this. The tracked files are copied to ``<home>/checkout``, changed ones again at
every run; what is no longer tracked disappears there. Relative paths of the command line still mean
the caller's folder, which does not change.
Example: ``reachable_checkout(Path("~root/benchserver"))`` -> ``/var/lib/benchserver/checkout``.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchserver.runtime.account import service_account
from benchserver.runtime.home import default_home

SHARED = "BENCHSERVER_SHARED"  # real inputs for tests lie beside the original
KEPT = {".venv", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}
LEFT_OUT = {*KEPT, ".git", ".bench", "__pycache__"}


def reachable_checkout(root: Path) -> Path:
    """``root`` itself when the service account can enter it, else an up-to-date copy."""
    if os.geteuid() != 0 or service_account().can_enter(root):
        return root
    copy = default_home() / "checkout"
    copied = update(root, copy)
    os.environ.setdefault(SHARED, str(root.parent / "shared"))
    print(
        f"bench: services cannot enter {root}, running a copy in {copy} ({copied} files renewed)",
        file=sys.stderr,
    )
    return copy


def update(root: Path, copy: Path) -> int:
    """Make ``copy`` hold the tracked files of ``root``; returns how many were written."""
    copy.mkdir(mode=0o755, parents=True, exist_ok=True)
    wanted = [path for path in _tracked(root) if (root / path).is_file()]
    _remove_others(copy, {copy / path for path in wanted})
    changed = [path for path in wanted if _differs(root / path, copy / path)]
    for path in changed:
        target = copy / path
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        shutil.copy2(root / path, target)
        target.chmod(
            target.stat().st_mode | 0o444 | (target.stat().st_mode & 0o100) // 0o100 * 0o11
        )
    return len(changed)


def _tracked(root: Path) -> list[str]:
    """What git tracks; all files but caches where there is no git."""
    command = ["git", "-c", f"safe.directory={root}", "-C", str(root), "ls-files", "-z"]
    try:
        answer = subprocess.run(command, capture_output=True)
    except OSError:
        return list(_all_files(root))
    if answer.returncode != 0:
        return list(_all_files(root))
    return [os.fsdecode(name) for name in answer.stdout.split(b"\0") if name]


def _all_files(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name not in LEFT_OUT]
        for name in files:
            yield str((Path(folder) / name).relative_to(root))


def _differs(source: Path, target: Path) -> bool:
    try:
        there = target.stat()
    except OSError:
        return True
    here = source.stat()
    return (here.st_size, here.st_mtime_ns) != (there.st_size, there.st_mtime_ns)


def _remove_others(copy: Path, wanted: set[Path]) -> None:
    for folder, folders, files in os.walk(copy):
        folders[:] = [name for name in folders if name not in KEPT and name != "__pycache__"]
        for name in files:
            path = Path(folder) / name
            if path not in wanted:
                path.unlink()
