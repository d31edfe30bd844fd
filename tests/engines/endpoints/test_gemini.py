"""The mapping of generateContent: what is asked, and what each answer means."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.engines.endpoints.base import (
    EndpointFailure,
    FailureKind,
    StopReason,
    Target,
    Usage,
)
from benchserver.engines.endpoints.registry import client
from tests.engines.endpoints import played
from tests.engines.endpoints.played import Played, asked, stream, whole


def answer(*parts: Any, finish: Any = "STOP", **fields: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": list(parts)}, "finishReason": finish}
    return {"candidates": [candidate], "modelVersion": "m-1", **fields}


def called(base: str, model: str, **options: Any) -> str:
    transport = Played({})
    target = Target(base_url=f"http://127.0.0.1:9{base}", model=model, api_key="")
    with pytest.raises(EndpointFailure):
        client("gemini", transport, options).send(target, played.generation())
    return transport.target


def test_the_model_is_in_the_path_and_the_key_never_is() -> None:
    assert called("", "m-1") == "/v1beta/models/m-1:generateContent"
    assert called("/v1/", "models/m-1") == "/v1/models/m-1:generateContent"
    assert called("/v1", "a/../b?c") == "/v1/models/a%2F..%2Fb%3Fc:generateContent"
    streamed = called("/v1beta?x=1", "m", stream=True)
    assert streamed == "/v1beta/models/m:streamGenerateContent?x=1&alt=sse"
    assert asked("gemini").sent["x-goog-api-key"] == "sk-1"
    assert asked("gemini", auth="bearer").sent["Authorization"] == "Bearer sk-1"
    assert "sk-1" not in asked("gemini").target


def test_the_settings_have_their_own_names() -> None:
    body = asked("gemini", thinking_budget=0, tools=True).body
    assert body["generationConfig"] == {
        "maxOutputTokens": 77,
        "temperature": 0.8,
        "topP": 0.95,
        "thinkingConfig": {"thinkingBudget": 0},
    }
    assert body["tools"][0]["functionDeclarations"][0]["name"] == "run"


@pytest.mark.parametrize(
    ("word", "stop"),
    [
        ("STOP", StopReason.STOP),
        ("MAX_TOKENS", StopReason.LENGTH),
        ("SAFETY", StopReason.REFUSAL),
        ("RECITATION", StopReason.REFUSAL),
        ("PROHIBITED_CONTENT", StopReason.REFUSAL),
        ("MALFORMED_FUNCTION_CALL", StopReason.OTHER),
    ],
)
def test_each_word_for_the_end(word: str, stop: StopReason) -> None:
    found = answer({"text": "x"}, finish=word)
    assert played.reply("gemini", found).stop_reason is stop
    assert played.reply("gemini", whole(stream(found))).stop_reason is stop


def test_an_end_that_is_not_said_is_other_or_a_cut() -> None:
    found = answer({"text": "x"}, finish=None)
    assert played.reply("gemini", found).stop_reason is StopReason.OTHER
    with pytest.raises(EndpointFailure, match="cut"):
        played.reply("gemini", whole(stream(found)))


def test_a_blocked_prompt_is_a_refusal_without_text() -> None:
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}}
    for play in (blocked, whole(stream(blocked))):
        found = played.reply("gemini", play)
        assert (found.text, found.stop_reason) == ("", StopReason.REFUSAL)


def test_thoughts_are_counted_as_output_and_not_read() -> None:
    counts = {
        "promptTokenCount": 9,
        "candidatesTokenCount": 3,
        "thoughtsTokenCount": 5,
        "cachedContentTokenCount": 4,
    }
    found = played.reply(
        "gemini",
        answer({"text": "hidden", "thought": True}, {"text": "x"}, usageMetadata=counts),
    )
    assert found.text == "x"
    assert found.usage == Usage(
        tokens_in=9, tokens_out=8, reported=True, cached_in=4, reasoning_out=5
    )


def test_a_tool_call_is_an_end_of_its_own() -> None:
    call = {"functionCall": {"name": "run", "args": {"a": 1}}}
    for play in (answer(call), whole(stream(answer(call, finish=None), answer()))):
        found = played.reply("gemini", play)
        assert found.stop_reason is StopReason.TOOL_CALLS
        assert [(c.name, c.arguments) for c in found.tool_calls] == [("run", '{"a": 1}')]


def test_an_error_with_status_200_is_taken_at_its_word() -> None:
    error = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}
    for play in (error, whole(stream(answer({"text": "half"}, finish=None), error))):
        with pytest.raises(EndpointFailure) as failed:
            played.reply("gemini", play)
        assert (failed.value.kind, failed.value.code) == (FailureKind.REFUSED, "rate_limited")
