"""A provider's own mapping: what may be in it, and that nothing of it is ever run."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.base import EndpointFailure, StopReason, Usage
from benchserver.engines.endpoints.json_mapping import filled, rule
from tests.engines.endpoints import played
from tests.engines.endpoints.played import MAPPING, asked, shapes, stream, whole

VALUES: dict[str, Any] = {
    "prompt": "{model} {0} {prompt.__class__} %s ${x}",
    "model": "m-1",
    "max_tokens": 77,
    "temperature": None,
    "top_p": 0.95,
    "stream": False,
}


def test_placeholders_become_values_in_one_pass() -> None:
    template = {
        "model": "{model}",
        "text": "Q: {prompt}\nA:",
        "n": "{max_tokens}",
        "deep": [{"t": "{temperature}", "p": "{top_p}", "s": "{stream}"}, 5, None],
        "note": "{max_tokens} at most",
        "{prompt}": "a name is left alone",
    }
    assert filled(template, VALUES) == {
        "model": "m-1",
        "text": "Q: {model} {0} {prompt.__class__} %s ${x}\nA:",
        "n": 77,
        "deep": [{"p": 0.95, "s": False}, 5, None],
        "note": "77 at most",
        "{prompt}": "a name is left alone",
    }


@given(st.text(max_size=50))
def test_a_prompt_arrives_as_it_is(prompt: str) -> None:
    assert filled({"a": "{prompt}"}, {**VALUES, "prompt": prompt}) == {"a": prompt}
    assert filled({"a": "<{prompt}>"}, {**VALUES, "prompt": prompt}) == {"a": f"<{prompt}>"}


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"body": "{prompt}"}, "body"),
        ({"body": {"a": "no place for it"}}, "body"),
        ({"body": {"a": "{prompt} {promt}"}}, "body"),
        ({"body": {"a": "{prompt}", "b": [[[[[[[[[[1]]]]]]]]]]}}, "body"),
        ({"text": "choices.0.text"}, "text"),
        ({"text": "/a~2"}, "text"),
        ({"text": "/a" * 13}, "text"),
        ({"stop": 5}, "stop"),
        ({"stop_words": {"done": ["x"]}}, "stop_words.done"),
        ({"stop_words": {"stop": "x"}}, "stop_words.stop"),
        ({"run": "import os"}, "run"),
        ({"stream": {"stop": "/why"}}, "stream"),
        ({"stream": {"text": "/t", "body": {}}}, "stream.body"),
        ({"stream": []}, "stream"),
    ],
)
def test_a_wrong_mapping_names_its_place(change: dict[str, Any], place: str) -> None:
    with pytest.raises(BadInput) as refused:
        rule({**MAPPING, **change}, "m")
    assert refused.value.place == f"m.{place}"
    assert refused.value.mend


@given(shapes("body", "text", "stop", "stop_words", "stream", "{prompt}", "/a", "length"))
def test_any_json_is_a_mapping_or_bad_input(value: Any) -> None:
    try:
        assert rule(value, "m") == value
    except BadInput as refused:
        assert refused.place.startswith("m")  # noqa: PT017


# --- followed -------------------------------------------------------------------------------


def answer(text: Any = "code", why: Any = "stop", **fields: Any) -> dict[str, Any]:
    return {"out": [{"text": text, "why": why}], "counts": {"in": 3, "out": 2}, **fields}


def reply(data: Any, **mapping: Any) -> Any:
    return played.reply("generic_json", data, mapping={**MAPPING, **mapping})


@pytest.mark.parametrize(
    ("why", "stop"),
    [
        ("stop", StopReason.STOP),
        ("STOP", StopReason.STOP),
        (True, StopReason.STOP),
        ("length", StopReason.LENGTH),
        ("content_filter", StopReason.REFUSAL),
        ("who knows", StopReason.OTHER),
        (None, StopReason.OTHER),
        (False, StopReason.OTHER),
        ({"a": 1}, StopReason.OTHER),
    ],
)
def test_usual_words_for_the_end_are_known(why: Any, stop: StopReason) -> None:
    assert reply(answer(why=why)).stop_reason is stop


def test_words_of_its_own_take_the_place_of_the_usual() -> None:
    words = {"length": ["cut off"], "stop": ["finished"]}
    assert reply(answer(why="cut off"), stop_words=words).stop_reason is StopReason.LENGTH
    assert reply(answer(why="stop"), stop_words=words).stop_reason is StopReason.OTHER


def test_pointers_are_followed_or_lead_nowhere() -> None:
    found = reply({**answer(), "model": "m-9"})
    assert (found.text, found.reported_model) == ("code", "m-9")
    assert found.usage == Usage(tokens_in=3, tokens_out=2, reported=True)
    escaped = {"a/b": {"~": ["x"]}, "out": []}
    assert reply(escaped, text="/a~1b/~0/0").text == "x"
    wrong: list[Any] = [{}, {"out": []}, {"out": {"0": "x"}}, answer(text=5), [], "x"]
    for broken in wrong:
        with pytest.raises(EndpointFailure, match="bad_shape"):
            reply(broken)


def test_an_error_is_looked_for_first() -> None:
    with pytest.raises(EndpointFailure, match="rate_limited"):
        reply(answer(error={"code": 429}))
    with pytest.raises(EndpointFailure, match="overloaded"):
        reply(answer(error="overloaded"))
    with pytest.raises(EndpointFailure, match="error_in_200"):
        reply(answer(error="secret"))


def test_a_stream_ends_with_its_word() -> None:
    raw = stream(
        {"piece": "he"}, {"piece": "llo"}, {"why": "length"}, {"counts": {"in": 1, "out": 2}}
    )
    found = reply(whole(raw))
    assert (found.text, found.stop_reason) == ("hello", StopReason.LENGTH)
    assert found.usage.reported
    with pytest.raises(EndpointFailure, match="cut"):
        reply(whole(stream({"piece": "he"}, {"piece": "llo"}, done=True)))


def test_the_key_goes_where_the_options_say_and_the_url_stays() -> None:
    assert asked("generic_json").target == "/v1"
    assert asked("generic_json").sent["Authorization"] == "Bearer sk-1"
    assert asked("generic_json", auth="x-api-key").sent["x-api-key"] == "sk-1"
    none = asked("generic_json", auth="none").sent
    assert not any("sk-1" in value for value in none.values())
