"""Protocols by name, and the options each of them takes."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.reference.generic_json import MAPPING as reference_mapping
from benchserver.engines.endpoints.registry import PROTOCOLS, check, client
from benchserver.engines.endpoints.transport import Transport
from tests.engines.endpoints.played import MAPPING, OPTIONS, asked, shapes


def test_every_known_protocol_makes_a_client() -> None:
    transport = Transport(policy=AddressPolicy())
    assert set(OPTIONS) == set(PROTOCOLS)
    for name, options in OPTIONS.items():
        for stream in (False, True):
            assert callable(client(name, transport, {**options, "stream": stream}).send)


def test_an_unknown_protocol_lists_the_known_ones() -> None:
    with pytest.raises(BadInput, match="openai_chat") as refused:
        client("telepathy", Transport(policy=AddressPolicy()))
    assert refused.value.place == "protocol"


@pytest.mark.parametrize(
    ("protocol", "options", "place", "mend"),
    [
        ("openai_chat", [], "options", "{}"),
        ("openai_chat", "stream", "options", "{}"),
        ("openai_chat", {"steam": True}, "options.steam", "stream"),
        ("openai_chat", {"stream": 1}, "options.stream", "true or false"),
        ("openai_chat", {"stream": "x" * 9000}, "options", "bytes"),
        ("openai_chat", {"token_field": "limit"}, "options.token_field", "max_tokens"),
        ("openai_chat", {"token_field": ["max_tokens"]}, "options.token_field", "max_tokens"),
        ("openai_chat", {"extra_headers": {"Host": "a"}}, "extra_headers", "openai-organization"),
        ("openai_chat", {"extra_headers": ["a"]}, "options.extra_headers", "{"),
        ("openai_chat_completion_tokens", {"token_field": "x"}, "options.token_field", "stream"),
        ("openai_responses", {"version": "1"}, "options.version", "reasoning_effort"),
        ("anthropic_messages", {"auth": "basic"}, "options.auth", "bearer"),
        ("anthropic_messages", {"version": "new\r\nX: y"}, "options.version", "2023-06-01"),
        ("anthropic_messages", {"thinking_budget": True}, "options.thinking_budget", "1024"),
        ("gemini", {"thinking_budget": 1.5}, "options.thinking_budget", "whole number"),
        ("azure_openai", {"deployment": "a/../b"}, "options.deployment", "my-deployment"),
        ("azure_openai", {"api_version": "1&a=b"}, "options.api_version", "2024"),
        ("generic_json", {}, "options.mapping", "body"),
        ("generic_json", {"mapping": {"text": "/a"}}, "options.mapping.body", "needs"),
    ],
)  # fmt: skip
def test_a_wrong_option_names_its_place_and_mend(
    protocol: str, options: Any, place: str, mend: str
) -> None:
    with pytest.raises(BadInput) as refused:
        check(protocol, options)
    assert refused.value.place == place
    assert mend in refused.value.mend


def test_no_options_are_fine_and_right_ones_are_kept_as_given() -> None:
    assert check("openai_chat", None) == {}
    given = {"stream": True, "auth": "bearer", "version": "2023-06-01"}
    assert check("anthropic_messages", given) == given
    assert check("generic_json", {"mapping": MAPPING}) == {"mapping": MAPPING}


def test_own_headers_go_along_and_never_replace_the_key() -> None:
    for protocol in PROTOCOLS:
        sent = asked(protocol, extra_headers={"OpenAI-Project": "p1"}).sent
        assert sent["openai-project"] == "p1"
        assert sent["Idempotency-Key"] == "unit-7"
        assert any("sk-1" in value for value in sent.values())


@given(st.sampled_from(sorted(PROTOCOLS)), shapes("stream", "auth", "mapping", "text", "body"))
def test_any_json_is_taken_or_refused_as_bad_input(protocol: str, options: Any) -> None:
    with contextlib.suppress(BadInput):
        assert check(protocol, options) == (options or {})


PAGE = (Path(__file__).parents[3] / "docs/endpoints.md").read_text()


def test_the_page_for_providers_names_every_protocol_and_option() -> None:
    for name, entry in PROTOCOLS.items():
        assert f"| `{name}` |" in PAGE
        assert {option for option in entry.rules if f"`{option}`" not in PAGE} == set()


def test_the_mapping_on_the_page_is_the_one_the_reference_endpoint_speaks() -> None:
    block = PAGE.split("```json\n")[1].split("```")[0]
    assert json.loads(block) == {"mapping": reference_mapping}
    assert check("generic_json", json.loads(block))
