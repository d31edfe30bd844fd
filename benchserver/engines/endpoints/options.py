"""What a provider may say about an endpoint beside URL, model and key: a small checked JSON object.

Each protocol lists its options with a rule each; what is not on the list is refused with the list.
Example: for ``anthropic_messages`` the options ``{"auth": "bearer", "stream": true}`` pass and
``{"auth": "basic"}`` is refused at ``options.auth`` with the two that may be used.

Options are shown to the provider again and are no place for a secret.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.headers import checked_extra

MAX_BYTES = 8 * 1024

# Checks a value found at a place and gives it as it is kept; raises BadInput.
Rule = Callable[[Any, str], Any]
Rules = Mapping[str, Rule]


def checked(given: Any, rules: Rules) -> dict[str, Any]:
    """``given`` by ``rules``, where each name may be absent. Raises ``BadInput`` with the place."""
    if not isinstance(given, dict):
        raise refused("not a JSON object", "options", "Write {} or {name: value, ...}")
    if len(json.dumps(given, ensure_ascii=False).encode("utf-8", "replace")) > MAX_BYTES:
        raise refused("too long", "options", f"Use at most {MAX_BYTES} bytes")
    unknown = sorted(str(name) for name in set(given) - set(rules))
    if unknown:
        mend = f"This protocol knows {', '.join(sorted(rules))}"
        raise refused("not an option of this protocol", f"options.{unknown[0][:40]}", mend)
    return {name: rules[name](value, f"options.{name}") for name, value in given.items()}


def flag(value: Any, place: str) -> bool:
    if not isinstance(value, bool):
        raise refused("neither true nor false", place, "Write true or false")
    return value


def one_of(*words: str) -> Rule:
    def rule(value: Any, place: str) -> str:
        if value not in words or not isinstance(value, str):
            raise refused("not one of the words known here", place, f"Use {' or '.join(words)}")
        return value

    return rule


def like(pattern: str, example: str) -> Rule:
    """Text that matches all of ``pattern``."""
    compiled = re.compile(pattern)

    def rule(value: Any, place: str) -> str:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            raise refused("not in the form expected", place, f"Write it like {example}")
        return value

    return rule


def whole_number(*, least: int, most: int) -> Rule:
    def rule(value: Any, place: str) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            mend = f"Write a whole number from {least} to {most}"
            raise refused("not such a number", place, mend)
        return value

    return rule


def own_headers(value: Any, place: str) -> dict[str, str]:
    texts = isinstance(value, dict) and all(isinstance(v, str) for v in value.values())
    if not texts:
        raise refused("not a JSON object of texts", place, 'Write {"name": "value"}')
    return checked_extra(value)


def refused(problem: str, place: str, mend: str) -> BadInput:
    return BadInput(problem, place=place, mend=mend)


# What every protocol knows.
COMMON: Rules = {"stream": flag, "extra_headers": own_headers}
EFFORT = one_of("none", "minimal", "low", "medium", "high", "xhigh", "max")
