"""From registration to a started evaluation, through the API alone, against the real rules."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.core.task import Split
from benchserver.evaluations.models import Attempt, Evaluation, Exposure, Wake
from benchserver.providers import register, tokens
from benchserver.providers.models import Provider
from tests import factories
from tests.portal.conftest import ALL, Api

pytestmark = pytest.mark.django_db

PRIVATE, PUBLIC = 6, 2


@pytest.fixture
def api(engines: None) -> Api:
    """A provider with nothing but its token, and a track with an open rotation."""
    pool = factories.pool_of(factories.tasks(private=PRIVATE, public=PUBLIC))
    factories.track_of(pool, samples=2)
    factories.open_rotation(pool)
    provider = register.create_provider(name="acme", email="a@b.org", password=None, by="test")
    return Api(tokens.issue(provider=provider, name="all", scopes=ALL, by="test")[1])


def register_endpoint(api: Api, **changes: Any) -> str:
    api.post("models/", {"slug": "nova"})
    body = {
        "name": "main",
        "model_slug": "nova",
        "protocol": "openai_chat",
        "base_url": "https://acme.example.org/v1",
        "model": "m",
        "api_key": "sk-1",
        **changes,
    }
    answer = api.post("endpoints/", body)
    assert answer.status_code == 201, answer.content
    made: str = answer.json()["id"]
    return made


def start(api: Api, endpoint: str, **headers: str) -> Any:
    return api.post("evaluations/", {"endpoint": endpoint, "track": "python"}, **headers)


def test_three_posts_lead_to_a_running_evaluation(api: Api) -> None:
    answer = start(api, register_endpoint(api))
    assert answer.status_code == 201
    made = answer.json()
    assert made["state"] == "running"
    assert made["progress"]["total"] == (PRIVATE + PUBLIC) * 2
    assert made["rotation"] == "ro-1"
    assert made["queue_position"] == 1
    assert Attempt.objects.count() == made["progress"]["total"]
    assert Wake.objects.filter(step="generate").exists()
    usage = api.get("usage/").json()["rotations"][0]
    assert (usage["evaluations"], usage["exposures_final"]) == (1, 0)


def test_a_repeated_start_with_one_key_charges_once(api: Api) -> None:
    endpoint = register_endpoint(api)
    first = start(api, endpoint, Idempotency_Key="go")
    again = start(api, endpoint, Idempotency_Key="go")
    assert again.json() == first.json()
    assert Evaluation.objects.count() == 1


def test_what_a_rule_forbids_writes_nothing(api: Api) -> None:
    endpoint = register_endpoint(api)
    assert start(api, endpoint).status_code == 201
    before = Evaluation.objects.count(), Attempt.objects.count(), Exposure.objects.count()
    second = start(api, endpoint)
    assert (second.status_code, second.json()["code"]) == (409, "already_running")
    assert second.json()["mend"]
    api.patch(f"endpoints/{endpoint}/", {"state": "paused"})
    third = start(api, endpoint)
    assert (third.status_code, third.json()["code"]) == (409, "endpoint_not_active")
    assert (Evaluation.objects.count(), Attempt.objects.count(), Exposure.objects.count()) == before


def test_the_quota_of_the_settings_is_the_one_that_counts(api: Api, settings: Any) -> None:
    settings.EVALUATIONS_PER_ROTATION = 1
    assert start(api, register_endpoint(api)).status_code == 201
    refused = start(api, register_endpoint(api, name="other"))
    assert (refused.status_code, refused.json()["code"]) == (409, "quota_used")


def test_no_answer_names_a_task(api: Api) -> None:
    """Neither ids nor words of what is asked reach the provider by any route."""
    endpoint = register_endpoint(api)
    made = start(api, endpoint).json()["id"]
    version = Attempt.objects.select_related("entry__version__task").first()
    assert version is not None
    secrets = [str(version.entry.version_id), version.entry.version.task.slug, "shift_"]
    secrets += [version.entry.version.commitment, Split.PRIVATE.value]
    owner = Provider.objects.get(slug="acme")
    assert owner.evaluations.count() == 1
    for path in ("evaluations/", f"evaluations/{made}/", "usage/", "events/", "endpoints/"):
        text = api.get(path).content.decode()
        for secret in secrets:
            assert secret not in text, (path, secret)
