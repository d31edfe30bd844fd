"""A provider may add a few harmless headers, and none that changes the request."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.headers import EXTRA_HEADERS, SENDABLE_HEADERS, checked_extra
from benchserver.engines.endpoints.transport import Transport
from tests.engines.endpoints.hostile import RawServer, http, sends


def test_headers_from_the_list_are_sent_as_they_are() -> None:
    extra = checked_extra({"OpenAI-Project": "proj 1", "anthropic-beta": "a,b"})
    assert extra == {"openai-project": "proj 1", "anthropic-beta": "a,b"}
    with RawServer(sends(http(b"{}"))) as server:
        policy = AddressPolicy(allow_local=frozenset({f"127.0.0.1:{server.port}"}))
        client = Transport(policy=policy)
        client.post_json(client.address(f"http://127.0.0.1:{server.port}/"), headers=extra, body={})
    assert b"openai-project: proj 1\r\n" in server.requests[0].lower()


@pytest.mark.parametrize(
    "headers",
    [
        {name: "1" for name in EXTRA_HEADERS},
        {"Host": "10.0.0.1"},
        {"Authorization": "Bearer other"},
        {"X-Forwarded-For": "10.0.0.1"},
        {"Transfer-Encoding": "chunked"},
        {"Cookie": "a=b"},
        {"x-title": "a\r\nX-Injected: 1"},
        {"x-title": "a\x00"},
        {"x-title": ""},
        {"x-title": " a"},
        {"x-title": "caf\u00e9"},
        {"x-title": "a" * 201},
        {"x-title": "a", "X-Title": "b"},
        {"x-title ": "a"},
    ],
)
def test_more_others_and_unprintable_ones_are_refused(headers: dict[str, str]) -> None:
    with pytest.raises(BadInput) as refused:
        checked_extra(headers)
    assert refused.value.place == "extra_headers"
    assert refused.value.mend
    assert "other" not in str(refused.value).replace("another", "")


@given(st.dictionaries(st.sampled_from([*EXTRA_HEADERS, "host", "te"]), st.text(max_size=20)))
def test_what_passes_is_short_listed_and_printable(headers: dict[str, str]) -> None:
    try:
        checked = checked_extra(headers)
    except BadInput:
        return
    assert len(checked) <= 5
    assert set(checked) <= set(EXTRA_HEADERS)
    assert all(0x20 <= ord(char) < 0x7F for value in checked.values() for char in value)


def test_no_header_of_ours_can_be_taken() -> None:
    ours = {"host", "user-agent", "accept", "accept-encoding", "content-type", "content-length"}
    assert not set(EXTRA_HEADERS) & (ours | SENDABLE_HEADERS)
