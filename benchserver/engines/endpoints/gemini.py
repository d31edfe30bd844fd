"""Gemini generateContent: candidates of parts, the key in ``x-goog-api-key`` or as a Bearer token.

A stream is a row of answers of the same shape as the whole. Example: a prompt that the filter
blocks comes back without a candidate and with ``promptFeedback.blockReason``: REFUSAL without text;
parts marked ``thought`` are no part of the answer. The key is never put into the URL.

Source: the Gemini API reference, "Generating content".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from benchserver.engines.endpoints.address import Address
from benchserver.engines.endpoints.base import Generation, StopReason, Target, ToolCall, Usage
from benchserver.engines.endpoints.dialect import (
    MAX_TOOL_CALLS,
    Gathered,
    Room,
    Said,
    call_of,
    count,
    inner,
    sampling,
    short,
    told,
    usage_of,
)
from benchserver.engines.endpoints.options import COMMON, Rules, one_of, whole_number
from benchserver.engines.endpoints.pinned import Stopped

_STOP_REASONS = {
    "STOP": StopReason.STOP,
    "MAX_TOKENS": StopReason.LENGTH,
    **dict.fromkeys(
        ("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"),
        StopReason.REFUSAL,
    ),
}


class Gemini:
    """``thinking_budget``: tokens that may be spent on thinking; 0 switches it off where it can."""

    name = "gemini"
    OPTIONS: ClassVar[Rules] = {
        **COMMON,
        "auth": one_of("x-goog-api-key", "bearer"),
        "thinking_budget": whole_number(least=-1, most=1_000_000),
    }

    def __init__(self, options: Mapping[str, Any]):
        self.streams: bool = options.get("stream", False)
        self._bearer = options.get("auth") == "bearer"
        self._thinking: int | None = options.get("thinking_budget")

    def address(self, base: Address, model: str) -> Address:
        """``https://host`` alone, as SDKs take it, or with the version's path."""
        path = base.path.rstrip("/") or "/v1beta"
        verb, query = "generateContent", base.query
        if self.streams:
            verb, query = "streamGenerateContent", f"{query}&alt=sse".lstrip("&")
        name = quote(model.removeprefix("models/"), safe="")
        return replace(base, path=f"{path}/models/{name}:{verb}", query=query)

    def headers(self, target: Target) -> dict[str, str]:
        if not target.api_key:
            return {}
        if self._bearer:
            return {"Authorization": f"Bearer {target.api_key}"}
        return {"x-goog-api-key": target.api_key}

    def body(self, target: Target, generation: Generation) -> dict[str, Any]:
        config: dict[str, Any] = {
            "maxOutputTokens": generation.max_tokens,
            **sampling(generation, {"temperature": "temperature", "top_p": "topP"}),
        }
        if self._thinking is not None:
            config["thinkingConfig"] = {"thinkingBudget": self._thinking}
        body: dict[str, Any] = {
            "contents": [{"role": "user", "parts": [{"text": generation.prompt}]}],
            "generationConfig": config,
        }
        if generation.tools:
            body["tools"] = [{"functionDeclarations": [_offer(tool) for tool in generation.tools]}]
        return body

    def read(self, data: Any) -> Said:
        hearing = self.hearing()
        hearing.take("", data)
        return hearing.whole()

    def hearing(self) -> GeminiHearing:
        return GeminiHearing()


class GeminiHearing:
    """Parts of candidate 0; counts are running totals."""

    def __init__(self) -> None:
        self._text, self._room = Gathered(), Room()
        self._calls: list[ToolCall] = []
        self._stop: StopReason | None = None
        self._usage: Usage | None = None
        self._model = ""
        self._heard = False

    def take(self, name: str, data: Any) -> bool:
        if data.get("error"):
            told(data["error"])
        self._usage = _usage(data.get("usageMetadata")) or self._usage
        self._model = short(data.get("modelVersion")) or self._model
        if inner(data, "promptFeedback", "blockReason"):
            self._stop = StopReason.REFUSAL
        for candidate in data.get("candidates") or ():
            if not candidate.get("index"):
                self._add(candidate)
        return False  # the end of the stream is the end

    def _add(self, candidate: Mapping[str, Any]) -> None:
        self._heard = True
        reason = candidate.get("finishReason")
        if isinstance(reason, str) and reason != "FINISH_REASON_UNSPECIFIED":
            self._stop = _STOP_REASONS.get(reason, StopReason.OTHER)
        for part in inner(candidate, "content", "parts") or ():
            if not part.get("thought"):
                self._text.add(part.get("text"))
            for call in _calls(part):
                self._keep(call)

    def _keep(self, call: ToolCall) -> None:
        if len(self._calls) == MAX_TOOL_CALLS:
            raise Stopped("too_complex")
        self._room.take(len(call.arguments.encode()))
        self._calls.append(call)

    def said(self) -> Said | None:
        return None if self._stop is None else self.whole()

    def whole(self) -> Said:
        """What was heard, as an answer that came in one piece."""
        if not self._heard and self._stop is None:
            raise Stopped("bad_shape")
        calls = tuple(self._calls)
        stop = self._stop or StopReason.OTHER
        return Said(
            text=str(self._text),
            stop=StopReason.TOOL_CALLS if calls and stop is StopReason.STOP else stop,
            usage=self._usage,
            model=self._model,
            tool_calls=calls,
        )


def _usage(reported: Any) -> Usage | None:
    """Thoughts are counted beside the answer there and belong to the output here."""
    asked = inner(reported, "promptTokenCount")
    thought = count(inner(reported, "thoughtsTokenCount"))
    answered = inner(reported, "candidatesTokenCount")
    if asked is None or (answered is None and not thought):
        return None
    return usage_of(
        asked,
        count(answered) + thought,
        cached=inner(reported, "cachedContentTokenCount"),
        reasoning=thought,
    )


def _calls(part: Mapping[str, Any]) -> Iterator[ToolCall]:
    call = part.get("functionCall")
    if call is not None:
        arguments = json.dumps(call.get("args") or {}, ensure_ascii=False)
        yield call_of(id=call.get("id"), name=call["name"], arguments=arguments)


def _offer(tool: Any) -> dict[str, Any]:
    return {
        "name": tool.name,
        "description": tool.description,
        "parametersJsonSchema": dict(tool.parameters),
    }
