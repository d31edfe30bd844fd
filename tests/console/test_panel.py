"""The operator's panel on the command line: weights are named by their digest, every time."""

from __future__ import annotations

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from benchserver import wiring
from benchserver.core.errors import BadInput
from benchserver.evaluations.models import Evaluation, Exposure
from benchserver.leaderboard.publish import publish
from benchserver.pools.models import Track
from benchserver.providers.models import Account, Endpoint, PanelModel
from tests import arrange, factories
from tests.wired import clear_wiring

pytestmark = pytest.mark.django_db


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    file = tmp_path / "oak.safetensors"
    file.write_bytes(b"weights")
    return file


def panel(act: str, **options: Any) -> Any:
    out = StringIO()
    call_command("panel", act, json=True, stdout=out, **options)
    return json.loads(out.getvalue())


@pytest.fixture
def member(wired: None, settings: Any, weights: Path) -> str:
    settings.ENDPOINT_ALLOW_LOCAL = frozenset({"127.0.0.1:9"})
    clear_wiring()
    made = panel(
        "add",
        name="oak",
        model_version="1",
        family="oak",
        weights=weights,
        frozen_on="2026-01-31",
        url=arrange.NOWHERE,
        own_host="127.0.0.1",
    )
    factories.admitted(Endpoint.objects.get(slug=made["endpoint"]))
    return str(made["model"])


def test_a_model_of_the_panel_runs_the_open_form_and_is_exposed_to_nobody(
    member: str, weights: Path
) -> None:
    arrange.board(private=3, public=1)
    assert panel("run", model=member, track="python", weights=weights)["evaluation"]
    assert not Exposure.objects.exists()
    (row,) = panel("list")
    assert (row["model"], row["family"], row["retired"]) == ("oak-1", "oak", False)


def test_a_key_from_a_file_is_kept_sealed(wired: None, weights: Path, tmp_path: Path) -> None:
    key = tmp_path / "key.txt"
    key.write_text("key-of-the-panel\n")
    host = {"url": "https://panel.example.org/v1", "own_host": "panel.example.org"}
    given = {"name": "oak", "family": "oak", "weights": weights, "frozen_on": "2026-01-31"}
    made = panel("add", **given, **host, api_key_file=key)
    endpoint = Endpoint.objects.get(slug=made["endpoint"])
    assert endpoint.key_data_key
    assert b"key-of-the-panel" not in bytes(endpoint.key_sealed)


def test_other_weights_are_refused(
    member: str, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrange.board(private=3, public=1)
    weights.write_bytes(b"fine-tuned")
    with pytest.raises(SystemExit):
        panel("run", model=member, track="python", weights=weights)
    assert "not those it was registered with" in capsys.readouterr().err


def test_a_retired_model_runs_no_more(member: str, weights: Path) -> None:
    arrange.board(private=3, public=1)
    panel("retire", model=member)
    assert PanelModel.objects.get().retired_at is not None
    with pytest.raises(SystemExit):
        panel("run", model=member, track="python", weights=weights)


def test_without_runs_on_both_forms_there_is_no_link(
    member: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arrange.board(private=3, public=1)
    with pytest.raises(SystemExit):
        panel("link", track="python")
    assert "no panel model has a complete run" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"own_host": "elsewhere"}, "own_host"),
        ({"weights": None, "digest": "abc"}, "weights_digest"),
        ({"frozen_on": "soon"}, "--frozen-on"),
        ({"family": "!"}, "family"),
    ],
)
def test_what_is_wrong_with_a_registration_is_named(
    wired: None, weights: Path, change: dict[str, Any], place: str
) -> None:
    given = {"name": "oak", "family": "oak", "weights": weights, "frozen_on": "2026-01-31"}
    given |= {"url": arrange.NOWHERE, "own_host": "127.0.0.1"}
    with pytest.raises(BadInput) as refusal:
        panel("add", **{**given, **change})
    assert refusal.value.place == place
    assert not PanelModel.objects.exists()


def test_the_status_says_where_each_model_stands_and_what_mends_it(
    member: str, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrange.board(private=3, public=1)
    (sheet,) = panel("status")
    (line,) = sheet["lines"]
    assert (line["model"], line["here"], line["why"]) == ("oak-1", "due", "")
    assert sheet["lacks"][0]["says"] == "no panel model has run this form, the first one"
    Endpoint.objects.update(revision=2)
    with pytest.raises(SystemExit) as stop:
        call_command("panel", "status", track="python")
    assert stop.value.code == 1
    said = capsys.readouterr().out
    assert "oak-1  oak  missing: its endpoint was changed" in said
    assert "panel run --model oak-1 --weights FILE" in said


def test_the_admins_page_shows_runs_lacks_and_mends(member: str, client: Client) -> None:
    arrange.completed(arrange.started(arrange.board(private=24, public=1)), arrange.first(12))
    panel("run", model=member, track="python", digest=PanelModel.objects.get().weights_digest)
    run = Evaluation.objects.get(model__slug=member)
    arrange.completed(run, arrange.first(12))
    track = Track.objects.get()
    publish(track=track, signer=wiring.signer(), sealer=wiring.sealer(), by="test")
    boss = Account.objects.create(
        username="boss", is_staff=True, is_superuser=True, is_active=True, password="!"
    )
    where = reverse("admin:providers_panelmodel_runs")
    assert client.get(where).status_code == 302
    client.force_login(boss, "django.contrib.auth.backends.ModelBackend")
    page = client.get(where).content.decode()
    for words in (
        '<th scope="row">oak-1</th><td>oak</td><td>complete</td>',
        "1 panel models, 6 are needed",
        "Register more models",
        "the panel is of 1 families, 3 are needed",
        "The newest board of this rotation says: 1 panel models",
    ):
        assert words in page
    assert where in client.get(reverse("admin:providers_panelmodel_changelist")).content.decode()
    assert "Panel runs of" not in client.get("/admin/").content.decode()
