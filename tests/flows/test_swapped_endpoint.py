"""An endpoint that is another model at the end: marked wherever its row is read, never voided.

Real HTTP, real tasks, the very job that asks; two endpoints, one of which is exchanged halfway.
"""

from __future__ import annotations

import pytest
from django.test import Client

from benchserver import dispatch, wiring
from benchserver.evaluations.models import Evaluation, IdentityMark
from benchserver.evaluations.request import request
from benchserver.leaderboard.publish import publish
from benchserver.providers.models import Account
from benchserver.worker import jobs
from tests import factories
from tests.flows.conftest import number_of, solve
from tests.flows.engine import run

pytestmark = pytest.mark.django_db(transaction=True)
CHANGED = "The endpoint changed between the beginning and the end of the evaluation"


class Exchanged:
    """Solves every task; asked anything else, it speaks like one of two models."""

    def __init__(self) -> None:
        self.voice = "sea and sand"
        self.asked = 0

    def __call__(self, prompt: str) -> str:
        if number_of(prompt):
            return solve(prompt)
        self.asked += 1
        return f"{self.voice} {self.asked % 5}"


@pytest.fixture
def board(wired, settings, monkeypatch):
    monkeypatch.setattr(dispatch, "nudge", lambda *_: None)
    monkeypatch.setattr(dispatch, "flush", lambda: None)
    pool = factories.pool_of(factories.tasks(private=20, public=1))
    track = factories.track_of(pool)
    factories.open_rotation(pool)
    return track


def evaluated(track, server, model: Exchanged, *, owner: str, becomes: str) -> Evaluation:
    """Asked before the first task, exchanged halfway, run to its end and asked again."""
    endpoint = factories.endpoint(factories.provider(owner), server.url, model=f"m-{owner.lower()}")
    evaluation = request(endpoint=endpoint, track=track, by="test")
    jobs.identify(str(evaluation.pk))
    run(evaluation, rounds=10)
    assert evaluation.state == "running"
    model.voice = becomes
    run(evaluation)
    jobs.identify(str(evaluation.pk))
    return evaluation


def test_a_swap_is_on_the_board_and_on_the_providers_page_and_the_score_stays(board, scripted):
    steady, swapped = Exchanged(), Exchanged()
    fair = evaluated(board, scripted(steady), steady, owner="Fair", becomes=steady.voice)
    other = evaluated(board, scripted(swapped), swapped, owner="Other", becomes="ice, wind")
    assert list(IdentityMark.objects.values_list("evaluation", flat=True)) == [other.pk]
    assert (fair.state, other.state) == ("complete", "complete")
    signed = {"signer": wiring.signer(), "sealer": wiring.sealer()}
    rows = publish(track=board, by="test", min_cell=20, **signed).board["rows"]
    said = {row["run"]: row["identity"] for row in rows}
    assert said[fair.slug] == ""
    assert said[other.slug].startswith(CHANGED)
    assert len({row["private"]["passed"] for row in rows}) == 1, "the score is what it is"
    page = Client().get(f"/boards/{board.slug}/").content.decode()
    assert page.count(">endpoint changed<") == 1
    assert CHANGED in page
    assert CHANGED in portal_page(other)
    assert "No evidence that the endpoint changed" in portal_page(fair)


def portal_page(evaluation: Evaluation) -> str:
    name = f"of-{evaluation.provider.slug}"
    account = Account.objects.create(username=name, provider=evaluation.provider)
    client = Client()
    client.force_login(account, "django.contrib.auth.backends.ModelBackend")
    return client.get(f"/portal/evaluations/{evaluation.slug}/").content.decode()
