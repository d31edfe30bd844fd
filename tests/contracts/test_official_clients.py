"""Both ends checked: the clients that providers publish themselves talk to our reference endpoint,
so what our own clients are tried against is what those protocols really are."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from benchserver.engines.endpoints.reference_answers import Answer, AnswerBook, Persona
from benchserver.engines.endpoints.reference_server import Behaviour, ReferenceEndpoint
from tests.recorded import book_of, recorded

KEY = "sk-1"
ASKED = "Return the number 1, nothing else."
PROGRAM = "def f():\n    return 1  # schön \U0001f600\n"
BOOK = AnswerBook([Answer(statement=ASKED, solution=PROGRAM)])
USER: Any = [{"role": "user", "content": ASKED}]
SCHEMA: dict[str, Any] = {"type": "object", "properties": {"answer": {"type": "string"}}}


@contextmanager
def served(protocol: str, **behaviour: Any) -> Iterator[ReferenceEndpoint]:
    settings = Behaviour(persona=Persona(skill=1.0), api_key=KEY, **behaviour)
    with ReferenceEndpoint(BOOK, settings, protocol=protocol) as server:
        yield server


# --- openai ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def openai() -> Any:
    return pytest.importorskip("openai")


def connected(openai: Any, server: ReferenceEndpoint, **options: Any) -> Any:
    given = {"base_url": server.url, "api_key": KEY, "max_retries": 0}
    return openai.OpenAI(**{**given, **options})


def test_openai_reads_a_chat_completion(openai: Any) -> None:
    with served("openai_chat", thinking=9) as server:
        chat = connected(openai, server).chat.completions
        whole = chat.create(model="m", messages=USER, max_tokens=900)
        assert PROGRAM in whole.choices[0].message.content
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage.completion_tokens_details.reasoning_tokens == 9
        cut = chat.create(model="m", messages=USER, max_completion_tokens=12)
        assert cut.choices[0].finish_reason == "length"


def test_openai_reads_a_streamed_chat_completion(openai: Any) -> None:
    with served("openai_chat") as server:
        given = {"model": "m", "messages": USER, "stream_options": {"include_usage": True}}
        chunks = list(connected(openai, server).chat.completions.create(stream=True, **given))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert PROGRAM in "".join(choice.delta.content or "" for choice in choices)
    assert choices[-1].finish_reason == "stop"
    assert chunks[-1].usage.total_tokens > 0


def test_openai_reads_refusals_and_tool_calls(openai: Any) -> None:
    tool = {"type": "function", "function": {"name": "run", "parameters": SCHEMA}}
    with served("openai_chat", faults={"refusal": 1.0}) as server:
        said = connected(openai, server).chat.completions.create(model="m", messages=USER)
        assert said.choices[0].message.refusal
    with served("openai_chat") as server:
        chat = connected(openai, server).chat.completions
        (call,) = chat.create(model="m", messages=USER, tools=[tool]).choices[0].message.tool_calls
        assert PROGRAM in json.loads(call.function.arguments)["answer"]
        with chat.stream(model="m", messages=USER, tools=[tool]) as stream:
            (again,) = stream.get_final_completion().choices[0].message.tool_calls
        assert again.function.arguments == call.function.arguments


def test_openai_raises_the_right_error(openai: Any) -> None:
    def failing(**behaviour: Any) -> Any:
        with served("openai_chat", **behaviour) as server:
            client = connected(openai, server, timeout=5)
            chunks = client.chat.completions.create(model="m", messages=USER, stream=True)
            return list(chunks)

    with pytest.raises(openai.RateLimitError) as limited:
        failing(fail_rates={429: 1.0}, retry_after="7")
    assert limited.value.response.headers["retry-after"] == "7"
    with pytest.raises(openai.InternalServerError):
        failing(fail_rates={500: 1.0})
    with pytest.raises(openai.APIError, match="internal error"):
        failing(faults={"error_200": 1.0})
    with served("openai_chat") as server, pytest.raises(openai.AuthenticationError):
        connected(openai, server, api_key="no").models.list()


def test_openai_reads_a_response(openai: Any) -> None:
    with served("openai_responses", thinking=9) as server:
        responses = connected(openai, server).responses
        whole = responses.create(model="m", input=ASKED)
        assert PROGRAM in whole.output_text
        assert (whole.status, whole.usage.output_tokens_details.reasoning_tokens) == (
            "completed",
            9,
        )
        cut = responses.create(model="m", input=USER, max_output_tokens=12)
        assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
        tool = {"type": "function", "name": "run", "parameters": SCHEMA, "strict": False}
        item = responses.create(model="m", input=ASKED, tools=[tool]).output[-1]
        assert (item.type, item.name) == ("function_call", "run")


def test_openai_reads_a_streamed_response(openai: Any) -> None:
    with served("openai_responses", thinking=9) as server:
        responses = connected(openai, server).responses
        with responses.stream(model="m", input=ASKED) as stream:
            deltas = [e.delta for e in stream if e.type == "response.output_text.delta"]
            final = stream.get_final_response()
    assert PROGRAM in "".join(deltas)
    assert final.output_text == "".join(deltas)
    assert final.usage.total_tokens > 0


def test_azure_openai_finds_its_deployment(openai: Any) -> None:
    with served("azure_openai") as server:
        client = openai.AzureOpenAI(
            azure_endpoint=server.url, api_key=KEY, api_version="2024-10-21", max_retries=0
        )
        said = client.chat.completions.create(model="d-1", messages=USER)
        assert (said.model, PROGRAM in said.choices[0].message.content) == ("d-1", True)
        chunks = list(client.chat.completions.create(model="d-1", messages=USER, stream=True))
    assert chunks[-1].choices[0].finish_reason == "stop"


# --- anthropic ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def anthropic() -> Any:
    return pytest.importorskip("anthropic")


def messages(anthropic: Any, server: ReferenceEndpoint, **options: Any) -> Any:
    base = server.url.removesuffix("/v1")
    given = {"base_url": base, "max_retries": 0, **(options or {"api_key": KEY})}
    return anthropic.Anthropic(**given).messages


def test_anthropic_reads_a_message_with_either_kind_of_key(anthropic: Any) -> None:
    with served("anthropic_messages", thinking=9) as server:
        for options in ({"api_key": KEY}, {"auth_token": KEY}):
            ask = messages(anthropic, server, **options)
            said = ask.create(model="m", max_tokens=900, messages=USER)
            assert [block.type for block in said.content] == ["thinking", "text"]
            assert PROGRAM in said.content[1].text
            assert (said.stop_reason, said.usage.output_tokens > 9) == ("end_turn", True)
        cut = messages(anthropic, server).create(model="m", max_tokens=12, messages=USER)
        assert cut.stop_reason == "max_tokens"
        with pytest.raises(anthropic.AuthenticationError):
            messages(anthropic, server, api_key="no").create(model="m", max_tokens=9, messages=USER)


def test_anthropic_reads_a_streamed_message(anthropic: Any) -> None:
    with served("anthropic_messages", thinking=9) as server:
        ask = messages(anthropic, server)
        with ask.stream(model="m", max_tokens=900, messages=USER) as stream:
            text, final = "".join(stream.text_stream), stream.get_final_message()
    assert PROGRAM in text
    assert final.stop_reason == "end_turn"
    assert [block.type for block in final.content] == ["thinking", "text"]


def test_anthropic_reads_tool_calls_and_refusals(anthropic: Any) -> None:
    tool = {"name": "run", "description": "Run it.", "input_schema": SCHEMA}
    given = {"model": "m", "max_tokens": 900, "messages": USER}
    with served("anthropic_messages") as server:
        ask = messages(anthropic, server)
        whole = ask.create(tools=[tool], **given)
        with ask.stream(tools=[tool], **given) as stream:
            streamed = stream.get_final_message()
    for said in (whole, streamed):
        assert said.stop_reason == "tool_use"
        assert PROGRAM in said.content[0].input["answer"]
    with served("anthropic_messages", faults={"refusal": 1.0}) as server:
        assert messages(anthropic, server).create(**given).stop_reason == "refusal"


def test_anthropic_raises_the_right_error(anthropic: Any) -> None:
    def failing(**behaviour: Any) -> None:
        given = {"model": "m", "max_tokens": 900, "messages": USER}
        with served("anthropic_messages", **behaviour) as server:
            with messages(anthropic, server).stream(**given) as stream:
                stream.get_final_message()

    with pytest.raises(anthropic.RateLimitError):
        failing(fail_rates={429: 1.0})
    with pytest.raises(anthropic.APIStatusError):
        failing(fail_rates={529: 1.0})
    with pytest.raises(anthropic.APIStatusError, match="internal error"):
        failing(faults={"error_200": 1.0})


# --- google ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def genai() -> Any:
    return pytest.importorskip("google.genai")


@contextmanager
def google(genai: Any, server: ReferenceEndpoint, *, key: str = KEY) -> Iterator[Any]:
    options = {"base_url": server.url.removesuffix("/v1beta")}
    with genai.Client(api_key=key, http_options=options) as client:
        yield client.models


def test_google_genai_reads_whole_and_streamed_answers(genai: Any) -> None:
    with served("gemini", thinking=9) as server, google(genai, server) as models:
        whole = models.generate_content(model="m", contents=ASKED)
        assert PROGRAM in whole.text
        assert whole.usage_metadata.thoughts_token_count == 9
        assert whole.candidates[0].finish_reason.name == "STOP"
        parts = list(models.generate_content_stream(model="m", contents=ASKED))
        cut = models.generate_content(
            model="m", contents=ASKED, config={"max_output_tokens": 12}
        ).candidates[0]
    assert "".join(part.text or "" for part in parts) == whole.text
    assert parts[-1].candidates[0].finish_reason.name == "STOP"
    assert cut.finish_reason.name == "MAX_TOKENS"


def test_google_genai_reads_tool_calls_and_refusals(genai: Any) -> None:
    declared = {"name": "run", "description": "Run it.", "parameters_json_schema": SCHEMA}
    config = {
        "tools": [{"function_declarations": [declared]}],
        "automatic_function_calling": {"disable": True},
    }
    with served("gemini") as server, google(genai, server) as models:
        (call,) = models.generate_content(model="m", contents=ASKED, config=config).function_calls
    assert call.name == "run"
    assert PROGRAM in call.args["answer"]
    with served("gemini", faults={"refusal": 1.0}) as server, google(genai, server) as models:
        said = models.generate_content(model="m", contents=ASKED)
    assert said.candidates[0].finish_reason.name == "PROHIBITED_CONTENT"


def test_google_genai_raises_the_right_error(genai: Any) -> None:
    def failing(*, key: str = KEY, **behaviour: Any) -> Any:
        with served("gemini", **behaviour) as server, google(genai, server, key=key) as models:
            with pytest.raises(genai.errors.APIError) as failed:
                models.generate_content(model="m", contents=ASKED)
        return failed.value

    assert isinstance(failing(fail_rates={500: 1.0}), genai.errors.ServerError)
    assert failing(fail_rates={429: 1.0}).code == 429
    assert failing(key="no").status in ("UNAUTHENTICATED", "INVALID_ARGUMENT")


# --- recorded replies -----------------------------------------------------------------------


def _through(protocol: str, server: ReferenceEndpoint) -> Callable[[str], str]:
    """One question by the official client of ``protocol``."""
    if protocol == "anthropic_messages":
        ask = messages(pytest.importorskip("anthropic"), server)

        def message(text: str) -> str:
            asked = [{"role": "user", "content": text}]
            with ask.stream(model="m", max_tokens=2000, messages=asked) as stream:
                return "".join(stream.text_stream)

        return message
    if protocol == "gemini":
        genai = pytest.importorskip("google.genai")
        options = {"base_url": server.url.removesuffix("/v1beta")}
        google_client = genai.Client(api_key=KEY, http_options=options)

        def content(text: str) -> str:
            parts = google_client.models.generate_content_stream(model="m", contents=text)
            return "".join(part.text or "" for part in parts)

        return content
    client = connected(pytest.importorskip("openai"), server)
    if protocol == "openai_responses":
        return lambda text: str(client.responses.create(model="m", input=text).output_text)

    def chat(text: str) -> str:
        asked: Any = [{"role": "user", "content": text}]
        chunks = client.chat.completions.create(model="m", messages=asked, stream=True)
        return "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)

    return chat


@pytest.mark.parametrize(
    "protocol", ["openai_chat", "openai_responses", "anthropic_messages", "gemini"]
)
def test_82_recorded_replies_arrive_to_the_byte(protocol: str) -> None:
    replies = recorded()
    settings = Behaviour(persona=Persona(skill=1.0, verbatim=True), api_key=KEY)
    with ReferenceEndpoint(book_of(replies), settings, protocol=protocol) as server:
        ask = _through(protocol, server)
        assert [ask(r.asked) for r in replies] == [r.completion for r in replies]
    assert len(replies) == 82
