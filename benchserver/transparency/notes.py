"""Signed notes and checkpoints, in the formats outside tools already read.

A checkpoint is three lines, ``origin``, ``size``, ``base64(root)``; a signed note adds an empty
line and one line per signature: em dash, key name, base64(key id || Ed25519 signature). Example
of a verifier key: ``bench.example/results+98d21115+ARGx...``. Sources: C2SP signed-note.md and
tlog-checkpoint.md, RFC 8032.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from benchserver.core.errors import BadInput

ED25519 = b"\x01"
_DASH = "\u2014 "
_MAX_NOTE = 1_000_000
_MAX_SIGNATURES = 100


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key with its name. ``str(key)`` is the text form ``name+id+base64``."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """SHA-256(name || 0x0A || 0x01 || public key), first four bytes."""
        return hashlib.sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        encoded = base64.b64encode(ED25519 + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"


@dataclass(frozen=True, slots=True)
class Signature:
    name: str
    key_id: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """``text`` ends with a newline; nothing here is verified yet."""

    text: str
    signatures: tuple[Signature, ...]


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log says of itself: its origin, how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes

    def __str__(self) -> str:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def verifier_key_of(private_key: Ed25519PrivateKey, *, name: str) -> VerifierKey:
    """Raises ``BadInput`` when the name is empty or holds white space or a plus."""
    _check_name(name)
    return VerifierKey(name, private_key.public_key().public_bytes_raw())


def parse_verifier_key(text: str) -> VerifierKey:
    """Raises ``BadInput`` on any malformed part, an unknown algorithm or a wrong key id."""
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise BadInput("a verifier key is name+id+base64", place="verifier key")
    name, key_id, encoded = parts
    _check_name(name)
    raw = decode_base64(encoded, place="verifier key")
    if len(raw) != 33 or raw[:1] != ED25519:
        raise BadInput("only Ed25519 keys are known", place="verifier key")
    key = VerifierKey(name, raw[1:])
    if key.key_id.hex() != key_id:
        raise BadInput("its id does not belong to its name and key", place="verifier key")
    return key


def parse_note(note: str) -> Note:
    """Take a signed note apart, verifying nothing. Raises ``BadInput`` when malformed."""
    if len(note) > _MAX_NOTE or any(c < " " and c != "\n" for c in note):
        raise BadInput("it is too long or holds control characters", place="note")
    body, separator, block = note.rpartition("\n\n")
    lines = block.split("\n")
    if not separator or not body or lines.pop() or not lines:
        raise BadInput("it lacks a text, an empty line or a signature", place="note")
    if len(lines) > _MAX_SIGNATURES:
        raise BadInput(f"it has more than {_MAX_SIGNATURES} signatures", place="note")
    return Note(body + "\n", tuple(map(_parse_signature, lines)))


def sign_note(text: str, private_key: Ed25519PrivateKey, *, name: str) -> str:
    """The text with one signature. Raises ``BadInput`` unless it ends with a newline."""
    if not text.endswith("\n") or text == "\n":
        raise BadInput("a note's text ends with a newline", place="note")
    key = verifier_key_of(private_key, name=name)
    signed = base64.b64encode(key.key_id + private_key.sign(text.encode())).decode()
    note = f"{text}\n{_DASH}{name} {signed}\n"
    parse_note(note)  # refuses control characters before anybody else has to
    return note


def verify_note(note: str, keys: Sequence[VerifierKey]) -> str:
    """The text, when at least one known key signed it and no known key's signature is false.

    Signatures of unknown keys are ignored, as the format demands. Raises ``BadInput`` (code
    ``bad_signature``).
    """
    parsed = parse_note(note)
    known = {(key.name, key.key_id): key for key in keys}
    verified = 0
    for signature in parsed.signatures:
        key = known.get((signature.name, signature.key_id))
        if key is None:
            continue
        _verify(key, signature, parsed.text)
        verified += 1
    if not verified:
        raise BadInput("no known key signed it", place="note", code="bad_signature")
    return parsed.text


def parse_checkpoint(text: str) -> Checkpoint:
    """Exactly three lines; our logs carry no extension lines. Raises ``BadInput``."""
    lines = text.split("\n")
    if len(lines) != 4 or lines[3] or not lines[0]:
        raise BadInput("it is not three lines", place="checkpoint")
    origin, size, root = lines[:3]
    if not (size.isascii() and size.isdigit()) or (size != "0" and size.startswith("0")):
        raise BadInput("its size is no plain number", place="checkpoint")
    decoded = decode_base64(root, place="checkpoint")
    if len(size) > 16 or len(decoded) != 32:
        raise BadInput("its size or root has the wrong length", place="checkpoint")
    return Checkpoint(origin, int(size), decoded)


def sign_checkpoint(checkpoint: Checkpoint, private_key: Ed25519PrivateKey) -> str:
    """The signed note of a checkpoint; the key's name is the log's origin."""
    return sign_note(str(checkpoint), private_key, name=checkpoint.origin)


def open_checkpoint(note: str, key: VerifierKey) -> Checkpoint:
    """The checkpoint inside, once the log's key signed it and it names that log as its origin.

    Raises ``BadInput``.
    """
    checkpoint = parse_checkpoint(verify_note(note, [key]))
    if checkpoint.origin != key.name:
        raise BadInput("it is another log's checkpoint", place="checkpoint", code="bad_signature")
    return checkpoint


def decode_base64(text: str, *, place: str) -> bytes:
    """Strict standard base64 with padding, one spelling per value. Raises ``BadInput``."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadInput("this is no base64", place=place) from None
    if base64.b64encode(raw).decode() != text:
        raise BadInput("this base64 is not in its one spelling", place=place)
    return raw


def _parse_signature(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_DASH).rpartition(" ")
    if not line.startswith(_DASH) or not separator:
        raise BadInput("a signature line is malformed", place="note")
    _check_name(name)
    raw = decode_base64(encoded, place="note")
    if len(raw) < 5:
        raise BadInput("a signature is too short", place="note")
    return Signature(name, raw[:4], raw[4:])


def _verify(key: VerifierKey, signature: Signature, text: str) -> None:
    try:
        public = Ed25519PublicKey.from_public_bytes(key.public)
        public.verify(signature.signature, text.encode())
    except (InvalidSignature, ValueError, UnicodeEncodeError):
        raise BadInput("its signature is false", place="note", code="bad_signature") from None


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name):
        raise BadInput("a key name has no white space and no plus", place="key name")
