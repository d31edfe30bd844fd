"""Jobs called as a worker calls them: forged, doubled, late, and by two schedulers at once."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import OperationalError, connection

from benchserver import dispatch, wiring
from benchserver.audit.models import Event
from benchserver.core.engine import judging as steps
from benchserver.core.rotation import Policy, Window
from benchserver.core.verdict import Verdict
from benchserver.evaluations import quiet
from benchserver.evaluations.models import (
    Attempt,
    Evaluation,
    Exposure,
    Reply,
    Score,
    Send,
    VerdictRecord,
    Wake,
)
from benchserver.evaluations.queries import describe, exposed
from benchserver.evaluations.request import request
from benchserver.leaderboard import publish as publishing
from benchserver.leaderboard.models import PublishedRotation, PublishedTask
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.pools import rotate
from benchserver.pools.models import Rotation
from benchserver.providers import admit
from benchserver.providers.models import AdmissionReport
from benchserver.worker import identity, jobs, schedule
from tests import arrange, factories
from tests.engines.endpoints.admission.rogue import Said
from tests.wired import solve

pytestmark = pytest.mark.django_db
STRANGER = "5f0c7d3e-8a41-4b6e-9d52-3c1f0a7b9e64"  # an id of nothing here
GARBAGE = ["", "x", "'; DROP TABLE x; --", "0" * 36, STRANGER, "☃", "[]", None, 7, ["a"]]


@pytest.fixture(autouse=True)
def _no_heartbeat(monkeypatch):
    """These jobs are done long before a beat; a thread would outlive its test's database."""
    monkeypatch.setattr(identity, "_ensure_heartbeat", lambda: None)


@pytest.mark.parametrize("text", GARBAGE, ids=repr)
@pytest.mark.parametrize("job", [jobs.generate, jobs.judge, jobs.admit, jobs.identify])
def test_a_forged_message_causes_nothing(evaluation_waiting, job, text):
    before = arrange.row_counts(), list(Attempt.objects.order_by("pk").values())
    job(text)
    assert (arrange.row_counts(), list(Attempt.objects.order_by("pk").values())) == before


@pytest.fixture
def evaluation_waiting(wired):
    return arrange.started(arrange.board(private=1, public=1))


def test_a_reply_wakes_its_judge_at_once_and_leaves_no_wake_up_behind(wired, scripted, monkeypatch):
    sent = []
    monkeypatch.setattr(dispatch, "_send", lambda *message: sent.append(message))
    evaluation = arrange.started(arrange.board(private=1, public=0), scripted(solve).url)
    jobs.generate(str(evaluation.endpoint_id))
    assert ("judge", str(evaluation.attempts.get().pk)) in sent
    assert not Wake.objects.exists()


def test_doubled_and_shuffled_messages_work_every_attempt_once(wired, scripted):
    server = scripted(solve)
    evaluation = arrange.started(arrange.board(private=2, public=1), server.url)
    for _ in range(5):
        jobs.generate(str(evaluation.endpoint_id))
    assert len(server.log) == Send.objects.count() == Reply.objects.count() == 3
    attempts = [str(pk) for pk in evaluation.attempts.values_list("pk", flat=True)]
    for target in attempts + attempts[::-1] + attempts:
        jobs.judge(target)
    assert VerdictRecord.objects.filter(verdict="passed").count() == 3
    evaluation.refresh_from_db()
    assert evaluation.state == "complete"
    assert Score.objects.count() == Entry.objects.filter(kind="run-commit").count() == 1


def test_a_job_that_broke_while_it_settled_is_not_kept_alive_by_its_process(
    evaluation_waiting, monkeypatch
):
    """The database went away between the judging and its verdict: the process lives and beats on,
    yet the attempt must be somebody else's within a lease, not when its hold ends."""
    attempt = arrange.answered(evaluation_waiting, solve("shift_1"))

    def away(*_, **__):
        raise OperationalError("server closed the connection")

    with monkeypatch.context() as broken:
        broken.setattr(steps, "settle_verdict", away)
        with pytest.raises(OperationalError):
            jobs.judge(str(attempt.pk))
    left = Attempt.objects.get(pk=attempt.pk)
    assert left.state == "judging"
    monkeypatch.setattr(identity.connection, "close", lambda: None)
    identity._beat_once()
    assert Attempt.objects.get(pk=attempt.pk).lease_until == left.lease_until
    Attempt.objects.filter(pk=attempt.pk).update(lease_until="2000-01-01T00:00:00Z")
    identity._beat_once()
    jobs.reconcile()
    assert Attempt.objects.get(pk=attempt.pk).state == "generated"


