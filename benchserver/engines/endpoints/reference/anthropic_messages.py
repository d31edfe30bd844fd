"""Messages as a server speaks them: blocks, and six kinds of named events.

Example: a request without ``max_tokens`` is not understood, as at the original.
"""

from __future__ import annotations

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

_STOP = {
    Finish.STOP: "end_turn",
    Finish.LENGTH: "max_tokens",
    Finish.REFUSAL: "refusal",
    Finish.TOOL: "tool_use",
    Finish.UNSAID: None,
}
_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


class AnthropicMessagesSpeaker:
    base = "/v1"
    key_headers: tuple[str, ...] = ("x-api-key", "authorization")
    needed_headers: tuple[str, ...] = ("anthropic-version",)

    def serves(self, path: str) -> bool:
        return path == "/v1/messages"

    def read(self, path: str, query: str, body: Any) -> Asked:
        limit = number(body["max_tokens"])
        if limit is None:
            raise NotUnderstood
        tools = body.get("tools") or [{"name": ""}]
        return Asked(
            prompt=text_of(last_of_user(body["messages"])["content"]),
            model=str(body["model"]),
            limit=limit,
            stream=body.get("stream") is True,
            tool=str(tools[0]["name"]),
        )

    def whole(self, saying: Saying) -> dict[str, Any]:
        usage = {"usage": _usage(saying)} if saying.counted else {}
        stop = {"stop_reason": _STOP[saying.finish], "stop_sequence": None}
        return {**_head(saying), "content": _blocks(saying), **stop, **usage}

    def events(self, asked: Asked, saying: Saying) -> Iterator[bytes]:
        for data in self._steps(saying):
            yield event(data, data["type"])

    def _steps(self, saying: Saying) -> Iterator[dict[str, Any]]:
        empty: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None}
        begun = {"input_tokens": saying.tokens_in, "output_tokens": 1}
        usage = {"usage": begun} if saying.counted else {}
        yield {"type": "message_start", "message": {**_head(saying), **empty, **usage}}
        yield {"type": "ping"}
        for at, block in enumerate(_blocks(saying)):
            yield {"type": "content_block_start", "index": at, "content_block": _empty(block)}
            for delta in _deltas(block, saying):
                yield {"type": "content_block_delta", "index": at, "delta": delta}
            yield {"type": "content_block_stop", "index": at}
        stop = {"stop_reason": _STOP[saying.finish], "stop_sequence": None}
        counts = {"usage": {"output_tokens": saying.tokens_out}} if saying.counted else {}
        yield {"type": "message_delta", "delta": stop, **counts}
        yield {"type": "message_stop"}

    def error(self, status: int, word: str) -> dict[str, Any]:
        error = {"type": _ERRORS.get(status, "api_error"), "message": word.replace("_", " ")}
        return {"type": "error", "error": error}

    def error_event(self, status: int, word: str) -> bytes:
        return event(self.error(status, word), "error")


def _head(saying: Saying) -> dict[str, Any]:
    head = {"id": f"msg_{saying.id}", "type": "message", "role": "assistant"}
    return {**head, "model": saying.model}


def _blocks(saying: Saying) -> list[dict[str, Any]]:
    thoughts = {"type": "thinking", "thinking": saying.thoughts, "signature": "c2lnbmVk"}
    before = [thoughts] if saying.thoughts else []
    if saying.finish is not Finish.TOOL:
        return [*before, {"type": "text", "text": saying.text}]
    call = {"id": f"toolu_{saying.id}", "name": saying.tool, "input": {"answer": saying.text}}
    return [*before, {"type": "tool_use", **call}]


def _empty(block: dict[str, Any]) -> dict[str, Any]:
    cleared = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {name: cleared.get(name, value) for name, value in block.items() if name != "type"} | {
        "type": block["type"]
    }


def _deltas(block: dict[str, Any], saying: Saying) -> Iterator[dict[str, Any]]:
    if block["type"] == "thinking":
        for piece in pieces(saying.thoughts):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif block["type"] == "tool_use":
        for piece in pieces(saying.arguments):
            yield {"type": "input_json_delta", "partial_json": piece}
    else:
        for piece in pieces(saying.text):
            yield {"type": "text_delta", "text": piece}


def _usage(saying: Saying) -> dict[str, Any]:
    return {
        "input_tokens": saying.tokens_in,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "output_tokens": saying.tokens_out,
    }
