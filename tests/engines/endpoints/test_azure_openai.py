"""Where Azure's Chat Completions live and how the key is shown."""

from __future__ import annotations

from typing import Any

import pytest

from benchserver.engines.endpoints.base import EndpointFailure, Target
from benchserver.engines.endpoints.registry import client
from tests.engines.endpoints import played
from tests.engines.endpoints.played import Played


def called(base: str, **options: Any) -> Played:
    transport = Played({})
    target = Target(base_url=f"http://127.0.0.1:9{base}", model="m-1", api_key="sk-1")
    with pytest.raises(EndpointFailure):
        client("azure_openai", transport, options).send(target, played.generation())
    return transport


@pytest.mark.parametrize(
    ("base", "options", "target"),
    [
        ("", {}, "/openai/deployments/m-1/chat/completions?api-version=2024-10-21"),
        ("/openai/", {}, "/openai/deployments/m-1/chat/completions?api-version=2024-10-21"),
        (
            "",
            {"deployment": "d-1", "api_version": "2025-01-01-preview"},
            "/openai/deployments/d-1/chat/completions?api-version=2025-01-01-preview",
        ),
        (
            "/openai/deployments/d-2?api-version=2024-02-01",
            {},
            "/openai/deployments/d-2/chat/completions?api-version=2024-02-01",
        ),
        ("/openai/v1", {"deployment": "d-1"}, "/openai/v1/chat/completions"),
        ("/openai/v1/", {}, "/openai/v1/chat/completions"),
    ],
)
def test_each_form_of_the_address(base: str, options: dict[str, Any], target: str) -> None:
    assert called(base, **options).target == target


def test_the_deployment_is_the_model() -> None:
    assert called("/openai/v1", deployment="d-1").body["model"] == "d-1"
    assert called("/openai/v1").body["model"] == "m-1"


def test_the_key_goes_where_the_options_say() -> None:
    assert called("").sent["api-key"] == "sk-1"
    assert "Authorization" not in called("").sent
    assert called("", auth="bearer").sent["Authorization"] == "Bearer sk-1"
