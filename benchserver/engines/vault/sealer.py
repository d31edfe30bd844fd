"""The public half: makes a data key, seals fields with it, wraps it for a right.

One ``seal`` call makes one fresh 256-bit data key; the key is wrapped by HPKE base mode (RFC 9180,
X25519, HKDF-SHA256, AES-256-GCM) and forgotten, so the process cannot read back what it sealed.
Example: ``HpkeSealer.from_files({Right.GENERATE: path})`` in a web process seals API keys.
HPKE gives no sender: who holds a public half can seal, and that is meant.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.vault.base import Context, Right, WrappedKey
from benchserver.engines.vault.envelope import DATA_KEY_BYTES, seal_field, wrap_info
from benchserver.engines.vault.keyring import LiveKeys, PublicHalf, load_public

SUITE = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_256_GCM)
ID_BYTES = 16


class HpkeSealer:
    """Implements ``base.Sealer`` from public key files."""

    def __init__(self, keys: Mapping[Right, LiveKeys[PublicHalf]]) -> None:
        self._keys = dict(keys)

    @classmethod
    def from_files(cls, files: Mapping[Right, Path]) -> HpkeSealer:
        """Read the files now. Raises ``MissingPart`` or ``BadInput``."""
        return cls({right: LiveKeys(path, right, load_public) for right, path in files.items()})

    @property
    def rights(self) -> frozenset[Right]:
        """For whom this process can seal."""
        return frozenset(self._keys)

    def key_id(self, right: Right) -> str:
        """Id of the key pair that new data keys are wrapped for."""
        return self._active(right).id

    def seal(
        self, right: Right, fields: dict[Context, bytes]
    ) -> tuple[WrappedKey, dict[Context, bytes]]:
        """Seal ``fields`` under one fresh data key that only holders of ``right`` can unwrap.

        Raises ``BadInput`` for no fields, ``MissingPart`` when no public half is configured.
        """
        if not fields:
            raise BadInput("nothing to seal", place="fields", mend="Pass at least one field")
        data_key_id = os.urandom(ID_BYTES).hex()
        data_key = os.urandom(DATA_KEY_BYTES)
        wrapped = self.wrap(right, data_key_id, data_key)
        cipher = AESGCM(data_key)
        return wrapped, {
            context: seal_field(cipher, context, data_key_id, plaintext)
            for context, plaintext in fields.items()
        }

    def wrap(self, right: Right, data_key_id: str, data_key: bytes) -> WrappedKey:
        """``data_key`` (32 bytes) wrapped for the active key of ``right``."""
        half = self._active(right)
        wrapped = SUITE.encrypt(data_key, half.key, info=wrap_info(right, data_key_id))
        return WrappedKey(id=data_key_id, right=right, key_id=half.id, wrapped=wrapped)

    def _active(self, right: Right) -> PublicHalf:
        if right not in self._keys:
            name = f"SEAL_{right.value.upper()}_KEY_FILE"
            mend = f"Set {name} to the file seal_{right.value}.pub"
            raise MissingPart(f"no public key for the right {right.value}", mend=mend)
        return self._keys[right].halves()[0]
