"""Our client against llama.cpp's own server, with a real (tiny, random) model behind it.

Where it was not built these are skipped with the line that builds it: ``deploy/peers/llama.sh``.
"""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
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
from tests.engines.endpoints.played import generation
from tests.listening import wait_until_listening

pytestmark = pytest.mark.soak
ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv" / "llama" / "bin" / "python"
KEY = "key-of-the-test"
streamed = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    if not PYTHON.exists():
        pytest.skip("llama.cpp's server is not built here: deploy/peers/llama.sh")
    model = tmp_path_factory.mktemp("llama") / "tiny.gguf"
    subprocess.run([PYTHON, Path(__file__).with_name("tiny_llama.py"), model], check=True)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        found: int = probe.getsockname()[1]
    line = [PYTHON, "-m", "llama_cpp.server", "--model", model, "--n_ctx", "2048"]
    where = ["--host", "127.0.0.1", "--port", str(found), "--api_key", KEY]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen([*map(str, line), *where], **quiet)  # type: ignore[call-overload]
    try:
        wait_until_listening(found, process)
        yield found
    finally:
        process.terminate()
        process.wait(10)


def send(
    port: int, *, stream: bool, text: str = "Return the number 1.", limit: int = 24, key: str = KEY
) -> Reply:
    policy = AddressPolicy(allow_local=frozenset({f"127.0.0.1:{port}"}))
    speaking = client("openai_chat", Transport(policy=policy), {"stream": stream})
    target = Target(base_url=f"http://127.0.0.1:{port}/v1", model="tiny", api_key=key)
    return speaking.send(target, replace(generation(text), max_tokens=limit, temperature="0"))


@streamed
def test_a_real_model_answers_the_same_each_time_and_says_that_it_was_cut(
    port: int, stream: bool
) -> None:
    first, second = (send(port, stream=stream) for _ in range(2))
    assert first.text
    assert first.text == second.text
    assert first.stop_reason is StopReason.LENGTH
    assert first.reported_model == "tiny"
    assert first.usage.tokens_out > 0


def test_a_stream_brings_the_text_of_the_whole_answer_and_tokens_are_counted(port: int) -> None:
    whole, pieces = send(port, stream=False), send(port, stream=True)
    assert pieces.text == whole.text
    assert whole.usage.reported
    assert whole.usage.tokens_out == 24
    assert whole.usage.tokens_in >= len("Return the number 1.")


@streamed
def test_a_wrong_key_is_rejected(port: int, stream: bool) -> None:
    with pytest.raises(EndpointFailure) as failed:
        send(port, stream=stream, key="wrong")
    assert (failed.value.kind, failed.value.code) == (FailureKind.REJECTED, "unauthorized")


@pytest.mark.parametrize(
    ("stream", "kind", "code"),
    [(False, FailureKind.REJECTED, "bad_request"), (True, FailureKind.UNKNOWN, "cut")],
    ids=["whole", "streamed"],
)
def test_a_prompt_beyond_its_context_is_no_answer(
    port: int, stream: bool, kind: FailureKind, code: str
) -> None:
    """Streaming, it begins with status 200 and closes: half an answer is none."""
    with pytest.raises(EndpointFailure) as failed:
        send(port, stream=stream, text="x" * 4000)
    assert (failed.value.kind, failed.value.code) == (kind, code)
