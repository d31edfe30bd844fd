"""Every fault an endpoint may have is named at admission, with its cause and its mend.

Real transport, real sockets, a server of ours that is honest but for that one fault. Faults that
show only later, in a run, are in ``tests/evaluations/test_endpoint_faults.py``.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.admission import probes
from benchserver.engines.endpoints.admission.findings import Finding, Level
from benchserver.engines.endpoints.admission.listening import ListeningTransport
from benchserver.engines.endpoints.admission.probing import (
    Board,
    Circumstances,
    Heard,
    Probing,
)
from benchserver.engines.endpoints.admission.run import CHECKS, admit, passed
from benchserver.engines.endpoints.base import Target
from benchserver.engines.endpoints.pinned import TransportLimits
from benchserver.engines.endpoints.registry import client
from tests.engines.endpoints.admission.rogue import Ask, Fault, Rogue, Said, honest, slowly
from tests.engines.endpoints.hostile import Authority, RawServer, http, sends

KEY = "sk-the-secret-key"
FAULT, WARNING, OK = Level.FAULT, Level.WARNING, Level.OK
BOARD = Board(name="python", attempts=240, prompt_tokens=300, max_tokens=2048)
USUAL = Circumstances(
    max_tokens=2048,
    deadline_seconds=20.0,
    max_concurrency=4,
    price_in=3_000_000,
    price_out=15_000_000,
    boards=(BOARD,),
)


def visit(
    url: str,
    *,
    given: Circumstances = USUAL,
    seconds: float = 20.0,
    key: str = KEY,
    local: str = "",
    **transport: Any,
) -> tuple[list[Finding], Probing]:
    heard = Heard()
    policy = AddressPolicy(allow_local=frozenset((local or url.split("/")[2],)))
    listening = ListeningTransport(heard=heard, policy=policy, **transport)
    probing = Probing(
        client("openai_chat", listening),
        Target(base_url=url, model="the-model", api_key=key),
        given,
        key_of=lambda n: f"probe-{n}",
        heard=heard,
        seconds=seconds,
        streaming=client("openai_chat", listening, {"stream": True}),
    )
    return list(admit(probing)), probing


def visit_rogue(fault: Fault, **options: Any) -> list[Finding]:
    with Rogue(fault) as server:
        return visit(f"http://127.0.0.1:{server.port}/v1", **options)[0]


def always(said: Said) -> Fault:
    return lambda _: said


def to(prompt: str, change: Callable[[Said], Said]) -> Fault:
    """Another answer to one probe only."""
    return lambda ask: change(honest(ask)) if ask.prompt == prompt else None


def everywhere(**changes: Any) -> Fault:
    return lambda ask: replace(honest(ask), **changes)


def refuses_sampling(ask: Ask) -> Said | None:
    return Said(status=400) if "temperature" in ask.body else None


def small_window(ask: Ask) -> Said | None:
    return Said(status=400) if len(ask.prompt) > 4_000 else None


def cuts_prompts(ask: Ask) -> Said | None:
    if len(ask.prompt) < 4_000:
        return None
    return Said(text="which word?", usage={"prompt_tokens": 200, "completion_tokens": 3})


def small_output(ask: Ask) -> Said | None:
    return Said(status=400) if ask.body["max_tokens"] > 1_000 else None


def no_streams(ask: Ask) -> Said | None:
    return Said(status=400) if ask.body.get("stream") else None


def empty_streams(ask: Ask) -> Said | None:
    return Said(text="") if ask.body.get("stream") else None


def varies(ask: Ask) -> Said | None:
    return Said(text=f"spring {ask.number}") if ask.prompt == probes.STEADY else None


def two_at_a_time(ask: Ask) -> Said | None:
    slowly(0.05)(ask)
    return Said(status=429, headers={"Retry-After": "0"}) if ask.flying > 2 else None


def mixes_up(ask: Ask) -> Said | None:
    return Said(text=probes.token(0)) if ask.prompt == probes.numbered(1) else None


def one_in_four_fails(ask: Ask) -> Said | None:
    return Said(status=500) if ask.number % 4 == 1 else None


def two_models(ask: Ask) -> Said | None:
    return replace(honest(ask), model=f"the-model-{ask.number % 2}")


def slow_writer(ask: Ask) -> Said | None:
    if ask.prompt != probes.CODE:
        return None
    slowly(0.3)(ask)
    return replace(honest(ask), usage={"prompt_tokens": 30, "completion_tokens": 64})


THINKING = Said(text="", finish="length")
ROUNDABOUT = {"Location": "https://elsewhere.example/v1"}
PAGE = {"Content-Type": "text/html"}
TOLD = {"x-ratelimit-limit-requests": "60", "x-ratelimit-limit-tokens": "9000"}
TOLD_TOO = {"anthropic-ratelimit-requests-limit": "50"}
LONG = "number one, " * 400

# what is wrong -> the check that finds it, the code, how grave it is
FAULTS: dict[str, tuple[Fault, str, str, Level]] = {
    "the key is wrong": (always(Said(status=401)), "key", "unauthorized", FAULT),
    "the key may not use the model": (always(Said(status=403)), "key", "forbidden", FAULT),
    "the account has no credit": (always(Said(status=402)), "key", "payment_required", FAULT),
    "the path or model is unknown": (always(Said(status=404)), "answer", "not_found", FAULT),
    "the request is not understood": (always(Said(status=422)), "settings", "bad_request", FAULT),
    "sampling settings are refused": (refuses_sampling, "settings", "sampling_refused", FAULT),
    "the output limit is refused": (small_output, "settings", "output_size_refused", FAULT),
    "it redirects": (
        always(Said(status=307, headers=ROUNDABOUT)), "answer", "redirect", FAULT),
    "it always says 429": (
        always(Said(status=429, headers={"Retry-After": "0"})), "answer", "rate_limited", FAULT),
    "it is always overloaded": (
        always(Said(status=503, headers={"Retry-After": "0"})), "answer", "overloaded", FAULT),
    "it crashes inside": (
        always(Said(status=500, headers={"Retry-After": "0"})), "answer", "server_error", FAULT),
    "it queues instead of answering": (
        always(Said(status=202)), "answer", "unexpected_status", FAULT),
    "it shows a web page": (
        always(Said(raw=b"<html>", headers=PAGE)), "answer", "content_type", FAULT),
    "its JSON is broken": (always(Said(raw=b'{"choices": [')), "answer", "bad_json", FAULT),
    "its JSON names a key twice": (
        always(Said(raw=b'{"a": 1, "a": 2}')), "answer", "duplicate_key", FAULT),
    "its text is not UTF-8": (always(Said(raw=b'{"a": "\xff"}')), "answer", "bad_encoding", FAULT),
    "it speaks another protocol": (
        always(Said(payload={"content": [{"text": "ready"}]})), "answer", "bad_shape", FAULT),
    "it hides errors in a 200": (
        always(Said(payload={"error": {"message": "no model"}})), "answer", "error_in_200", FAULT),
    "its answers are empty": (always(Said(text="")), "answer", "empty_answer", FAULT),
    "it only thinks": (always(THINKING), "answer", "only_thinking", FAULT),
    "a filter refuses everything": (
        always(Said(text="", finish="content_filter")), "answer", "refuses_everything", FAULT),
    "its answers never end": (
        always(Said(text="x" * 300_000)), "answer", "text_too_long", FAULT),
    "it sends the question back": (
        lambda ask: Said(text=ask.prompt), "code", "echo", FAULT),
    "answers get mixed up": (mixes_up, "ramp", "answers_mixed", FAULT),
    "its window is too small": (small_window, "size", "context_too_small", FAULT),
    "it cuts long prompts in silence": (cuts_prompts, "size", "prompt_cut", WARNING),
    "it never stops by itself": (
        to(probes.SHORT, lambda s: replace(s, finish="length")), "stop", "never_stops", WARNING),
    "it talks on and on": (
        to(probes.SHORT, lambda s: replace(s, text=LONG)), "stop", "talkative", WARNING),
    "it does not say why it stopped": (
        everywhere(finish=None), "stop", "no_stop_reason", WARNING),
    "it cannot stream": (no_streams, "stream", "no_stream", WARNING),
    "its streams are empty": (empty_streams, "stream", "empty_stream", WARNING),
    "it ignores the output limit": (
        to(probes.COUNT, lambda s: replace(s, text=LONG)), "limit", "limit_ignored", WARNING),
    "it does not say that it was cut": (
        to(probes.COUNT, lambda s: replace(s, finish="stop")), "limit", "cut_not_told", WARNING),
    "it answers another model": (everywhere(model="a-cheap-one"), "model", "other_model", WARNING),
    "a router changes the model": (two_models, "model", "several_models", WARNING),
    "it does not count tokens": (everywhere(usage=None), "usage", "usage_missing", WARNING),
    "it counts too few tokens": (
        everywhere(usage={"prompt_tokens": 1, "completion_tokens": 0}),
        "usage", "usage_too_low", WARNING),
    "it writes no code": (
        to(probes.CODE, lambda s: replace(s, text="I am a weather model.")),
        "code", "no_code", WARNING),
    "it carries fewer calls": (two_at_a_time, "ramp", "fewer_calls", WARNING),
    "its rate is limited": (everywhere(headers=TOLD), "limits", "rate_above_limit", WARNING),
    "its rate is limited, told otherwise": (
        everywhere(headers=TOLD_TOO), "limits", "rate_above_limit", WARNING),
    "it fails now and then": (one_in_four_fails, "steadiness", "unsteady", WARNING),
    "it writes too slowly": (slow_writer, "latency", "slow_for_deadline", WARNING),
}  # fmt: skip


@pytest.mark.parametrize("wrong", FAULTS)
def test_the_fault_is_named_with_its_cause_and_its_mend(wrong: str) -> None:
    fault, check, code, level = FAULTS[wrong]
    given = replace(USUAL, deadline_seconds=5.0) if check == "latency" else USUAL
    findings = visit_rogue(fault, given=given)
    found = {f.check: f for f in findings}
    assert (found[check].code, found[check].level) == (code, level)
    assert all((found[check].says, found[check].cause, found[check].mend))
    assert passed(findings) is (level is not FAULT)
    assert KEY not in repr([f.to_json() for f in findings])


def test_an_honest_endpoint_is_admitted_without_a_warning() -> None:
    findings = visit_rogue(lambda _: None, given=replace(USUAL, deadline_seconds=300))
    assert [f.check for f in findings] == [check.name for check in CHECKS]
    assert {f.level for f in findings} == {OK}, [f for f in findings if f.level is not OK]
    assert passed(findings)


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_nothing_listens() -> None:
    findings, _ = visit(f"http://127.0.0.1:{closed_port()}/v1")
    assert [f.code for f in findings] == ["local", "unreachable"]
    assert (findings[-1].check, findings[-1].level) == ("connection", FAULT)


def test_a_certificate_for_another_name_is_found_before_the_key_is_sent(tmp_path: Any) -> None:
    authority = Authority(tmp_path)
    with RawServer(sends(http(b"{}")), tls=authority.server("other.test")) as server:
        url = f"https://localhost:{server.port}/v1"
        findings, _ = visit(url, ca_file=str(authority.ca_file))
        assert (findings[-1].check, findings[-1].code) == ("tls", "tls")
        assert server.requests == []


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://api.example.com/v1", "address_refused"),
        ("https://127.0.0.1/v1", "address_refused"),
        ("https://inside.example.com/v1", "address_refused"),
        ("https://nowhere.example.com/v1", "name_not_found"),
    ],
)
def test_an_address_that_may_not_be_called_is_found_without_a_connection(
    url: str, code: str
) -> None:
    def resolver(host: str, port: int) -> list[str]:
        if host.startswith("inside"):
            return ["10.0.0.1"]
        raise OSError

    findings, probing = visit(url, local="127.0.0.1:1", resolver=resolver)
    assert [(f.check, f.code) for f in findings] == [("address", code)]
    assert probing.replies == []


def test_a_silent_endpoint_ends_the_visit_in_time() -> None:
    with ExitStack() as stack:
        server = stack.enter_context(Rogue(slowly(3.0)))
        findings, _ = visit(f"http://127.0.0.1:{server.port}/v1", seconds=0.5)
    assert findings[-1].code in ("timeout", "no_time")
    assert not passed(findings)


def test_a_cut_connection_is_asked_again_and_told() -> None:
    findings = visit_rogue(lambda ask: Said(cut=True) if ask.number in (0, 4) else None)
    assert passed(findings)
    assert {f.check: f for f in findings}["steadiness"].figures["again"] == 2


def test_a_visit_never_asks_more_at_a_time_than_the_provider_allows() -> None:
    with Rogue(slowly(0.02)) as server:
        visit(f"http://127.0.0.1:{server.port}/v1", given=replace(USUAL, max_concurrency=3))
        assert server.most_flying <= 3
    with Rogue(slowly(0.02)) as server:
        visit(f"http://127.0.0.1:{server.port}/v1", given=replace(USUAL, ramp=False))
        assert server.most_flying == 1


def test_who_fails_now_and_then_is_not_taken_for_slow_or_unable_to_stream() -> None:
    findings = visit_rogue(lambda ask: Said(status=500) if ask.number % 5 == 3 else None)
    found = {f.check: f.code for f in findings}
    assert (found["stream"], found["ramp"]) == ("ok", "ok")
    assert found["steadiness"] == "unsteady"


def test_every_request_carries_a_key_that_can_be_found_again() -> None:
    with Rogue() as server:
        _, probing = visit(f"http://127.0.0.1:{server.port}/v1")
        assert {ask.key for ask in server.asks} == {f"probe-{n}" for n in range(probing.requests)}


def test_only_the_public_questions_are_asked() -> None:
    with Rogue() as server:
        visit(f"http://127.0.0.1:{server.port}/v1")
        asked = {ask.prompt for ask in server.asks}
    public = {probes.HELLO, probes.SHORT, probes.COUNT, probes.STEADY, probes.CODE}
    numbered = {probes.numbered(n) for n in range(4)}
    assert asked == public | numbered | {probes.long_text()}


def test_a_slow_rate_is_kept_and_what_was_not_asked_is_said() -> None:
    with Rogue() as server:
        given = replace(USUAL, max_rps=0.5)
        findings, _ = visit(f"http://127.0.0.1:{server.port}/v1", given=given, seconds=0.4)
        assert len(server.asks) == 1
    assert {f.code for f in findings if f.level is WARNING} == {"no_time"}


def test_proposals_come_from_headers_and_ramp() -> None:
    found = {f.check: f for f in visit_rogue(everywhere(headers=TOLD))}
    assert found["limits"].figures["max_rps"] == 0.9  # 60 a minute, a tenth left to others
    assert found["ramp"].figures["max_concurrency"] == 4


def test_a_header_that_holds_no_number_says_nothing() -> None:
    findings = visit_rogue(
        everywhere(headers={"x-ratelimit-limit-requests": "many"}),
        limits=TransportLimits(total_seconds=20.0),
    )
    assert {f.check: f for f in findings}["limits"].code == "not_told"


def test_the_estimate_is_attempts_times_tokens_times_price() -> None:
    cost = {f.check: f for f in visit_rogue(lambda _: None)}["cost"].figures
    # 300 tokens in at 3 USD and 96 out (the cut count of the limit probe is the longest answer)
    longest = 24
    assert cost["python: micro-USD"] == 240 * (300 * 3 + longest * 15)
    assert cost["python: micro-USD at most"] == 240 * (300 * 3 + 2048 * 15)
