"""One model behind each wire protocol, streamed, over a bad line: the same score in all of them.

A quarter of the requests is refused or cut in the middle of the answer; every one has its row, and
none becomes a verdict. Real Postgres, real HTTP, real sandbox.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchserver.core.lifecycle import EvaluationState
from benchserver.core.task import Split
from benchserver.engines.endpoints.reference.generic_json import MAPPING
from benchserver.engines.endpoints.reference_answers import AnswerBook, Persona, read_answers
from benchserver.engines.endpoints.reference_server import (
    Behaviour,
    ReferenceEndpoint,
    answers_from_tasks,
    write_answers,
)
from benchserver.engines.endpoints.registry import PROTOCOLS
from benchserver.engines.taskformats.registry import read
from benchserver.evaluations.models import Send, VerdictRecord
from benchserver.evaluations.request import request
from tests import factories
from tests.flows.engine import run
from tests.flows.live import LoggingProxy, mockllm
from tests.recorded import book_of, recorded, write_pool
from tests.wired import clear_wiring

pytestmark = pytest.mark.django_db(transaction=True)

TASKS = factories.tasks(private=8, public=2)
OPTIONS: dict[str, dict[str, Any]] = {"generic_json": {"mapping": MAPPING}}
PERSONA = Persona(skill=0.6, seed=3)


@pytest.mark.parametrize("protocol", [n for n in PROTOCOLS if n != "openai_chat_completion_tokens"])
def test_the_same_model_has_the_same_score_in_every_protocol(
    protocol: str, wired: None, settings: Any, tmp_path: Path
) -> None:
    answers, log = tmp_path / "answers.jsonl", tmp_path / "log.jsonl"
    write_answers(answers, answers_from_tasks(TASKS))
    book = read_answers(answers)
    behaviour = Behaviour(
        persona=PERSONA,
        api_key="key-of-the-test",
        fail_rates={429: 0.1, 500: 0.08},
        faults={"cut": 0.06},
        retry_after="0",
        thinking=20,
        log=log,
    )
    pool = factories.pool_of(TASKS)
    track = factories.track_of(pool)
    factories.open_rotation(pool)
    with ReferenceEndpoint(AnswerBook(book), behaviour, protocol=protocol) as server:
        settings.ENDPOINT_ALLOW_LOCAL = frozenset({server.host_port})
        clear_wiring()
        options = {**OPTIONS.get(protocol, {}), "stream": True}
        endpoint = factories.endpoint(
            factories.provider(), server.url, protocol=protocol, options=options
        )
        evaluation = run(request(endpoint=endpoint, track=track, by="test"))
    assert evaluation.state == EvaluationState.COMPLETE
    passed = VerdictRecord.objects.filter(verdict="passed").count()
    assert passed == sum(PERSONA.is_right(answer) for answer in book)
    assert 0 < passed < len(TASKS)
    _every_request_has_its_row(log)


def _every_request_has_its_row(log: Path) -> None:
    seen = [json.loads(line) for line in log.read_text().splitlines()]
    assert all(entry["stream"] for entry in seen)
    assert any(entry["status"] != 200 or entry["fault"] for entry in seen)
    tasks = [e["idempotency_key"] for e in seen if "canary" not in e["idempotency_key"]]
    assert sorted(tasks) == sorted(str(send.attempt_id) for send in Send.objects.all())


@pytest.mark.soak
@pytest.mark.parametrize("protocol", [n for n in PROTOCOLS if n != "openai_chat_completion_tokens"])
def test_82_recorded_replies_are_18_of_82_in_every_protocol(
    protocol: str, wired: None, settings: Any, tmp_path: Path
) -> None:
    """And a tenth of the requests is answered with 429 or 500."""
    replies, log, file = recorded(), tmp_path / "log.jsonl", tmp_path / "even.jsonl"
    write_pool(replies, file)
    pool = factories.pool_of([replace(t, split=Split.PRIVATE) for t in read(file)])
    track = factories.track_of(pool)
    factories.open_rotation(pool)
    behaviour = Behaviour(
        persona=Persona(skill=1.0, verbatim=True, seed=7),
        fail_rates={429: 0.05, 500: 0.05},
        retry_after="0",
        log=log,
    )
    with ReferenceEndpoint(book_of(replies), behaviour, protocol=protocol) as server:
        settings.ENDPOINT_ALLOW_LOCAL = frozenset({server.host_port})
        clear_wiring()
        options = {**OPTIONS.get(protocol, {}), "stream": True}
        endpoint = factories.endpoint(
            factories.provider(), server.url, protocol=protocol, options=options
        )
        evaluation = run(request(endpoint=endpoint, track=track, by="test"))
    assert evaluation.state == EvaluationState.COMPLETE
    assert VerdictRecord.objects.filter(verdict="passed").count() == 18
    assert VerdictRecord.objects.values("attempt").distinct().count() == 82
    _every_request_has_its_row(log)


@pytest.mark.soak
@pytest.mark.parametrize("protocol", ["openai_chat", "anthropic_messages"])
def test_18_of_82_from_a_server_of_others_behind_a_proxy_that_fails_a_tenth(
    protocol: str, wired: None, settings: Any, tmp_path: Path
) -> None:
    """``mockllm`` in both protocols that it speaks."""
    replies, file = recorded(), tmp_path / "even.jsonl"
    write_pool(replies, file)
    pool = factories.pool_of([replace(t, split=Split.PRIVATE) for t in read(file)])
    track = factories.track_of(pool)
    factories.open_rotation(pool)
    with mockllm({r.asked: r.completion for r in replies}, tmp_path) as port:
        proxy = LoggingProxy(port, failing=10)
        settings.ENDPOINT_ALLOW_LOCAL = frozenset({f"127.0.0.1:{proxy.port}"})
        clear_wiring()
        endpoint = factories.endpoint(factories.provider(), proxy.url, protocol=protocol)
        evaluation = run(request(endpoint=endpoint, track=track, by="test"))
        proxy.close()
    assert evaluation.state == EvaluationState.COMPLETE
    assert VerdictRecord.objects.filter(verdict="passed").count() == 18
    assert VerdictRecord.objects.values("attempt").distinct().count() == 82
    assert set(proxy.turned) == {429, 500}
    assert Send.objects.filter(outcome="refused").count() == len(proxy.turned)
    assert sorted(proxy.log) == sorted(str(send.attempt_id) for send in Send.objects.all())
