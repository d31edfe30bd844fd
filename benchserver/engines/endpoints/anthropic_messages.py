"""Anthropic Messages: content blocks back, the key in ``x-api-key`` or as a Bearer token.

Blocks of type ``thinking`` are no part of the answer. Example: ``stop_reason: "max_tokens"`` and
``"model_context_window_exceeded"`` are LENGTH, ``"refusal"`` is REFUSAL, ``"tool_use"`` TOOL_CALLS.
Tokens written to or read from the cache are counted apart there and belong to the prompt here.

Source: the Anthropic API reference, "Create a message" and "Streaming messages".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from benchserver.engines.endpoints.address import Address
from benchserver.engines.endpoints.base import Generation, StopReason, Target, ToolCall, Usage
from benchserver.engines.endpoints.dialect import (
    CallDrafts,
    Gathered,
    Said,
    call_of,
    calls_of,
    count,
    inner,
    joined,
    sampling,
    short,
    told,
    usage_of,
)
from benchserver.engines.endpoints.options import COMMON, Rules, like, one_of, whole_number

VERSION = "2023-06-01"
_COUNTS = (
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens"),
    "output_tokens_details",
)
_STOP_REASONS = {
    "end_turn": StopReason.STOP,
    "stop_sequence": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "model_context_window_exceeded": StopReason.LENGTH,
    "refusal": StopReason.REFUSAL,
    "tool_use": StopReason.TOOL_CALLS,
}


class AnthropicMessages:
    """``thinking_budget``: tokens of the output limit that may be spent on thinking."""

    name = "anthropic_messages"
    OPTIONS: ClassVar[Rules] = {
        **COMMON,
        "auth": one_of("x-api-key", "bearer"),
        "version": like(r"\d{4}-\d\d-\d\d", VERSION),
        "thinking_budget": whole_number(least=1024, most=1_000_000),
    }

    def __init__(self, options: Mapping[str, Any]):
        self.streams: bool = options.get("stream", False)
        self._bearer = options.get("auth") == "bearer"
        self._version: str = options.get("version", VERSION)
        self._thinking: int = options.get("thinking_budget", 0)

    def address(self, base: Address, model: str) -> Address:
        """``https://host`` alone, as SDKs take it, or with the version's path."""
        return base.below("/messages" if base.path.strip("/") else "/v1/messages")

    def headers(self, target: Target) -> dict[str, str]:
        headers = {"anthropic-version": self._version}
        if target.api_key:
            name, value = ("Authorization", "Bearer ") if self._bearer else ("x-api-key", "")
            headers[name] = value + target.api_key
        return headers

    def body(self, target: Target, generation: Generation) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": target.model,
            "messages": [{"role": "user", "content": generation.prompt}],
            "max_tokens": generation.max_tokens,
            "stream": self.streams,
            **sampling(generation, {"temperature": "temperature", "top_p": "top_p"}),
        }
        if self._thinking:
            body["thinking"] = {"type": "enabled", "budget_tokens": self._thinking}
        if generation.tools:
            body["tools"] = [_offer(tool) for tool in generation.tools]
        return body

    def read(self, data: Any) -> Said:
        if data.get("type") == "error" or ("content" not in data and data.get("error")):
            told(data["error"])
        blocks = data["content"]
        return Said(
            text=joined(block["text"] for block in blocks if block["type"] == "text"),
            stop=_stop_reason(data.get("stop_reason")),
            usage=_usage(data.get("usage")),
            model=data.get("model"),
            tool_calls=calls_of(_calls(blocks)),
        )

    def hearing(self) -> MessagesHearing:
        return MessagesHearing()


class MessagesHearing:
    """Blocks come one after the other, each in pieces; ``message_stop`` is the end."""

    def __init__(self) -> None:
        self._text, self._calls = Gathered(), CallDrafts()
        self._stop: Any = None
        self._usage: dict[str, Any] = {}
        self._model = ""
        self._ended = False

    def take(self, name: str, data: Any) -> bool:
        kind = data.get("type") or name
        if kind == "error":
            told(data.get("error"))
        elif kind == "message_start":
            self._model = short(data["message"].get("model"))
            self._count(data["message"].get("usage"))
        elif kind == "content_block_start":
            self._begin(data["index"], data["content_block"])
        elif kind == "content_block_delta":
            self._add(data["index"], data["delta"])
        elif kind == "message_delta":
            self._stop = data["delta"].get("stop_reason") or self._stop
            self._count(data.get("usage"))
        self._ended = self._ended or kind == "message_stop"
        return self._ended

    def _begin(self, index: Any, block: Mapping[str, Any]) -> None:
        if block["type"] == "text":
            self._text.add(block.get("text"))
        elif block["type"] == "tool_use":
            draft = self._calls.at(index)
            draft.id, draft.name = short(block.get("id")), short(block["name"])

    def _add(self, index: Any, delta: Mapping[str, Any]) -> None:
        if delta["type"] == "text_delta":
            self._text.add(delta["text"])
        elif delta["type"] == "input_json_delta":
            self._calls.at(index).arguments.add(delta["partial_json"])

    def _count(self, reported: Any) -> None:
        """Counts are running totals: the last one of each kind holds."""
        for name in _COUNTS:
            if inner(reported, name) is not None:
                self._usage[name] = reported[name]

    def said(self) -> Said | None:
        if not self._ended:
            return None
        return Said(
            text=str(self._text),
            stop=_stop_reason(self._stop),
            usage=_usage(self._usage),
            model=self._model,
            tool_calls=self._calls.done(),
        )


def _stop_reason(word: Any) -> StopReason:
    return _STOP_REASONS.get(word, StopReason.OTHER) if isinstance(word, str) else StopReason.OTHER


def _usage(reported: Any) -> Usage | None:
    fresh, cached = inner(reported, "input_tokens"), inner(reported, "cache_read_input_tokens")
    if fresh is None:
        return None
    written = inner(reported, "cache_creation_input_tokens")
    return usage_of(
        count(fresh) + count(cached) + count(written),
        inner(reported, "output_tokens"),
        cached=count(cached),
        reasoning=inner(reported, "output_tokens_details", "thinking_tokens"),
    )


def _calls(blocks: Any) -> Iterator[ToolCall]:
    for block in blocks:
        if block["type"] == "tool_use":
            arguments = json.dumps(block["input"], ensure_ascii=False)
            yield call_of(id=block.get("id"), name=block["name"], arguments=arguments)


def _offer(tool: Any) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "input_schema": dict(tool.parameters),
    }
