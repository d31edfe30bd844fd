"""How key files are written and read: whole or not at all, never over an older one, never
readable by others.

A new file is written beside its place, flushed to disk, then linked into it; a process killed in
between leaves a hidden draft that the next run removes. Example: reading a private file
with mode 0644 raises ``BadInput`` ending in "Run: chmod 400 /keys/open_generate.key".
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchserver.core.errors import BadInput, MissingPart

Owner = tuple[int, int]
"""(uid, gid)"""

DRAFT = ".vault-draft"
FOLDER_MODE = 0o711  # other uids reach the public halves by name and cannot list the rest


@contextmanager
def locked(folder: Path, *, owner: Owner | None) -> Iterator[None]:
    """Hold ``folder`` (created when absent) for one writer; sweeps what a killed writer left."""
    if not folder.is_dir():
        folder.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
        if owner is not None:
            os.chown(folder, *owner)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        for left in folder.glob(f".*{DRAFT}"):
            left.unlink(missing_ok=True)
        yield
        os.fsync(handle)
    finally:
        os.close(handle)


def create_once(path: Path, text: str, *, mode: int, owner: Owner | None) -> None:
    """Create ``path`` atomically; an existing file stays as it is. Call within ``locked``."""
    if path.exists():
        return
    draft = _draft(path, text, mode=mode, owner=owner)
    try:
        os.link(draft, path)
    except FileExistsError:
        pass  # somebody restored a backup this very moment: theirs stands
    finally:
        draft.unlink()


def replace(path: Path, text: str) -> None:
    """Put new text in the place of an existing file; mode and owner stay. Within ``locked``."""
    found = path.stat()
    owner = (found.st_uid, found.st_gid) if os.geteuid() == 0 else None
    draft = _draft(path, text, mode=stat.S_IMODE(found.st_mode), owner=owner)
    os.replace(draft, path)


def _draft(path: Path, text: str, *, mode: int, owner: Owner | None) -> Path:
    draft = path.with_name(f".{path.name}{DRAFT}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(text)
        if owner is not None:
            os.fchown(file.fileno(), *owner)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    return draft


def read_public(path: Path) -> str:
    """Text of a file that everyone may read. Raises ``MissingPart`` or ``BadInput``."""
    return _read(path, guard=lambda found: None)


def read_guarded(path: Path) -> str:
    """Text of a private file. ``BadInput`` when others may read it, ``MissingPart`` when absent
    or not readable by this user."""
    return _read(path, guard=lambda found: _refuse_open_mode(path, found))


def _read(path: Path, *, guard: Callable[[os.stat_result], None]) -> str:
    try:
        with open(path, encoding="ascii") as file:
            guard(os.fstat(file.fileno()))
            return file.read()
    except FileNotFoundError:
        mend = "Create it with ensure_keys, or name the right file in the settings"
        raise MissingPart(f"key file {path} is missing", mend=mend) from None
    except PermissionError:
        problem = f"key file {path} is not readable by user id {os.geteuid()}"
        mend = f"Run: chown {os.geteuid()} {path}, if this process is meant to hold that right"
        raise MissingPart(problem, mend=mend) from None
    except (IsADirectoryError, UnicodeDecodeError):
        problem = "not a text file"
    raise BadInput(problem, place=str(path), mend="Restore it from the key backup")


def _refuse_open_mode(path: Path, found: os.stat_result) -> None:
    """Others never; the group only may read a file of another owner (a mounted cluster secret)."""
    foreign = found.st_uid != os.geteuid()
    allowed = 0o740 if foreign else 0o700
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~allowed:
        problem = f"private key file has mode {mode:04o}, others could use it"
        raise BadInput(problem, place=str(path), mend=f"Run: chmod 400 {path}")
