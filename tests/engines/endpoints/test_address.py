"""Which URL and which resolved address may be called: the shared cases, and classes beyond."""

from __future__ import annotations

import ipaddress
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchserver.engines.endpoints import address as address_module
from benchserver.engines.endpoints.address import (
    MAX_URL,
    Address,
    AddressPolicy,
    AddressRefused,
    Stage,
    is_public,
)
from tests.shared_data import ROOT, shared

VECTORS = ROOT / "vectors/ssrf_cases.json"
CASES: list[dict[str, Any]] = (
    [c for c in json.loads(VECTORS.read_text())["cases"] if not c["id"].startswith("X")]
    if VECTORS.exists()
    else []
)
ORDER = [Stage.PARSE, Stage.POLICY, Stage.RESOLVE]


def policy_of(case: dict[str, Any]) -> AddressPolicy:
    listed = frozenset(case.get("dev_allow", ()))
    return AddressPolicy(allow_local=listed, production=case["mode"] == "prod")


def answers_of(case: dict[str, Any], host: str) -> list[str]:
    """What the fake resolver of the case says, aliases followed."""
    if host not in case.get("dns", {}):
        return [host]  # a literal needs no lookup
    answer = case["dns"][host][0]
    if isinstance(answer, str) and answer.startswith("CNAME "):
        return answers_of(case, answer.removeprefix("CNAME "))
    return list(answer)


def call(policy: AddressPolicy, url: str, answers: list[str] | None = None) -> Address:
    parsed = policy.parse(url)
    policy.admit(parsed, answers or ["93.184.215.14"])
    return parsed


def test_the_shared_cases_are_there() -> None:
    shared("vectors/ssrf_cases.json")
    assert len(CASES) == 67


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_shared_case(case: dict[str, Any]) -> None:
    policy = policy_of(case)

    def judged() -> tuple[str, ...]:
        parsed = policy.parse(case["url"])
        return policy.admit(parsed, answers_of(case, parsed.host))

    if case["expect"] == "allow":
        assert judged()
        return
    with pytest.raises(AddressRefused) as refused:
        judged()
    assert ORDER.index(refused.value.stage) <= ORDER.index(Stage(case["stage"]))
    assert case["url"] not in str(refused.value)


def test_the_tables_are_those_of_the_shared_policy() -> None:
    wanted = json.loads(shared("vectors/ssrf_cases.json").read_text())["policy"]
    ours = address_module
    assert [str(n) for n in ours._DENIED_V4] == wanted["deny_networks"]
    assert [str(n) for n in ours._DENIED_V6] == wanted["deny_networks_v6"]
    assert [str(ours._ALLOWED_V6)] == wanted["allow_networks_v6"]
    assert list(ours._DENIED_SUFFIXES) == wanted["deny_suffixes"]
    assert list(ours.PORTS) == wanted["ports"]
    assert (wanted["max_url"], wanted["max_addresses"]) == (ours.MAX_URL, ours.MAX_ADDRESSES)


# --- what the caller gets ------------------------------------------------------------------


def test_the_parsed_object_is_what_is_connected() -> None:
    parsed = AddressPolicy().parse("HTTPS://API.Example.com:8443/v1/?api-version=1")
    assert (parsed.scheme, parsed.host, parsed.port) == ("https", "api.example.com", 8443)
    below = parsed.below("/chat/completions")
    assert below.target == "/v1/chat/completions?api-version=1"
    assert below.below("/chat/completions") == below
    assert below.authority == "api.example.com:8443"
    assert AddressPolicy().parse("https://api.example.com").authority == "api.example.com"
    assert AddressPolicy().parse("https://api.example.com").target == "/"


def test_a_refusal_does_not_repeat_a_password() -> None:
    with pytest.raises(AddressRefused) as refused:
        AddressPolicy().parse("https://user:hunter2@api.example.com/")
    assert "hunter2" not in str(refused.value) + repr(refused.value)
    assert refused.value.mend


def test_this_service_itself_is_not_called() -> None:
    policy = AddressPolicy(
        own_hosts=frozenset({"bench.example.org"}), own_addresses=frozenset({"93.184.215.14"})
    )
    with pytest.raises(AddressRefused):
        policy.parse("https://bench.example.org/v1")
    with pytest.raises(AddressRefused):
        call(policy, "https://api.example.com/v1", ["93.184.215.14"])
    assert call(policy, "https://api.example.com/v1", ["93.184.215.15"])


def test_a_listed_local_host_is_exact_and_has_to_be_loopback() -> None:
    policy = AddressPolicy(allow_local=frozenset({"localhost:8009", "[::1]:8009", "10.0.0.1:80"}))
    assert call(policy, "http://localhost:8009/v1", ["127.0.0.1"]).local
    assert call(policy, "https://localhost:8009/v1", ["::1", "127.0.0.1"]).local
    assert call(policy, "http://[::1]:8009/v1", ["::1"]).local
    for url, answers in (
        ("http://localhost:8010/v1", ["127.0.0.1"]),
        ("http://localhost.:8009/v1", ["127.0.0.1"]),
        ("http://127.0.0.1:8009/v1", ["127.0.0.1"]),
        ("http://localhost:8009/v1", ["127.0.0.1", "10.0.0.1"]),
        ("http://localhost:8009/v1", ["93.184.215.14"]),
        ("http://10.0.0.1/", ["10.0.0.1"]),
    ):
        with pytest.raises(AddressRefused):
            call(policy, url, answers)


