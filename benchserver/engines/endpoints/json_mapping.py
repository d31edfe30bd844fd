"""The mapping of ``generic_json``: which shapes it may have, and how it is followed.

Example: the pointer ``/choices/0/text`` finds ``"x"`` in ``{"choices": [{"text": "x"}]}`` and
nothing in ``{"choices": []}``; the template ``{"n": "{max_tokens}"}`` becomes ``{"n": 4096}``. A
member whose placeholder has no value, such as a temperature left to the model, is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from benchserver.engines.endpoints.base import StopReason
from benchserver.engines.endpoints.options import refused

PLACEHOLDERS = ("prompt", "model", "max_tokens", "temperature", "top_p", "stream")
POINTERS = (
    *("text", "stop", "tokens_in", "tokens_out", "cached_in", "reasoning_out"),
    *("model", "error"),
)
MAX_DEPTH = 8
MAX_WORDS = 20
DEFAULT_WORDS: Mapping[str, list[str]] = {
    "stop": ["stop", "eos", "eos_token", "end_turn", "stop_sequence", "completed", "true"],
    "length": ["length", "max_tokens", "max_output_tokens"],
    "refusal": ["content_filter", "refusal", "safety"],
}

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")
_LOOKS_LIKE_ONE = re.compile(r"\{[a-z_]{1,30}\}")
_POINTER = re.compile(r"(?:/(?:[^~/]|~[01])*){1,12}")
_INDEX = re.compile(r"0|[1-9][0-9]{0,5}")


def rule(value: Any, place: str) -> dict[str, Any]:
    """The checked mapping, as given. Raises ``BadInput`` naming the place in it."""
    known = ("body", "stop_words", "stream", *POINTERS)
    _known_members(value, known, place)
    for name in ("body", "text"):
        if name not in value:
            raise refused("missing", f"{place}.{name}", "A mapping needs body and text")
    _check_body(value["body"], f"{place}.body")
    _check_pointers(value, place)
    _check_words(value.get("stop_words", {}), f"{place}.stop_words")
    if "stream" in value:
        stream = f"{place}.stream"
        _known_members(value["stream"], POINTERS, stream)
        _check_pointers(value["stream"], stream)
        if "text" not in value["stream"] or not ({"stop"} & ({*value["stream"], *value})):
            mend = "Give text and stop: without a stop nobody knows whether a stream was cut"
            raise refused("incomplete", stream, mend)
    return dict(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """Pointers split into their steps; None where the mapping has none."""

    text: tuple[str, ...]
    stop: tuple[str, ...] | None = None
    tokens_in: tuple[str, ...] | None = None
    tokens_out: tuple[str, ...] | None = None
    cached_in: tuple[str, ...] | None = None
    reasoning_out: tuple[str, ...] | None = None
    model: tuple[str, ...] | None = None
    error: tuple[str, ...] | None = None
    words: Mapping[str, StopReason] = field(default_factory=dict)

    def stop_reason(self, value: Any) -> StopReason | None:
        """None: not ended yet, or not said."""
        if value in (None, "", False):
            return None
        word = "true" if value is True else value
        return self.words.get(word.lower(), StopReason.OTHER) if isinstance(word, str) else None


def mapped(mapping: Mapping[str, Any]) -> Mapped:
    """A checked mapping, ready to be followed."""
    steps = {name: _steps(mapping[name]) for name in POINTERS if name in mapping}
    words = {**DEFAULT_WORDS, **mapping.get("stop_words", {})}
    reasons = {w.lower(): StopReason(kind) for kind, given in words.items() for w in given}
    return Mapped(**steps, words=reasons)


def found(data: Any, steps: tuple[str, ...] | None) -> Any:
    """What the pointer leads to, None where it leads nowhere."""
    try:
        return None if steps is None else must_find(data, steps)
    except LookupError:
        return None


def must_find(data: Any, steps: tuple[str, ...]) -> Any:
    """As ``found``; raises ``LookupError`` where the pointer leads nowhere."""
    for step in steps:
        if isinstance(data, list) and _INDEX.fullmatch(step):
            data = data[int(step)]
        elif isinstance(data, dict):
            data = data[step]
        else:
            raise LookupError("pointer")
    return data


_ABSENT = object()


def filled(template: Any, values: Mapping[str, str | int | float | bool | None]) -> Any:
    """``template`` with its placeholders replaced in one pass; what is put in is not read again."""
    if isinstance(template, dict):
        members = {name: filled(value, values) for name, value in template.items()}
        return {name: value for name, value in members.items() if value is not _ABSENT}
    if isinstance(template, list):
        items = [filled(value, values) for value in template]
        return [value for value in items if value is not _ABSENT]
    if not isinstance(template, str):
        return template
    whole = _PLACEHOLDER.fullmatch(template)
    if whole:
        value = values[whole[1]]
        return _ABSENT if value is None else value
    return _PLACEHOLDER.sub(lambda place: _text(values[place[1]]), template)


def _text(value: str | float | bool | None) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _steps(pointer: str) -> tuple[str, ...]:
    return tuple(s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:])


def _known_members(value: Any, known: tuple[str, ...], place: str) -> None:
    if not isinstance(value, dict):
        raise refused("not a JSON object", place, f"Write {{name: ...}} with {', '.join(known)}")
    unknown = sorted(str(name) for name in set(value) - set(known))
    if unknown:
        raise refused("not known here", f"{place}.{unknown[0][:40]}", f"Use {', '.join(known)}")


def _check_body(body: Any, place: str) -> None:
    if not isinstance(body, dict):
        raise refused("not a JSON object", place, 'Write it like {"input": "{prompt}"}')
    texts = list(_texts(body, place, 0))
    for text in texts:
        for word in _LOOKS_LIKE_ONE.findall(text):
            if not _PLACEHOLDER.fullmatch(word):
                known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
                raise refused(f"{word} is no placeholder", place, f"Use {known}")
    if not any("{prompt}" in text for text in texts):
        raise refused("the prompt has no place", place, 'Put "{prompt}" where it belongs')


def _texts(value: Any, place: str, depth: int) -> list[str]:
    if depth > MAX_DEPTH:
        raise refused("too deep", place, f"Use at most {MAX_DEPTH} levels")
    if isinstance(value, str):
        return [value]
    inside = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inside, list):
        return []
    return [text for item in inside for text in _texts(item, place, depth + 1)]


def _check_pointers(value: Mapping[str, Any], place: str) -> None:
    for name in POINTERS:
        pointer = value.get(name, "/")
        if not isinstance(pointer, str) or not _POINTER.fullmatch(pointer):
            mend = "Write a JSON pointer such as /choices/0/text"
            raise refused("not a JSON pointer", f"{place}.{name}", mend)


def _check_words(value: Any, place: str) -> None:
    _known_members(value, tuple(DEFAULT_WORDS), place)
    for kind, words in value.items():
        texts = isinstance(words, list) and all(isinstance(w, str) and w for w in words)
        if not texts or len(words) > MAX_WORDS:
            mend = f'Write a list of at most {MAX_WORDS} words such as ["done"]'
            raise refused("not a list of words", f"{place}.{kind}", mend)
