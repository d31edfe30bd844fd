"""A whole run with marks planted in prompt, tests, reference, reply and key: no text shows one.

Log records of every level, what exceptions say, what rows say of themselves, and the rows' own
text columns are searched. The marks are found where they belong, or finding none would say nothing.
"""

from __future__ import annotations

import base64
import logging
import traceback

import pytest
from django.apps import apps
from django.db import connection

from benchserver import wiring
from benchserver.audit.keys import fetch, shred
from benchserver.core.errors import PlatformFault
from benchserver.evaluations import generate, judge, opened
from benchserver.evaluations.models import Attempt, Reply, VerdictRecord
from benchserver.evaluations.request import request
from benchserver.evaluations.score import finish
from benchserver.leaderboard.publish import publish
from benchserver.pools import unseal
from benchserver.pools.models import TaskVersion
from benchserver.providers.admit import open_target
from tests import arrange, factories
from tests.flows.engine import generation, judging
from tests.wired import solve

pytestmark = pytest.mark.django_db
TASK, REPLY, KEY = "mark-task-5be1", "mark-reply-77ad", "mark-key-c093"
APPS = ("audit", "ledger", "providers", "pools", "evaluations", "leaderboard")


def spellings(mark: str) -> list[str]:
    raw = mark.encode()
    shifted = [base64.b64encode(b"x" * n + raw)[4:-4].decode() for n in range(3)]
    return [mark, raw.hex(), *shifted]


def shown_in(text: str) -> list[str]:
    return [m for m in (TASK, REPLY, KEY) for s in spellings(m) if s in text]


def database_text() -> str:
    with connection.cursor() as cursor:
        texts = []
        for app in APPS:
            for model in apps.get_app_config(app).get_models():
                cursor.execute(f'SELECT row_to_json(t)::text FROM "{model._meta.db_table}" t')
                texts += [row[0] for row in cursor.fetchall()]
    return "\n".join(texts)


def row_words() -> str:
    return "\n".join(
        f"{row!r} {row}"
        for app in APPS
        for model in apps.get_app_config(app).get_models()
        for row in model.objects.all()
    )


def hostile(prompt: str):
    """Every kind of answer, each carrying marks wherever an endpoint can put them."""
    hostile.asked += 1
    if hostile.asked % 5 == 1:
        return (429, {"Retry-After": "0", "X-Echo": REPLY})
    if hostile.asked % 5 == 2:
        return None
    if hostile.asked % 5 == 3:
        return f"no code, only {REPLY} and {TASK}"
    return solve(prompt).replace("Here it is:", REPLY)


def test_a_full_run_shows_no_mark_anywhere(wired, scripted, caplog):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="benchserver")
    hostile.asked = 0
    stage = arrange.board(private=6, public=0, marker=TASK)
    owner = factories.provider()
    server = scripted(hostile)
    endpoint = factories.endpoint(owner, server.url, api_key=KEY)
    evaluation = request(endpoint=endpoint, track=stage.track, by="test")
    for _ in range(40):
        arrange.due(evaluation)
        generate.generate_next(
            endpoint_id=endpoint.pk, worker="w", engines=generation(arrange.POLICY)
        )
    for pk in list(Attempt.objects.filter(state="generated").values_list("pk", flat=True)):
        judge.judge_attempt(attempt_id=pk, worker="w", engines=judging(arrange.POLICY))
    finish(evaluation_id=evaluation.pk, sealer=wiring.sealer())
    publish(track=stage.track, signer=wiring.signer(), sealer=wiring.sealer(), by="t", min_cell=1)
    assert VerdictRecord.objects.filter(verdict="passed").exists()

    # the control: each mark is there for whoever holds the right
    version = TaskVersion.objects.first()
    assert TASK in unseal.prompt(version=version, opener=wiring.opener(), by="t").statement
    replies = [(reply, fetch(reply.data_key)) for reply in Reply.objects.all()]
    assert any(REPLY in judge._open_reply(*each, wiring.opener()) for each in replies)
    assert KEY in open_target(endpoint, wiring.opener()).api_key

    logging.getLogger("benchserver.evaluations").debug("control record")
    logged = "\n".join(f"{r.getMessage()} {r.args} {r.exc_text}" for r in caplog.records)
    assert "control record" in logged
    for place in (logged, row_words(), database_text()):
        assert shown_in(place) == []


def test_no_failure_on_the_way_says_what_it_was_about(wired, scripted):
    stage = arrange.board(private=1, public=0, marker=TASK)
    evaluation = arrange.started(stage, scripted(lambda _: f"{REPLY}").url)
    arrange.due(evaluation)
    generate.generate_next(
        endpoint_id=evaluation.endpoint_id, worker="w", engines=generation(arrange.POLICY)
    )
    version, kept = TaskVersion.objects.get(), Reply.objects.get()
    told = []

    def tell(fails) -> None:
        try:
            fails()
        except Exception as problem:
            told.append("".join(traceback.format_exception(problem)) + repr(problem))
        else:
            raise AssertionError("it did not fail")

    kept.sealed = bytes(kept.sealed)[:-1]
    tell(lambda: judge._open_reply(kept, fetch(kept.data_key), wiring.opener()))
    version.task_sealed = bytes(version.salt_sealed)
    tell(lambda: unseal.task(version=version, opener=wiring.opener(), by="t"))
    shred(version.prompt_data_key)
    tell(lambda: unseal.prompt(version=version, opener=wiring.opener(), by="t"))
    assert len(told) == 3
    assert shown_in("".join(told)) == []


def test_what_a_worker_holds_in_its_hands_has_no_words(wired):
    stage = arrange.board(private=1, public=0, marker=TASK)
    endpoint = factories.endpoint(factories.provider(), arrange.NOWHERE, api_key=KEY)
    evaluation = request(endpoint=endpoint, track=stage.track, by="test")
    found = opened.for_prompt(evaluation.attempts.get().pk)
    prepared = generate._prepare(found, "w", generation(arrange.POLICY))
    task = unseal.task(version=found.attempt.entry.version, opener=wiring.opener(), by="t")
    held = [found, prepared, prepared.target, prepared.generation, task, arrange.reply(REPLY)]
    held += [generation(arrange.POLICY), judging(arrange.POLICY), PlatformFault("x", "y")]
    assert shown_in(" ".join(f"{thing!r} {thing}" for thing in held)) == []