@pytest.mark.parametrize("answers", [[], ["93.184.215.1"] * 17, ["nonsense"], [""]])
def test_lookups_without_a_usable_answer_are_refused(answers: list[str]) -> None:
    parsed = AddressPolicy().parse("https://api.example.com/")
    with pytest.raises(AddressRefused) as refused:
        AddressPolicy().admit(parsed, answers)
    assert refused.value.stage is Stage.RESOLVE


# --- classes beyond the list ----------------------------------------------------------------

V4 = st.ip_addresses(v=4)
BAD_V4 = st.sampled_from(address_module._DENIED_V4).flatmap(
    lambda network: st.integers(0, network.num_addresses - 1).map(lambda i: network[i])
)


def spellings(ip: ipaddress.IPv4Address) -> list[str]:
    a, b, c, d = ip.packed
    number = int(ip)
    return [
        f"{a}.{b}.{c}.{d}",
        f"{number}",
        f"{number:#x}",
        f"0{number:o}",
        f"{a}.{b * 65536 + c * 256 + d}",
        f"{a}.{b}.{c * 256 + d}",
        f"{a:#x}.{b:#x}.{c:#x}.{d:#x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a}\u3002{b}\uff0e{c}\uff61{d}",
        f"{a}.{b}.{c}.{d}.",
        f"[::ffff:{a}.{b}.{c}.{d}]",
        f"[::{a}.{b}.{c}.{d}]",
        f"[64:ff9b::{a}.{b}.{c}.{d}]",
        f"{a}.{b}.{c}.{d}".translate({48 + i: 0xFF10 + i for i in range(10)}),
        "".join(f"%{ord(char):02x}" for char in f"{a}.{b}.{c}.{d}"),
    ]


@given(V4, st.integers(0, 14))
def test_no_spelling_of_an_ip_address_is_a_host(ip: ipaddress.IPv4Address, which: int) -> None:
    with pytest.raises(AddressRefused):
        AddressPolicy().parse(f"https://{spellings(ip)[which]}/v1")


@given(BAD_V4)
def test_no_address_of_a_denied_network_passes_in_any_wrapping(ip: ipaddress.IPv4Address) -> None:
    number = int(ip)
    assert not is_public(ip)
    for prefix in ("::ffff:0:0", "::", "64:ff9b::", "64:ff9b:1::", "::ffff:0:0:0", "fe80::"):
        assert not is_public(ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + number))
    six_to_four = (0x2002 << 112) | (number << 80) | 1
    teredo = (0x20010000 << 96) | (number ^ 0xFFFFFFFF)
    assert not is_public(ipaddress.IPv6Address(six_to_four))
    assert not is_public(ipaddress.IPv6Address(teredo))


@given(st.one_of(st.ip_addresses(v=4), st.ip_addresses(v=6)))
def test_what_the_standard_library_calls_private_never_passes(
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if is_public(ip):
        assert not any((ip.is_private, ip.is_loopback, ip.is_link_local, ip.is_multicast))


@given(BAD_V4, st.integers(0, 5), st.integers(0, 5))
def test_one_bad_answer_among_good_ones_refuses_the_call(
    bad: ipaddress.IPv4Address, before: int, after: int
) -> None:
    answers = ["93.184.215.14"] * before + [str(bad)] + ["2606:2800:220:1::10"] * after
    with pytest.raises(AddressRefused):
        call(AddressPolicy(), "https://api.example.com/", answers)


PIECES = st.sampled_from(
    [
        *("https://", "http://", "//", "api.example.com", "127.0.0.1", "localhost", "@", ":", "/"),
        *("\\", "#", "?", "%", "%2e%2e", "%0d%0a", "\t", " ", "\n", "[", "]", "::1", "443", "8443"),
        *("..", ".", "\u3002", "\u00df", "b\u00fccher", "xn--", "-", "_", "\x00", "\u200b", "a"),
    ]
)


@given(st.lists(PIECES, max_size=9).map("".join), st.booleans())
def test_whatever_passes_the_parser_is_a_plain_public_https_url(text: str, full: bool) -> None:
    url = f"https://{text}" if full else text
    try:
        parsed = AddressPolicy().parse(url)
    except AddressRefused:
        return
    assert parsed.scheme == "https"
    assert parsed.port in (443, 8443)
    assert all(label and not label.startswith("-") for label in parsed.host.split("."))
    assert set(parsed.host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.")
    assert not parsed.host.rsplit(".", 1)[-1].isdigit()
    assert all(0x21 <= ord(char) <= 0x7E for char in parsed.target)
    assert "\\" not in parsed.target
    assert "#" not in parsed.target


@given(st.text(max_size=60))
def test_any_text_is_parsed_or_refused_and_nothing_else(text: str) -> None:
    for url in (text, f"https://{text}", f"https://api.example.com/{text}"):
        try:
            parsed = AddressPolicy().parse(url)
        except AddressRefused:
            continue
        assert (parsed.scheme, parsed.port in (443, 8443)) == ("https", True)
        assert re.fullmatch(r"[a-z0-9.-]+\.[a-z][a-z0-9-]*", parsed.host)
        assert re.fullmatch(r"/[\x21-\x7e]*", parsed.target)


def test_a_url_that_is_too_long_is_refused() -> None:
    stem = "https://api.example.com/"
    assert AddressPolicy().parse(stem + "a" * (MAX_URL - len(stem)))
    with pytest.raises(AddressRefused):
        AddressPolicy().parse(stem + "a" * (MAX_URL - len(stem) + 1))
