"""An independent script recounts whole boards: it touches every number and sees one off by one."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.db import connection

from benchserver import wiring
from benchserver.core.engine.policy import EnginePolicy
from benchserver.core.verdict import FaultKind, Verdict
from benchserver.evaluations import evidence
from benchserver.evaluations.models import Attempt, Evaluation, Send, VerdictCorrection
from benchserver.evaluations.request import request
from benchserver.evaluations.withdraw import withdraw
from benchserver.leaderboard import provenance
from benchserver.leaderboard import publish as publishing
from benchserver.leaderboard.models import Snapshot
from benchserver.measurement.estimators import ESTIMATORS
from benchserver.pools import rotate
from benchserver.pools.models import Form, Rotation, TaskVersion, Track
from benchserver.providers.models import Provider
from tests import arrange, factories, recount
from tests.leaderboard import test_equated
from tests.recount.turning import turned

pytestmark = pytest.mark.django_db

# Models of a demo-like board: owner, skill, tokens; two of one owner, one near each end.
FIELD = (
    ("Acme", "strong", 0.75, 400),
    ("Acme", "strong-mini", 0.7, 90),
    ("Bolt", "middling", 0.5, 200),
    ("Crane", "weak", 0.15, 900),
    ("Dune", "perfect", 1.0, 1200),
    ("Ember", "flaky", 0.55, 60),
)
# More models than Holm's adjustment is used for.
CROWD = tuple((f"Owner {n}", f"model-{n}", 0.1 + 0.038 * n, 100) for n in range(21))
MANY = EnginePolicy(exposure_per_task=50)


def demo_like(
    *,
    private: int = 24,
    samples: int = 1,
    families: int = 0,
    models: int = 6,
    field: Sequence[tuple[str, str, float, int]] = FIELD,
) -> Snapshot:
    """A published board with sends, costs, faults, a second try and an unranked model."""
    stage = arrange.board(private=private, public=4, samples=samples)
    if families:
        _in_families(families)
    rng = random.Random(f"{private}/{samples}/{families}")
    for owner, name, skill, tokens in field[:models]:
        evaluation = _started(stage, owner, name)
        _sends(evaluation, rng, tokens)
        arrange.completed(evaluation, _by_skill(rng, skill))
    again = request(endpoint=evaluation.endpoint, track=stage.track, by="test", policy=MANY)
    arrange.completed(again, _by_skill(rng, 0.9))
    broken = _started(stage, "Fault", "broken")
    assert arrange.completed(broken, lambda _: FaultKind.ENDPOINT) == "incomplete"
    return _published(stage.track)


def _published(track: Track) -> Snapshot:
    return publishing.publish(
        track=track, signer=wiring.signer(), sealer=wiring.sealer(), by="test"
    )


def crowded() -> Snapshot:
    """So many models that p-values are adjusted by lot."""
    snapshot = demo_like(private=30, models=len(CROWD), field=CROWD)
    assert snapshot.board["estimators"]["pairs.p_adjusted_e6.*"] == "max-t@1"
    assert len(set(snapshot.board["pairs"]["p_adjusted_e6"])) > 3
    return snapshot


def parted() -> Snapshot:
    """A closed rotation, whose parts by language are told with noise."""
    demo_like(private=64, models=3)
    hidden = TaskVersion.objects.filter(task__split="private").order_by("pk")
    for n, version in enumerate(hidden.values_list("pk", flat=True)):
        sql = "UPDATE pools_taskversion SET language = %s WHERE id = %s"
        arrange.past_the_triggers(sql, "rust" if n < 30 else "go", version)
    rotate.close_rotation(rotation=Rotation.objects.get(), by="test")
    snapshot = _published(Track.objects.get())
    assert len(snapshot.board["rows"][0]["breakdown"]["cells"]) == 2
    return snapshot


def linked() -> Snapshot:
    """The second rotation of a track that a panel ties to the first, closed and examined: a board
    with a link, equated scores and evidence."""
    stage = arrange.board(private=test_equated.TASKS, public=0, samples=test_equated.SAMPLES)
    members = [test_equated.member(n) for n in range(len(test_equated.ABILITIES))]
    test_equated.two_rotations(stage, members)
    rotate.close_rotation(rotation=Rotation.objects.get(slug="ro-next"), by="test")
    evidence.examine(form=Form.objects.get(rotation__slug="ro-next"), by="test")
    snapshot = _published(stage.track)
    row = snapshot.board["rows"][0]
    assert snapshot.board["equating"]["comparable"]
    assert min(row["equated"]["theta_se_e3"], row["evidence"]["alarm_e6"]) > 0
    assert snapshot.board["exposure"]["forecast"]["until"]
    return snapshot


def _started(stage: arrange.Board, owner: str, name: str) -> Evaluation:
    known = Provider.objects.filter(name=owner).first() or factories.provider(owner)
    endpoint = factories.endpoint(known, arrange.NOWHERE, model=name)
    return request(endpoint=endpoint, track=stage.track, by="test", policy=MANY)


def _in_families(count: int) -> None:
    sql = "UPDATE pools_taskversion SET family_mac = %s WHERE id = %s"
    versions = TaskVersion.objects.order_by("pk").values_list("pk", flat=True)
    for n, version in enumerate(versions):
        arrange.past_the_triggers(sql, f"{n % count:064x}", version)


def _by_skill(rng: random.Random, skill: float):
    return lambda _: Verdict.PASSED if rng.random() < skill else Verdict.WRONG_ANSWER


def _sends(evaluation: Any, rng: random.Random, tokens: int) -> None:
    """One answered request per attempt, after a refused one on every ninth."""
    evaluation.price_in = evaluation.price_out = 1
    evaluation.save(update_fields=("price_in", "price_out"))
    rows = []
    for n, attempt in enumerate(evaluation.attempts.order_by("order")):
        if n % 7 == 0:
            rows.append(
                Send(attempt=attempt, ordinal=0, cause="first", fence=1, outcome="not_sent")
            )
        if n % 9 == 0:
            refused = {"outcome": "refused", "code": "server_error"}
            rows.append(Send(attempt=attempt, ordinal=1, cause="first", fence=1, **refused))
        rows.append(
            Send(
                attempt=attempt,
                ordinal=2,
                cause="first",
                fence=1,
                outcome="answered",
                tokens_in=rng.randint(50, 90),
                tokens_out=rng.randint(tokens // 2, tokens),
                cost_micro_usd=rng.randint(tokens, 2 * tokens),
                milliseconds=rng.randint(500, 9_000),
                usage_reported=True,
            )
        )
    Send.objects.bulk_create(rows)


def raw() -> Any:
    connection.ensure_connection()
    return connection.connection


@pytest.mark.parametrize(
    "shape",
    [{}, {"samples": 3, "models": 4}, {"private": 48, "families": 16, "models": 5}],
    ids=["single samples", "three samples", "families"],
)
def test_every_number_of_a_board_is_what_the_raw_rows_make_of_it(wired: None, shape: Any) -> None:
    demo_like(**shape)
    assert recount.recount(raw()) == []


def test_a_board_issued_anew_is_what_the_raw_rows_make_of_it(wired: None) -> None:
    """Twenty tasks withdrawn, and a verdict that is wrong counts by its correction."""
    stage = arrange.board(private=48, public=4)
    for owner, passed in (("Acme", 30), ("Bolt", 24), ("Crane", 14)):
        arrange.completed(_started(stage, owner, owner.lower()), arrange.first(passed))
    first = _published(stage.track)
    corrected = _contradicted(Evaluation.objects.get(model__slug="bolt-1"))
    form = Form.objects.select_related("rotation", "track").get()
    left = form.standing.filter(split="private").exclude(pk=corrected.entry_id)
    # every second of the first 40: of what goes each model passed some and failed some
    gone = [entry.version.task for entry in left.order_by("position")[:40:2]]
    withdraw(rotation=form.rotation, tasks=gone, reason="wrong_tests", by="test")
    second = _published(form.track)
    assert second.board["rotation"]["withdrawn_private"] == 20
    assert [row["private"]["tasks"] for row in second.board["rows"]] == [28] * 3
    assert first.board["rows"][0]["private"]["tasks"] == 48
    assert recount.recount(raw()) == []


def _contradicted(evaluation: Evaluation) -> Attempt:
    """The verdict of a failed attempt, corrected to a pass; it waits, since its count was told."""
    failed = evaluation.attempts.filter(entry__split="private", verdict__verdict="wrong_answer")
    attempt = failed.order_by("-entry__position")[0]
    VerdictCorrection.objects.create(
        attempt=attempt,
        was="wrong_answer",
        verdict="passed",
        ground="recheck",
        commitment="",
        log_index=0,
        salt_data_key="",
        salt_sealed=b"",
    )
    return attempt


@pytest.mark.parametrize(
    "make", [demo_like, crowded, linked, parted], ids=lambda make: make.__name__
)
def test_every_number_is_touched_and_each_kind_that_is_off_by_one_is_seen(
    wired: None, make: Any
) -> None:
    body, seen, missed = make().board, set(), []
    found = recount.expected(raw(), body)
    assert recount.disagreements(body, found) == []
    touched = {path for path, _ in recount.leaves(found)}
    assert [path for path in numbers(body) if path not in touched] == []
    for path, value in recount.leaves(body):
        kind = tuple("*" if isinstance(step, int) else step for step in path)
        if kind not in seen and not recount.disagreements(changed(body, path, value), found):
            missed.append(kind)
        seen.add(kind)
    assert len(seen) > 50
    assert missed == []


def numbers(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all numbers of a body, by a walk of its own."""
    steps = value.items() if isinstance(value, dict) else enumerate(value or ())
    for step, inner in steps:
        if isinstance(inner, dict | list):
            yield from numbers(inner, (*path, step))
        elif isinstance(inner, int | float) and not isinstance(inner, bool):
            yield (*path, step)


