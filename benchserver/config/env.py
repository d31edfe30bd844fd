"""Typed readers of environment variables: one clear error instead of a wrong default.

Example: ``env_int("MIN_CELL", 20)`` returns 20 when unset, 25 for ``MIN_CELL=25`` and raises
``BadInput`` naming the variable for ``MIN_CELL=many``. ``SEEN`` collects every name that is read;
a test compares it with ``.env.example``.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchserver.core.errors import BadInput

SEEN: set[str] = set()


def env_str(name: str, default: str = "") -> str:
    SEEN.add(name)
    return os.environ.get(name) or default


def env_int(name: str, default: int) -> int:
    text = env_str(name)
    if not text:
        return default
    try:
        return int(text)
    except ValueError:
        raise BadInput(f"{text!r} is not a whole number", place=name, mend="Give digits.") from None


def env_bool(name: str, *, default: bool) -> bool:
    text = env_str(name).lower()
    if not text:
        return default
    if text in ("1", "true", "yes", "on"):
        return True
    if text in ("0", "false", "no", "off"):
        return False
    raise BadInput(f"{text!r} is not yes or no", place=name, mend="Give 1 or 0.")


def env_list(name: str, default: tuple[str, ...] = ()) -> list[str]:
    text = env_str(name)
    return [part.strip() for part in text.split(",") if part.strip()] if text else list(default)


def env_path(name: str) -> Path | None:
    text = env_str(name)
    return Path(text) if text else None


def env_choice(name: str, choices: tuple[str, ...]) -> str:
    """One of ``choices``; the first is the default."""
    text = env_str(name, choices[0]) or choices[0]
    if text not in choices:
        raise BadInput(f"{text!r} is not one of {', '.join(choices)}", place=name)
    return text
