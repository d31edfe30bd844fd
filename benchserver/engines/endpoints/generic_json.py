"""Any endpoint that takes one JSON object and gives one back, by a mapping its provider writes.

The mapping is data: a body with five known placeholders, and JSON pointers (RFC 6901) to what the
answer says. Example: ``{"body": {"input": "{prompt}", "limit": "{max_tokens}"},
"text": "/results/0/text", "stop": "/results/0/why"}``; a prompt that itself holds ``{model}`` is
left as it is, and nothing of either is ever run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from benchserver.engines.endpoints import json_mapping
from benchserver.engines.endpoints.address import Address
from benchserver.engines.endpoints.base import Generation, StopReason, Target, Usage
from benchserver.engines.endpoints.dialect import Gathered, Said, joined, short, told, usage_of
from benchserver.engines.endpoints.json_mapping import Mapped, found, must_find
from benchserver.engines.endpoints.options import COMMON, Rules, one_of, refused

_KEY_HEADERS = ("bearer", "x-api-key", "api-key", "x-goog-api-key", "none")


class GenericJson:
    """``base_url`` is called as it is. Tools are not offered: there is no common way to."""

    name = "generic_json"
    OPTIONS: ClassVar[Rules] = {
        **COMMON,
        "auth": one_of(*_KEY_HEADERS),
        "mapping": json_mapping.rule,
    }

    def __init__(self, options: Mapping[str, Any]):
        """Raises ``BadInput`` without a mapping, or without one for the stream asked for."""
        self.streams: bool = options.get("stream", False)
        self._auth: str = options.get("auth", "bearer")
        mapping = options.get("mapping")
        if mapping is None:
            mend = 'Give at least {"body": {...}, "text": "/path"}'
            raise refused("missing", "options.mapping", mend)
        if self.streams and not mapping.get("stream"):
            mend = 'Give {"text": "/path", "stop": "/path"} for one event'
            raise refused("missing", "options.mapping.stream", mend)
        self._body: Any = mapping["body"]
        self._mapped = json_mapping.mapped(mapping)
        self._mapped_event = json_mapping.mapped({**mapping, **mapping.get("stream", {})})

    def address(self, base: Address, model: str) -> Address:
        return base

    def headers(self, target: Target) -> dict[str, str]:
        if not target.api_key or self._auth == "none":
            return {}
        if self._auth == "bearer":
            return {"Authorization": f"Bearer {target.api_key}"}
        return {self._auth: target.api_key}

    def body(self, target: Target, generation: Generation) -> dict[str, Any]:
        values: dict[str, str | int | float | bool | None] = {
            "prompt": generation.prompt,
            "model": target.model,
            "max_tokens": generation.max_tokens,
            "temperature": float(generation.temperature) if generation.temperature else None,
            "top_p": float(generation.top_p) if generation.top_p else None,
            "stream": self.streams,
        }
        filled: dict[str, Any] = json_mapping.filled(self._body, values)
        return filled

    def read(self, data: Any) -> Said:
        mapped = self._mapped
        _check_error(mapped, data)
        return Said(
            text=joined([must_find(data, mapped.text)]),
            stop=mapped.stop_reason(found(data, mapped.stop)) or StopReason.OTHER,
            usage=_usage(mapped, data),
            model=found(data, mapped.model),
        )

    def hearing(self) -> GenericHearing:
        return GenericHearing(self._mapped_event)


class GenericHearing:
    """Each event may hold a piece of the text; the one with a stop word is the last of them."""

    def __init__(self, mapped: Mapped):
        self._mapped = mapped
        self._text = Gathered()
        self._stop: StopReason | None = None
        self._usage: Usage | None = None
        self._model = ""

    def take(self, name: str, data: Any) -> bool:
        mapped = self._mapped
        _check_error(mapped, data)
        self._text.add(found(data, mapped.text))
        self._stop = mapped.stop_reason(found(data, mapped.stop)) or self._stop
        self._usage = _usage(mapped, data) or self._usage
        self._model = self._model or short(found(data, mapped.model))
        return False  # counts may follow

    def said(self) -> Said | None:
        if self._stop is None:
            return None
        return Said(text=str(self._text), stop=self._stop, usage=self._usage, model=self._model)


def _check_error(mapped: Mapped, data: Any) -> None:
    error = found(data, mapped.error)
    if error:
        told(error if isinstance(error, dict) else {"code": error})


def _usage(mapped: Mapped, data: Any) -> Usage | None:
    return usage_of(
        found(data, mapped.tokens_in),
        found(data, mapped.tokens_out),
        cached=found(data, mapped.cached_in),
        reasoning=found(data, mapped.reasoning_out),
    )
