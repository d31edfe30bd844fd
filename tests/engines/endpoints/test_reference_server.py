"""The reference endpoint over real HTTP, and its command."""

from __future__ import annotations

import hashlib
import http.client
import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.reference_answers import Answer, AnswerBook, Persona
from benchserver.engines.endpoints.reference_server import (
    Behaviour,
    ReferenceEndpoint,
    fail_rates,
    fault_rates,
)

ROOT = Path(__file__).parents[3]
BOOK = AnswerBook([Answer(statement="Return 1.", solution="def f():\n    return 1\n")])
PROMPT = "Please do: Return 1. Thanks."


def endpoint(**options: Any) -> ReferenceEndpoint:
    return ReferenceEndpoint(BOOK, Behaviour(persona=Persona(skill=1.0), **options))


def body(prompt: Any = PROMPT, **fields: Any) -> str:
    return json.dumps({"model": "m", "messages": [{"role": "user", "content": prompt}], **fields})


class Client:
    """A plain HTTP client on one kept-alive connection."""

    def __init__(self, server: ReferenceEndpoint):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)

    def __call__(
        self, method: str, path: str, text: str | None = None, **headers: str
    ) -> tuple[int, Any]:
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, text, names)
        response = self.connection.getresponse()
        assert response.headers["Content-Type"] == "application/json"
        return response.status, json.loads(response.read())


