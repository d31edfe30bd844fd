"""A protocol of nobody's, to try the generic mapping with: one object in, one object out.

Example: ``{"input": "...", "limit": 9}`` gives ``{"result": {"text": "...", "why": "stop"}, ...}``.
``MAPPING`` is what a provider of it would register.
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
    number,
    pieces,
)

MAPPING: dict[str, Any] = {
    "body": {
        "engine": "{model}",
        "input": "{prompt}",
        "settings": {"limit": "{max_tokens}", "heat": "{temperature}", "nucleus": "{top_p}"},
        "live": "{stream}",
    },
    "text": "/result/text",
    "stop": "/result/why",
    "stop_words": {"stop": ["finished"], "length": ["cut off"], "refusal": ["declined"]},
    "tokens_in": "/counts/in",
    "tokens_out": "/counts/out",
    "reasoning_out": "/counts/thought",
    "model": "/engine",
    "error": "/problem",
    "stream": {"text": "/piece", "stop": "/why"},
}
_WHY = {Finish.STOP: "finished", Finish.LENGTH: "cut off", Finish.REFUSAL: "declined"}


class GenericJsonSpeaker:
    base = "/generate"
    key_headers: tuple[str, ...] = ("authorization", "x-api-key", "api-key", "x-goog-api-key")
    needed_headers: tuple[str, ...] = ()

    def serves(self, path: str) -> bool:
        return path == self.base

    def read(self, path: str, query: str, body: Any) -> Asked:
        if not isinstance(body["input"], str):
            raise NotUnderstood
        return Asked(
            prompt=body["input"],
            model=str(body.get("engine", "reference")),
            limit=number((body.get("settings") or {}).get("limit")),
            stream=body.get("live") is True,
        )

    def whole(self, saying: Saying) -> dict[str, Any]:
        result = {"text": saying.text, "why": _WHY.get(saying.finish)}
        return {"engine": saying.model, "result": result, **_counts(saying)}

    def events(self, asked: Asked, saying: Saying) -> Iterator[bytes]:
        for piece in pieces(saying.text):
            yield event({"engine": saying.model, "piece": piece})
        yield event({"why": _WHY.get(saying.finish), **_counts(saying)})

    def error(self, status: int, word: str) -> dict[str, Any]:
        return {"problem": {"code": status, "text": word.replace("_", " ")}}

    def error_event(self, status: int, word: str) -> bytes:
        return event(self.error(status, word))


def _counts(saying: Saying) -> dict[str, Any]:
    if not saying.counted:
        return {}
    counts = {"in": saying.tokens_in, "out": saying.tokens_out, "thought": saying.thought}
    return {"counts": counts}
