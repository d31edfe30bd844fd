"""The signer's two files: a key that is made once, a state that is replaced whole.

The key is Ed25519 in PKCS #8 PEM (RFC 8410), the form other tools read, mode 0400. Example:
``ensure_signing_key(folder)`` makes ``folder/signing.key`` and never overwrites it; a key with
mode 0644 is refused with the ``chmod`` that mends it. A killed process leaves either the old file
or the new one, never half of one.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from benchserver.core.errors import BadInput, MissingPart

KEY_FILE = "signing.key"
DRAFT = ".signing-draft"
Owner = tuple[int, int]
"""(uid, gid)"""


def ensure_signing_key(folder: Path, *, owner: Owner | None = None) -> Path:
    """Create ``signing.key`` in ``folder`` when it is absent; returns its path.

    ``owner`` is (uid, gid) of a new file, for a caller that is root. An existing file stays byte
    for byte: another key would be another log.
    """
    if not folder.is_dir():
        folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        if owner is not None:
            os.chown(folder, *owner)
    path = folder / KEY_FILE
    with locked(folder):
        if not path.exists():
            pem = Ed25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
            replace_durably(path, pem, mode=0o400, owner=owner)
    return path


def load_signing_key(path: Path) -> Ed25519PrivateKey:
    """The key. Raises ``MissingPart`` when absent or not ours to read, ``BadInput`` when
    malformed or when its mode lets others use it."""
    try:
        key = load_pem_private_key(_guarded(path), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, Ed25519PrivateKey):
        problem = "not an unencrypted Ed25519 private key in PEM"
        raise BadInput(problem, place=str(path), mend="Restore it from the key backup")
    return key


def _guarded(path: Path) -> bytes:
    try:
        with open(path, "rb") as file:
            _refuse_open_mode(path, os.fstat(file.fileno()))
            return file.read()
    except FileNotFoundError:
        mend = "Create it with ensure_signing_key, or set SIGNING_KEY_FILE"
        raise MissingPart(f"signing key {path} is missing", mend=mend) from None
    except PermissionError:
        problem = f"signing key {path} is not readable by user id {os.geteuid()}"
        mend = f"Run: chown {os.geteuid()} {path}, if this process is the signer"
        raise MissingPart(problem, mend=mend) from None


def _refuse_open_mode(path: Path, found: os.stat_result) -> None:
    """Others never; the group only may read a file of another owner (a mounted cluster secret)."""
    allowed = 0o740 if found.st_uid != os.geteuid() else 0o700
    mode = stat.S_IMODE(found.st_mode)
    if mode & ~allowed:
        problem = f"signing key has mode {mode:04o}, others could use it"
        raise BadInput(problem, place=str(path), mend=f"Run: chmod 400 {path}")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One process at a time in ``folder``; the lock ends with the process that holds it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def replace_durably(
    path: Path, content: bytes, *, mode: int = 0o600, owner: Owner | None = None
) -> None:
    """Put ``content`` at ``path``, on disk when this returns. Call within ``locked``."""
    draft = path.with_name(f".{path.name}{DRAFT}")
    draft.unlink(missing_ok=True)  # of a writer that was killed
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        if owner is not None:
            os.fchown(file.fileno(), *owner)
        os.fchmod(file.fileno(), mode)
        file.flush()
        os.fsync(file.fileno())
    os.replace(draft, path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
