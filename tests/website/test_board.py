"""What a board says comes from its snapshot, all of it, and in words a reader understands."""

from __future__ import annotations

import copy
import re
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given, settings
from hypothesis import strategies as st

from benchserver.website.board import board_page
from tests.website.factory import snapshot

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "{{ page }}{% now 'Y' %}",
    "\u202emodel eht\u202c",
    "مدل زبانی",
    "x" * 130,
    "--></svg><svg onload=alert(1)>",
)


def shown(body: dict[str, Any]) -> str:
    """The board's page as HTML."""
    return render_to_string("website/board.html", {"page": board_page(body), "rotations": []})


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of ``body`` with one value replaced: ``changed(body, "rows.0.tier", 2)``."""
    new = copy.deepcopy(body)
    *steps, last = path.split(".")
    place: Any = new
    for step in steps:
        place = place[int(step) if step.isdigit() else step]
    place[last] = value
    return new


@pytest.fixture(scope="module")
def body() -> dict[str, Any]:
    made = snapshot(4, models=5)
    made["rows"][0]["cost_per_task_micro_usd"] = 20_000
    made["rows"][0]["cost_micro_usd"] = 1_000_000
    made["rows"][0]["usage"] = "reported"
    return made


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("method", "7x", "7x"),
        ("sequence", 4711, "4711"),
        ("published_at", "2031-01-02T03:04:00Z", "2 Jan 2031, 03:04 UTC"),
        ("track.name", "Haskell, May", "Haskell, May"),
        ("track.judging_class", "mitigated", "judging</a> <strong>mitigated</strong>"),
        ("rotation.slug", "ro-9", "ro-9"),
        ("rotation.state", "closed", "closed"),
        ("rotation.private_tasks", 77, "<strong>77</strong> hidden tasks"),
        ("rotation.public_tasks", 78, "<strong>78</strong> public tasks"),
        ("rotation.withdrawn_private", 20, "<strong>20 hidden tasks</strong> withdrawn since"),
        ("rotation.withdrawn_public", 1, "<strong>1 public task</strong> withdrawn since"),
        ("rotation.root", "ab" * 32, "ab" * 32),
        ("rotation.committed_at", "2026-11-08T02:00:00Z", "<strong>1 day before</strong>"),
        ("rotation.first_send_at", "2026-11-05T00:00:00Z", "<strong>2 days before</strong>"),
        ("rotation.newest_task", "2027-03-04", "4 Mar 2027"),
        ("rotation.witnesses", 3, "witnessed by <strong>3</strong>"),
        ("evaluations.started", 91, "<strong>91</strong> evaluations started"),
        ("evaluations.complete", 92, "<strong>92</strong> complete"),
        ("evaluations.incomplete", 93, "93 incomplete"),
        ("evaluations.cancelled", 94, "94 withdrawn"),
        ("evaluations.running", 95, "95 running"),
        ("protocol.samples", 5, "5 samples"),
        ("protocol.temperature", "0.65", "temperature 0.65"),
        ("protocol.max_tokens", 1234, "1234 tokens"),
        ("resolves_e4", 3100, "31 points"),
        ("rows.0.rank_worst", 44, "1–44"),
        ("rows.0.model.name", "Quillwort", "Quillwort"),
        ("rows.0.model.version", "v99", "v99"),
        ("rows.0.model.owner", "Some Lab", "Some Lab"),
        ("rows.0.model.slug", "other-slug", "/models/other-slug/"),
        ("rows.0.private.score_e4", 6789, "67.9"),
        ("rows.0.private.low_e4", 1234, "12.3–"),
        ("rows.0.private.high_e4", 9876, "–98.8"),
        ("rows.0.private.passed", 19, "19 of 24"),
        ("rows.0.private.samples", 25, "of 25"),
        ("rows.0.private.missing", 1, "1 sample missing, counted as not passed"),
        ("rows.0.public.score_e4", 3456, "34.6 ("),
        ("rows.0.gap.diff_e4", -1230, "−12.3"),
        ("rows.0.faults.endpoint", 41, "41 endpoint"),
        ("rows.0.faults.platform", 6, "+6 ours"),
        ("rows.0.evaluations", 1234, "1234"),
        ("rows.0.seen_before_e4", 6100, ">61%<"),
        ("rows.0.identity", "The endpoint changed.", "<dd>The endpoint changed.</dd>"),
        ("rows.0.tokens_in", 987_654, "987,654 in"),
        ("rows.0.tokens_out", 87_654, "87,654 out"),
        ("rows.0.cost_per_task_micro_usd", 4_560_000, "$4.56"),
        ("rows.0.cost_micro_usd", 77_770_000, "$77.77"),
        ("rows.0.usage", "estimated", "≈$0.02"),
        ("rows.0.isolation", "docker runsc full", "docker runsc full"),
        ("unranked.0.reason", "7 of 9 attempts", "7 of 9 attempts"),
        ("unranked.0.state", "cancelled", "cancelled"),
    ],
)
def test_every_fact_on_the_page_follows_the_snapshot(
    body: dict[str, Any], path: str, value: Any, text: str
) -> None:
    assert text not in shown(body)
    assert text in shown(changed(body, path, value))


@pytest.mark.parametrize("says", ["", None])
def test_a_row_whose_endpoint_did_not_change_has_no_mark(says: str | None) -> None:
    body = snapshot(1, models=2, unranked=0)
    for row in body["rows"]:
        row.pop("identity", None)
        if says is not None:
            row["identity"] = says
    assert "endpoint changed" not in shown(body)
    assert "unnamed" not in shown(body)
    marked = shown(changed(body, "rows.0.identity", "The endpoint changed during it."))
    assert marked.count(">endpoint changed<") == 1


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3000))
def test_score_interval_and_drawing_agree(score: int, half: int) -> None:
    low, high = max(0, score - half), min(10_000, score + half)
    body = snapshot(1, models=1, unranked=0)
    body["rows"][0]["private"].update(score_e4=score, low_e4=low, high_e4=high, bound="")
    page = board_page(body)
    mark = page.rows[0].score.mark
    for drawn, e4 in ((mark.low, low), (mark.mid, score), (mark.high, high)):
        assert drawn == page.axis.at(e4)
    html = shown(body)
    assert f'cx="{mark.mid}"' in html
    assert f'x1="{mark.low}" x2="{mark.high}"' in html


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text(body: dict[str, Any], name: str) -> None:
    hostile = copy.deepcopy(body)
    for row in (*hostile["rows"], *hostile["unranked"]):
        row["model"]["name"] = row["model"]["owner"] = name
    html = shown(hostile)
    assert not re.search(r"<(script|img)(?! src=\"/static/)", html)
    assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', html))
    assert "\u202e" not in html
    assert html.count("<svg") == html.count("</svg>")
    assert "2026" not in name or "{% now" in html


def test_names_are_isolated_from_the_direction_of_their_letters(body: dict[str, Any]) -> None:
    arabic = changed(body, "rows.0.model.name", "مدل")
    name = board_page(arabic).rows[0].model.name
    assert f"<bdi>{name}</bdi>" in shown(arabic)


def test_a_bound_shows_no_exact_score(body: dict[str, Any]) -> None:
    part = {"passed": 21, "samples": 24, "score_e4": 8750, "bound": "at_least"}
    bound = copy.deepcopy(body)
    bound["rows"][0]["private"].update(part)
    score = board_page(bound).rows[0].score
    assert (score.text, score.spread, score.counts) == ("≥ 87.5", "", "at least 21 of 24")


def test_rows_come_tier_by_tier_whatever_order_they_were_published_in(
    body: dict[str, Any],
) -> None:
    mixed = copy.deepcopy(body)
    for row, tier in zip(mixed["rows"], (2, 1, 2, 1, 3), strict=True):
        row["tier"] = tier
    page = board_page(mixed)
    assert [row.tier for row in page.rows] == [1, 1, 2, 2, 3]
    assert [len(tier) for tier in page.tiers] == [2, 2, 1]
    assert [row.leads for row in page.rows] == [True, False, True, False, True]


def test_the_claim_says_when_nothing_can_be_compared() -> None:
    assert "nothing to compare" in shown(snapshot(1, models=1))
    empty = shown(snapshot(1, models=0, unranked=2))
    assert "No model has a <strong>complete evaluation</strong>" in empty
    assert "Started, not ranked" in empty
    assert 'id="board"' not in empty


@pytest.mark.parametrize(
    ("tiers", "text"),
    [
        ((1, 1, 1), "<strong>none of the 3</strong> models stands out"),
        ((1, 1, 2), "<strong>2 of 3</strong> models share the best tier"),
        ((1, 2, 2), "<strong>1 of 3</strong> models stands alone in the best tier"),
    ],
)
def test_the_claim_tells_who_stands_out(tiers: tuple[int, ...], text: str) -> None:
    body = snapshot(1, models=3)
    for row, tier in zip(body["rows"], tiers, strict=True):
        row["tier"] = tier
    assert text in " ".join(shown(body).split())


def test_an_unknown_resolution_is_called_unknown(body: dict[str, Any]) -> None:
    assert "not known yet" in shown(changed(body, "resolves_e4", 0))


def test_tasks_fixed_too_late_are_called_out(body: dict[str, Any]) -> None:
    late = shown(changed(body, "rotation.committed_at", "2026-11-10T02:00:00Z"))
    assert "The tasks were fixed 1 day after the first prompt was sent." in late
    assert "before</strong> the first prompt" not in late


def test_a_board_without_public_part_or_prices_has_dashes_not_zeros() -> None:
    body = snapshot(1, models=2, public=False)
    for row in body["rows"]:
        row.update(cost_per_task_micro_usd=None, cost_micro_usd=None, price=None)
    page = board_page(body)
    assert {(row.gap, row.public, row.cost) for row in page.rows} == {("—", "—", "—")}
    assert page.wide_chart is None
    assert "What a point costs" not in shown(body)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.integers(0, 30))
def test_any_plausible_snapshot_has_a_page(seed: int, models: int) -> None:
    html = shown(snapshot(seed, models=models, unranked=seed % 3))
    assert html.count('role="rowheader"') == models


def test_the_chart_runs_along_what_the_reader_asks_for() -> None:
    body = snapshot(2, models=5)
    axes = {
        unit: board_page(body, unit=unit).wide_chart.axis for unit in ("money", "tokens", "time")
    }
    assert len(set(axes.values())) == 3
    assert board_page(body, unit="nonsense").unit.key == "money"


def test_without_a_price_the_chart_still_tells_tokens_and_time() -> None:
    body = snapshot(2, models=4)
    for row in body["rows"]:
        row.update(cost_per_task_micro_usd=None, cost_micro_usd=None)
        row["price"]["cost_micro_usd"] = None
    page = board_page(body)
    assert [unit.key for unit in page.units] == ["tokens", "time"]
    assert page.unit.key == "tokens"


def test_a_dot_off_the_frontier_is_open_and_an_old_snapshot_claims_nothing() -> None:
    body = snapshot(2, models=4)
    for n, row in enumerate(body["rows"]):
        row["cost_per_task_micro_usd"] = 100 * (n + 1)
        row["price"]["cost_micro_usd"] = {"mean": 100 * (n + 1), "low": 80, "high": 900}
        row["price"]["cost_micro_usd"]["frontier"] = n == 0
    assert [dot.open for dot in board_page(body).wide_chart.dots] == [False, True, True, True]
    for row in body["rows"]:
        del row["price"]
    old = board_page(body).wide_chart
    assert not old.frontier_known
    assert not any(dot.open for dot in old.dots)
