"""Which headers a request to an endpoint may carry, ours and the provider's own.

A provider may add at most five, by name from a list, none of which can change where a request goes,
how it is framed or whose key it carries. Example: ``{"OpenAI-Project": "proj_1"}`` passes;
``{"X-Forwarded-For": "10.0.0.1"}`` is refused with the list of names that are not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from benchserver.core.errors import BadInput

KEY_HEADERS = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
SENDABLE_HEADERS = {*KEY_HEADERS, "anthropic-version", "idempotency-key"}
EXTRA_HEADERS = (
    *("openai-organization", "openai-project", "anthropic-beta", "x-goog-user-project"),
    *("http-referer", "x-title"),
)
MAX_EXTRA = 5
MAX_EXTRA_VALUE = 200

_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


def is_printable(value: str) -> bool:
    """ASCII without control characters or blanks at the ends: it cannot end a header early."""
    return bool(_PRINTABLE.fullmatch(value))


def checked_extra(headers: Mapping[str, str]) -> dict[str, str]:
    """The provider's own headers with lower-case names. Raises ``BadInput``; values, which may be
    secrets entered by mistake, are in no message."""
    if len(headers) > MAX_EXTRA:
        raise _refused(f"more than {MAX_EXTRA} headers of your own", "Keep the needed ones")
    checked: dict[str, str] = {}
    for name, value in headers.items():
        lower = name.lower()
        if lower not in EXTRA_HEADERS:
            raise _refused("a header that is not on the list", f"Use {', '.join(EXTRA_HEADERS)}")
        if lower in checked:
            raise _refused(f"{lower} is given twice", "Give it once")
        if len(value) > MAX_EXTRA_VALUE or not is_printable(value):
            mend = f"Use 1 to {MAX_EXTRA_VALUE} printable ASCII characters"
            raise _refused(f"the value of {lower} is too long or not printable", mend)
        checked[lower] = value
    return checked


def _refused(problem: str, mend: str) -> BadInput:
    return BadInput(problem, place="extra_headers", mend=mend)
