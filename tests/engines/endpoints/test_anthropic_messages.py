"""The mapping of Messages: what is asked, and what each answer means."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.engines.endpoints.base import EndpointFailure, FailureKind, StopReason, Usage
from tests.engines.endpoints import played
from tests.engines.endpoints.played import asked, named, whole

PROTOCOL = "anthropic_messages"


def message(*content: Any, stop: Any = "end_turn", **fields: Any) -> dict[str, Any]:
    return {"type": "message", "model": "m-1", "content": content, "stop_reason": stop, **fields}


def text(said: str) -> dict[str, Any]:
    return {"type": "text", "text": said}


def test_the_key_goes_where_the_options_say() -> None:
    plain = asked(PROTOCOL)
    assert plain.target == "/v1/messages"
    assert (plain.sent["x-api-key"], plain.sent["anthropic-version"]) == ("sk-1", "2023-06-01")
    assert "Authorization" not in plain.sent
    other = asked(PROTOCOL, auth="bearer", version="2024-01-01").sent
    assert (other["Authorization"], other["anthropic-version"]) == ("Bearer sk-1", "2024-01-01")
    assert "x-api-key" not in other


def test_thinking_has_a_budget_and_tools_their_schema() -> None:
    body = asked(PROTOCOL, thinking_budget=2048, tools=True).body
    assert body["thinking"] == {"type": "enabled", "budget_tokens": 2048}
    assert body["tools"][0]["input_schema"] == {"type": "object"}
    assert (body["max_tokens"], body["top_p"]) == (77, 0.95)


@pytest.mark.parametrize(
    ("word", "stop"),
    [
        ("end_turn", StopReason.STOP),
        ("stop_sequence", StopReason.STOP),
        ("max_tokens", StopReason.LENGTH),
        ("model_context_window_exceeded", StopReason.LENGTH),
        ("refusal", StopReason.REFUSAL),
        ("tool_use", StopReason.TOOL_CALLS),
        ("pause_turn", StopReason.OTHER),
        (None, StopReason.OTHER),
        (["end_turn"], StopReason.OTHER),
    ],
)
def test_each_word_for_the_end(word: Any, stop: StopReason) -> None:
    assert played.reply(PROTOCOL, message(text("x"), stop=word)).stop_reason is stop
    last = {"type": "message_delta", "delta": {"stop_reason": word}}
    streamed = played.reply(PROTOCOL, whole(named(last, {"type": "message_stop"})))
    assert streamed.stop_reason is stop


def test_only_texts_are_the_answer() -> None:
    thought = {"type": "thinking", "thinking": "hidden", "signature": "x"}
    found = played.reply(PROTOCOL, message(thought, text("a"), {"type": "new"}, text("b")))
    assert found.text == "ab"


def test_what_was_cached_belongs_to_the_prompt() -> None:
    counts = {
        "input_tokens": 3,
        "cache_read_input_tokens": 4,
        "cache_creation_input_tokens": 2,
        "output_tokens": 7,
    }
    wanted = Usage(tokens_in=9, tokens_out=7, reported=True, cached_in=4)
    assert played.reply(PROTOCOL, message(text("x"), usage=counts)).usage == wanted
    start = {
        "type": "message_start",
        "message": {"model": "m", "usage": {**counts, "output_tokens": 1}},
    }
    raw = named(
        start,
        {"type": "message_delta", "delta": {}, "usage": {"output_tokens": 7}},
        {"type": "message_stop"},
    )
    assert played.reply(PROTOCOL, whole(raw)).usage == wanted


def test_a_tool_call_comes_in_pieces() -> None:
    block = {"type": "tool_use", "id": "t1", "name": "run", "input": {}}
    pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ('{"a"', ": 1}")]
    raw = named(
        {"type": "content_block_start", "index": 1, "content_block": block},
        *({"type": "content_block_delta", "index": 1, "delta": piece} for piece in pieces),
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "tool_use"}},
        {"type": "message_stop"},
    )
    at_once = message({**block, "input": {"a": 1}}, stop="tool_use")
    assert played.reply(PROTOCOL, whole(raw)).tool_calls == (
        played.reply(PROTOCOL, at_once).tool_calls
    )


@pytest.mark.parametrize(
    ("kind", "failure", "code"),
    [
        ("overloaded_error", FailureKind.REFUSED, "overloaded"),
        ("rate_limit_error", FailureKind.REFUSED, "rate_limited"),
        ("api_error", FailureKind.REFUSED, "server_error"),
        ("authentication_error", FailureKind.REJECTED, "unauthorized"),
        ("new_error", FailureKind.INVALID, "error_in_200"),
    ],
)
def test_an_error_with_status_200_is_taken_at_its_word(
    kind: str, failure: FailureKind, code: str
) -> None:
    error = {"type": "error", "error": {"type": kind, "message": "secret"}}
    for play in (error, whole(named(error))):
        with pytest.raises(EndpointFailure) as failed:
            played.reply(PROTOCOL, play)
        assert (failed.value.kind, failed.value.code) == (failure, code)
