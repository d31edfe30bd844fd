"""The endpoint contract, end to end over real sockets: each client against servers it did not
make (a reference endpoint, an independent mock server, and the hostile answers of the shared
vectors). What comes back is a ``Reply`` or the right ``EndpointFailure``, nothing else."""

from __future__ import annotations

import gzip
import json
import os
import re
import socket
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.extraction import extract
from benchserver.core.prompting import prompt
from benchserver.core.task import PromptSpec, Shape
from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import (
    EndpointFailure,
    FailureKind,
    Generation,
    Reply,
    StopReason,
    Target,
)
from benchserver.engines.endpoints.reference_answers import Answer, AnswerBook, Persona
from benchserver.engines.endpoints.reference_server import Behaviour, ReferenceEndpoint
from benchserver.engines.endpoints.registry import client
from benchserver.engines.endpoints.transport import _STATUS_CODES, _UNKNOWN_CODES, Transport
from tests.engines.endpoints.hostile import (
    Authority,
    Behave,
    RawServer,
    drips,
    floods,
    http,
    sends,
)
from tests.listening import wait_until_listening
from tests.shared_data import ROOT, shared

KEY = "sk-the-secret-key"
REFUSED, INVALID, UNKNOWN = FailureKind.REFUSED, FailureKind.INVALID, FailureKind.UNKNOWN


def generation(text: str, *, deadline: float = 10.0) -> Generation:
    return Generation(
        prompt=text,
        max_tokens=2000,
        temperature="0.8",
        top_p="0.95",
        deadline_seconds=deadline,
        idempotency_key="unit-1",
    )


def local(host_port: str, *, ca_file: str = "") -> Transport:
    return Transport(policy=AddressPolicy(allow_local=frozenset({host_port})), ca_file=ca_file)


def send(
    transport: Transport,
    text: str,
    *,
    protocol: str = "openai_chat",
    stream: bool = False,
    scheme: str = "http",
    deadline: float = 10.0,
) -> Reply:
    """To the one host and port that ``transport`` may call."""
    # The mock server looks up the tokenizer of models it knows on the network, so: an unknown one.
    (host_port,) = transport.policy.allow_local
    target = Target(base_url=f"{scheme}://{host_port}/v1", model="replayed", api_key=KEY)
    asked = generation(text, deadline=deadline)
    return client(protocol, transport, {"stream": stream}).send(target, asked)


# --- against the reference endpoint ---------------------------------------------------------

BOOK = [
    Answer(
        statement=f"Return the number {i}, nothing else.",
        solution=f"def f():\n    return {i}\n",
        wrong=(f"def f():\n    return -{i}\n",),
    )
    for i in range(160)
]


def spec(statement: str) -> PromptSpec:
    return PromptSpec(
        shape=Shape.FUNCTION,
        language="python",
        statement=statement,
        prompt_code="",
        entry_point="f",
    )


@pytest.mark.parametrize("protocol", ["openai_chat", "openai_chat_completion_tokens"])
def test_a_model_of_known_skill_is_seen_with_exactly_that_skill(protocol: str) -> None:
    persona = Persona(skill=0.7, seed=5)
    with ReferenceEndpoint(AnswerBook(BOOK), Behaviour(persona=persona, api_key=KEY)) as server:
        transport = local(server.host_port)

        def solved(answer: Answer) -> bool:
            reply = send(transport, prompt(spec(answer.statement)), protocol=protocol)
            assert reply.stop_reason is StopReason.STOP
            assert reply.usage.reported
            result = extract(
                reply.text, language="python", prompt_code="", entry_point="f", shape=Shape.FUNCTION
            )
            return result.code == answer.solution

        with ThreadPoolExecutor(32) as pool:  # 32 exchanges at once
            seen = list(pool.map(solved, BOOK))
    assert seen == [persona.is_right(answer) for answer in BOOK]
    assert 0 < sum(seen) < len(BOOK)


@pytest.mark.parametrize(
    ("options", "kind", "code", "wait"),
    [
        ({"fail_rates": {429: 1.0}}, FailureKind.REFUSED, "rate_limited", 1.0),
        ({"fail_rates": {500: 1.0}}, FailureKind.REFUSED, "server_error", None),
        ({"fail_rates": {400: 1.0}}, FailureKind.REJECTED, "bad_request", None),
        ({"drop_rate": 1.0}, FailureKind.UNKNOWN, "cut", None),
        ({"latency": 5.0}, FailureKind.UNKNOWN, "timeout", None),
        ({"api_key": "another"}, FailureKind.REJECTED, "unauthorized", None),
    ],
)
def test_each_failure_of_the_reference_endpoint_is_classified(
    options: dict[str, Any], kind: FailureKind, code: str, wait: float | None
) -> None:
    behaviour = Behaviour(persona=Persona(skill=1.0), **options)
    with ReferenceEndpoint(AnswerBook(BOOK), behaviour) as server:
        transport = local(server.host_port)
        with pytest.raises(EndpointFailure) as failed:
            send(transport, "Return the number 1, nothing else.", deadline=0.5)
    assert (failed.value.kind, failed.value.code) == (kind, code)
    assert failed.value.retry_after == wait


