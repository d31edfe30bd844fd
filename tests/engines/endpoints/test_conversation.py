"""What holds in every protocol: any JSON is a reply or a failure, cuts of a stream change nothing,
and half an answer is never taken for a whole one."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.endpoints.base import EndpointFailure, FailureKind, Reply, StopReason
from benchserver.engines.endpoints.reference.behaviour import Behaviour, saying
from benchserver.engines.endpoints.reference.generic_json import MAPPING
from benchserver.engines.endpoints.reference.speakers import SPEAKERS
from benchserver.engines.endpoints.reference.speaking import Asked, event
from benchserver.engines.endpoints.reference_answers import Answer, AnswerBook, Persona
from benchserver.engines.endpoints.registry import PROTOCOLS, client
from tests.engines.endpoints import played
from tests.engines.endpoints.played import asked, cut, shapes, whole

ASKED = Asked(prompt="Return \u00fc.", model="m-1", stream=True)
BOOK = AnswerBook(
    [Answer(statement="Return \u00fc.", solution="def f(): return '\U0001f600\u00fc'")]
)
SAID = saying(BOOK, Behaviour(persona=Persona(skill=1.0), thinking=7), ASKED)
STREAMS = {name: b"".join(s.events(ASKED, SAID)) for name, s in SPEAKERS.items()}
names = st.sampled_from(sorted(PROTOCOLS))
# Every name that some protocol looks for.
NAMES = (
    *("choices", "message", "delta", "content", "refusal", "usage", "finish_reason", "index"),
    *("type", "text", "prompt_tokens", "completion_tokens", "model", "error", "tool_calls"),
    *("function", "name", "arguments", "id", "output", "status", "incomplete_details", "reason"),
    *("response", "item", "output_text", "message", "function_call", "reasoning", "completed"),
    *("input_tokens", "output_tokens", "cache_read_input_tokens", "stop_reason", "text_delta"),
    *("response.output_text.delta", "response.output_item.done", "response.completed"),
    *("message_start", "content_block_start", "content_block_delta", "message_delta", "tool_use"),
    *("content_block", "input", "partial_json", "input_json_delta", "message_stop"),
    *("candidates", "parts", "finishReason", "usageMetadata", "promptTokenCount", "functionCall"),
    *("candidatesTokenCount", "thoughtsTokenCount", "promptFeedback", "blockReason", "args"),
    *("result", "why", "piece", "counts", "in", "out", "problem", "code", "engine"),
)


def reply(protocol: str, answer: Any) -> Reply:
    options = {"mapping": MAPPING} if protocol == "generic_json" else {}
    return played.reply(protocol, answer, **options)


@given(names, st.lists(st.integers(0, 4000), max_size=30))
def test_a_stream_in_any_pieces_is_the_reply_that_comes_whole(protocol: str, at: list[int]) -> None:
    speaker = SPEAKERS[protocol]
    found, expected = (
        reply(protocol, cut(STREAMS[protocol], at)),
        reply(protocol, speaker.whole(SAID)),
    )
    assert (found.text, found.stop_reason) == (SAID.text, StopReason.STOP)
    assert (expected.text, expected.stop_reason) == (SAID.text, StopReason.STOP)
    assert found.reported_model == expected.reported_model == "m-1"
    assert found.usage == expected.usage


@given(names, st.integers(0, 4000))
def test_a_stream_that_ends_too_early_is_never_an_answer(protocol: str, end: int) -> None:
    raw = STREAMS[protocol]
    failures: list[EndpointFailure] = []
    try:
        found = reply(protocol, whole(raw[:end]))
    except EndpointFailure as failure:
        failures.append(failure)
    else:
        assert (found.text, found.stop_reason) == (SAID.text, StopReason.STOP)
    assert all((f.kind, f.code) == (FailureKind.UNKNOWN, "cut") for f in failures)


@given(names, shapes(*NAMES))
def test_any_json_is_a_reply_or_a_failure(protocol: str, data: Any) -> None:
    with contextlib.suppress(EndpointFailure):
        found = reply(protocol, data)
        assert isinstance(found.text, str)
        assert found.usage.tokens_out >= 0


@given(names, st.lists(shapes(*NAMES), max_size=4), st.sampled_from(("", *NAMES)))
def test_any_events_are_a_reply_or_a_failure(protocol: str, data: list[Any], name: str) -> None:
    raw = b"".join(event(item, name) for item in data)
    with contextlib.suppress(EndpointFailure):
        assert isinstance(reply(protocol, whole(raw)).text, str)
    half = STREAMS[protocol][: len(STREAMS[protocol]) // 2]
    with contextlib.suppress(EndpointFailure):
        assert isinstance(reply(protocol, whole(half + b"\n\n" + raw)).text, str)


def test_no_failure_holds_a_word_of_the_answer() -> None:
    for protocol in PROTOCOLS:
        for answer in ("secret", {"secret": "secret"}, whole(b'data: {"type": "secret"}\n\n')):
            with pytest.raises(EndpointFailure) as failed:
                reply(protocol, answer)
            error: BaseException | None = failed.value
            while error is not None:
                assert "secret" not in f"{error} {error.__dict__}"
                error = error.__context__


def test_a_reply_has_one_size_in_every_protocol() -> None:
    long = "x" * (256 * 1024 + 1)
    speech = saying(
        AnswerBook([Answer(statement="s", solution=long)]),
        Behaviour(persona=Persona(skill=1.0)),
        Asked(prompt="s", model="m"),
    )
    for protocol, speaker in SPEAKERS.items():
        for answer in (speaker.whole(speech), whole(b"".join(speaker.events(ASKED, speech)))):
            with pytest.raises(EndpointFailure, match="text_too_long"):
                reply(protocol, answer)


def test_tools_are_offered_only_where_there_are_any() -> None:
    for protocol in PROTOCOLS:
        assert "tools" not in asked(protocol).body
        assert ("tools" in asked(protocol, tools=True).body) == (protocol != "generic_json")


def test_sampling_left_to_the_model_is_in_no_body() -> None:
    for protocol in PROTOCOLS:
        transport = played.Played({})
        given_ = {"temperature": "", "top_p": ""}
        speaking = client(protocol, transport, played.OPTIONS[protocol])
        with contextlib.suppress(EndpointFailure):
            speaking.send(played.TARGET, played.generation(**given_))
        assert not {"temperature", "top_p", "heat"} & set(str(transport.body).split("'"))
