"""Every provider's canary bears another number: who gives back a number it was never sent?

The salt of a task is derived from a key, the task's version, the owner group and the rotation, and
takes the marker's place when the prompt leaves. Example: a reply to group B holds the salt that
group A was sent: A's prompts have leaked, and B's model has met them. Nothing is stored to
recognise it: whoever has the key derives the salts of all groups that were sent the task.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

MARKER = "{{salt}}"
DIGITS = 14  # decimal: 46 bits, and nothing about it looks like a mark


def salt_of(key: bytes, *parts: str) -> str:
    """Fourteen digits, the first not 0, the same for the same key and parts on any machine."""
    text = "\n".join(("salt", *parts)).encode()
    number = int.from_bytes(hmac.new(key, text, hashlib.sha256).digest(), "big")
    low = 10 ** (DIGITS - 1)
    return str(low + number % (9 * low))


def salted(text: str, salt: str) -> str:
    """The text as one recipient sees it; without a marker it stays as it is."""
    return text.replace(MARKER, salt)


def foreign(reply: str, *, own: str, others: Iterable[str]) -> int:
    """How many salts of others stand in the reply (exact search of strings, Karp and Rabin 1987).

    Known answer: a reply with another group's salt gives 1, with its own 0.
    """
    return sum(other != own and other in reply for other in set(others))
