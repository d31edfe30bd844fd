"""A plaintext that travels between functions without showing itself.

``Secret`` decides that a prompt, test bundle, reply or API key can be printed, formatted, logged
or pickled only by somebody who asks for it by name. Example: ``f"{Secret(b'hunter2')}"`` is
``<sealed>``; ``Secret(b"hunter2").reveal()`` is the bytes. It guards against mistakes, not
against code in this process; Python cannot promise that memory is erased.
"""

from __future__ import annotations

import hmac
from typing import Any, NoReturn, SupportsIndex

from benchserver.core.errors import PlatformFault

SHOWN = "<sealed>"


class Unpicklable:
    """Objects that hold keys or plaintext never leave the process by pickling or copying."""

    __slots__ = ()

    def __reduce_ex__(self, protocol: SupportsIndex) -> NoReturn:
        raise TypeError(f"{type(self).__name__} is never pickled")

    def __copy__(self) -> Any:
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        return self


class Secret(Unpicklable):
    """Immutable bytes that show themselves as ``<sealed>``."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = bytes(content)

    @classmethod
    def of_text(cls, text: str) -> Secret:
        """The UTF-8 bytes of ``text``; a lone surrogate is a ``PlatformFault`` without content."""
        content = _encoded(text)
        if content is None:
            raise PlatformFault("secret_not_unicode")
        return cls(content)

    def reveal(self) -> bytes:
        """The plaintext. Keep it in the narrowest scope and out of messages."""
        return self._content

    def text(self) -> str:
        """The plaintext as UTF-8 text; ``PlatformFault`` without content when it is not."""
        text = _decoded(self._content)
        if text is None:
            raise PlatformFault("secret_not_unicode")
        return text

    def __repr__(self) -> str:
        return SHOWN

    def __format__(self, spec: str) -> str:
        return SHOWN

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._content, other._content)

    # Hashes of short secrets can be guessed, and a secret is no sensible dictionary key.
    __hash__ = None  # type: ignore[assignment]


# A UnicodeError carries the whole text, and `from None` only hides it: an error collector still
# finds it in `__context__`. So these two return None and the caller raises outside the handler.
def _encoded(text: str) -> bytes | None:
    try:
        return text.encode()
    except UnicodeEncodeError:
        return None


def _decoded(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
