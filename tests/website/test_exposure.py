"""The rotation's page says who was sent what and until when the pool lasts."""

from __future__ import annotations

from django.test import Client

from tests.website.conftest import Publish
from tests.website.factory import snapshot

MEMBER = {
    "groups": [
        {
            "owner": "Acme <b>",
            "owner_slug": "acme",
            "tasks": 150,
            "share_e4": 2500,
            "samples": 750,
            "sends": 761,
        }
    ],
    "pool_tasks": 600,
    "gini_e4": 1234,
    "forecast": {
        "until": "2027-03-03",
        "rotations": 2,
        "intake_per_quarter": 120,
        "groups": 8,
        "words": "With 120 new tasks a quarter and 8 provider groups, full forms of 150 tasks last "
        "until about 3 March 2027.",
    },
}


def page(client: Client, name: str = "ro-2026-11") -> str:
    return client.get(f"/rotations/{name}/").content.decode()


def test_who_was_sent_what_is_on_the_rotations_page(client: Client, publish: Publish) -> None:
    publish({**snapshot(3), "exposure": MEMBER})
    text = page(client)
    assert "last until about 3 March 2027." in text
    assert "0.12, nothing where" in text
    for figure in ("150", "25%", "750", "761"):
        assert f">{figure}<" in text
    assert "Acme <b>" not in text
    assert "Acme &lt;b&gt;" in text


def test_a_snapshot_from_before_there_was_one_still_has_its_page(
    client: Client, publish: Publish
) -> None:
    body = snapshot(3)
    body.pop("exposure", None)
    publish(body)
    assert "Who was sent what" not in page(client)


def test_a_board_that_nobody_met_has_the_forecast_and_no_table(
    client: Client, publish: Publish
) -> None:
    empty = {**MEMBER, "groups": [], "gini_e4": None}
    publish({**snapshot(3), "exposure": empty})
    text = page(client)
    assert "last until about" in text
    assert "Gini" not in text