def changed(body: dict[str, Any], path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """The same body with one number larger by one, a decision turned, a date a day later."""
    other = copy.deepcopy(body)
    holder: Any = other
    for step in path[:-1]:
        holder = holder[step]
    if isinstance(value, str):
        holder[path[-1]] = value[:-1] + str((int(value[-1:] or 0) + 1) % 10)
    else:
        holder[path[-1]] = (not value) if isinstance(value, bool) else value + 1
    return other


def test_a_number_that_nobody_recounts_is_a_difference(wired: None) -> None:
    body = demo_like(models=3).board
    found = recount.expected(raw(), body)
    body["rows"][1]["private"]["mystery_e4"] = 0
    assert recount.disagreements(body, found) == [
        "rows.1.private.mystery_e4: published 0, recounted None"
    ]


def test_a_decision_by_lot_that_lots_do_not_explain_is_seen(wired: None) -> None:
    body = crowded().board
    steps = body["pairs"]["p_adjusted_e6"]
    for place, step in ((steps.index(min(steps)), 1_000_000), (steps.index(1_000_000), 1_000)):
        other = changed(body, ("pairs", "p_adjusted_e6", place), step)
        other["pairs"]["p_adjusted_e6"][place] = step
        wrong = recount.disagreements(other, recount.expected(raw(), other))
        assert [line.split(":")[0] for line in wrong] == [f"pairs.p_adjusted_e6.{place}"]


def test_turning_ten_equal_differences_gives_two_of_1024() -> None:
    ((low, high),) = turned([[1.0] * 10, [0.0] * 10], [str(n) for n in range(10)])
    assert low < 2 / 1024 < high < 0.01


def test_a_verdict_that_changed_after_publishing_is_seen(wired: None) -> None:
    rows = demo_like().board["rows"]
    exact = next(row for row in rows if not row["private"]["bound"])  # a band hides one verdict
    arrange.past_the_triggers(
        "UPDATE evaluations_verdictrecord SET verdict = 'passed' WHERE attempt_id = "
        "(SELECT v.attempt_id FROM evaluations_verdictrecord v JOIN evaluations_attempt a "
        "ON a.id = v.attempt_id JOIN evaluations_evaluation e ON e.id = a.evaluation_id "
        "JOIN pools_formentry f ON f.id = a.entry_id "
        "WHERE v.verdict = 'wrong_answer' AND f.split = 'private' AND e.slug = %s LIMIT 1)",
        exact["evaluation"],
    )
    assert recount.recount(raw())


def test_every_number_of_a_snapshot_names_an_estimator_that_exists(wired: None) -> None:
    body = demo_like().board
    labels = {each.label for each in ESTIMATORS.values()}
    numbers = set(provenance.leaves(body))
    assert numbers - set(body["estimators"]) == set()
    assert set(body["estimators"].values()) <= labels
    assert body["estimators"]["rows.*.private.score_e4"] == "task-mean@1"
    assert body["estimators"]["resolves_e4"] == "observed-resolution@1"


def test_a_number_nobody_named_is_found(wired: None) -> None:
    body = demo_like(models=3).board
    body["rows"][0]["private"]["mystery_e4"] = 5
    again = provenance.estimators(body)
    assert set(provenance.leaves(body)) - set(again) == {"rows.*.private.mystery_e4"}
