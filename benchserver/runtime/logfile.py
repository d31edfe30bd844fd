"""One log file per part, appended by the part itself and rotated simply: one old copy is kept.

Example: ``open_log(home.logs / "web.log", account)`` gives a file a child may have as its stderr;
``trim(path)`` moves a log above 10 MiB aside while its writer keeps appending.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import BinaryIO

from benchserver.runtime.account import Account

LARGEST = 10 * 2**20  # bytes


def open_log(path: Path, account: Account) -> BinaryIO:
    """``path`` opened for appending, readable by its account only."""
    trim(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    if account.foreign:
        os.fchown(descriptor, account.uid, account.gid)
    return os.fdopen(descriptor, "ab")


def trim(path: Path) -> None:
    """Copy a log above ``LARGEST`` to ``.1`` and empty it; lines written meanwhile may be lost."""
    if not path.exists() or path.stat().st_size <= LARGEST:
        return
    shutil.copyfile(path, path.with_suffix(".log.1"))
    os.truncate(path, 0)
