"""In a real browser: nothing is clipped, nothing complains, and the page works without scripts."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from django.db import connections

from tests.website.conftest import put
from tests.website.factory import snapshot

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
PAGES = (
    "/models/",
    "/rotations/",
    "/methodology/",
    "/transparency/",
    "/for-providers/",
)
LOOKS = [("light", 1280), ("dark", 1280), ("light", 390), ("dark", 390)]
ODD = PAGES[::2]
AXE_ON_ALL = {False: ("light", 390), True: ("dark", 1280)}
LONG = "an-unbroken-name-of-" + "x" * 110

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    path = shutil.which("chromium") or shutil.which("google-chrome")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # playwright keeps a loop in this thread
    with sync_api.sync_playwright() as engine:
        browser = engine.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visit(chromium: Any, live_server: Any) -> Iterator[Open]:
    """``visit(path, scheme=, width=, script=)`` opens a page; any complaint fails the test."""
    contexts, complaints = [], []

    def go(path: str, *, scheme: str = "light", width: int = 1280, script: bool = True) -> Any:
        context = chromium.new_context(
            color_scheme=scheme,
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(live_server.url + path)
        return page

    yield go
    for context in contexts:
        context.close()
    connections.close_all()  # those of this thread, or the test database cannot be dropped
    assert complaints == []


@pytest.fixture
def board(live_server: Any) -> dict[str, Any]:
    body = snapshot(6, models=14)
    for place, row in enumerate(body["rows"]):
        cost = None if place == 0 else 1000 * 3**place
        row.update(cost_per_task_micro_usd=cost, cost_micro_usd=cost)
        use = cost and {"mean": cost, "low": cost * 3 // 4, "high": cost * 5 // 4}
        row["price"]["cost_micro_usd"] = use and {**use, "frontier": place % 3 == 1}
    body["rows"][2]["model"].update(name=LONG, owner=LONG)
    put(body)
    return body


@pytest.mark.parametrize(("scheme", "width"), LOOKS)
def test_no_page_is_clipped_and_axe_finds_nothing(
    visit: Open, board: dict[str, Any], scheme: str, width: int
) -> None:
    """Colours are judged in both lights on the board, everything else once per page."""
    sync_axe = pytest.importorskip("axe_playwright_python.sync_playwright")
    slug = board["rows"][1]["model"]["slug"]
    page = visit("/", scheme=scheme, width=width)
    root = page.url.rstrip("/")
    chosen = f"/compare/?a={board['rows'][2]['model']['slug']}&b={slug}"
    for path in ("/", *PAGES, chosen, f"/models/{slug}/", "/rotations/ro-2026-11/"):
        page.goto(root + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert page.evaluate(CLIPPED) == [], path
        if path == "/" or (scheme, width) == AXE_ON_ALL[path in ODD]:
            found = sync_axe.Axe().run(page)
            assert found.violations_count == 0, (path, found.generate_report())


CLIPPED = """() => [...document.querySelectorAll('main :is(h1, p, th, td, li, dd, button, a)')]
  .filter(e => e.checkVisibility() && !e.closest('.hidden-text'))
  .filter(e => {
    const r = e.getBoundingClientRect();
    return r.width && (r.right > innerWidth + 1 || r.left < -1);
  })
  .map(e => e.outerHTML.slice(0, 90))"""


def test_a_phone_shows_tier_model_score_and_interval_and_opens_the_rest(
    visit: Open, board: dict[str, Any]
) -> None:
    page = visit("/", width=390, script=False)
    row = page.locator("#board tbody tr").first
    for part in (".tier", ".name", ".score", "svg.interval"):
        assert row.locator(part).is_visible()
    assert not row.locator(".c-cost").is_visible()
    assert not row.locator(".more dl").is_visible()
    row.locator("summary").click()
    assert row.locator(".more dl").is_visible()
    assert board["rows"][0]["isolation"] in row.locator(".more dl").inner_text()


def test_the_axis_runs_down_through_every_row(visit: Open, board: dict[str, Any]) -> None:
    page = visit("/")
    widths = page.evaluate(
        """() => [...document.querySelectorAll('svg.interval use')].map(use => [
          getComputedStyle(use).stroke, use.getBoundingClientRect().width
            / use.parentNode.getBoundingClientRect().width])"""
    )
    assert len(widths) == len(board["rows"])
    assert all(stroke != "none" and 0.9 < share <= 1.1 for stroke, share in widths)


def test_without_scripts_no_control_is_shown_that_does_nothing(
    visit: Open, board: dict[str, Any]
) -> None:
    page = visit("/", script=False)
    assert page.locator("#board tbody tr").count() == len(board["rows"])
    assert not page.locator("#board-tools").is_visible()


def test_all_intervals_share_the_axis_above_them(visit: Open, board: dict[str, Any]) -> None:
    for width in (1280, 390):
        page = visit("/", width=width)
        edges = page.evaluate(
            """() => [...document.querySelectorAll('svg.interval, thead svg, .phone-axis svg')]
              .filter(e => e.checkVisibility())
              .map(e => e.getBoundingClientRect())
              .map(r => [Math.round(r.left), Math.round(r.right)])"""
        )
        assert len(edges) == len(board["rows"]) + 1
        assert len({tuple(edge) for edge in edges}) == 1


@pytest.mark.parametrize("width", [1280, 390])
def test_the_drawn_labels_of_the_chart_do_not_touch(
    visit: Open, board: dict[str, Any], width: int
) -> None:
    page = visit("/", width=width)
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.chart .name-text')]
          .filter(e => e.checkVisibility())
          .map(e => e.getBoundingClientRect()).map(r => [r.left, r.top, r.right, r.bottom])"""
    )
    assert len(boxes) >= 10
    for one, other in combinations(boxes, 2):
        apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
        assert apart, (one, other)


def test_sorting_and_finding_keep_a_shareable_address(visit: Open, board: dict[str, Any]) -> None:
    page = visit("/boards/python/")
    page.select_option("[name=sort]", "cost")
    costs = page.eval_on_selector_all("#board tbody tr", "rows => rows.map(r => +r.dataset.cost)")
    known = [cost for cost in costs if cost >= 0]
    assert known == sorted(known)
    assert costs[len(known) :] == [-1] * (len(costs) - len(known))
    wanted = board["rows"][4]["model"]["name"]
    page.fill("[name=q]", wanted)
    shared = page.evaluate("location.href")
    assert "sort=cost" in shared
    again = visit(shared[shared.index("/boards") :])
    names = [row.inner_text() for row in again.locator("#board tbody tr:visible .name").all()]
    assert names
    assert all(wanted in name for name in names), (wanted, names)
    again.fill("[name=q]", "nobody has this name")
    assert again.locator("#none-found").is_visible()
    again.fill("[name=q]", "")
    again.select_option("[name=sort]", "")
    tiers = again.eval_on_selector_all("#board tbody tr", "rows => rows.map(r => +r.dataset.tier)")
    assert tiers == sorted(tiers)
    assert again.evaluate("location.href").endswith("/boards/python/")


def test_every_page_is_readable_in_both_lights_when_printed(
    visit: Open, board: dict[str, Any], tmp_path: Path
) -> None:
    page = visit("/", scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert not page.locator(".toolbar").is_visible()
    assert page.locator("#cite").is_visible()