def test_the_reconcile_job_finishes_what_a_dead_worker_left(evaluation_waiting):
    evaluation = evaluation_waiting
    arrange.judge_all(evaluation, lambda _: Verdict.PASSED)
    jobs.reconcile()
    evaluation.refresh_from_db()
    assert evaluation.state == "complete"
    assert Checkpoint.objects.get().size == Entry.objects.count()
    before = arrange.row_counts()
    jobs.reconcile()
    assert arrange.row_counts() == before


def planned(stage_pool, *, name: str, worn: bool = False) -> Rotation:
    """A rotation whose date has come."""
    now = rotate.database_now()
    policy = Policy(private_target=50, public_target=50, min_private=1)
    met = {} if worn else exposed(stage_pool)
    plan = rotate.preview(pool=stage_pool, policy=policy, exposed=met, now=now)
    window = Window(now, now + timedelta(days=1), name)
    return rotate.save_plan(pool=stage_pool, plan=plan, window=window, by="test")


def over(rotation: Rotation) -> None:
    """Let its end come."""
    Rotation.objects.filter(pk=rotation.pk).update(closes_at=rotate.database_now())


def test_rotations_open_and_close_by_themselves_at_their_dates(wired):
    """Two in a row: exposed tasks retire, fresh ones enter, and all of it is said in public."""
    pool = factories.pool_of(factories.tasks(private=3, public=2))
    track = factories.track_of(pool)
    first = planned(pool, name="one")
    jobs.rotations()
    stage = arrange.Board(pool, track, first)
    evaluation = arrange.started(stage)
    arrange.completed(evaluation, lambda _: Verdict.PASSED)
    shown = PublishedRotation.objects.get()
    assert (shown.state, shown.private_tasks, shown.public_tasks) == ("open", 3, 2)
    assert PublishedTask.objects.count() == 2
    assert Checkpoint.objects.count() == 1

    over(first)
    factories.pool_of([factories.task(n, factories.Split.PRIVATE) for n in (60, 61)])
    jobs.rotations()
    assert PublishedRotation.objects.get().state == "closed"
    second = planned(pool, name="two")
    jobs.rotations()
    states = dict(Rotation.objects.values_list("slug", "state"))
    assert states == {"one": "closed", "two": "open"}
    old, new = (
        set(r.forms.get().entries.filter(split="private").values_list("version_id", flat=True))
        for r in (first, second)
    )
    assert (len(old), len(new), old & new) == (3, 2, set())
    met = Exposure.objects.exclude(first_sent_at=None).values_list("first_sent_at", flat=True)
    assert Rotation.objects.get(slug="one").committed_at <= min(met)


def test_the_job_run_again_does_nothing_again(wired):
    pool = factories.pool_of(factories.tasks(private=2, public=1))
    factories.track_of(pool)
    planned(pool, name="one")
    jobs.rotations()
    before = arrange.row_counts()
    jobs.rotations()
    assert arrange.row_counts() == before


def test_a_rotation_that_cannot_open_is_named_and_the_others_open(wired, caplog):
    bad = factories.pool_of(factories.tasks(private=2, public=0), slug="bad")
    good = factories.pool_of(factories.tasks(private=2, public=0), slug="good")
    factories.track_of(good)
    planned(bad, name="stuck")
    planned(good, name="fine")
    jobs.rotations()
    assert dict(Rotation.objects.values_list("slug", "state")) == {
        "stuck": "planned",
        "fine": "open",
    }
    assert "rotation stuck cannot open: no_track" in caplog.text


