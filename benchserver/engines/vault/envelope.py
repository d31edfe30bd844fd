"""How one sealed field looks in the database, byte by byte, and what it is bound to.

``"PB1" || len || dek_id || nonce[12] || ciphertext || tag[16]``, AES-256-GCM with a random
96-bit nonce (NIST SP 800-38D). The associated data is the JSON object
``{"dek","field","rev","row","t","v"}`` with sorted keys and no spaces. Example: a ciphertext that
a database writer copies from row 7 to row 8 no longer opens, since "row" differs.

The encoding is our own five lines and not `transparency.canonical`: both give the RFC 8785 form
of these six members, but a change to the public log's format must never make a vault unreadable.
"""

from __future__ import annotations

import json
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benchserver.core.errors import BadInput
from benchserver.engines.vault.base import CannotOpen, Context, Right

MAGIC = b"PB1"
NONCE_BYTES = 12
TAG_BYTES = 16
DATA_KEY_BYTES = 32
VERSION = 1


def associated_data(context: Context, dek_id: str) -> bytes:
    """What a field is bound to. Raises ``BadInput`` when a name is not encodable text."""
    return canonical(
        {
            "dek": dek_id,
            "field": context.field,
            "rev": context.revision,
            "row": context.row,
            "t": context.table,
            "v": VERSION,
        }
    )


def wrap_info(right: Right, dek_id: str) -> bytes:
    """HPKE ``info`` of a wrapped data key (RFC 9180 section 5.1): binds its id and its right."""
    return canonical({"dek": dek_id, "right": right.value, "t": "dek-wrap", "v": VERSION})


def canonical(members: dict[str, str | int]) -> bytes:
    """One byte string per object of strings and integers with ASCII names."""
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    try:
        return text.encode()
    except UnicodeEncodeError:
        # Row and field names are no secrets, still the message repeats none of them.
        problem = "a name holds a lone surrogate"
    raise BadInput(problem, place="vault context", mend="Use names that are valid Unicode")


def seal_field(cipher: AESGCM, context: Context, dek_id: str, plaintext: bytes) -> bytes:
    """The stored blob; as long as the plaintext plus 32 bytes and the key's id."""
    nonce = os.urandom(NONCE_BYTES)
    body = cipher.encrypt(nonce, plaintext, associated_data(context, dek_id))
    return _head(dek_id) + nonce + body


def check_blob(dek_id: str, sealed: bytes) -> None:
    """Raise ``CannotOpen`` when ``sealed`` is no blob or names another data key."""
    if len(sealed) < len(MAGIC) + 1 or not sealed.startswith(MAGIC):
        raise CannotOpen("not_sealed")
    end = len(MAGIC) + 1 + sealed[len(MAGIC)]
    if len(sealed) < end + NONCE_BYTES + TAG_BYTES:
        raise CannotOpen("cut_short")
    if not sealed.startswith(_head(dek_id)):
        raise CannotOpen("other_data_key")


def open_field(cipher: AESGCM, context: Context, dek_id: str, sealed: bytes) -> bytes:
    """The plaintext; ``CannotOpen`` with a code when anything at all is not as it was sealed."""
    check_blob(dek_id, sealed)
    start = len(_head(dek_id))
    nonce, body = sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]
    try:
        return cipher.decrypt(nonce, body, associated_data(context, dek_id))
    except InvalidTag:
        raise CannotOpen("moved_or_altered") from None


def _head(dek_id: str) -> bytes:
    name = dek_id.encode("ascii", "backslashreplace")
    if not 0 < len(name) < 256:
        raise CannotOpen("data_key_id_malformed")
    return MAGIC + bytes([len(name)]) + name
