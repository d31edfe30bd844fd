"""In a real browser: no CSP violation, nothing wider than a phone, no accessibility fault."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connections
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, sync_playwright

from benchserver.pools.models import Track
from benchserver.providers.models import Account
from tests.portal.conftest import Tenant, make_tenant

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
def browser(monkeypatch: pytest.MonkeyPatch) -> Iterator[Browser]:
    # Playwright's loop runs in this thread; the tests use the database synchronously all the same.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "true")
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield opened
        connections.close_all()  # those of this loop, which nobody else can see
        opened.close()


def _faults(message: ConsoleMessage) -> list[str]:
    """An error of the console, among them every CSP violation; a missing favicon is none."""
    if message.type != "error" or message.location["url"].endswith("/favicon.ico"):
        return []
    return [f"{message.location['url']}: {message.text}"]


def visit(browser: Browser, url: str, paths: list[str], account: Account | None, width: int) -> Any:
    """Open each path; returns what was wrong: console lines, overflow, accessibility."""
    scheme: Any = "dark" if width < 500 else "light"
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    if account is not None:
        client = Client()
        client.force_login(account, "django.contrib.auth.backends.ModelBackend")
        value = client.cookies["sessionid"].value
        context.add_cookies([{"name": "sessionid", "value": value, "url": url}])
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda message: faults.extend(_faults(message)))
    for path in paths:
        answer = page.goto(url + path)
        assert answer is not None
        assert answer.status == 200, path
        wider = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        faults += [f"{path} is {wider} px too wide"] if wider > 0 else []
        if not path.startswith("/admin/"):
            found = Axe().run(page).response["violations"]
            faults += [f"{path}: {rule['id']} {rule['nodes'][0]['html']}" for rule in found]
    context.close()
    return faults


def test_portal_and_admin_in_a_browser(browser: Browser, live_server: Any, track: Track) -> None:
    tenant: Tenant = make_tenant("acme", track)
    boss = Account.objects.create(username="boss", is_staff=True, is_superuser=True)
    portal = [f"/portal/{p}" for p in ("", "models/", "endpoints/", "endpoints/new/", "tokens/")]
    portal += ["/portal/evaluations/", "/portal/events/"]
    portal += [f"/portal/endpoints/{tenant.endpoint.slug}/"]
    portal += [f"/portal/evaluations/{tenant.evaluation.slug}/"]
    rooms = ["/admin/", "/admin/providers/account/", "/admin/evaluations/evaluation/"]
    rooms += [f"/admin/evaluations/evaluation/{tenant.evaluation.pk}/change/"]
    rooms += ["/admin/providers/account/add/", f"/admin/pools/track/{track.pk}/change/"]
    for width in (1280, 390):
        assert visit(browser, live_server.url, portal, tenant.account, width) == []
        assert (
            visit(browser, live_server.url, ["/portal/login/", "/api/v1/docs/"], None, width) == []
        )
    assert visit(browser, live_server.url, rooms, boss, 1280) == []
