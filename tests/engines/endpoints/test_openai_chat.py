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
from benchserver.engines.endpoints.openai_chat import OpenAIChat, _reply
from benchserver.engines.endpoints.transport import JsonAnswer, Transport
from tests.engines.endpoints.hostile import RawServer, http, sends

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
    return _reply(JsonAnswer(200, {}, data), GENERATION, 1.5)


def test_the_request_is_one_user_message_with_the_protocols_settings() -> None:
    raw = http(json.dumps(completion({"content": "hi"})).encode())
    with RawServer(sends(raw)) as server:
        policy = AddressPolicy(allow_local=frozenset({f"127.0.0.1:{server.port}"}))
        chat = OpenAIChat(Transport(policy=policy))
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
        chat = OpenAIChat(Transport(policy=policy), token_field="max_completion_tokens")
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
        ({"content": "code"}, "tool_calls", "code", StopReason.OTHER),
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
    assert (result.reported_model, result.seconds) == ("m-1", 1.5)


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
