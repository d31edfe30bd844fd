"""OpenAI Chat Completions, as spoken by OpenAI, vLLM, TGI, Ollama, llama.cpp and most gateways.

Maps a ``Generation`` to the request body and the answer to a ``Reply``; everything about the
network is in ``transport.py``. Example: ``finish_reason: "content_filter"`` becomes
``StopReason.REFUSAL``; ``reasoning_content`` beside the content is not part of the answer.

Source: the OpenAI API reference, "Create chat completion", not streamed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeGuard

from benchserver.engines.endpoints.base import (
    EndpointFailure,
    FailureKind,
    Generation,
    Reply,
    StopReason,
    Target,
    Usage,
)
from benchserver.engines.endpoints.transport import JsonAnswer, Transport

MAX_TEXT_BYTES = 256 * 1024
CHARACTERS_PER_TOKEN = 4  # the usual rule of thumb, used only when no usage is reported

_STOP_REASONS = {
    "stop": StopReason.STOP,
    "eos": StopReason.STOP,
    "length": StopReason.LENGTH,
    "content_filter": StopReason.REFUSAL,
}


class OpenAIChat:
    """``token_field``: ``max_tokens`` (all servers) or ``max_completion_tokens`` (newer models)."""

    def __init__(self, transport: Transport, *, token_field: str = "max_tokens"):
        self.name = "openai_chat"
        self._transport = transport
        self._token_field = token_field

    def send(
        self,
        target: Target,
        generation: Generation,
        *,
        before_first_byte: Callable[[], bool] | None = None,
    ) -> Reply:
        """``base_url`` is what SDKs call so (``.../v1``) or the full ``.../chat/completions``."""
        address = self._transport.address(target.base_url, "/chat/completions")
        started = time.monotonic()
        answer = self._transport.post_json(
            address,
            headers=_headers(target, generation),
            body=self._body(target, generation),
            deadline_seconds=generation.deadline_seconds,
            # Not streamed: the first byte comes when the last token is done.
            first_byte_seconds=generation.deadline_seconds,
            before_first_byte=before_first_byte,
        )
        return _reply(answer, generation, time.monotonic() - started)

    def _body(self, target: Target, generation: Generation) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": target.model,
            "messages": [{"role": "user", "content": generation.prompt}],
            self._token_field: generation.max_tokens,
            "stream": False,
        }
        for name, text in (("temperature", generation.temperature), ("top_p", generation.top_p)):
            if text:  # a protocol may leave it to the model: reasoning models refuse the field
                body[name] = float(text)
        return body


def _headers(target: Target, generation: Generation) -> dict[str, str]:
    headers = {"Idempotency-Key": generation.idempotency_key}
    if target.api_key:
        headers["Authorization"] = f"Bearer {target.api_key}"
    return headers


def _reply(answer: JsonAnswer, generation: Generation, seconds: float) -> Reply:
    """Raises ``EndpointFailure`` INVALID for JSON that is not a chat completion."""
    data = answer.data
    try:
        choice = data["choices"][0]
        message = choice["message"]
        text, refused = _text(message)
    except (LookupError, TypeError, AttributeError):
        code = "error_in_200" if isinstance(data, dict) and data.get("error") else "bad_shape"
        raise _invalid(code, seconds) from None
    if len(text.encode("utf-8")) > MAX_TEXT_BYTES:
        raise _invalid("text_too_long", seconds)
    reported = data.get("model")
    return Reply(
        text=text,
        stop_reason=StopReason.REFUSAL if refused else _stop_reason(choice),
        usage=_usage(data.get("usage"), generation.prompt, text),
        seconds=seconds,
        reported_model=reported[:200] if isinstance(reported, str) else "",
    )


def _invalid(code: str, seconds: float) -> EndpointFailure:
    return EndpointFailure(FailureKind.INVALID, code, status=200, seconds=seconds)


def _text(message: dict[str, Any]) -> tuple[str, bool]:
    """The answer and whether it is the refusal field; raises on any other shape."""
    content, refusal = message.get("content"), message.get("refusal")
    if isinstance(content, list):
        content = "".join(_part(part) for part in content)
    if content is not None and not isinstance(content, str):
        raise TypeError("content")
    if not content and isinstance(refusal, str) and refusal:
        return refusal, True
    return content or "", False


def _part(part: dict[str, Any]) -> str:
    if part.get("type") not in ("text", "output_text"):
        return ""  # reasoning, images and the like are no part of the answer
    text = part["text"]
    if not isinstance(text, str):
        raise TypeError("text")
    return text


def _stop_reason(choice: dict[str, Any]) -> StopReason:
    reason = choice.get("finish_reason")
    if not isinstance(reason, str):
        return StopReason.OTHER
    return _STOP_REASONS.get(reason, StopReason.OTHER)


def _usage(reported: Any, prompt: str, text: str) -> Usage:
    if isinstance(reported, dict):
        tokens_in, tokens_out = reported.get("prompt_tokens"), reported.get("completion_tokens")
        if _is_count(tokens_in) and _is_count(tokens_out):
            return Usage(tokens_in=tokens_in, tokens_out=tokens_out, reported=True)
    return Usage(tokens_in=estimated(prompt), tokens_out=estimated(text), reported=False)


def estimated(text: str) -> int:
    """Tokens of ``text`` by the rule of thumb, rounded up."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
