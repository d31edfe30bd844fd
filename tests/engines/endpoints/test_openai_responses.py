"""The mapping of Responses: what is asked, and what each answer means."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.engines.endpoints.base import EndpointFailure, FailureKind, StopReason, Usage
from tests.engines.endpoints import played
from tests.engines.endpoints.played import asked, named, whole

PROTOCOL = "openai_responses"


def response(*output: Any, **fields: Any) -> dict[str, Any]:
    return {"object": "response", "status": "completed", "output": list(output), **fields}


def message(text: str, kind: str = "output_text") -> dict[str, Any]:
    part = {"type": kind, "refusal" if kind == "refusal" else "text": text}
    return {"type": "message", "role": "assistant", "content": [part]}


def incomplete(reason: Any) -> dict[str, Any]:
    return {"status": "incomplete", "incomplete_details": {"reason": reason}}


def test_the_request_keeps_nothing_at_the_provider() -> None:
    played_ = asked(PROTOCOL, reasoning_effort="low", tools=True)
    assert played_.target == "/v1/responses"
    assert played_.sent["Authorization"] == "Bearer sk-1"
    body = played_.body
    assert body["store"] is False
    assert (body["input"], body["max_output_tokens"]) == ("Do it, \u00fc.", 77)
    assert body["reasoning"] == {"effort": "low"}
    assert body["tools"][0]["name"] == "run"


@pytest.mark.parametrize(
    ("answer", "text", "stop"),
    [
        (response(message("code")), "code", StopReason.STOP),
        (response({"type": "reasoning", "summary": []}, message("a"), message("b")), "ab", "stop"),
        (response(message("co"), **incomplete("max_output_tokens")), "co", StopReason.LENGTH),
        (response(**incomplete("max_output_tokens")), "", StopReason.LENGTH),
        (response(message("co"), **incomplete("content_filter")), "co", StopReason.REFUSAL),
        (response(message("co"), **incomplete("else")), "co", StopReason.OTHER),
        (response(message("No.", "refusal")), "No.", StopReason.REFUSAL),
        (response(message("x"), status=None), "x", StopReason.OTHER),
    ],
)
def test_each_way_to_answer(answer: Any, text: str, stop: StopReason) -> None:
    found = played.reply(PROTOCOL, answer)
    assert (found.text, found.stop_reason) == (text, stop)


def test_usage_tells_what_was_cached_and_thought() -> None:
    usage = {
        "input_tokens": 9,
        "output_tokens": 7,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens_details": {"reasoning_tokens": 5},
    }
    found = played.reply(PROTOCOL, response(message("x"), usage=usage)).usage
    assert found == Usage(tokens_in=9, tokens_out=7, reported=True, cached_in=4, reasoning_out=5)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (response(error={"code": "server_error"}), FailureKind.REFUSED, "server_error"),
        (response(status="failed", error={"code": "rate_limit_exceeded"}), "refused", None),
        (response(status="failed"), FailureKind.INVALID, "bad_shape"),
        (response(status="in_progress"), FailureKind.INVALID, "bad_shape"),
        ({"status": "completed"}, FailureKind.INVALID, "bad_shape"),
    ],
)
def test_what_is_no_answer_is_a_failure(answer: Any, kind: str, code: str | None) -> None:
    for play in (answer, whole(named({"type": "response.failed", "response": answer}))):
        with pytest.raises(EndpointFailure) as failed:
            played.reply(PROTOCOL, play)
        if play is answer:
            assert failed.value.kind == kind
            assert failed.value.code == (code or failed.value.code)


def delta(text: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text}


def test_pieces_count_where_the_last_event_repeats_nothing() -> None:
    call = {"type": "function_call", "call_id": "c1", "name": "run", "arguments": "{}"}
    raw = named(
        delta("he"),
        delta("llo"),
        {"type": "response.output_item.done", "item": call},
        {"type": "response.completed", "response": response()},
    )
    found = played.reply(PROTOCOL, whole(raw))
    assert (found.text, found.tool_calls[0].name) == ("hello", "run")
    assert found.stop_reason is StopReason.TOOL_CALLS


def test_an_error_event_is_taken_at_its_word() -> None:
    with pytest.raises(EndpointFailure) as failed:
        played.reply(
            PROTOCOL, whole(named(delta("half"), {"type": "error", "code": "server_error"}))
        )
    assert (failed.value.kind, failed.value.code) == (FailureKind.REFUSED, "server_error")
