"""Our clients against a server of others that speaks four of the protocols, echoes what it is
asked, and fails when it is told to."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchserver.engines.endpoints.address import AddressPolicy
from benchserver.engines.endpoints.base import (
    EndpointFailure,
    FailureKind,
    Reply,
    StopReason,
    Target,
)
from benchserver.engines.endpoints.registry import client
from benchserver.engines.endpoints.transport import Transport
from tests.engines.endpoints.played import TOOL, generation
from tests.listening import wait_until_listening

ASKED = "Return the number 1, nothing else. \u00fc \U0001f600"
_SPEAKS = {
    "openai_chat": ("openai", "llm-katan-openai-key", "/v1"),
    "anthropic_messages": ("anthropic", "llm-katan-anthropic-key", "/v1"),
    "azure_openai": ("azure_openai", "llm-katan-azure-key", ""),
    "gemini": ("vertexai", "llm-katan-vertexai-key", "/v1beta"),
}
protocols = pytest.mark.parametrize("protocol", list(_SPEAKS))
streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@contextmanager
def katan(folder: Path, *options: str) -> Iterator[int]:
    """The server of others, echoing, with all four protocols; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        found: int = probe.getsockname()[1]
    keys = ",".join(f"{name}={key}" for name, key, _ in _SPEAKS.values())
    line = [
        *(sys.executable, "-c", "from llm_katan.cli import main; main()"),
        *("--model", "echo", "--backend", "echo", "--host", "127.0.0.1", "--port", str(found)),
        *("--providers", ",".join(name for name, _, _ in _SPEAKS.values())),
        *("--validate-keys", "--api-keys", keys, "--stats-file", str(folder / "stats.json")),
        *options,
    ]
    process = subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until_listening(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with katan(tmp_path_factory.mktemp("katan")) as found:
        yield found


def send(port: int, protocol: str, stream: bool, *, key: str = "", tools: bool = False) -> Reply:
    _, right, path = _SPEAKS[protocol]
    policy = AddressPolicy(allow_local=frozenset({f"127.0.0.1:{port}"}))
    options = {"auth": "bearer"} if protocol == "gemini" else {}  # it knows no other header
    speaking = client(protocol, Transport(policy=policy), {**options, "stream": stream})
    base = f"http://127.0.0.1:{port}{path}"
    target = Target(base_url=base, model="m", api_key=key or right)
    return speaking.send(target, generation(ASKED, tools=(TOOL,) if tools else ()))


@protocols
@streamed
def test_the_question_arrives_and_its_echo_comes_back(
    port: int, protocol: str, stream: bool
) -> None:
    reply = send(port, protocol, stream)
    assert ASKED in reply.text
    assert reply.stop_reason is StopReason.STOP
    assert reply.reported_model
    assert reply.usage.tokens_out > 0


@protocols
@streamed
def test_a_wrong_key_is_rejected(port: int, protocol: str, stream: bool) -> None:
    with pytest.raises(EndpointFailure) as failed:
        send(port, protocol, stream, key="wrong")
    assert (failed.value.kind, failed.value.code) == (FailureKind.REJECTED, "unauthorized")


@protocols
def test_a_tool_that_is_offered_is_called(port: int, protocol: str) -> None:
    reply = send(port, protocol, False, tools=True)
    assert [call.name for call in reply.tool_calls] == ["run"]
    assert reply.stop_reason is StopReason.TOOL_CALLS


@pytest.mark.parametrize(
    ("option", "code"),
    [
        (("--error-rate", "1"), "server_error"),
        (("--rate-limit-after", "1"), "rate_limited"),
        (("--timeout-after", "1"), "server_error"),
    ],
    ids=["500", "429", "504"],
)
def test_its_failures_are_refusals_in_every_protocol(
    option: tuple[str, str], code: str, tmp_path: Path
) -> None:
    with katan(tmp_path, *option) as failing:
        if "after" in option[0]:
            send(failing, "openai_chat", False)  # the one that it still answers
        for protocol in _SPEAKS:
            for stream in (False, True):
                with pytest.raises(EndpointFailure) as failed:
                    send(failing, protocol, stream)
                assert (failed.value.kind, failed.value.code) == (FailureKind.REFUSED, code)
