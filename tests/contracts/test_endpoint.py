"""The endpoint contract: each client against the reference endpoint of its protocol, whole and
streamed, over real sockets. What comes back is the same reply in every protocol, or the same
failure; nothing else, and never half an answer as a whole one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.extraction import extract
from benchserver.core.prompting import prompt
from benchserver.core.task import PromptSpec, Shape
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import (
    EndpointClient,
    EndpointFailure,
    FailureKind,
    Reply,
    StopReason,
    Target,
)
from benchserver.engines.endpoints.reference.generic_json import MAPPING
from benchserver.engines.endpoints.reference_answers import Answer, AnswerBook, Persona
from benchserver.engines.endpoints.reference_server import FAULTS, Behaviour, ReferenceEndpoint
from benchserver.engines.endpoints.registry import PROTOCOLS, client
from benchserver.engines.endpoints.transport import Transport
from tests.engines.endpoints.played import TOOL, generation

KEY = "sk-the-secret-key"
OPTIONS: dict[str, dict[str, Any]] = {"generic_json": {"mapping": MAPPING}}
WAYS = [(name, stream) for name in PROTOCOLS for stream in (False, True)]
ways = pytest.mark.parametrize(
    ("protocol", "stream"), WAYS, ids=[f"{n}{'-streamed' * s}" for n, s in WAYS]
)
# The second name of a dialect needs no second look at what is the same in both.
DISTINCT = [(name, stream) for name, stream in WAYS if name != "openai_chat_completion_tokens"]
distinct = pytest.mark.parametrize(
    ("protocol", "stream"), DISTINCT, ids=[f"{n}{'-streamed' * s}" for n, s in DISTINCT]
)
BOOK = [
    Answer(
        statement=f"Return the number {i}, nothing else.",
        solution=f"def f():\n    return {i}  # schön \U0001f600\n",
        wrong=(f"def f():\n    return -{i}\n",),
    )
    for i in range(60)
]


def statement(number: int = 1) -> str:
    return f"Return the number {number}, nothing else."


class Pair:
    """A reference endpoint and the client that was told to call it."""

    def __init__(self, protocol: str, stream: bool, **behaviour: Any):
        self.persona = behaviour.pop("persona", Persona(skill=1.0, seed=5))
        self.options = {**OPTIONS.get(protocol, {}), **behaviour.pop("options", {})}
        settings = Behaviour(persona=self.persona, api_key=KEY, **behaviour)
        self.server = ReferenceEndpoint(AnswerBook(BOOK), settings, protocol=protocol)
        policy = AddressPolicy(allow_local=frozenset({self.server.host_port}))
        given = {**self.options, "stream": stream}
        self.client: EndpointClient = client(protocol, Transport(policy=policy), given)

    def __enter__(self) -> Pair:
        self.server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.close()

    def send(self, text: str = "", *, key: str = KEY, **fields: Any) -> Reply:
        target = Target(base_url=self.server.url, model="model-1", api_key=key)
        settings = {"max_tokens": 2000, **fields}
        return self.client.send(target, generation(text or statement(), **settings))

    def failure(self, **fields: Any) -> EndpointFailure:
        with pytest.raises(EndpointFailure) as failed:
            self.send(**fields)
        shown = str(failed.value) + repr(failed.value.__dict__)
        assert KEY not in shown
        assert "Return the number" not in shown
        return failed.value


@ways
def test_a_model_of_known_skill_is_seen_with_exactly_that_skill(
    protocol: str, stream: bool
) -> None:
    with Pair(protocol, stream, persona=Persona(skill=0.7, seed=5)) as pair:

        def solved(answer: Answer) -> bool:
            spec = PromptSpec(
                shape=Shape.FUNCTION,
                language="python",
                statement=answer.statement,
                prompt_code="",
                entry_point="f",
            )
            reply = pair.send(prompt(spec))
            assert reply.stop_reason is StopReason.STOP
            assert reply.usage.reported
            assert reply.reported_model == "model-1"
            found = extract(
                reply.text, language="python", prompt_code="", entry_point="f", shape=Shape.FUNCTION
            )
            return found.code == answer.solution

        with ThreadPoolExecutor(16) as pool:
            seen = list(pool.map(solved, BOOK))
    assert seen == [pair.persona.is_right(answer) for answer in BOOK]
    assert 0 < sum(seen) < len(BOOK)


@distinct
def test_a_limit_a_refusal_and_an_unsaid_end_are_told_apart(protocol: str, stream: bool) -> None:
    with Pair(protocol, stream) as pair:
        short = pair.send(max_tokens=2)
        assert (len(short.text), short.stop_reason) == (8, StopReason.LENGTH)
    with Pair(protocol, stream, faults={"truncated": 1.0}) as pair:
        assert pair.send().stop_reason is StopReason.LENGTH
    with Pair(protocol, stream, faults={"refusal": 1.0}) as pair:
        refused = pair.send()
        assert refused.stop_reason is StopReason.REFUSAL
        assert refused.text == "I will not help with that."
    with Pair(protocol, stream, faults={"empty": 1.0}) as pair:
        assert (pair.send().text, pair.send().stop_reason) == ("", StopReason.STOP)


@distinct
def test_a_filter_before_the_model_is_a_refusal_where_the_protocol_says_so(
    protocol: str, stream: bool
) -> None:
    with Pair(protocol, stream, faults={"filter": 1.0}) as pair:
        if "openai" in protocol:
            refused = pair.send()
            assert (refused.text, refused.stop_reason) == ("", StopReason.REFUSAL)
        else:
            assert pair.failure().code == "bad_request"


@distinct
def test_an_end_without_a_reason_is_other_and_in_a_stream_a_cut(
    protocol: str, stream: bool
) -> None:
    """Only where the protocol has an end of its own beside the reason is it a whole reply."""
    with Pair(protocol, stream, faults={"no_stop": 1.0}) as pair:
        if stream and protocol not in ("openai_responses", "anthropic_messages"):
            assert pair.failure().code == "cut"
        else:
            assert pair.send().stop_reason is StopReason.OTHER


@distinct
def test_thoughts_are_no_part_of_the_answer_and_their_tokens_are_counted(
    protocol: str, stream: bool
) -> None:
    with Pair(protocol, stream, thinking=40) as pair:
        reply = pair.send()
        assert "so, so" not in reply.text
        assert "return 1" in reply.text
        told = protocol != "anthropic_messages"  # does not tell them apart
        assert reply.usage.reasoning_out == (40 if told else 0)
        assert reply.usage.tokens_out > 40
        used_up = pair.send(max_tokens=30)
        assert (used_up.text, used_up.stop_reason) == ("", StopReason.LENGTH)


@distinct
def test_without_counts_tokens_are_estimated_and_marked(protocol: str, stream: bool) -> None:
    with Pair(protocol, stream, faults={"no_usage": 1.0}) as pair:
        usage = pair.send().usage
    assert not usage.reported
    assert usage.tokens_in == len(statement()) // 4 + 1
    assert usage.tokens_out > 0


@distinct
def test_a_tool_that_is_offered_is_called(protocol: str, stream: bool) -> None:
    if protocol == "generic_json":
        pytest.skip("a mapping offers no tools")
    with Pair(protocol, stream) as pair:
        reply = pair.send(tools=(TOOL,))
    assert (reply.text, reply.stop_reason) == ("", StopReason.TOOL_CALLS)
    (call,) = reply.tool_calls
    assert call.name == "run"
    assert "return 1" in json.loads(call.arguments)["answer"]
    assert "return 1" not in repr(reply) + repr(call)


@distinct
@pytest.mark.parametrize(
    ("behaviour", "kind", "code", "wait"),
    [
        ({"fail_rates": {429: 1.0}}, FailureKind.REFUSED, "rate_limited", 1.0),
        ({"fail_rates": {429: 1.0}, "retry_after": "7.5"}, FailureKind.REFUSED, None, 7.5),
        ({"fail_rates": {503: 1.0}, "retry_after": ""}, FailureKind.REFUSED, "overloaded", None),
        ({"fail_rates": {500: 1.0}}, FailureKind.REFUSED, "server_error", None),
        ({"fail_rates": {400: 1.0}}, FailureKind.REJECTED, "bad_request", None),
        ({"drop_rate": 1.0}, FailureKind.UNKNOWN, "cut", None),
        ({"faults": {"cut": 1.0}}, FailureKind.UNKNOWN, "cut", None),
        ({"faults": {"stall": 1.0}}, FailureKind.UNKNOWN, "timeout", None),
        ({"faults": {"error_200": 1.0}}, FailureKind.REFUSED, "server_error", None),
        ({"faults": {"garbage": 1.0}}, FailureKind.INVALID, "bad_json", None),
        ({"faults": {"html": 1.0}}, FailureKind.INVALID, "content_type", None),
        ({"faults": {"redirect": 1.0}}, FailureKind.REJECTED, "redirect", None),
        ({"faults": {"long_wait": 1.0}}, FailureKind.REFUSED, "rate_limited", 900.0),
        ({"latency": 5.0}, FailureKind.UNKNOWN, "timeout", None),
    ],
    ids=lambda value: next(iter(value.values())) if isinstance(value, dict) else "",
)
def test_each_failure_is_classified_alike_in_every_protocol(
    protocol: str,
    stream: bool,
    behaviour: dict[str, Any],
    kind: FailureKind,
    code: str | None,
    wait: float | None,
) -> None:
    slow = "latency" in behaviour or "stall" in behaviour.get("faults", {})
    with Pair(protocol, stream, **behaviour) as pair:
        failure = pair.failure(deadline_seconds=0.3 if slow else 10.0)
    assert failure.kind is kind
    assert failure.code == (code or failure.code)
    assert failure.retry_after == wait
    assert failure.seconds > 0


@distinct
def test_a_wrong_key_is_rejected(protocol: str, stream: bool) -> None:
    with Pair(protocol, stream) as pair:
        assert pair.failure(key="sk-another").code == "unauthorized"
        assert pair.failure(key="").code == "unauthorized"


@pytest.mark.parametrize(
    ("protocol", "options"),
    [
        ("anthropic_messages", {"auth": "bearer", "version": "2023-01-01"}),
        ("gemini", {"auth": "bearer"}),
        ("azure_openai", {"auth": "bearer", "deployment": "d-1", "api_version": "2025-01-01"}),
        ("generic_json", {"auth": "x-api-key"}),
        ("openai_chat", {"stream_usage": False}),
    ],
)
def test_options_change_how_it_is_asked(protocol: str, options: dict[str, Any]) -> None:
    for stream in (False, True):
        with Pair(protocol, stream, options=options) as pair:
            reply = pair.send()
            assert "return 1" in reply.text
            assert reply.reported_model == options.get("deployment", "model-1")


def test_every_request_is_logged_with_its_way_and_its_fate(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with Pair("gemini", True, log=log, faults={"refusal": 1.0}) as pair:
        pair.send()
        pair.failure(key="no")
    first, second = (json.loads(line) for line in log.read_text().splitlines())
    assert (first["protocol"], first["stream"], first["fault"]) == ("gemini", True, "refusal")
    assert (first["status"], second["status"]) == (200, 401)
    assert first["idempotency_key"] == "unit-7"


def test_every_fault_is_tried_above() -> None:
    text = Path(__file__).read_text()
    assert {name for name in FAULTS if f'"{name}": 1.0' not in text} == set()
    with Pair("openai_chat", False, faults={"other_model": 1.0}) as pair:
        assert pair.send().reported_model == "another-model"
