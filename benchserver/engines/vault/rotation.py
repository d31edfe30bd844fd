"""Changing key pairs without a pause: add a pair, rewrap the data keys, forget the old pair.

``rotate_key`` puts a new pair in front; old data still opens. ``rewrap`` moves one stored data key
to it without touching any field. When no stored key names an old pair, ``forget_old_keys`` drops
them. Example: 100,000 data keys are rewrapped while their gigabytes of fields stay as they are.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from benchserver.core.errors import NotAllowed
from benchserver.engines.vault.base import Right, WrappedKey
from benchserver.engines.vault.keyfiles import locked, replace
from benchserver.engines.vault.keyring import (
    PrivateHalf,
    load_private,
    load_public,
    private_file,
    private_line,
    public_file,
    public_line,
)
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.engines.vault.sealer import HpkeSealer


def rewrap(key: WrappedKey, opener: HpkeOpener, sealer: HpkeSealer) -> WrappedKey:
    """The same data key under the active pair; returned as it is when already there.

    Raises ``CannotOpen``. Store the result with a compare on the old ``key_id``.
    """
    if key.key_id == sealer.key_id(key.right):
        return key
    return sealer.wrap(key.right, key.id, opener.unwrap(key).reveal())


def rotate_key(folder: Path, right: Right) -> str:
    """Add a new active pair in front of the old ones; returns its key id.

    Running processes notice by themselves. A rotation that was cut off is finished instead of
    adding a second pair. Raises ``MissingPart`` or ``BadInput``.
    """
    with locked(folder, owner=None):
        halves = load_private(private_file(folder, right), right)
        if _finished(folder, right, halves):
            halves = (PrivateHalf(X25519PrivateKey.generate()), *halves)
        _store(folder, right, halves)
    return halves[0].id


def forget_old_keys(folder: Path, right: Right) -> tuple[str, ...]:
    """Keep only the active pair; returns the ids dropped.

    Only after no stored ``WrappedKey`` names them: what they wrapped is lost from now on.
    Raises ``NotAllowed`` while sealers still use an old pair after a rotation that was cut off.
    """
    with locked(folder, owner=None):
        halves = load_private(private_file(folder, right), right)
        if not _finished(folder, right, halves):
            reason = f"the last rotation of {right.value} was cut off"
            raise NotAllowed(reason, code="rotation_cut_off", mend="Rotate again, then rewrap")
        _store(folder, right, halves[:1])
    return tuple(half.id for half in halves[1:])


def _finished(folder: Path, right: Right, halves: tuple[PrivateHalf, ...]) -> bool:
    return load_public(public_file(folder, right), right)[0].id == halves[0].id


def _store(folder: Path, right: Right, halves: tuple[PrivateHalf, ...]) -> None:
    # Openers must know a key before sealers use it, hence the private file first.
    private = "".join(private_line(right, half.key) for half in halves)
    public = "".join(public_line(right, half.key.public_key()) for half in halves)
    replace(private_file(folder, right), private)
    replace(public_file(folder, right), public)
