"""Messages: a nudge with an id, never content, never lost, never worth forging."""

from __future__ import annotations

import base64
import json
import time
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from celery import Celery
from django.db import connection

from benchserver import dispatch
from benchserver.evaluations.models import Wake
from benchserver.evaluations.settle import wake
from tests import arrange
from tests.wired import key_folder, wired  # noqa: F401

pytestmark = pytest.mark.django_db
QUEUES = ("generate", "execute", "control")


@pytest.fixture
def broker():
    with dispatch.queue.connection_for_read() as connected:
        client = connected.default_channel.client
        client.flushall()
        yield client
        client.flushall()


def nowhere() -> Celery:
    """The same application with a broker address where nobody listens."""
    away = Celery("away", set_as_current=False)
    away.conf.update(
        broker_url="redis://127.0.0.1:1/0",
        broker_transport_options=dispatch.queue.conf.broker_transport_options,
    )
    return away


@pytest.fixture
def broker_away(monkeypatch) -> None:
    monkeypatch.setattr(dispatch, "queue", nowhere())


def messages(broker) -> list[dict]:
    return [json.loads(raw) for name in QUEUES for raw in broker.lrange(name, 0, -1)]


def body_of(message: dict) -> list:
    return json.loads(base64.b64decode(message["body"]))


def test_a_published_wake_up_is_an_id_on_the_queue_of_its_right(broker):
    generate, judge = uuid4(), uuid4()
    wake("generate", generate)
    wake("judge", judge)
    assert dispatch.flush() == 2
    assert not Wake.objects.exists()
    (first,) = [json.loads(raw) for raw in broker.lrange("generate", 0, -1)]
    (second,) = [json.loads(raw) for raw in broker.lrange("execute", 0, -1)]
    assert first["headers"]["task"] == "benchserver.generate"
    assert second["headers"]["task"] == "benchserver.judge"
    assert body_of(first)[:2] == [[str(generate)], {}]
    assert body_of(second)[:2] == [[str(judge)], {}]


def test_all_that_reaches_the_broker_of_an_evaluation_is_ids(wired, broker):  # noqa: F811
    marker = "mark-4e1d"
    evaluation = arrange.started(arrange.board(marker=marker))
    arrange.answered(evaluation, f"```python\n{marker}\n```")
    dispatch.flush()
    found = messages(broker)
    assert len(found) == 5
    for message in found:
        args, options, embed = body_of(message)
        assert len(args) == 1
        assert str(UUID(args[0])) == args[0]
        assert options == {}
        assert not any(embed.values())
        assert len(json.dumps(message)) <= 2048
    for key in broker.keys("*"):
        raw = broker.dump(key) or b""
        for secret in (marker.encode(), base64.b64encode(marker.encode())[:-4], b"shift_"):
            assert secret not in raw


def test_the_outbox_outlives_a_broker_that_is_away(broker_away, caplog):
    wake("judge", uuid4())
    began = time.monotonic()
    assert dispatch.flush() == 0
    assert time.monotonic() - began < 3  # a page waits for this on commit
    assert Wake.objects.count() == 1
    assert "broker away" in caplog.text
    dispatch.nudge("generate", str(uuid4()))  # loses a nudge, raises nothing


def test_what_waited_for_the_broker_is_published_when_it_is_back(broker, monkeypatch):
    target = uuid4()
    wake("judge", target)
    with monkeypatch.context() as away:
        away.setattr(dispatch, "queue", nowhere())
        assert dispatch.flush() == 0
    assert dispatch.flush() == 1
    assert [body_of(m)[0] for m in messages(broker)] == [[str(target)]]


@pytest.mark.django_db(transaction=True)
def test_two_relays_at_once_publish_each_wake_up_once(broker):
    targets = {str(uuid4()) for _ in range(60)}
    for target in targets:
        wake("judge", target)

    def relay(_: int) -> int:
        try:
            return dispatch.flush()
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(relay, range(4))) == 60
    assert sorted(body_of(m)[0][0] for m in messages(broker)) == sorted(targets)


def test_only_json_is_accepted_and_nothing_is_kept_of_a_result():
    conf = dispatch.queue.conf
    assert conf.accept_content == ["json"]
    assert conf.task_serializer == "json"
    assert conf.task_ignore_result
    assert conf.result_backend is None
    assert not conf.task_acks_late
    assert conf.worker_prefetch_multiplier == 1


def test_a_process_that_only_publishes_waits_shorter_for_a_broker_that_hangs(monkeypatch):
    away = nowhere()
    monkeypatch.setattr(dispatch, "queue", away)
    before = away.connection_for_write().transport_options["socket_timeout"]
    dispatch.publish_only()
    assert away.connection_for_write().transport_options["socket_timeout"] < before
    assert dispatch.nudge("generate", str(uuid4())) is None  # and still never raises
