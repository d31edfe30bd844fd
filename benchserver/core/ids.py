"""Names for things: time-ordered inside, opaque outside, never derived from content (D20).

``new_id()`` is a UUIDv7 (RFC 9562, section 5.7): rows sort by age and indexes stay compact.
``opaque("ev")`` gives ``ev_7k3m9qpx2v4d``: 60 random bits, safe in URLs, says nothing.
"""

from __future__ import annotations

import secrets
import time
import uuid

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford base32: no i, l, o, u


def new_id() -> uuid.UUID:
    """A UUIDv7: 48 bits of Unix milliseconds, then 74 random bits."""
    milliseconds = time.time_ns() // 1_000_000
    value = (milliseconds & (2**48 - 1)) << 80
    value |= 0x7 << 76
    value |= secrets.randbits(12) << 64
    value |= 0b10 << 62
    value |= secrets.randbits(62)
    return uuid.UUID(int=value)


def opaque(prefix: str) -> str:
    """A random public name, e.g. ``ro_4m1x...``: 12 characters of 5 bits each."""
    return prefix + "_" + "".join(secrets.choice(_ALPHABET) for _ in range(12))
