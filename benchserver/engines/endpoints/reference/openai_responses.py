"""Responses as a server speaks them: items of several types, and an event for each step.

Example: an answer cut by ``max_output_tokens`` ends with the event ``response.incomplete``.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from benchserver.engines.endpoints.reference.speaking import (
    Asked,
    Finish,
    Saying,
    event,
    last_of_user,
    number,
    pieces,
    text_of,
)


class OpenAIResponsesSpeaker:
    base = "/v1"
    key_headers: tuple[str, ...] = ("authorization",)
    needed_headers: tuple[str, ...] = ()

    def serves(self, path: str) -> bool:
        return path == "/v1/responses"

    def read(self, path: str, query: str, body: Any) -> Asked:
        given = body["input"]
        tools = body.get("tools") or [{"name": ""}]
        return Asked(
            prompt=given if isinstance(given, str) else text_of(last_of_user(given)["content"]),
            model=str(body.get("model", "reference")),
            limit=number(body.get("max_output_tokens")),
            stream=body.get("stream") is True,
            tool=str(tools[0]["name"]),
        )

    def whole(self, saying: Saying) -> dict[str, Any]:
        status = {Finish.LENGTH: "incomplete", Finish.UNSAID: None}.get(saying.finish, "completed")
        why = {"reason": "max_output_tokens"} if saying.finish is Finish.LENGTH else None
        return {
            **_head(saying),
            "status": status,
            "incomplete_details": why,
            "output": [*_thoughts(saying), _item(saying)],
            "usage": _usage(saying) if saying.counted else None,
        }

    def events(self, asked: Asked, saying: Saying) -> Iterator[bytes]:
        """Numbered as clients expect; every event has its type as its name too."""
        for number_, (kind, fields) in enumerate(self._steps(saying)):
            yield event({"type": kind, "sequence_number": number_, **fields}, kind)

    def _steps(self, saying: Saying) -> Iterator[tuple[str, dict[str, Any]]]:
        started = {**_head(saying), "status": "in_progress", "output": []}
        yield "response.created", {"response": started}
        yield "response.in_progress", {"response": started}
        items = [*_thoughts(saying), _item(saying)]
        for at, item in enumerate(items):
            yield "response.output_item.added", {"output_index": at, "item": _empty(item)}
            yield from _inside(item, saying, {"item_id": item["id"], "output_index": at})
            yield "response.output_item.done", {"output_index": at, "item": item}
        whole = self.whole(saying)
        last = "incomplete" if whole["status"] == "incomplete" else "completed"
        yield f"response.{last}", {"response": whole}

    def error(self, status: int, word: str) -> dict[str, Any]:
        kind = "invalid_request_error" if status < 500 else "server_error"
        code = "rate_limit_exceeded" if status == 429 else word
        return {"error": {"message": word.replace("_", " "), "type": kind, "code": code}}

    def error_event(self, status: int, word: str) -> bytes:
        code = "rate_limit_exceeded" if status == 429 else "server_error"
        data = {"type": "error", "code": code, "message": word, "param": None}
        return event({**data, "sequence_number": 0}, "error")


def _head(saying: Saying) -> dict[str, Any]:
    return {
        "id": f"resp_{saying.id}",
        "object": "response",
        "created_at": int(time.time()),
        "model": saying.model,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "temperature": None,
        "top_p": None,
    }


def _thoughts(saying: Saying) -> list[dict[str, Any]]:
    if not saying.thoughts:
        return []
    summary = [{"type": "summary_text", "text": saying.thoughts}]
    return [{"id": f"rs_{saying.id}", "type": "reasoning", "summary": summary}]


def _item(saying: Saying) -> dict[str, Any]:
    if saying.finish is Finish.TOOL:
        return {
            "id": f"fc_{saying.id}",
            "type": "function_call",
            "call_id": f"call_{saying.id}",
            "name": saying.tool,
            "arguments": saying.arguments,
            "status": "completed",
        }
    if saying.finish is Finish.REFUSAL:
        part: dict[str, Any] = {"type": "refusal", "refusal": saying.text}
    else:
        part = {"type": "output_text", "text": saying.text, "annotations": [], "logprobs": []}
    status = "incomplete" if saying.finish is Finish.LENGTH else "completed"
    head = {"id": f"msg_{saying.id}", "type": "message", "role": "assistant", "status": status}
    return {**head, "content": [part]}


def _empty(item: dict[str, Any]) -> dict[str, Any]:
    """The item as it is before anything came in."""
    cleared = {"content": [], "summary": [], "arguments": ""}
    return {name: cleared.get(name, value) for name, value in item.items()}


def _inside(
    item: dict[str, Any], saying: Saying, place: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any]]]:
    if item["type"] == "function_call":
        for piece in pieces(saying.arguments):
            yield "response.function_call_arguments.delta", {**place, "delta": piece}
        done = {**place, "name": saying.tool, "arguments": saying.arguments}
        yield "response.function_call_arguments.done", done
    if item["type"] != "message":
        return
    part, within = item["content"][0], {**place, "content_index": 0}
    field = "refusal" if part["type"] == "refusal" else "text"
    kind = "response.refusal" if field == "refusal" else "response.output_text"
    yield "response.content_part.added", {**within, "part": {**part, field: ""}}
    logprobs: dict[str, Any] = {} if field == "refusal" else {"logprobs": []}
    for piece in pieces(saying.text):
        yield f"{kind}.delta", {**within, "delta": piece, **logprobs}
    yield f"{kind}.done", {**within, field: saying.text, **logprobs}
    yield "response.content_part.done", {**within, "part": part}


def _usage(saying: Saying) -> dict[str, Any]:
    return {
        "input_tokens": saying.tokens_in,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": saying.tokens_out,
        "output_tokens_details": {"reasoning_tokens": saying.thought},
        "total_tokens": saying.tokens_in + saying.tokens_out,
    }
