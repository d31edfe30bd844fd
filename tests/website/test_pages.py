"""The public pages answer, safely and cheaply, with or without anything published."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils.html import escape

from benchserver.leaderboard.models import PublishedRotation, Snapshot
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.measurement.estimators import ESTIMATORS
from benchserver.website.definitions import BEHIND
from tests.website.conftest import Publish
from tests.website.factory import snapshot

pytestmark = pytest.mark.django_db

EVERYWHERE = (
    "/",
    "/models/",
    "/rotations/",
    "/methodology/",
    "/transparency/",
    "/for-providers/",
)
INLINE = re.compile(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=|javascript:")


@pytest.fixture
def log(db: None) -> None:
    for index, kind in enumerate(("rotation-commit", "run-start", "snapshot")):
        Entry.objects.create(index=index, kind=kind, body=b"{}", leaf_hash=f"{index:064x}")
    Checkpoint.objects.create(
        size=3, root="ab" * 32, note="origin\n3\nroot\n\n— sig\n", verifier_key="origin+00+AA"
    )


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_page_answers_before_anything_is_published(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "<h1" in answer.content.decode()


@pytest.mark.usefixtures("log")
def test_no_page_has_inline_code_a_cookie_or_a_lax_policy(client: Client, publish: Publish) -> None:
    body = snapshot(3)
    publish(body)
    slug = body["rows"][0]["model"]["slug"]
    named = ("/boards/python/", f"/models/{slug}/", "/rotations/ro-2026-11/", "/no-such-page")
    for path in (*EVERYWHERE, *named):
        answer = client.get(path)
        policy = answer["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert not INLINE.search(answer.content.decode()), path
        assert not answer.cookies
        assert "Cookie" not in answer.get("Vary", "")


def test_a_single_board_is_the_home_page(client: Client, publish: Publish) -> None:
    publish(snapshot(3))
    assert client.get("/").content == client.get("/boards/python/").content


def test_several_boards_are_listed_with_what_they_can_tell_apart(
    client: Client, publish: Publish
) -> None:
    for sequence, track in enumerate(("go", "python")):
        body = snapshot(3, track=track, sequence=sequence)
        body["resolves_e4"] = 1300 + 100 * sequence
        publish(body)
    html = client.get("/").content.decode()
    assert "about 13 points" in html
    assert "about 14 points" in html
    assert 'href="/boards/go/"' in html


def test_a_new_snapshot_is_shown_at_once_and_the_old_one_stays_citable(
    client: Client, publish: Publish
) -> None:
    old, new = snapshot(3, sequence=3), snapshot(3, sequence=4)
    old["rows"][0]["model"]["name"], new["rows"][0]["model"]["name"] = "Oldtimer", "Newcomer"
    publish(old)
    before = client.get("/boards/python/")
    publish(new)
    after = client.get("/boards/python/")
    assert "Oldtimer" in before.content.decode()
    assert "Newcomer" in after.content.decode()
    assert before["ETag"] != after["ETag"]
    kept = client.get("/boards/python/?snapshot=3").content.decode()
    assert "Oldtimer" in kept
    assert "kept as it was published" in kept


def test_a_correction_of_an_old_rotation_does_not_become_the_current_board(
    client: Client, publish: Publish
) -> None:
    october = snapshot(3, rotation="ro-2026-10", sequence=5)
    october["rotation"]["opens_at"] = "2026-10-01T00:00:00Z"
    publish(snapshot(3, rotation="ro-2026-11", sequence=4))
    publish(october)
    current = client.get("/boards/python/").content.decode()
    assert 'href="/rotations/ro-2026-11/"' in current
    chosen = client.get("/boards/python/?rotation=ro-2026-10").content.decode()
    assert 'href="/rotations/ro-2026-10/"' in chosen


def test_a_reader_who_holds_the_page_gets_304(client: Client, publish: Publish) -> None:
    publish(snapshot(3))
    first = client.get("/")
    again = client.get("/", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first["Cache-Control"].startswith("public")


def test_a_page_is_rendered_once_per_publication(
    client: Client, publish: Publish, django_assert_max_num_queries: Any
) -> None:
    publish(snapshot(3))
    client.get("/")
    with django_assert_max_num_queries(4):  # only whether something new was published
        client.get("/")


@pytest.mark.parametrize(
    "path",
    [
        "/boards/none/",
        "/boards/python/?rotation=none",
        "/boards/python/?snapshot=999",
        "/boards/python/?snapshot=-1",
        "/boards/python/?snapshot=" + "9" * 40,
        "/boards/python/?snapshot=²",
        "/models/none/",
        "/rotations/none/",
        "/no/such/page",
    ],
)
def test_what_was_never_published_is_a_404_that_says_where_to_go(
    client: Client, publish: Publish, path: str
) -> None:
    publish(snapshot(3))
    answer = client.get(path)
    assert answer.status_code == 404
    assert "Nothing is at this address" in answer.content.decode()


def test_pages_are_read_only(client: Client) -> None:
    assert client.post("/").status_code == 405


def test_a_models_page_counts_all_its_evaluations_over_rotations(
    client: Client, publish: Publish
) -> None:
    november, december = snapshot(3, sequence=3), snapshot(3, sequence=4, rotation="ro-2026-12")
    who = november["rows"][0]["model"]
    december["unranked"][0]["model"] = who
    november["rows"][0]["evaluations"], december["unranked"][0]["evaluations"] = 2, 1
    publish(november)
    publish(december)
    html = client.get(f"/models/{who['slug']}/").content.decode()
    assert "3 evaluations" in html
    assert "?rotation=ro-2026-11" in html
    assert december["unranked"][0]["reason"] in html


def test_a_hostile_model_name_is_text_on_every_page(client: Client, publish: Publish) -> None:
    body = snapshot(3)
    body["rows"][0]["model"].update(name="<script>x</script>\u202e", slug="bad-1")
    publish(body)
    for path in ("/", "/models/", "/models/bad-1/"):
        html = client.get(path).content.decode()
        assert "<script>x" not in html
        assert "&lt;script&gt;x" in html
        assert "\u202e" not in html


def test_a_rotation_says_when_its_tasks_were_fixed(client: Client, publish: Publish) -> None:
    body = snapshot(3)
    publish(body)
    html = client.get("/rotations/ro-2026-11/").content.decode()
    assert body["rotation"]["root"] in html
    assert "6 days before the first prompt" in html
    PublishedRotation.objects.update(first_send_at=None)
    assert "none has been sent so far" in client.get("/rotations/ro-2026-11/").content.decode()
    PublishedRotation.objects.update(first_send_at=datetime(2026, 11, 1, tzinfo=UTC))
    assert "<strong>after</strong>" in client.get("/rotations/ro-2026-11/").content.decode()


@pytest.mark.usefixtures("log")
def test_the_log_is_shown_newest_first_and_can_be_paged_back(client: Client) -> None:
    html = client.get("/transparency/").content.decode()
    assert html.index("a board as it was published") < html.index("tests and rules")
    assert "3 entries" in html
    assert "origin+00+AA" in html
    assert (
        "a board as it was published" not in client.get("/transparency/?before=2").content.decode()
    )
    assert client.get("/transparency/?before=x").status_code == 200


def test_a_page_of_the_log_says_that_a_signature_alone_proves_no_date(client: Client) -> None:
    assert "alone proves no date" in client.get("/methodology/").content.decode()


def test_the_policy_on_the_pages_is_the_policy_in_force(client: Client, settings: Any) -> None:
    settings.MIN_CELL, settings.EVALUATIONS_PER_ROTATION = 33, 7
    settings.EXPOSURE_PER_PROVIDER = 3
    assert "at least 33 hidden tasks" in client.get("/methodology/").content.decode()
    html = client.get("/for-providers/").content.decode()
    assert "7 evaluations per owner group" in html
    assert "3 times" in html


def test_an_error_page_needs_neither_database_nor_request() -> None:
    from django.template.loader import render_to_string

    for code in ("400", "403", "403_csrf", "404", "500"):
        html = render_to_string(f"{code}.html")
        assert "<h1>" in html
        assert not INLINE.search(html)


def test_robots_may_read_the_boards_and_nothing_behind_a_login(client: Client) -> None:
    text = client.get("/robots.txt").content.decode()
    assert "Disallow: /portal/" in text
    assert "Disallow: /admin/" in text


def test_the_verifier_is_served_as_it_is(client: Client) -> None:
    from benchserver.transparency import verify

    assert verify.__file__
    answer = client.get("/transparency/verify.py")
    with open(verify.__file__, "rb") as file:
        assert answer.content == file.read()


def test_many_models_stay_one_page(client: Client, publish: Publish) -> None:
    publish(snapshot(3, models=100, tasks=150))
    assert client.get("/").content.decode().count('role="rowheader"') == 100
    assert Snapshot.objects.count() == 1


def test_the_methodology_lists_every_estimator_and_names_those_behind_each_number(
    client: Client,
) -> None:
    text = client.get("/methodology/").content.decode()
    for estimator in ESTIMATORS.values():
        line = text[text.index(f'id="estimator-{estimator.id}"') :].partition("</tr>")[0]
        assert estimator.label in line
        assert escape(estimator.title) in line
        assert escape(estimator.known_answer) in line
    for anchor, names in BEHIND.items():
        section = text[text.index(f'id="{anchor.replace("_", "-")}"') :].partition("<h3")[0]
        assert all(ESTIMATORS[name].label in section for name in names), anchor


def test_the_methodology_contents_lead_to_every_definition(client: Client) -> None:
    text = client.get("/methodology/").content.decode()
    contents = text[text.index('class="contents"') :].partition("</nav>")[0]
    assert re.findall(r'href="#([\w-]+)"', contents) == re.findall(r'<h[23] id="([\w-]+)"', text)


def test_a_chart_in_tokens_is_a_page_of_its_own(client: Client, publish: Publish) -> None:
    publish(snapshot(3))
    pages = {
        unit: client.get("/boards/python/", {"chart": unit}).content.decode()
        for unit in ("money", "tokens", "time")
    }
    for unit, words in (
        ("money", "cost per task"),
        ("tokens", "tokens written"),
        ("time", "waiting"),
    ):
        assert words in pages[unit]
        assert sum(words in page for page in pages.values()) == 1
    assert 'chart=time#price">time</a>' in pages["money"]


def equating(**changes: Any) -> dict[str, Any]:
    link = {"shift_e3": 506, "shift_se_e3": 54, "panel_models": 7, "panel_families": 3}
    return {"comparable": True, "form": "ro-first", "reasons": [], "link": link, **changes}


def test_a_board_shows_its_scores_on_the_first_form(client: Client, publish: Publish) -> None:
    told = {"expected_e4": 6761, "se_e4": 553, "low_e4": 5677, "high_e4": 7845}
    body = snapshot(3) | {"equating": equating()}
    for row in body["rows"]:
        row["equated"] = None
    body["rows"][1]["equated"] = told
    publish(body)
    html = client.get("/").content.decode().partition('id="across"')[2].partition("</section>")[0]
    assert "67.6" in html
    assert "56.8–78.5" in html
    assert "+0.51 logits" in html
    assert body["rows"][1]["model"]["name"] in html
    assert body["rows"][0]["model"]["name"] not in html


def test_a_board_that_cannot_be_compared_says_why(client: Client, publish: Publish) -> None:
    why = ["5 panel models, 6 are needed", "residual chi2/df 3.4, more than 3"]
    publish(snapshot(2) | {"equating": equating(comparable=False, reasons=why, link=None)})
    html = client.get("/").content.decode()
    assert "Not comparable across rotations" in html
    assert "; ".join(why) in html


def test_a_snapshot_from_before_there_was_a_panel_says_nothing_of_it(
    client: Client, publish: Publish
) -> None:
    body = snapshot(2)
    body.pop("equating", None)
    publish(body)
    assert 'id="across"' not in client.get("/").content.decode()
