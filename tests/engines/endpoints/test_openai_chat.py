"""The mapping of Chat Completions: what is asked, and what each answer means."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import (
    EndpointFailure,
    FailureKind,
    Generation,
    Reply,
    StopReason,
    Target,
    Usage,
)
from benchserver.engines.endpoints.registry import client
from benchserver.engines.endpoints.transport import Transport
from tests.engines.endpoints import played
from tests.engines.endpoints.hostile import RawServer, http, sends
from tests.engines.endpoints.played import asked, cut, stream, whole

GENERATION = Generation(
    prompt="Do it, \u00fc.",
    max_tokens=77,
    temperature="0.8",
    top_p="0.95",
    deadline_seconds=10.0,
    idempotency_key="unit-7",
)


def completion(message: Any = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "message": message, "finish_reason": fields.pop("finish", "stop")}
    return {"object": "chat.completion", "model": "m-1", "choices": [choice], **fields}


def reply(data: Any) -> Reply:
    return played.reply("openai_chat", data)


def test_the_request_is_one_user_message_with_the_protocols_settings() -> None:
    raw = http(json.dumps(completion({"content": "hi"})).encode())
    with RawServer(sends(raw)) as server:
        policy = AddressPolicy(allow_local=frozenset({f"127.0.0.1:{server.port}"}))
        chat = client("openai_chat", Transport(policy=policy))
        for base in ("/v1", "/v1/", "/v1/chat/completions", "/v1?api-version=1"):
            target = Target(
                base_url=f"http://127.0.0.1:{server.port}{base}", model="m", api_key="sk-1"
            )
            assert chat.send(target, GENERATION).text == "hi"
    for request in server.requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert head.startswith(b"POST /v1/chat/completions")
        assert b"Authorization: Bearer sk-1" in head
        assert b"Idempotency-Key: unit-7" in head
        assert json.loads(body) == {
            "model": "m",
            "messages": [{"role": "user", "content": "Do it, \u00fc."}],
            "max_tokens": 77,
            "temperature": 0.8,
            "top_p": 0.95,
            "stream": False,
        }


def test_newer_models_get_their_token_field_and_no_sampling_when_the_protocol_leaves_it() -> None:
    bare = Generation(
        prompt="p",
        max_tokens=5,
        temperature="",
        top_p="",
        deadline_seconds=10.0,
        idempotency_key="k",
    )
    with RawServer(sends(http(json.dumps(completion({"content": "x"})).encode()))) as server:
        policy = AddressPolicy(allow_local=frozenset({f"127.0.0.1:{server.port}"}))
        chat = client("openai_chat_completion_tokens", Transport(policy=policy))
        target = Target(base_url=f"http://127.0.0.1:{server.port}/v1", model="m", api_key="")
        chat.send(target, bare)
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert b"Authorization" not in head
    assert set(json.loads(body)) == {"model", "messages", "max_completion_tokens", "stream"}


@pytest.mark.parametrize(
    ("message", "finish", "text", "stop"),
    [
        ({"content": "code"}, "stop", "code", StopReason.STOP),
        ({"content": "code"}, "length", "code", StopReason.LENGTH),
        ({"content": ""}, "content_filter", "", StopReason.REFUSAL),
        ({"content": "code"}, "tool_calls", "code", StopReason.TOOL_CALLS),
        ({"content": "code"}, None, "code", StopReason.OTHER),
        ({"content": "code"}, 5, "code", StopReason.OTHER),
        ({"content": None}, "stop", "", StopReason.STOP),
        ({}, "stop", "", StopReason.STOP),
        ({"content": None, "refusal": "No."}, "stop", "No.", StopReason.REFUSAL),
        ({"content": "code", "refusal": None}, "stop", "code", StopReason.STOP),
        ({"content": "a", "reasoning_content": "hidden"}, "stop", "a", StopReason.STOP),
        (
            {"content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
            "stop",
            "ab",
            StopReason.STOP,
        ),
        (
            {"content": [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "b"}]},
            "stop",
            "b",
            StopReason.STOP,
        ),
    ],
)
def test_each_way_to_answer(message: Any, finish: Any, text: str, stop: StopReason) -> None:
    result = reply(completion(message, finish=finish))
    assert (result.text, result.stop_reason) == (text, stop)
    assert result.reported_model == "m-1"


def test_usage_is_taken_as_reported_or_estimated_and_marked() -> None:
    reported = reply(
        completion({"content": "x"}, usage={"prompt_tokens": 9, "completion_tokens": 0})
    )
    assert reported.usage == Usage(tokens_in=9, tokens_out=0, reported=True)
    wrong: list[Any] = [None, {}, {"prompt_tokens": True, "completion_tokens": 1}, [], "9"]
    for broken in wrong:
        assert reply(completion({"content": "x" * 9}, usage=broken)).usage == Usage(
            tokens_in=3, tokens_out=3, reported=False
        )
    minus = {"prompt_tokens": -1, "completion_tokens": 1}
    assert not reply(completion({"content": "x"}, usage=minus)).usage.reported


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ([], "bad_shape"),
        ({}, "bad_shape"),
        ("text", "bad_shape"),
        (None, "bad_shape"),
        ({"choices": []}, "bad_shape"),
        ({"choices": {"0": 1}}, "bad_shape"),
        ({"choices": [{}]}, "bad_shape"),
        ({"choices": [{"message": None}]}, "bad_shape"),
        ({"choices": [{"message": "hi"}]}, "bad_shape"),
        ({"choices": [{"message": {"content": 5}}]}, "bad_shape"),
        ({"choices": [{"message": {"content": ["hi"]}}]}, "bad_shape"),
        ({"choices": [{"message": {"content": [{"type": "text"}]}}]}, "bad_shape"),
        ({"choices": [{"message": {"content": [{"type": "text", "text": 1}]}}]}, "bad_shape"),
        ({"error": {"message": "secret"}}, "error_in_200"),
        ({"choices": [{"message": {"content": "x" * (256 * 1024 + 1)}}]}, "text_too_long"),
        ({"choices": [{"message": {"content": "\u00fc" * (128 * 1024 + 1)}}]}, "text_too_long"),
    ],
    ids=range(16),
)
def test_other_json_is_invalid(data: Any, code: str) -> None:
    with pytest.raises(EndpointFailure) as failed:
        reply(data)
    assert (failed.value.kind, failed.value.code) == (FailureKind.INVALID, code)
    assert "secret" not in str(failed.value)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2),
        st.dictionaries(
            st.sampled_from(
                [
                    *("choices", "message", "content", "refusal", "usage", "finish_reason"),
                    *("type", "text", "prompt_tokens", "completion_tokens", "model", "error"),
                ]
            ),
            inner,
            max_size=5,
        ),
    ),
    max_leaves=15,
)


@given(JSON, JSON)
def test_any_json_is_a_reply_or_an_endpoint_failure(data: Any, message: Any) -> None:
    for answer in (data, completion(message), completion(message, usage=data)):
        with contextlib.suppress(EndpointFailure):
            assert isinstance(reply(answer).text, str)


def test_nothing_sealed_shows_in_a_repr() -> None:
    target = Target(base_url="https://x.example.com", model="m", api_key="sk-1")
    shown = repr(target) + repr(GENERATION) + repr(reply(completion({"content": "code"})))
    assert not any(word in shown for word in ("sk-1", "Do it", "code"))


# --- streamed -------------------------------------------------------------------------------


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return {"object": "chat.completion.chunk", "model": "m-1", "choices": [choice]}


USAGE = {
    "prompt_tokens": 9,
    "completion_tokens": 7,
    "prompt_tokens_details": {"cached_tokens": 4},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
STREAMED = stream(
    delta(role="assistant", content=""),
    delta(reasoning_content="hidden"),
    delta(content="a ü"),
    delta(content="\U0001f600 b"),
    delta(finish="stop"),
    {"choices": [], "model": "m-1", "usage": USAGE},
    done=True,
)


def streamed(raw: bytes) -> Reply:
    return played.reply("openai_chat", whole(raw))


@given(st.lists(st.integers(0, len(STREAMED)), max_size=40))
def test_a_stream_is_the_same_reply_in_whatever_pieces(at: list[int]) -> None:
    for raw in (STREAMED, STREAMED.replace(b"\n", b"\r\n"), STREAMED.replace(b"\n", b"\r")):
        result = played.reply("openai_chat", cut(raw, at))
        assert (result.text, result.stop_reason) == ("a ü\U0001f600 b", StopReason.STOP)
        assert result.reported_model == "m-1"
        assert result.usage == Usage(
            tokens_in=9, tokens_out=7, reported=True, cached_in=4, reasoning_out=5
        )


@given(st.integers(0, STREAMED.index(b'"stop"')))
def test_a_stream_cut_before_the_models_end_is_unknown(end: int) -> None:
    with pytest.raises(EndpointFailure) as failed:
        streamed(STREAMED[:end])
    assert (failed.value.kind, failed.value.code) == (FailureKind.UNKNOWN, "cut")


def test_a_stream_without_the_closing_word_is_whole_once_the_model_ended() -> None:
    assert streamed(stream(delta(content="a"), delta(finish="length"))).stop_reason == "length"
    with pytest.raises(EndpointFailure, match="cut"):  # the closing word alone proves nothing
        streamed(stream(delta(content="a"), done=True))


def test_refusal_and_filter_are_told_apart_from_an_answer_in_a_stream_too() -> None:
    said = streamed(stream(delta(refusal="No"), delta(refusal="."), delta(finish="stop")))
    assert (said.text, said.stop_reason) == ("No.", StopReason.REFUSAL)
    filtered = streamed(stream(delta(content="So"), delta(finish="content_filter")))
    assert (filtered.text, filtered.stop_reason) == ("So", StopReason.REFUSAL)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        ({"type": "server_error"}, FailureKind.REFUSED, "server_error"),
        ({"code": 429}, FailureKind.REFUSED, "rate_limited"),
        ({"code": "503"}, FailureKind.REFUSED, "overloaded"),
        ({"code": "rate_limit_exceeded", "type": "x"}, FailureKind.REFUSED, "rate_limited"),
        ({"code": "invalid_api_key"}, FailureKind.REJECTED, "unauthorized"),
        ({"message": "secret"}, FailureKind.INVALID, "error_in_200"),
        ("secret", FailureKind.INVALID, "error_in_200"),
    ],
)
def test_an_error_with_status_200_is_taken_at_its_word(error: Any, kind: Any, code: str) -> None:
    for answer in (whole(stream(delta(content="half"), {"error": error})), {"error": error}):
        with pytest.raises(EndpointFailure) as failed:
            reply(answer)
        assert (failed.value.kind, failed.value.code) == (kind, code)
        assert "secret" not in str(failed.value)


def test_tool_calls_are_put_together_from_their_pieces() -> None:
    def piece(index: int, **fields: Any) -> dict[str, Any]:
        return delta(tool_calls=[{"index": index, **fields}])

    result = streamed(
        stream(
            piece(0, id="c1", function={"name": "run", "arguments": '{"a"'}),
            piece(1, id="c2", function={"name": "see", "arguments": ""}),
            piece(0, function={"arguments": ": 1}"}),
            delta(finish="tool_calls"),
        )
    )
    assert result.stop_reason is StopReason.TOOL_CALLS
    calls = [(call.id, call.name, call.arguments) for call in result.tool_calls]
    assert calls == [("c1", "run", '{"a": 1}'), ("c2", "see", "")]
    function = {"name": "run", "arguments": '{"a": 1}'}
    message = {"content": None, "tool_calls": [{"id": "c1", "function": function}]}
    assert reply(completion(message, finish="tool_calls")).tool_calls == result.tool_calls[:1]


def test_options_become_fields() -> None:
    body = asked("openai_chat", tools=True, stream=True, reasoning_effort="low").body
    assert body["stream_options"] == {"include_usage": True}
    assert body["reasoning_effort"] == "low"
    assert body["tools"][0]["function"]["parameters"] == {"type": "object"}
    assert "stream_options" not in asked("openai_chat", stream=True, stream_usage=False).body
    assert "max_completion_tokens" in asked("openai_chat_completion_tokens").body
