"""Where keys lie and who may read them: one small text file per half of a right.

``ensure_keys(folder)`` creates ``seal_generate.pub``, ``open_generate.key``, the same two for
``execute``, and ``secret.key``; it never overwrites. A line of a key file is
``PBK1 open_generate 54ff70a1e1c2c5d0 <base64 of 32 bytes>``; the first line is active, the others
(older keys, see ``rotation.py``) still open. Example: a private file with mode 0444 is refused
with the ``chmod`` that mends it, and a public file in place of a private one is refused by name.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.vault.base import Right
from benchserver.engines.vault.keyfiles import (
    Owner,
    create_once,
    locked,
    read_guarded,
    read_public,
)
from benchserver.engines.vault.secret import Unpicklable

PREFIX = "PBK1"
SECRET_FILE = "secret.key"
PUBLIC_MODE = 0o444
PRIVATE_MODE = 0o400
KEY_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicHalf:
    """Seals. ``id`` is the first 8 bytes of SHA-256 of the public key, in hex."""

    id: str
    key: X25519PublicKey = field(repr=False)


class PrivateHalf(Unpicklable):
    """Opens. Shows its id only."""

    __slots__ = ("id", "key")

    def __init__(self, key: X25519PrivateKey) -> None:
        self.id = key_id(key.public_key())
        self.key = key

    def __repr__(self) -> str:
        return f"PrivateHalf({self.id})"


def public_file(folder: Path, right: Right) -> Path:
    """Where the public half of ``right`` lies."""
    return folder / f"seal_{right.value}.pub"


def private_file(folder: Path, right: Right) -> Path:
    """Where the private half of ``right`` lies."""
    return folder / f"open_{right.value}.key"


def ensure_keys(folder: Path, *, owner: Owner | None = None) -> None:
    """Create what is missing in ``folder``; what exists stays byte for byte.

    ``owner`` is (uid, gid) of new files, for a caller that is root. Safe to repeat after an
    interruption and to call from two processes at once. Raises ``MissingPart`` when a public half
    lies there without its private half: a new pair would leave sealed data shut for ever.
    """
    with locked(folder, owner=owner):
        for right in Right:
            _ensure_pair(folder, right, owner)
        secret = secrets.token_urlsafe(64) + "\n"
        create_once(folder / SECRET_FILE, secret, mode=PRIVATE_MODE, owner=owner)


def _ensure_pair(folder: Path, right: Right, owner: Owner | None) -> None:
    # The private half is stored first: cut off in between, its public half is computed next time.
    private, public = private_file(folder, right), public_file(folder, right)
    if not private.exists():
        if public.exists():
            raise MissingPart(
                f"{private} is missing though {public.name} exists",
                mend=f"Restore {private.name} from the key backup; delete {public.name} "
                "only if nothing was ever sealed with it",
            )
        line = private_line(right, X25519PrivateKey.generate())
        create_once(private, line, mode=PRIVATE_MODE, owner=owner)
    if not public.exists():
        lines = [public_line(right, half.key.public_key()) for half in load_private(private, right)]
        create_once(public, "".join(lines), mode=PUBLIC_MODE, owner=owner)


def key_id(key: X25519PublicKey) -> str:
    """First 8 bytes of SHA-256 of the raw public key, in hex."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def public_line(right: Right, key: X25519PublicKey) -> str:
    """One line of a public file."""
    return _line(f"seal_{right.value}", key_id(key), key.public_bytes_raw())


def private_line(right: Right, key: X25519PrivateKey) -> str:
    """One line of a private file."""
    return _line(f"open_{right.value}", key_id(key.public_key()), key.private_bytes_raw())


def load_public(path: Path, right: Right) -> tuple[PublicHalf, ...]:
    """Public halves, the active one first. Raises ``MissingPart`` or ``BadInput``."""
    halves = []
    for place, name, raw in _parse(path, read_public(path), f"seal_{right.value}"):
        half = X25519PublicKey.from_public_bytes(raw)
        _check_id(place, name, key_id(half))
        halves.append(PublicHalf(id=name, key=half))
    return tuple(halves)


def load_private(path: Path, right: Right) -> tuple[PrivateHalf, ...]:
    """Private halves, the active one first. Raises ``MissingPart`` or ``BadInput``, the latter
    also when the file's mode lets others read it."""
    halves = []
    for place, name, raw in _parse(path, read_guarded(path), f"open_{right.value}"):
        half = PrivateHalf(X25519PrivateKey.from_private_bytes(raw))
        _check_id(place, name, half.id)
        halves.append(half)
    return tuple(halves)


def read_secret(path: Path) -> str:
    """The one line of ``secret.key``. Raises ``MissingPart`` or ``BadInput``."""
    secret = read_guarded(path).strip()
    if len(secret) < 50:
        mend = "Delete it and run ensure_keys again; all sessions end"
        raise BadInput("secret shorter than 50 characters", place=str(path), mend=mend)
    return secret


Half = TypeVar("Half")


class LiveKeys(Generic[Half]):
    """A key file that is read again when it changes, so that a rotation needs no restart.

    Costs one ``stat`` per use. Without it a web process that was not restarted would go on
    sealing to a key that has meanwhile been retired.
    """

    def __init__(
        self, path: Path, right: Right, load: Callable[[Path, Right], tuple[Half, ...]]
    ) -> None:
        self._path = path
        self._right = right
        self._load = load
        self._seen, self._halves = _stamp(path), load(path, right)

    def halves(self) -> tuple[Half, ...]:
        """All halves, the active one first."""
        stamp = _stamp(self._path)
        if stamp != self._seen:
            # The stamp is older than what is read: a change in between is seen next time.
            self._seen, self._halves = stamp, self._load(self._path, self._right)
        return self._halves


def _stamp(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def _line(kind: str, name: str, raw: bytes) -> str:
    return f"{PREFIX} {kind} {name} {base64.b64encode(raw).decode()}\n"


def _parse(path: Path, text: str, kind: str) -> list[tuple[str, str, bytes]]:
    """(place, key id, 32 bytes) per line. Messages never repeat what a line holds."""
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.strip():
            place = f"{path}:{number}"
            found.append((place, *_parse_line(place, line, kind)))
    if not found:
        raise BadInput("no key in the file", place=str(path), mend="Restore it from the key backup")
    return found


def _parse_line(place: str, line: str, kind: str) -> tuple[str, bytes]:
    mend = f"Write one line '{PREFIX} {kind} KEYID BASE64' per key, or restore it from the backup"
    words = line.split()
    if len(words) != 4 or words[0] != PREFIX:
        raise BadInput(f"not a key line of version {PREFIX}", place=place, mend=mend)
    if words[1] != kind:
        raise BadInput(f"a key of another kind, {kind} is needed here", place=place, mend=mend)
    try:
        raw = base64.b64decode(words[3], validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != KEY_BYTES:
        raise BadInput("the key is not 32 bytes in base64", place=place, mend=mend)
    return words[2], raw


def _check_id(place: str, said: str, computed: str) -> None:
    if said != computed:
        mend = "Restore the file from the key backup"
        raise BadInput("key id and key do not belong together", place=place, mend=mend)
