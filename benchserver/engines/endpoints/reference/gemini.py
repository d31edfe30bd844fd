"""generateContent as a server speaks it, whole or as a row of partial answers.

Example: thoughts are counted beside the answer, so ``candidatesTokenCount`` is without them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from benchserver.engines.endpoints.reference.speaking import (
    Asked,
    Finish,
    NotUnderstood,
    Saying,
    event,
    number,
    pieces,
)

_PATH = re.compile(r"/v1(?:beta)?/models/([^/:]+):(generateContent|streamGenerateContent)")
_FINISH = {
    Finish.STOP: "STOP",
    Finish.LENGTH: "MAX_TOKENS",
    Finish.REFUSAL: "PROHIBITED_CONTENT",
    Finish.TOOL: "STOP",
}
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


class GeminiSpeaker:
    base = "/v1beta"
    key_headers: tuple[str, ...] = ("x-goog-api-key", "authorization")
    needed_headers: tuple[str, ...] = ()

    def serves(self, path: str) -> bool:
        return bool(_PATH.fullmatch(path))

    def read(self, path: str, query: str, body: Any) -> Asked:
        found = _PATH.fullmatch(path)
        streamed = found is not None and found[2] == "streamGenerateContent"
        if found is None or (streamed and "alt=sse" not in query):
            raise NotUnderstood
        asked = [c for c in body["contents"] if c.get("role", "user") == "user"][-1]
        tools = body.get("tools") or [{"functionDeclarations": [{"name": ""}]}]
        return Asked(
            prompt="".join(part["text"] for part in asked["parts"]),
            model=unquote(found[1]),
            limit=number((body.get("generationConfig") or {}).get("maxOutputTokens")),
            stream=streamed,
            tool=str(tools[0]["functionDeclarations"][0]["name"]),
        )

    def whole(self, saying: Saying) -> dict[str, Any]:
        thoughts = [{"text": saying.thoughts, "thought": True}] if saying.thoughts else []
        return _answer(saying, [*thoughts, _part(saying)], last=True)

    def events(self, asked: Asked, saying: Saying) -> Iterator[bytes]:
        for piece in pieces(saying.thoughts):
            yield event(_answer(saying, [{"text": piece, "thought": True}], last=False))
        if saying.finish is Finish.TOOL:
            yield event(_answer(saying, [_part(saying)], last=False))
        else:
            for piece in pieces(saying.text):
                yield event(_answer(saying, [{"text": piece}], last=False))
        yield event(_answer(saying, [{"text": ""}], last=True))

    def error(self, status: int, word: str) -> dict[str, Any]:
        known = _STATUS.get(status, "INTERNAL")
        message = word.replace("_", " ")
        return {"error": {"code": status, "message": message, "status": known}}

    def error_event(self, status: int, word: str) -> bytes:
        return event(self.error(status, word))


def _part(saying: Saying) -> dict[str, Any]:
    if saying.finish is not Finish.TOOL:
        return {"text": saying.text}
    return {"functionCall": {"name": saying.tool, "args": {"answer": saying.text}}}


def _answer(saying: Saying, parts: list[dict[str, Any]], *, last: bool) -> dict[str, Any]:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    if last and saying.finish in _FINISH:
        candidate["finishReason"] = _FINISH[saying.finish]
    answer: dict[str, Any] = {"candidates": [candidate], "modelVersion": saying.model}
    if last and saying.counted:
        answer["usageMetadata"] = {
            "promptTokenCount": saying.tokens_in,
            "candidatesTokenCount": saying.tokens_out - saying.thought,
            "thoughtsTokenCount": saying.thought,
            "totalTokenCount": saying.tokens_in + saying.tokens_out,
        }
    return answer
