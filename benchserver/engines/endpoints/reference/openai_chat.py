"""Chat Completions as a server speaks them, Azure's paths and key header included.

Example: a request with ``stream_options: {"include_usage": true}`` gets one more chunk without
choices, and ``[DONE]`` after it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

from benchserver.engines.endpoints.reference.speaking import (
    Asked,
    Finish,
    NotUnderstood,
    Saying,
    event,
    last_of_user,
    number,
    pieces,
    text_of,
)

_FINISH = {
    Finish.STOP: "stop",
    Finish.LENGTH: "length",
    Finish.REFUSAL: "stop",
    Finish.TOOL: "tool_calls",
    Finish.UNSAID: None,
}


class OpenAIChatSpeaker:
    base = "/v1"
    key_headers: tuple[str, ...] = ("authorization",)
    needed_headers: tuple[str, ...] = ()

    def serves(self, path: str) -> bool:
        return path == "/v1/chat/completions"

    def read(self, path: str, query: str, body: Any) -> Asked:
        options = body.get("stream_options") or {}
        tools = body.get("tools") or [{"function": {"name": ""}}]
        return Asked(
            prompt=text_of(last_of_user(body["messages"])["content"]),
            model=str(body.get("model", "reference")),
            limit=number(body.get("max_tokens")) or number(body.get("max_completion_tokens")),
            stream=body.get("stream") is True,
            stream_usage=options.get("include_usage") is True,
            tool=str(tools[0]["function"]["name"]),
        )

    def whole(self, saying: Saying) -> dict[str, Any]:
        message = {"role": "assistant", **_fields(saying)}
        choice = {"index": 0, "message": message, "finish_reason": _FINISH[saying.finish]}
        usage = {"usage": _usage(saying)} if saying.counted else {}
        return {**_head(saying, "chat.completion"), "choices": [choice], **usage}

    def events(self, asked: Asked, saying: Saying) -> Iterator[bytes]:
        head = _head(saying, "chat.completion.chunk")

        def chunk(delta: dict[str, Any], finish: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finish}
            return event({**head, "choices": [choice]})

        yield chunk({"role": "assistant", "content": ""})
        yield from (chunk({"reasoning_content": piece}) for piece in pieces(saying.thoughts))
        if saying.finish is Finish.TOOL:
            yield from map(chunk, _call_deltas(saying))
        else:
            field = "refusal" if saying.finish is Finish.REFUSAL else "content"
            yield from (chunk({field: piece}) for piece in pieces(saying.text))
        yield chunk({}, _FINISH[saying.finish])
        if asked.stream_usage and saying.counted:
            yield event({**head, "choices": [], "usage": _usage(saying)})
        yield b"data: [DONE]\n\n"

    def error(self, status: int, word: str) -> dict[str, Any]:
        kind = "invalid_request_error" if status < 500 else "server_error"
        code = "rate_limit_exceeded" if status == 429 else word
        return {"error": {"message": word.replace("_", " "), "type": kind, "code": code}}

    def error_event(self, status: int, word: str) -> bytes:
        return event(self.error(status, word))


class AzureOpenAISpeaker(OpenAIChatSpeaker):
    """``/openai/deployments/NAME/chat/completions?api-version=...``; the name is the model."""

    base = ""
    key_headers: tuple[str, ...] = ("api-key", "authorization")
    _PATH = re.compile(r"/openai/deployments/([A-Za-z0-9._-]+)/chat/completions")

    def serves(self, path: str) -> bool:
        return bool(self._PATH.fullmatch(path))

    def read(self, path: str, query: str, body: Any) -> Asked:
        found = self._PATH.fullmatch(path)
        if found is None or "api-version=" not in query:
            raise NotUnderstood
        return super().read(path, query, {**body, "model": found[1]})


def _head(saying: Saying, kind: str) -> dict[str, Any]:
    return {
        "id": f"chatcmpl-{saying.id}",
        "object": kind,
        "created": int(time.time()),
        "model": saying.model,
    }


def _fields(saying: Saying) -> dict[str, Any]:
    if saying.finish is Finish.TOOL:
        return {"content": None, "refusal": None, "tool_calls": [_call(saying)]}
    refused = saying.finish is Finish.REFUSAL
    fields: dict[str, Any] = {
        "content": None if refused else saying.text,
        "refusal": saying.text if refused else None,
    }
    return {**fields, "reasoning_content": saying.thoughts} if saying.thoughts else fields


def _call(saying: Saying) -> dict[str, Any]:
    function = {"name": saying.tool, "arguments": saying.arguments}
    return {"id": f"call_{saying.id}", "type": "function", "function": function}


def _call_deltas(saying: Saying) -> Iterator[dict[str, Any]]:
    function = {"name": saying.tool, "arguments": ""}
    yield {"tool_calls": [{"index": 0, **_call(saying), "function": function}]}
    for piece in pieces(saying.arguments):
        yield {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}


def _usage(saying: Saying) -> dict[str, Any]:
    return {
        "prompt_tokens": saying.tokens_in,
        "completion_tokens": saying.tokens_out,
        "total_tokens": saying.tokens_in + saying.tokens_out,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": saying.thought},
    }
