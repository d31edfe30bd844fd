"""Shared bits of the runtime tests: a home the service account can reach, and waiting."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchserver.runtime.home import Home, open_home


@contextmanager
def throwaway_home() -> Iterator[Home]:
    """A home in a folder every account can enter (pytest's own is private to its user)."""
    folder = Path(tempfile.mkdtemp(prefix="bs-runtime-"))
    folder.chmod(0o755)
    try:
        yield open_home(folder / "home")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def eventually(claim: Callable[[], bool], *, seconds: float = 20.0) -> bool:
    """Does ``claim`` become true within ``seconds``? A bound against hanging, not a timing."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if claim():
            return True
        time.sleep(0.05)
    return claim()
