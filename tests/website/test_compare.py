"""One pair of a board: what the page and the API say is what the signed snapshot holds."""

from __future__ import annotations

import json
from itertools import permutations
from typing import Any

import pytest
from django.test import Client

from benchserver.website.compare import NotCompared, p_text, pair
from tests.website.conftest import Publish
from tests.website.factory import snapshot

WHERE = "/api/v1/compare/"


@pytest.fixture
def body() -> dict[str, Any]:
    return snapshot(3, models=5, tasks=60)


def slugs(body: dict[str, Any]) -> list[str]:
    return [row["model"]["slug"] for row in body["rows"]]


def test_every_pair_of_a_board_is_found_and_turns_round_with_its_sign(body: dict[str, Any]) -> None:
    scores = {row["model"]["slug"]: row["private"] for row in body["rows"]}
    for a, b in permutations(slugs(body), 2):
        found, turned = pair(body, a, b), pair(body, b, a)
        assert found["difference_e4"] == scores[a]["score_e4"] - scores[b]["score_e4"]
        assert turned["difference_e4"] == -found["difference_e4"]
        assert (found["p_e6"], found["p_adjusted_e6"]) == (turned["p_e6"], turned["p_adjusted_e6"])
        assert found["better"] == turned["better"]
        if found["low_e4"] is not None:
            assert (found["low_e4"], found["high_e4"]) == (-turned["high_e4"], -turned["low_e4"])


def test_the_better_one_is_named_only_at_five_per_cent_after_the_correction(
    body: dict[str, Any],
) -> None:
    a, b = slugs(body)[0], slugs(body)[-1]
    place = len(body["rows"]) - 2
    body["pairs"]["p_e6"][place] = 1_000
    for adjusted, better in ((50_000, a), (200_000, "")):
        body["pairs"]["p_adjusted_e6"][place] = adjusted
        assert pair(body, a, b)["better"] == better


@pytest.mark.parametrize(
    ("first", "second", "bound"),
    [
        ("", "", ""),
        ("at_least", "", "at_least"),
        ("", "at_least", "at_most"),
        ("at_most", "", "at_most"),
        ("at_least", "at_most", "at_least"),
    ],
)
def test_an_open_end_of_a_score_opens_the_difference(
    body: dict[str, Any], first: str, second: str, bound: str
) -> None:
    body["rows"][0]["private"]["bound"] = first
    body["rows"][1]["private"]["bound"] = second
    assert pair(body, *slugs(body)[:2])["bound"] == bound


def test_a_snapshot_from_before_comparisons_says_so(body: dict[str, Any]) -> None:
    a, b = slugs(body)[:2]
    del body["pairs"]
    with pytest.raises(NotCompared, match="before boards held comparisons"):
        pair(body, a, b)


def test_the_largest_step_is_no_p_value() -> None:
    assert p_text(10_000) == "p ≤ .01"
    assert p_text(200_000) == "p ≤ .2"
    assert "≤" not in p_text(1_000_000)


def test_the_api_answers_with_an_etag_and_304(
    client: Client, publish: Publish, body: dict[str, Any]
) -> None:
    publish(body)
    a, b = slugs(body)[:2]
    answer = client.get(WHERE, {"a": a, "b": b, "track": "python"})
    assert answer.status_code == 200
    assert json.loads(answer.content) == pair(body, a, b)
    again = client.get(
        WHERE, {"a": a, "b": b, "track": "python"}, HTTP_IF_NONE_MATCH=answer["ETag"]
    )
    assert again.status_code == 304


def test_an_older_rotation_can_be_asked_for(
    client: Client, publish: Publish, body: dict[str, Any]
) -> None:
    publish(body)
    later = snapshot(4, models=5, sequence=4, rotation="ro-2026-12")
    publish(later)
    a, b = slugs(body)[:2]
    query = {"a": a, "b": b, "track": "python", "rotation": "ro-2026-11"}
    assert client.get(WHERE, query).json()["rotation"] == "ro-2026-11"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ({"a": "x", "b": "y"}, 400, "bad_input"),
        ({"a": "x", "track": "python"}, 400, "bad_input"),
        ({"a": "x", "b": "x", "track": "python"}, 400, "bad_input"),
        ({"a": "x", "b": "y", "track": "python"}, 404, "not_found"),
        ({"a": "x", "b": "y", "track": "cobol"}, 404, "not_found"),
    ],
)
def test_what_cannot_be_answered_is_a_problem_document(
    client: Client,
    publish: Publish,
    body: dict[str, Any],
    query: dict[str, str],
    status: int,
    code: str,
) -> None:
    publish(body)
    answer = client.get(WHERE, query)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer["Content-Type"] == "application/problem+json"


def test_the_page_answers_in_a_sentence_and_keeps_the_choice(
    client: Client, publish: Publish, body: dict[str, Any]
) -> None:
    publish(body)
    a, b = slugs(body)[0], slugs(body)[2]
    text = client.get("/compare/", {"a": a, "b": b, "track": "python"}).content.decode()
    assert "cannot be told apart on these tasks" in text or "is better than" in text
    assert f'<option value="{a}" selected>' in text
    assert f'<option value="{b}" selected>' in text
    assert "paired-difference@1" in text


def test_the_page_without_a_choice_compares_two_models(
    client: Client, publish: Publish, body: dict[str, Any]
) -> None:
    publish(body)
    answer = client.get("/compare/")
    assert answer.status_code == 200
    assert answer.content.decode().count(" selected>") == 2


def test_a_board_leads_to_the_comparison(
    client: Client, publish: Publish, body: dict[str, Any]
) -> None:
    publish(body)
    assert "/compare/?track=python&amp;rotation=ro-2026-11" in client.get("/").content.decode()


def test_an_old_snapshot_still_renders_everywhere(
    client: Client, publish: Publish, body: dict[str, Any]
) -> None:
    for member in ("pairs", "estimators"):
        del body[member]
    for row in body["rows"]:
        del row["price"]
    publish(body)
    a, b = slugs(body)[:2]
    assert client.get("/").status_code == 200
    page = client.get("/compare/", {"a": a, "b": b, "track": "python"})
    assert page.status_code == 200
    assert "before boards held comparisons" in page.content.decode()
    assert client.get(WHERE, {"a": a, "b": b, "track": "python"}).status_code == 404


def test_no_published_board_means_no_comparison(client: Client, db: None) -> None:
    assert client.get("/compare/").status_code == 404
