"""OpenAI Chat Completions, as spoken by OpenAI, vLLM, TGI, Ollama, llama.cpp and most gateways.

Maps a ``Generation`` to the request body and the answer, whole or streamed, to what was said.
Example: ``finish_reason: "content_filter"`` becomes ``StopReason.REFUSAL``; ``reasoning_content``
beside the content is not part of the answer.

Source: the OpenAI API reference, "Create chat completion" and "Streaming".
"""

from __future__ import annotations

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
    inner,
    joined,
    sampling,
    short,
    told,
    usage_of,
)
from benchserver.engines.endpoints.options import COMMON, EFFORT, Rules, flag, one_of

PATH = "/chat/completions"
_STOP_REASONS = {
    "stop": StopReason.STOP,
    "eos": StopReason.STOP,
    "length": StopReason.LENGTH,
    "content_filter": StopReason.REFUSAL,
    "tool_calls": StopReason.TOOL_CALLS,
    "function_call": StopReason.TOOL_CALLS,
}


class OpenAIChat:
    """``token_field``: ``max_tokens`` (all servers) or ``max_completion_tokens`` (newer models)."""

    name = "openai_chat"
    OPTIONS: ClassVar[Rules] = {
        **COMMON,
        "token_field": one_of("max_tokens", "max_completion_tokens"),
        "reasoning_effort": EFFORT,
        "stream_usage": flag,
    }

    def __init__(self, options: Mapping[str, Any]):
        self.streams: bool = options.get("stream", False)
        self._token_field: str = options.get("token_field", "max_tokens")
        self._effort: str = options.get("reasoning_effort", "")
        self._stream_usage: bool = options.get("stream_usage", True)

    def address(self, base: Address, model: str) -> Address:
        """``base`` is what SDKs call so (``.../v1``) or the full ``.../chat/completions``."""
        return base.below(PATH)

    def headers(self, target: Target) -> dict[str, str]:
        return {"Authorization": f"Bearer {target.api_key}"} if target.api_key else {}

    def body(self, target: Target, generation: Generation) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": target.model,
            "messages": [{"role": "user", "content": generation.prompt}],
            self._token_field: generation.max_tokens,
            "stream": self.streams,
            # A track may leave sampling to the model: reasoning models refuse the fields.
            **sampling(generation, {"temperature": "temperature", "top_p": "top_p"}),
        }
        if self.streams and self._stream_usage:
            body["stream_options"] = {"include_usage": True}
        if self._effort:
            body["reasoning_effort"] = self._effort
        if generation.tools:
            body["tools"] = [_offer(tool) for tool in generation.tools]
        return body

    def read(self, data: Any) -> Said:
        if data.get("error") and not data.get("choices"):
            told(data["error"])
        choice = data["choices"][0]
        message = choice["message"]
        text, refused = _text(message)
        return Said(
            text=text,
            stop=StopReason.REFUSAL if refused else stop_reason(choice.get("finish_reason")),
            usage=usage(data.get("usage")),
            model=data.get("model"),
            tool_calls=calls_of(_calls(message)),
        )

    def hearing(self) -> ChatHearing:
        return ChatHearing()


class ChatHearing:
    """Deltas of choice 0; the usage comes after the last of them."""

    def __init__(self) -> None:
        self._text, self._refusal, self._calls = Gathered(), Gathered(), CallDrafts()
        self._finish: Any = None
        self._usage: Usage | None = None
        self._model = ""

    def take(self, name: str, data: Any) -> bool:
        if data.get("error"):
            told(data["error"])
        self._usage = usage(data.get("usage")) or self._usage
        self._model = self._model or short(data.get("model"))
        for choice in data.get("choices") or ():
            if not choice.get("index"):
                self._finish = choice.get("finish_reason") or self._finish
                self._add(choice.get("delta") or {})
        return False  # the end is [DONE] or the end of the stream

    def _add(self, delta: Mapping[str, Any]) -> None:
        content = delta.get("content")
        for piece in content if isinstance(content, list) else (content,):
            self._text.add(_part(piece) if isinstance(piece, dict) else piece)
        self._refusal.add(delta.get("refusal"))
        for call in delta.get("tool_calls") or ():
            draft = self._calls.at(call.get("index", 0))
            draft.id = draft.id or short(call.get("id"))
            draft.name = draft.name or short(inner(call, "function", "name"))
            draft.arguments.add(inner(call, "function", "arguments"))

    def said(self) -> Said | None:
        if self._finish is None:
            return None
        text, refusal = str(self._text), str(self._refusal)
        refused = bool(refusal and not text)
        return Said(
            text=refusal if refused else text,
            stop=StopReason.REFUSAL if refused else stop_reason(self._finish),
            usage=self._usage,
            model=self._model,
            tool_calls=self._calls.done(),
        )


def stop_reason(word: Any) -> StopReason:
    return _STOP_REASONS.get(word, StopReason.OTHER) if isinstance(word, str) else StopReason.OTHER


def usage(reported: Any) -> Usage | None:
    return usage_of(
        inner(reported, "prompt_tokens"),
        inner(reported, "completion_tokens"),
        cached=inner(reported, "prompt_tokens_details", "cached_tokens"),
        reasoning=inner(reported, "completion_tokens_details", "reasoning_tokens"),
    )


def _offer(tool: Any) -> dict[str, Any]:
    function = {
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
    }
    return {"type": "function", "function": function}


def _text(message: Mapping[str, Any]) -> tuple[str, bool]:
    """The answer and whether it is the refusal field."""
    content, refusal = message.get("content"), message.get("refusal")
    text = joined(map(_part, content) if isinstance(content, list) else [content])
    if not text and isinstance(refusal, str) and refusal:
        return joined([refusal]), True
    return text, False


def _part(part: Mapping[str, Any]) -> Any:
    """Reasoning, images and the like are no part of the answer."""
    return part["text"] if part.get("type") in ("text", "output_text") else ""


def _calls(message: Mapping[str, Any]) -> Iterator[ToolCall]:
    for call in message.get("tool_calls") or ():
        function = call["function"]
        yield call_of(id=call.get("id"), name=function["name"], arguments=function["arguments"])