def test_a_plan_over_worn_tasks_is_not_opened_by_the_schedule(wired, caplog):
    stage = arrange.board(private=3, public=1)
    arrange.completed(arrange.started(stage), lambda _: Verdict.PASSED)
    rotate.close_rotation(rotation=stage.rotation, by="test")
    planned(stage.pool, name="again", worn=True)
    jobs.rotations()
    assert Rotation.objects.get(slug="again").state == "planned"
    assert "plan_stale" in caplog.text


def test_what_keeps_a_plan_from_opening_is_said_once_and_stays_with_it(wired, caplog):
    pool = factories.pool_of(factories.tasks(private=2, public=0))
    planned(pool, name="stuck")
    for _ in range(3):
        jobs.rotations()
    assert caplog.text.count("rotation stuck cannot open") == 1
    assert Rotation.objects.get().reason == "no_track: no track takes any of its tasks"
    factories.track_of(pool)
    jobs.rotations()
    assert (Rotation.objects.get().state, Rotation.objects.get().reason) == ("open", "")


def test_a_plan_whose_window_passed_is_abandoned_with_its_reason(wired, caplog):
    pool = factories.pool_of(factories.tasks(private=2, public=0))
    planned(pool, name="stale")
    jobs.rotations()
    past = {"opens_at": "2026-01-01T00:00:00Z", "closes_at": "2026-01-15T00:00:00Z"}
    Rotation.objects.update(**past)
    jobs.rotations()
    stale = Rotation.objects.get()
    assert stale.state == "abandoned"
    assert stale.reason.startswith("its window passed before it could open (no_track: no track")
    assert "rotation stale is abandoned" in caplog.text
    event = Event.objects.get(verb="rotation.abandoned")
    assert (event.actor, event.target) == ("schedule", "stale")
    caplog.clear()
    jobs.rotations()
    assert "stale" not in caplog.text
    # its dates are free again
    factories.track_of(pool)
    planned(pool, name="fresh")
    jobs.rotations()
    assert Rotation.objects.get(slug="fresh").state == "open"


def test_an_opening_whose_announcement_was_cut_off_is_announced_by_the_next_run(wired, monkeypatch):
    pool = factories.pool_of(factories.tasks(private=2, public=1))
    factories.track_of(pool)
    planned(pool, name="one")

    def die(**_):
        raise OSError("the process dies here")

    with monkeypatch.context() as dying:
        dying.setattr(publishing, "announce", die)
        with pytest.raises(OSError, match="dies here"):
            jobs.rotations()
    assert Rotation.objects.get().state == "open"
    assert not PublishedRotation.objects.exists()
    jobs.rotations()
    assert PublishedRotation.objects.get().state == "open"
    assert PublishedTask.objects.count() == 1
    assert Entry.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_do_nothing_twice(wired):
    """While one process is inside the job, another's run is over at once and changes nothing."""
    inside, go_on, runs = threading.Event(), threading.Event(), []

    def work() -> None:
        runs.append(threading.get_ident())
        inside.set()
        assert go_on.wait(20)

    job = jobs._alone(work)

    def run() -> None:
        try:
            job()
        finally:
            connection.close()

    first = threading.Thread(target=run)
    first.start()
    assert inside.wait(20)
    second = threading.Thread(target=run)
    second.start()
    second.join(20)
    assert len(runs) == 1
    go_on.set()
    first.join(20)
    run()  # the lock is free again
    assert len(runs) == 2


@pytest.mark.django_db(transaction=True)
def test_a_job_that_fails_gives_its_lock_back(wired):
    def fails() -> None:
        raise OSError("no")

    for _ in range(2):
        with pytest.raises(OSError, match="no"):
            jobs._alone(fails)()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'")
        assert cursor.fetchone() == (0,)


def test_every_scheduled_job_exists_takes_no_content_and_expires():
    for entry in schedule.SCHEDULE.values():
        assert entry["task"] in dispatch.queue.tasks
        assert "args" not in entry
        assert entry["options"] == {"queue": "control", "expires": entry["schedule"]}


def test_every_step_names_a_job_that_exists():
    for job, queue in dispatch.STEPS.values():
        assert job in dispatch.queue.tasks
        assert queue in ("generate", "execute")


