"""A model's page tells its parts with the noise in them, and says so."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from benchserver.website.breakdowns import breakdown_of
from tests.website.conftest import Publish
from tests.website.factory import snapshot


def cell(**changes: Any) -> dict[str, Any]:
    return {
        "kind": "language",
        "value": "rust",
        "tasks": 60,
        "samples": 60,
        "passed": 30,
        "score_e4": 5000,
        "noise_e4": 226,
        "se_e4": 667,
        "low_e4": 3610,
        "high_e4": 6390,
        "epsilon_e3": 1000,
        **changes,
    }


def told(*cells: dict[str, Any]) -> dict[str, Any]:
    budget = {"epsilon_e3": 2000, "epsilon_ever_e3": 2000, "epsilon_limit_e3": 4000}
    return {"cells": list(cells), **budget}


def page_of(client: Client, publish: Publish, breakdown: Any) -> str:
    body = snapshot(2)
    for row in body["rows"]:
        row["breakdown"] = breakdown
    publish(body)
    return client.get(f"/models/{body['rows'][0]['model']['slug']}/").content.decode()


def test_a_part_is_shown_with_its_interval_its_noise_and_the_budget(
    client: Client, publish: Publish
) -> None:
    page = page_of(client, publish, told(cell()))
    section = page.partition("By language and topic")[2].partition("</section>")[0]
    assert "These numbers hold noise" in section
    for text in ("rust", "60 tasks", "50.0", "36.1–63.9", "±2.3", "ε 2", "2 of 4"):
        assert text in section, text
    assert '/methodology/#breakdown"' in section


def test_a_topic_that_would_be_markup_is_text(client: Client, publish: Publish) -> None:
    page = page_of(client, publish, told(cell(kind="topic", value="<b>graphs</b>")))
    assert "<b>graphs</b>" not in page
    assert "&lt;b&gt;graphs" in page


def test_a_model_that_is_told_as_another_one_says_so(client: Client, publish: Publish) -> None:
    body = snapshot(2)
    first, second, *_ = (row["model"]["slug"] for row in body["rows"])
    body["rows"][1]["alike"] = first
    publish(body)
    says = f'not told apart</a> from <a href="/models/{first}/">'
    assert says in client.get(f"/models/{second}/").content.decode()
    assert "not told apart" not in client.get(f"/models/{first}/").content.decode()


@pytest.mark.parametrize("nothing", [None, told()], ids=["open", "no part is large enough"])
def test_nothing_is_said_where_no_part_is_told(
    client: Client, publish: Publish, nothing: Any
) -> None:
    assert "By language and topic" not in page_of(client, publish, nothing)


def test_a_score_beyond_the_scale_is_shown_as_its_end_and_kept_in_the_record() -> None:
    beyond = cell(score_e4=-500, low_e4=-2100, high_e4=1100)
    found = breakdown_of({"breakdown": told(beyond)})
    assert found is not None
    assert (found.parts[0].score, found.parts[0].interval) == ("0.0", "0.0–11.0")
    assert beyond["score_e4"] == -500


def test_a_snapshot_from_before_there_were_parts_has_none() -> None:
    assert breakdown_of({}) is None