def test_a_chat_completion_has_every_field_clients_read() -> None:
    with endpoint() as server:
        status, data = Client(server)("POST", "/v1/chat/completions", body())
    assert (status, data["object"], data["model"]) == (200, "chat.completion", "m")
    choice = data["choices"][0]
    assert "return 1" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"
    usage = data["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0


def test_one_connection_serves_health_models_and_errors() -> None:
    with endpoint() as server:
        client = Client(server)
        assert client("GET", "/health") == (200, {"status": "ok"})
        assert client("GET", "/v1/models")[1]["data"][0]["object"] == "model"
        for path, text, status in (
            ("/v1/other", body(), 404),
            ("/v1/chat/completions", "not json", 400),
            ("/v1/chat/completions", "[]", 400),
            ("/v1/chat/completions", '{"messages": []}', 400),
            ("/v1/chat/completions", body(5), 400),
        ):
            got, data = client("POST", path, text)
            assert (got, set(data)) == (status, {"error"})
        assert client("POST", "/v1/chat/completions", body([{"text": PROMPT}]))[0] == 200


def test_a_key_is_asked_for_when_one_is_set() -> None:
    with endpoint(api_key="sk-1") as server:
        client = Client(server)
        assert client("POST", "/v1/chat/completions", body())[0] == 401
        assert client("POST", "/v1/chat/completions", body(), Authorization="Bearer no")[0] == 401
        assert client("GET", "/v1/models")[0] == 401
        assert client("GET", "/health")[0] == 200
        good = client("POST", "/v1/chat/completions", body(), Authorization="Bearer sk-1")
        assert good[0] == 200


def test_the_output_limit_cuts_the_answer() -> None:
    with endpoint() as server:
        for field in ("max_tokens", "max_completion_tokens"):
            _, data = Client(server)("POST", "/v1/chat/completions", body(**{field: 2}))
            assert data["choices"][0]["finish_reason"] == "length"
            assert len(data["choices"][0]["message"]["content"]) == 8


def test_too_large_a_request_is_refused() -> None:
    with endpoint() as server:
        assert Client(server)("POST", "/v1/chat/completions", body("x" * 2**20))[0] == 413


def test_failures_come_at_their_rates_and_again_alike_for_one_seed() -> None:
    def statuses() -> list[int]:
        with endpoint(fail_rates={429: 0.3, 500: 0.2}) as server:
            client = Client(server)
            return [client("POST", "/v1/chat/completions", body())[0] for _ in range(300)]

    first = statuses()
    assert first == statuses()
    assert first.count(429) == pytest.approx(90, abs=30)
    assert first.count(500) == pytest.approx(60, abs=30)
    assert set(first) == {200, 429, 500}


def test_a_dropped_connection_has_no_answer() -> None:
    with endpoint(drop_rate=1.0) as server:
        with pytest.raises(http.client.RemoteDisconnected):
            Client(server)("POST", "/v1/chat/completions", body())


def test_the_log_has_a_line_per_request_and_no_text(tmp_path: Path) -> None:
    log = tmp_path / "requests.jsonl"
    with endpoint(log=log, api_key="sk-1") as server:
        client = Client(server)
        client("POST", "/v1/chat/completions", body(), Idempotency_Key="unit-1")
        client("POST", "/v1/chat/completions", body(), Authorization="Bearer sk-1")
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    digest = hashlib.sha256(PROMPT.encode()).hexdigest()
    assert [(x["status"], x["idempotency_key"]) for x in lines] == [(401, "unit-1"), (200, "")]
    assert {x["prompt_sha256"] for x in lines} == {digest}
    assert "Return" not in log.read_text()
    assert "sk-1" not in log.read_text()


@pytest.mark.parametrize("text", ["429", "x=1", "429=2", "429=-1", "200=0.1", "429=0.6,500=0.6"])
def test_bad_failure_rates_are_bad_input(text: str) -> None:
    with pytest.raises(BadInput, match="--fail-rate"):
        fail_rates(text)


def test_good_failure_rates_are_read() -> None:
    assert fail_rates("429=0.05, 500=0.1") == {429: 0.05, 500: 0.1}
    assert fail_rates("") == {}


@pytest.mark.parametrize("text", ["cut", "smoke=1", "cut=2", "cut=0.6,html=0.6", "cut=x"])
def test_bad_fault_rates_are_bad_input_that_lists_the_faults(text: str) -> None:
    with pytest.raises(BadInput, match="--fault") as refused:
        fault_rates(text)
    assert "error_200" in refused.value.mend


def test_good_fault_rates_are_read_and_keep_their_shares() -> None:
    assert fault_rates("cut=0.05, empty=0.1") == {"cut": 0.05, "empty": 0.1}
    with endpoint(faults={"empty": 0.3}, fail_rates={500: 0.2}) as server:
        client = Client(server)
        seen = [client("POST", "/v1/chat/completions", body()) for _ in range(300)]
    empty = [s for s, data in seen if s == 200 and not data["choices"][0]["message"]["content"]]
    assert len(empty) == pytest.approx(90, abs=30)
    assert [status for status, _ in seen].count(500) == pytest.approx(60, abs=30)


# --- the command ----------------------------------------------------------------------------


def command(*arguments: str) -> subprocess.Popen[str]:
    line = [sys.executable, "manage.py", "reference_endpoint", *arguments]
    return subprocess.Popen(
        line, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.fixture
def answers_file(tmp_path: Path) -> Path:
    path = tmp_path / "answers.jsonl"
    path.write_text(json.dumps({"statement": "Return 1.", "solution": "def f(): return 1"}) + "\n")
    return path


def test_the_command_says_where_it_listens_serves_and_stops(answers_file: Path) -> None:
    arguments = ("--answers", str(answers_file), "--skill", "1", "--latency", "0", "--port", "0")
    process = command(*arguments)
    try:
        assert process.stdout is not None
        start = json.loads(process.stdout.readline())
        assert start["url"] == f"http://127.0.0.1:{start['port']}/v1"
        connection = http.client.HTTPConnection("127.0.0.1", start["port"], timeout=10)
        connection.request("POST", "/v1/chat/completions", body())
        assert b"return 1" in connection.getresponse().read()
        connection.close()
        process.send_signal(signal.SIGTERM)
        assert process.communicate(timeout=20) == ("", "")
        assert process.returncode == 0
    finally:
        process.kill()


def test_the_command_speaks_the_protocol_it_is_told_to(answers_file: Path) -> None:
    arguments = ("--answers", str(answers_file), "--skill", "1", "--port", "0")
    process = command(*arguments, "--protocol", "gemini", "--fault", "refusal=1")
    try:
        assert process.stdout is not None
        start = json.loads(process.stdout.readline())
        assert (start["protocol"], start["url"][-7:]) == ("gemini", "/v1beta")
        connection = http.client.HTTPConnection("127.0.0.1", start["port"], timeout=10)
        asked = json.dumps({"contents": [{"parts": [{"text": PROMPT}]}]})
        connection.request("POST", "/v1beta/models/m:generateContent", asked)
        said = json.loads(connection.getresponse().read())
        assert said["candidates"][0]["finishReason"] == "PROHIBITED_CONTENT"
        connection.close()
    finally:
        process.kill()
        process.wait(20)


def test_wrong_usage_of_the_command_ends_with_2_and_one_line(answers_file: Path) -> None:
    process = command("--answers", str(answers_file), "--skill", "7")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (2, "")
    assert "--skill" in err
    assert len(err.strip().splitlines()) == 1
