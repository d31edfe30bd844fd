"""Evidence on real rows: examined once, asked, answered or expired, and only then public."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest
from django.core.management import call_command
from django.db import IntegrityError, transaction

from benchserver.audit.models import Event
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.lifecycle import EvidenceState
from benchserver.core.rotation import Policy, Window
from benchserver.core.task import Split
from benchserver.core.verdict import Verdict
from benchserver.evaluations import evidence
from benchserver.evaluations.models import (
    Evaluation,
    EvidenceRecord,
    IdentityReading,
    ReplyTrace,
)
from benchserver.pools import rotate
from benchserver.pools.models import Form
from benchserver.providers.models import Model
from benchserver.worker import jobs
from tests import arrange, factories

pytestmark = pytest.mark.django_db

PANEL = 6
CANARIES = 8


@pytest.fixture
def stage(wired) -> arrange.Board:
    specs = factories.tasks(private=24, public=24)
    specs += [factories.task(2000 + n, Split.CANARY) for n in range(1, CANARIES + 1)]
    pool = factories.pool_of(specs)
    track = factories.track_of(pool)
    return arrange.Board(pool, track, opened(pool))


def opened(pool):
    now = rotate.database_now()
    policy = Policy(private_target=24, public_target=24, min_private=1, canary_percent=20)
    plan = rotate.preview(pool=pool, policy=policy, exposed={}, now=now)
    window = Window(now - timedelta(seconds=1), now + timedelta(days=14), "ro-1")
    made = rotate.save_plan(pool=pool, plan=plan, window=window, by="test")
    return rotate.open_rotation(rotation=made, judge_image="sha256:x", by="test")


def passing(*, private: int, public: int = 12, canaries: int = 0):
    """The first so many of each split, by place in the form."""
    wanted = {"private": private, "public": public, "canary": canaries}
    solved: set[int] = set()

    def verdict(attempt):
        if not solved:
            form = attempt.entry.form.entries.order_by("position")
            for split, count in wanted.items():
                solved.update(form.filter(split=split).values_list("pk", flat=True)[:count])
        return Verdict.PASSED if attempt.entry_id in solved else Verdict.WRONG_ANSWER

    return verdict


def ended(stage, *, owner: str, model: str, verdict) -> Evaluation:
    evaluation = arrange.started(stage, owner=owner, model=model)
    arrange.completed(evaluation, verdict)
    return evaluation


def panel(stage, count: int = PANEL) -> list[Evaluation]:
    """Reference models: about half of everything, no canary."""
    found = []
    for n in range(count):
        one = ended(
            stage,
            owner=f"Lab {n}",
            model=f"panel-{n}",
            verdict=passing(private=10 + n % 3, public=11 + n % 2),
        )
        found.append(one)
        arrange.to_panel(one.model)
    models = Model.objects.filter(panel__isnull=False)
    models.update(declared_cutoff=date(2020, 1, 1))
    return found


def close_and_examine(stage) -> list[EvidenceRecord]:
    rotate.close_rotation(rotation=stage.rotation, by="test")
    return evidence.examine(form=Form.objects.get(rotation=stage.rotation), by="test")


@pytest.fixture
def cheater(stage) -> Evaluation:
    """Passes canaries, and recites references that no panel model recites."""
    runs = panel(stage)
    evaluation = ended(
        stage, owner="Acme", model="model-a", verdict=passing(private=12, canaries=5)
    )
    for one in [*runs, evaluation]:
        recites = one.pk == evaluation.pk
        ReplyTrace.objects.bulk_create(
            ReplyTrace(
                attempt=attempt,
                containment_e4=9_500 if recites and attempt.entry.split == "private" else 1_000,
                run=60,
            )
            for attempt in one.attempts.select_related("entry")
        )
    (row,) = close_and_examine(stage)
    assert row.evaluation_id == evaluation.pk
    return evaluation


def row_of(evaluation: Evaluation) -> EvidenceRecord:
    return EvidenceRecord.objects.get(evaluation=evaluation)


def test_a_canary_is_in_the_form_and_in_no_score(stage) -> None:
    clean = ended(stage, owner="Acme", model="model-a", verdict=passing(private=24, public=24))
    form = Form.objects.get(rotation=stage.rotation)
    canaries = form.entries.filter(split=Split.CANARY).count()
    assert canaries == round(24 * 0.20)
    assert clean.total == 48 + canaries
    assert clean.score.body["private"]["tasks"] == clean.score.body["public"]["tasks"] == 24
    assert clean.score.body["private"]["score_e4"] == 10_000
    assert clean.owner_group.exposures.count() == 48 + canaries


def test_a_clean_model_is_examined_and_nothing_is_told(stage) -> None:
    panel(stage)
    clean = ended(stage, owner="Acme", model="model-a", verdict=passing(private=11))
    (row,) = close_and_examine(stage)
    assert (row.state, row.grade) == (EvidenceState.WATCHED, "")
    assert {f["test"] for f in row.findings} == {"gap-residuals@1", "canary-passes@1"}
    told = evidence.told_in_public(clean)
    assert told is not None
    assert (told["grade"], told["words"], told["tests"]) == ("", "", [])
    assert evidence.told_to_provider(clean) is None
    assert not Event.objects.filter(verb__startswith="evidence", provider="acme").exists()


def test_two_independent_hints_are_noticed_and_stay_inside(cheater) -> None:
    row = row_of(cheater)
    assert (row.state, row.grade) == (EvidenceState.NOTICED, "BB")
    carrying = {f["test"] for f in evidence.strong(row)}
    assert carrying == {"canary-passes@1", "regurgitation@1"}
    assert evidence.told_in_public(cheater)["grade"] == ""
    assert evidence.told_to_provider(cheater) is None
    assert not Event.objects.filter(verb__startswith="evidence", provider="acme").exists()


def test_every_row_says_by_which_test_in_which_version_and_in_integers(cheater) -> None:
    row = row_of(cheater)
    for finding in row.findings:
        assert finding["test"].endswith("@1")
        assert {type(finding["effect_e4"]), type(finding["p_e6"])} == {int}
        assert finding["p_e6"] >= 1
    assert row.alarm_e6 >= 500


def test_it_is_public_with_the_providers_answer_beside_it(cheater) -> None:
    with pytest.raises(NotAllowed):
        evidence.publish(evaluation=cheater, by="admin", reason="checked")
    asked = evidence.ask(evaluation=cheater, by="admin", days=14)
    assert timedelta(days=13) < asked.reply_by - rotate.database_now() <= timedelta(days=14)
    with pytest.raises(NotAllowed):
        evidence.publish(evaluation=cheater, by="admin", reason="no answer yet")
    assert evidence.told_to_provider(cheater)["may_answer"]
    evidence.answer(evaluation=cheater, text="  We trained on our own logs. ", by="jane")
    assert evidence.told_in_public(cheater)["grade"] == ""
    evidence.publish(evaluation=cheater, by="admin", reason="answer heard")
    told = evidence.told_in_public(cheater)
    assert (told["grade"], told["reply"]) == ("BB", "We trained on our own logs.")
    assert "cannot be solved from their statement" in told["words"]
    assert told["tests"] == ["canary-passes@1", "regurgitation@1"]
    verbs = set(Event.objects.filter(provider="acme").values_list("verb", flat=True))
    assert {"evidence.awaiting", "evidence.answered", "evidence.published"} <= verbs


def test_silence_until_the_deadline_is_an_answer_too(cheater) -> None:
    evidence.ask(evaluation=cheater, by="admin")
    assert evidence.expire_due() == 0
    EvidenceRecord.objects.update(reply_by="2000-01-01T00:00:00Z")
    assert evidence.expire_due() == 1
    evidence.publish(evaluation=cheater, by="admin", reason="no answer")
    assert evidence.told_in_public(cheater)["reply"] == ""


def test_a_late_answer_before_publication_is_heard(cheater) -> None:
    evidence.ask(evaluation=cheater, by="admin")
    EvidenceRecord.objects.update(reply_by="2000-01-01T00:00:00Z")
    evidence.expire_due()
    evidence.answer(evaluation=cheater, text="Late, but here.", by="jane")
    assert row_of(cheater).state == EvidenceState.ANSWERED


def test_our_own_mistake_is_withdrawn_before_anybody_hears_of_it(cheater) -> None:
    evidence.withdraw(evaluation=cheater, by="admin", reason="the canary was solvable")
    assert evidence.told_in_public(cheater)["grade"] == ""
    assert evidence.told_to_provider(cheater) is None
    assert not Event.objects.filter(verb__startswith="evidence", provider="acme").exists()


def test_a_published_mark_can_be_taken_back(cheater) -> None:
    evidence.ask(evaluation=cheater, by="admin")
    evidence.answer(evaluation=cheater, text="No.", by="jane")
    evidence.publish(evaluation=cheater, by="admin", reason="heard")
    evidence.withdraw(evaluation=cheater, by="admin", reason="it explains it after all")
    assert evidence.told_in_public(cheater)["grade"] == ""


def test_nobody_is_examined_twice_or_while_others_may_come(stage) -> None:
    panel(stage, 3)
    ended(stage, owner="Acme", model="model-a", verdict=passing(private=11))
    form = Form.objects.get(rotation=stage.rotation)
    with pytest.raises(NotAllowed, match="open"):
        evidence.examine(form=form, by="test")
    assert form not in evidence.due()
    rotate.close_rotation(rotation=stage.rotation, by="test")
    assert form in evidence.due()
    assert len(evidence.examine(form=form, by="test")) == 1
    assert evidence.examine(form=form, by="test") == []
    assert form not in evidence.due()


def test_the_database_keeps_what_was_found_and_the_rule(cheater) -> None:
    row = EvidenceRecord.objects.filter(evaluation=cheater)
    for change in ({"grade": "A"}, {"findings": []}, {"beside": []}, {"state": "published"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            row.update(**change)


def test_answers_are_short_words_and_decisions_have_reasons(cheater) -> None:
    evidence.ask(evaluation=cheater, by="admin")
    for text in ("", "   ", "x" * 2001):
        with pytest.raises(BadInput):
            evidence.answer(evaluation=cheater, text=text, by="jane")
    evidence.answer(evaluation=cheater, text="x" * 2000, by="jane")
    with pytest.raises(BadInput):
        evidence.publish(evaluation=cheater, by="admin", reason=" ")


def test_a_salt_of_somebody_else_is_conclusive_alone(stage) -> None:
    evaluation = ended(stage, owner="Acme", model="model-a", verdict=passing(private=11))
    attempt = evaluation.attempts.first()
    ReplyTrace.objects.create(attempt=attempt, containment_e4=0, run=0, salts=1)
    (row,) = close_and_examine(stage)
    assert (row.state, row.grade) == (EvidenceState.NOTICED, "A")
    assert "secret number" in evidence.words(row)


def test_two_owners_that_fail_alike_are_watched_and_one_owners_models_are_not(stage) -> None:
    runs = panel(stage)
    pair = [
        ended(stage, owner=owner, model=model, verdict=passing(private=4, public=4))
        for owner, model in (("Acme", "model-a"), ("Birch", "model-b"))
    ]
    for n, one in enumerate([*runs, *pair]):
        alike = one in pair
        ReplyTrace.objects.bulk_create(
            ReplyTrace(
                attempt=attempt,
                containment_e4=0,
                run=0,
                failure_mac=f"{0 if alike else n}-{attempt.entry.version_id}"[:64],
            )
            for attempt in one.attempts.select_related("entry")
            if attempt.verdict.verdict != Verdict.PASSED
        )
    rows = close_and_examine(stage)
    for row in rows:
        (found,) = [f for f in row.findings if f["test"] == "shared-failures@1"]
        assert found["grade"] == "B"
        assert row.state == EvidenceState.WATCHED, "one hint is not two"


def test_the_command_examines_what_is_due_and_says_what_is_next(stage, capsys) -> None:
    panel(stage, 3)
    ended(stage, owner="Acme", model="model-a", verdict=passing(private=11))
    rotate.close_rotation(rotation=stage.rotation, by="test")
    call_command("examine", "--track", "python")
    said = capsys.readouterr().out
    assert "1 examined now" in said
    assert "nothing, watched; nothing to do" in said
    call_command("examine", "--json")
    assert json.loads(capsys.readouterr().out)["examined"] == 0


def test_the_schedule_examines_and_lets_deadlines_pass(cheater) -> None:
    evidence.ask(evaluation=cheater, by="admin")
    EvidenceRecord.objects.update(reply_by="2000-01-01T00:00:00Z")
    jobs.examinations()
    assert row_of(cheater).state == EvidenceState.EXPIRED


@pytest.fixture
def leaky(stage) -> Evaluation:
    """Two replies hold pieces of hidden tests that no panel reply holds; nothing else is odd."""
    runs = panel(stage)
    evaluation = ended(stage, owner="Acme", model="model-a", verdict=passing(private=11))
    private = {"entry__split": "private"}
    odd = set(evaluation.attempts.filter(**private).values_list("pk", flat=True)[:2])
    ReplyTrace.objects.bulk_create(
        ReplyTrace(attempt=attempt, containment_e4=0, run=0, literals=2 if attempt.pk in odd else 1)
        for one in (*runs, evaluation)
        for attempt in one.attempts.filter(**private)
    )
    close_and_examine(stage)
    return evaluation


def test_pieces_of_hidden_tests_in_a_reply_ask_for_a_look_and_say_nothing(leaky) -> None:
    row = row_of(leaky)
    assert (row.state, row.grade, row.literals) == (EvidenceState.REVIEW, "", 2)
    assert evidence.told_in_public(leaky)["grade"] == ""
    assert evidence.told_to_provider(leaky) is None
    with pytest.raises(NotAllowed):
        evidence.ask(evaluation=leaky, by="admin")


def test_a_canary_that_is_given_back_is_not_counted_as_a_piece_of_tests_again(stage) -> None:
    panel(stage, 3)
    evaluation = ended(stage, owner="Acme", model="model-a", verdict=passing(private=11))
    ReplyTrace.objects.bulk_create(
        ReplyTrace(attempt=attempt, containment_e4=9_900, run=90, literals=3)
        for attempt in evaluation.attempts.filter(entry__split="canary")
    )
    (row,) = close_and_examine(stage)
    assert (row.state, row.literals) == (EvidenceState.WATCHED, 0)


def test_what_a_person_read_in_the_replies_is_an_a_and_still_waits_for_the_answer(leaky) -> None:
    with pytest.raises(BadInput):
        evidence.confirm(evaluation=leaky, by="admin", reason=" ")
    evidence.confirm(evaluation=leaky, by="admin", reason="our expected strings, in a table")
    row = row_of(leaky)
    assert (row.state, row.grade) == (EvidenceState.NOTICED, "A")
    assert "pieces of hidden tests" in evidence.words(row)
    assert evidence.told_in_public(leaky)["grade"] == ""
    evidence.ask(evaluation=leaky, by="admin")
    evidence.answer(evaluation=leaky, text="No.", by="jane")
    evidence.publish(evaluation=leaky, by="admin", reason="heard")
    told = evidence.told_in_public(leaky)
    assert (told["grade"], told["tests"]) == ("A", ["hidden-literals@1"])


def test_a_literal_that_the_model_may_have_made_itself_is_dismissed(leaky) -> None:
    evidence.withdraw(evaluation=leaky, by="admin", reason="a known constant")
    assert row_of(leaky).state == EvidenceState.WITHDRAWN
    assert evidence.told_in_public(leaky)["grade"] == ""
    assert not Event.objects.filter(verb__startswith="evidence", provider="acme").exists()


def test_only_a_row_under_review_can_be_confirmed(cheater) -> None:
    with pytest.raises(NotAllowed):
        evidence.confirm(evaluation=cheater, by="admin", reason="certain")
    with pytest.raises(IntegrityError), transaction.atomic():
        EvidenceRecord.objects.update(grade="A")


def test_figures_that_no_grade_rests_on_stand_beside_with_their_ids(stage, capsys) -> None:
    panel(stage)
    model = ended(stage, owner="Acme", model="model-a", verdict=passing(private=11, canaries=2))
    Model.objects.filter(pk=model.model_id).update(declared_cutoff=date(2026, 6, 1))
    for moment in ("before", "after"):
        answers = {"q": [[1], [2], [1], [2], [1]]}
        IdentityReading.objects.create(
            evaluation=model, moment=moment, answers=answers, names=[], requests=5
        )
    (row,) = close_and_examine(stage)
    beside = {figure["test"]: figure for figure in row.beside}
    assert {"canary-posterior@1", "canary-factor@1", "model-equality@1"} <= set(beside)
    assert 0 < beside["canary-posterior@1"]["value_e4"] < 10_000
    assert beside["model-equality@1"]["p_e6"] > 50_000
    call_command("examine")
    said = capsys.readouterr().out
    assert "beside canary-posterior@1: chance of a leak by the canaries" in said
    assert "canary-passes@1: effect" in said
