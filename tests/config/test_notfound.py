"""Unknown addresses answer in the tongue of their door."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_an_unknown_api_address_answers_a_problem_and_an_unknown_page_a_page():
    client = Client()
    api, page = client.get("/api/v1/no-such-thing/"), client.get("/no-such-page/")
    assert (api.status_code, api["Content-Type"]) == (404, "application/problem+json")
    assert api.json()["code"] == "not_found"
    assert (page.status_code, page["Content-Type"]) == (404, "text/html; charset=utf-8")