# --- against a mock server of others --------------------------------------------------------


@dataclass(frozen=True)
class Recorded:
    task: dict[str, str]
    completion: str


@pytest.fixture(scope="module")
def recorded() -> list[Recorded]:
    """Sample 0 of each recorded task: 82 real completions."""
    with gzip.open(shared("humaneval/HumanEval.jsonl.gz"), "rt") as lines:
        tasks = {task["task_id"]: task for task in map(json.loads, lines)}
    rows = map(json.loads, shared("humaneval-codegen16b/samples.jsonl").read_text().splitlines())
    return [Recorded(tasks[r["task_id"]], r["completion"]) for r in rows if r["sample"] == 0]


def completion_spec(task: dict[str, str]) -> PromptSpec:
    return PromptSpec(
        shape=Shape.FUNCTION,
        language="python",
        statement=task["prompt"],
        prompt_code=task["prompt"],
        entry_point=task["entry_point"],
    )


@pytest.fixture(scope="module")
def mock_server(
    recorded: list[Recorded], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The mock server's host:port, answering each task's prompt with its recorded completion."""
    pytest.importorskip("mockllm")
    yaml = pytest.importorskip("yaml")
    # Streaming, it looks its answer up once more as if that were the question.
    table = {r.completion: r.completion for r in recorded}
    table |= {prompt(completion_spec(r.task)): r.completion for r in recorded}
    path = tmp_path_factory.mktemp("mock") / "responses.yml"
    path.write_text(yaml.safe_dump({"responses": table}))  # keys over 1,024 characters: no JSON
    os.utime(path, (1_000_000_000, 1_000_000_000))  # a fraction makes it read the file each time
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    line = [sys.executable, "-m", "uvicorn", "mockllm.server:app", "--host", "127.0.0.1"]
    process = subprocess.Popen(
        [*line, "--port", str(port)],
        env={**os.environ, "MOCKLLM_RESPONSES_FILE": str(path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until_listening(port, process)
        yield f"127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


@pytest.mark.parametrize(
    ("protocol", "stream"),
    [("openai_chat", False), ("openai_chat", True), ("anthropic_messages", False)],
)
def test_82_recorded_completions_come_back_as_prompt_plus_completion(
    mock_server: str, recorded: list[Recorded], protocol: str, stream: bool
) -> None:
    transport = local(mock_server)

    def replayed(record: Recorded) -> str:
        reply = send(
            transport, prompt(completion_spec(record.task)), protocol=protocol, stream=stream
        )
        return extract(
            reply.text,
            language="python",
            prompt_code=record.task["prompt"],
            entry_point=record.task["entry_point"],
            shape=Shape.FUNCTION,
        ).code

    with ThreadPoolExecutor(4) as pool:
        codes = list(pool.map(replayed, recorded))
    assert codes == [r.task["prompt"] + r.completion for r in recorded]
    assert len(codes) == 82


def test_a_stream_that_is_not_the_protocols_is_never_taken_for_an_answer(mock_server: str) -> None:
    """The mock server streams Anthropic's pieces in events of the wrong type and no end."""
    with pytest.raises(EndpointFailure) as failed:
        send(local(mock_server), "any", protocol="anthropic_messages", stream=True)
    assert (failed.value.kind, failed.value.code) == (UNKNOWN, "cut")


# --- hostile answers of the shared vectors --------------------------------------------------

JSON_HEAD = "Content-Type: application/json"
CHUNKED = f"HTTP/1.1 200 OK\r\n{JSON_HEAD}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()


def chat(content: str = "hi", *, headers: str = JSON_HEAD) -> bytes:
    choice = {"message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    return http(json.dumps({"choices": [choice]}).encode(), headers=headers)


def nested_gzip() -> bytes:
    body = gzip.compress(gzip.compress(gzip.compress(b"{}")))
    return http(body, headers=JSON_HEAD + "\r\nContent-Encoding: gzip, gzip, gzip")


@dataclass(frozen=True)
class Hostile:
    """How a case of the vectors is played, and what has to come back (no code: a reply)."""

    play: Callable[[], Behave]
    kind: FailureKind | None = None
    code: str = ""
    deadline: float = 10.0
    tls: str = ""


HOSTILE: dict[str, Hostile] = {
    "X02": Hostile(
        lambda: sends(http(b"", status="307 T", headers="Location: https://other.example.org/v1")),
        FailureKind.REJECTED,
        "redirect",
    ),
    "X04": Hostile(lambda: sends(chat()), FailureKind.NOT_SENT, "tls", tls="self-signed"),
    "X06": Hostile(lambda: sends(chat()), FailureKind.NOT_SENT, "tls", tls="expired"),
    "X08": Hostile(lambda: sends(chat(headers=JSON_HEAD + '\r\nAlt-Svc: h3="10.0.0.1:443"'))),
    "X10": Hostile(
        lambda: sends(
            http(gzip.compress(bytes(64 * 2**20)), headers=JSON_HEAD + "\r\nContent-Encoding: gzip")
        ),
        INVALID,
        "body_too_large",
    ),
    "X12": Hostile(lambda: sends(nested_gzip()), INVALID, "content_encoding"),
    "X14": Hostile(
        lambda: floods(CHUNKED, b"8000\r\n" + b" " * 0x8000 + b"\r\n"), INVALID, "body_too_large"
    ),
    "X16": Hostile(
        lambda: drips(b"HTTP/1.1 200 OK\r\nX: ", b"a", 0.2), UNKNOWN, "timeout", deadline=0.7
    ),
    "X18": Hostile(lambda: sends(http(b"not json")), INVALID, "bad_json"),
    "X20": Hostile(lambda: sends(http(b'{"choices": NaN}')), INVALID, "not_a_number"),
    "X22": Hostile(lambda: sends(chat("a\x00b")), INVALID, "forbidden_character"),
    "X24": Hostile(lambda: sends(http(b'{"choices": "\xff\xfe"}')), INVALID, "bad_encoding"),
    "X26": Hostile(
        lambda: sends(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"
        ),
        UNKNOWN,
        "bad_http",
    ),
    "X28": Hostile(
        lambda: sends(http(b"{}", status="429 W", headers="Retry-After: 999999999")),
        REFUSED,
        "rate_limited",
    ),
    "X30": Hostile(
        lambda: sends(http(b"<script>the task</script>", status="500 E", headers="X: 1")),
        REFUSED,
        "server_error",
    ),
}
CASES: list[dict[str, Any]] = (
    [
        c
        for c in json.loads((ROOT / "vectors/ssrf_cases.json").read_text())["cases"]
        if c["id"].startswith("X")
    ]
    if (ROOT / "vectors/ssrf_cases.json").exists()
    else []
)


def test_every_response_case_of_the_vectors_is_played() -> None:
    shared("vectors/ssrf_cases.json")
    assert {case["id"] for case in CASES} == set(HOSTILE)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_hostile_answer(case: dict[str, Any], tmp_path: Path) -> None:
    hostile, authority = HOSTILE[case["id"]], Authority(tmp_path)
    days = (-5, -1) if hostile.tls == "expired" else (-1, 1)
    context = (
        authority.server("localhost", days=days, self_signed=hostile.tls == "self-signed")
        if hostile.tls
        else None
    )
    with RawServer(hostile.play(), tls=context) as server:
        host = "localhost" if hostile.tls else "127.0.0.1"
        transport = local(f"{host}:{server.port}", ca_file=str(authority.ca_file))
        tracemalloc.start()
        outcome = _outcome(transport, hostile)
        grown = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert server.finished.wait(5.0)  # the connection is closed: the slot is free
        assert len(server.requests) <= case.get("max_requests", 1)
    assert grown < 16 * 2**20
    if hostile.kind is None:
        assert isinstance(outcome, Reply)
        assert case["expect"] == "allow"
        return
    assert isinstance(outcome, EndpointFailure)
    assert (outcome.kind, outcome.code) == (hostile.kind, hostile.code)
    assert outcome.retry_after in (None, 900.0)
    shown = str(outcome) + repr(outcome) + repr(outcome.__dict__)
    assert not any(word in shown for word in ("<script>", "the task", KEY))


def _outcome(transport: Transport, hostile: Hostile) -> Reply | EndpointFailure:
    scheme = "https" if hostile.tls else "http"
    try:
        return send(transport, "the task", scheme=scheme, deadline=hostile.deadline)
    except EndpointFailure as failed:
        return failed


def test_the_page_for_providers_names_every_failure_code() -> None:
    root = Path(__file__).parents[3]
    sources = sorted((root / "benchserver/engines/endpoints").glob("*.py"))
    text = "".join(path.read_text() for path in sources if not path.name.startswith("reference"))
    raised = r'(?:Stopped|NotStrict|_invalid)\(\s*"([a-z_0-9]+)"|FailureKind\.\w+, "([a-z_]+)"'
    codes = {first or second for first, second in re.findall(raised, text)}
    codes |= set(_STATUS_CODES.values()) | _UNKNOWN_CODES | {"server_error", "connect_timeout"}
    assert len(codes) >= 30
    page = (root / "docs/endpoints.md").read_text()
    assert {code for code in codes if f"`{code}`" not in page} == set()
