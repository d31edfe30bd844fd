"""A reference model runs a form over real HTTP: started, judged, linked, and exposing nothing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from benchserver import wiring
from benchserver.core.errors import NotAllowed
from benchserver.core.lifecycle import EvaluationState
from benchserver.engines.endpoints.reference_answers import AnswerBook, Persona, read_answers
from benchserver.engines.endpoints.reference_server import (
    Behaviour,
    ReferenceEndpoint,
    answers_from_tasks,
    write_answers,
)
from benchserver.evaluations.exposures import private_tasks
from benchserver.evaluations.models import Evaluation, Exposure, Send, VerdictRecord
from benchserver.evaluations.panel import linking_runs
from benchserver.evaluations.queries import exposed
from benchserver.evaluations.request import request
from benchserver.leaderboard.publish import publish
from benchserver.pools.models import Form
from benchserver.providers import panel
from benchserver.worker import jobs
from tests import arrange, factories
from tests.flows.engine import run
from tests.wired import clear_wiring

pytestmark = pytest.mark.django_db(transaction=True)
TASKS = factories.tasks(private=24, public=2)
PERSONA = Persona(skill=0.5, seed=3)


def registered(url: str) -> Any:
    made = panel.register(
        name="oak",
        version="1",
        family="oak",
        weights_digest="ab" * 32,
        frozen_on=date(2026, 1, 31),
        protocol="openai_chat",
        base_url=url,
        own_host="127.0.0.1",
        wire_model="oak",
        api_key="key-of-the-test",
        max_concurrency=4,
        sealer=wiring.sealer(),
        check_address=wiring.check_address,
        by="test",
    )
    return factories.admitted(made)


def test_a_panel_model_runs_the_whole_form_over_http_and_nobody_is_exposed(
    wired: None, settings: Any, tmp_path: Path
) -> None:
    answers, log = tmp_path / "answers.jsonl", tmp_path / "log.jsonl"
    write_answers(answers, answers_from_tasks(TASKS))
    book = read_answers(answers)
    behaviour = Behaviour(
        persona=PERSONA, api_key="key-of-the-test", fail_rates={429: 0.1}, retry_after="0", log=log
    )
    pool = factories.pool_of(TASKS)
    track = factories.track_of(pool)
    factories.open_rotation(pool)
    with ReferenceEndpoint(AnswerBook(book), behaviour) as server:
        settings.ENDPOINT_ALLOW_LOCAL = frozenset({server.host_port})
        clear_wiring()
        endpoint = registered(server.url)
        jobs.panel_runs()
        evaluation = run(Evaluation.objects.get())
    assert evaluation.state == EvaluationState.COMPLETE
    passed = VerdictRecord.objects.filter(verdict="passed").count()
    assert passed == sum(PERSONA.is_right(answer) for answer in book)
    assert 0 < passed < len(TASKS)
    # every request in the endpoint's own log has its row, and not one is an exposure
    seen = [json.loads(line)["idempotency_key"] for line in log.read_text().splitlines()]
    asked = [key for key in seen if "canary" not in key]
    assert sorted(asked) == sorted(str(send.attempt_id) for send in Send.objects.all())
    assert len(asked) >= len(TASKS)
    assert Exposure.objects.count() == 0
    assert exposed(pool) == {}
    assert private_tasks(pool) == 24
    # it links, and it is on no board and in no count
    form = Form.objects.select_related("rotation", "track").get()
    assert linking_runs([form]) == [evaluation]
    arrange.completed(arrange.started(arrange.Board(pool, track, form.rotation)), arrange.first(12))
    board = publish(track=track, signer=wiring.signer(), sealer=wiring.sealer(), by="test").board
    assert [row["model"]["slug"] for row in board["rows"]] == ["model-a-1"]
    assert board["evaluations"]["started"] == 1
    assert [each["owner_slug"] for each in board["exposure"]["groups"]] in ([], ["acme"])
    with pytest.raises(NotAllowed, match="does not compete"):
        request(endpoint=endpoint, track=track, by="test")