def test_a_started_evaluation_is_worked_on_after_its_first_message(wired, scripted):
    evaluation = arrange.started(arrange.board(private=1, public=0), scripted(solve).url)
    assert dispatch.flush() == 1
    jobs.generate(str(evaluation.endpoint_id))
    assert Attempt.objects.get().state == "generated"
    assert Evaluation.objects.get().state == "running"
    assert wiring.engine_policy().lease_seconds > 0


def test_an_evaluation_of_a_new_endpoint_waits_for_admission_then_goes_on(wired, rogue):
    server = rogue(lambda ask: Said(text=solve(ask.prompt)) if "shift_" in ask.prompt else None)
    stage = arrange.board(private=2, public=1)
    url = f"http://127.0.0.1:{server.port}/v1"
    endpoint = factories.endpoint(factories.provider(), url, model="the-model", awaiting=True)
    admit.ask(endpoint=endpoint, cause="new", by="test")
    evaluation = request(endpoint=endpoint, track=stage.track, by="test")
    jobs.generate(str(endpoint.pk))
    assert server.asks == []
    assert "awaiting_admission" in describe(evaluation).reason
    jobs.admit(str(endpoint.pk))
    jobs.generate(str(endpoint.pk))  # who answers is asked first, too
    assert not any("shift_" in ask.prompt for ask in server.asks)
    jobs.identify(str(evaluation.pk))
    assert evaluation.readings.get().moment == "before"
    for _ in range(5):
        jobs.generate(str(endpoint.pk))
    assert Send.objects.count() == Reply.objects.count() == 3
    assert sum("shift_" in ask.prompt for ask in server.asks) == 3


def test_an_endpoint_that_fails_admission_gets_no_task_and_says_why(wired, rogue):
    server = rogue(lambda ask: Said(status=401))
    stage = arrange.board(private=2, public=1)
    url = f"http://127.0.0.1:{server.port}/v1"
    endpoint = factories.endpoint(factories.provider(), url, awaiting=True)
    admit.ask(endpoint=endpoint, cause="new", by="test")
    evaluation = request(endpoint=endpoint, track=stage.track, by="test")
    jobs.admit(str(endpoint.pk))
    jobs.generate(str(endpoint.pk))
    assert Send.objects.count() == 0
    evaluation.refresh_from_db()
    assert evaluation.state == "running"  # it waits, nothing is failed
    assert "admission: unauthorized" in describe(Evaluation.objects.get()).reason


def test_the_schedule_asks_for_nightly_visits_and_wakes_them(wired, monkeypatch):
    arrange.endpoint()
    AdmissionReport.objects.update(asked_at="2020-01-01T00:00:00Z")
    woken = []
    monkeypatch.setattr(dispatch, "_send", lambda step, target: woken.append(step))
    jobs.admissions()
    assert woken == ["admit"]
    assert AdmissionReport.objects.filter(cause="due", state="asked").count() == 1
    jobs.admissions()
    assert woken == ["admit"]


def test_a_visit_waits_for_calls_in_flight_and_is_put_off_when_they_do_not_end(
    wired, rogue, monkeypatch
):
    server = rogue()
    stage = arrange.board(private=2, public=1)
    evaluation = arrange.started(stage, f"http://127.0.0.1:{server.port}/v1")
    arrange.sent(evaluation)
    monkeypatch.setattr(quiet, "PATIENCE", 0.1)
    admit.ask(endpoint=evaluation.endpoint, cause="asked", by="test")
    jobs.admit(str(evaluation.endpoint_id))
    assert server.asks == []
    assert AdmissionReport.objects.get(cause="asked").state == "asked"
    evaluation.endpoint.lane.refresh_from_db()
    assert evaluation.endpoint.lane.resting_until is None  # the evaluation goes on
    assert admit.to_wake() == []


def test_a_serving_worker_does_all_that_is_due_by_one_message(wired, scripted, monkeypatch):
    server = scripted(solve)
    evaluation = arrange.started(arrange.board(private=3, public=1), server.url)
    monkeypatch.setattr(jobs.turns.of_this_process, "serving", True)
    jobs.generate(str(evaluation.endpoint_id))
    assert len(server.log) == Send.objects.count() == Reply.objects.count() == 4
