"""The admin reads whether what is left of a running evaluation can still move anybody's tier."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from benchserver.core.verdict import Verdict
from benchserver.evaluations import settling
from benchserver.evaluations.models import Attempt, Evaluation
from benchserver.providers.models import Account
from tests import arrange

pytestmark = pytest.mark.django_db


@pytest.fixture
def stage(wired) -> arrange.Board:
    return arrange.board(private=30, public=1, samples=4)


def nothing(attempt: Attempt) -> Verdict:
    return Verdict.WRONG_ANSWER


@pytest.fixture
def half(stage) -> Evaluation:
    """Two of four samples of a model that fails every hidden task."""
    running = arrange.started(stage, owner="Half", model="model-half")
    arrange.judge_all(running, nothing, samples=2)
    return running


def rival(stage: arrange.Board, solves: int) -> None:
    other = arrange.started(stage, owner="Rival", model="model-rival")
    assert arrange.completed(other, arrange.first(solves)) == "complete"


def test_alone_on_its_form_nothing_is_foretold(half):
    assert "no other model" in settling.words(settling.foretell(half))


def test_far_behind_a_complete_model_the_rest_moves_nobody(stage, half):
    rival(stage, solves=26)
    found = settling.foretell(half)
    assert found is not None
    assert (found.settled, found.left) == (True, 60)
    assert "60 samples of hidden tasks are left and none can change a tier" in settling.words(found)


def test_at_the_brink_it_stays_open(stage, half):
    rival(stage, solves=5)
    found = settling.foretell(half)
    assert found is not None
    assert not found.settled


def test_what_has_ended_is_not_foretold(stage):
    rival(stage, solves=5)
    assert settling.foretell(Evaluation.objects.get()) is None
    assert settling.words(None) == ""


def test_the_admins_page_says_it(stage, half):
    rival(stage, solves=26)
    boss = Account.objects.create(
        username="boss", is_staff=True, is_superuser=True, is_active=True, password="!"
    )
    room = Client()
    room.force_login(boss, "django.contrib.auth.backends.ModelBackend")
    page = room.get(reverse("admin:evaluations_evaluation_change", args=[half.pk]))
    assert page.status_code == 200
    assert "none can change a tier" in page.content.decode()


def test_after_a_round_the_admin_reads_how_many_samples_were_enough(stage):
    rival(stage, solves=26)
    last = arrange.started(stage, owner="Last", model="model-last")
    arrange.completed(last, nothing)
    slugs = list(Evaluation.objects.values_list("slug", flat=True))
    assert settling.enough_samples(slugs).startswith("After 2 of 4 samples of each task")
    assert settling.enough_samples(slugs[:1]) == ""
