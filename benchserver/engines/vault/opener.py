"""The private half: opens what was sealed for the rights this process holds, and checks all of it.

Example: a generation worker has only ``open_generate.key``; opening a test bundle there raises
``CannotOpen("no_private_half")``. Other codes: ``unknown_key``, ``wrapped_key_altered``,
``not_sealed``, ``cut_short``, ``other_data_key``, ``moved_or_altered``. No message has content.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchserver.engines.vault.base import CannotOpen, Context, Right, WrappedKey
from benchserver.engines.vault.envelope import (
    DATA_KEY_BYTES,
    check_blob,
    open_field,
    wrap_info,
)
from benchserver.engines.vault.keyring import LiveKeys, PrivateHalf, load_private
from benchserver.engines.vault.sealer import SUITE
from benchserver.engines.vault.secret import Secret, Unpicklable


class HpkeOpener(Unpicklable):
    """Implements ``base.Opener`` from the private key files this process may read."""

    def __init__(self, keys: Mapping[Right, LiveKeys[PrivateHalf]]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_files(cls, files: Mapping[Right, Path]) -> HpkeOpener:
        """Read the files now. Raises ``MissingPart`` or ``BadInput``; no files: opens nothing."""
        return cls({right: LiveKeys(path, right, load_private) for right, path in files.items()})

    @property
    def rights(self) -> frozenset[Right]:
        """What this process can open."""
        return frozenset(self._keys)

    def __repr__(self) -> str:
        return f"HpkeOpener({', '.join(sorted(self._keys))})"

    def open(self, key: WrappedKey, context: Context, sealed: bytes) -> bytes:
        """The plaintext of one field. Raises ``CannotOpen``."""
        blob = bytes(sealed)  # a database driver may hand over a memoryview
        check_blob(key.id, blob)
        return open_field(AESGCM(self.unwrap(key).reveal()), context, key.id, blob)

    def open_secret(self, key: WrappedKey, context: Context, sealed: bytes) -> Secret:
        """Like ``open``, for a plaintext that travels on. Raises ``CannotOpen``."""
        return Secret(self.open(key, context, sealed))

    def unwrap(self, key: WrappedKey) -> Secret:
        """The 32-byte data key. For ``open`` and for rewrapping only. Raises ``CannotOpen``."""
        half = self._half(key)
        info = wrap_info(key.right, key.id)
        try:
            data_key = Secret(SUITE.decrypt(bytes(key.wrapped), half.key, info=info))
        except (InvalidTag, ValueError):
            raise CannotOpen("wrapped_key_altered") from None
        if len(data_key.reveal()) != DATA_KEY_BYTES:
            raise CannotOpen("wrapped_key_altered")
        return data_key

    def _half(self, key: WrappedKey) -> PrivateHalf:
        if key.right not in self._keys:
            raise CannotOpen("no_private_half", key.right.value)
        for half in self._keys[key.right].halves():
            if half.id == key.key_id:
                return half
        raise CannotOpen("unknown_key", key.right.value)
