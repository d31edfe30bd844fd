"""Azure OpenAI: Chat Completions under a deployment's own path, with another key header.

The older addresses name deployment and API version, the newer end with ``/openai/v1`` and name the
deployment as the model. Example: ``https://acme.openai.azure.com`` with ``{"deployment": "d1",
"api_version": "2024-10-21"}`` is called at
``/openai/deployments/d1/chat/completions?api-version=2024-10-21``.

Source: Azure OpenAI in Foundry Models REST API reference, chat completions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar
from urllib.parse import quote

from benchserver.engines.endpoints.address import Address
from benchserver.engines.endpoints.base import Generation, Target
from benchserver.engines.endpoints.openai_chat import PATH, OpenAIChat
from benchserver.engines.endpoints.options import Rules, like, one_of

API_VERSION = "2024-10-21"


class AzureOpenAI(OpenAIChat):
    """``deployment`` is the model's name on the wire unless the options give another."""

    name = "azure_openai"
    OPTIONS: ClassVar[Rules] = {
        **OpenAIChat.OPTIONS,
        "api_version": like(r"\d{4}-\d\d-\d\d(-preview)?|preview|latest", API_VERSION),
        "deployment": like(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", "my-deployment"),
        "auth": one_of("api-key", "bearer"),
    }

    def __init__(self, options: Mapping[str, Any]):
        super().__init__(options)
        self._version: str = options.get("api_version", API_VERSION)
        self._deployment: str = options.get("deployment", "")
        self._bearer = options.get("auth") == "bearer"

    def address(self, base: Address, model: str) -> Address:
        path = base.path.rstrip("/")
        if path.endswith("/v1") or "/v1/" in path:
            return base.below(PATH)
        if "/deployments/" not in path:
            folder = path if path.endswith("/openai") else f"{path}/openai"
            path = f"{folder}/deployments/{quote(self._deployment or model, safe='')}"
        query = base.query
        if "api-version=" not in query:
            query = f"{query}&api-version={self._version}".lstrip("&")
        return replace(base, path=path, query=query).below(PATH)

    def headers(self, target: Target) -> dict[str, str]:
        if self._bearer or not target.api_key:
            return super().headers(target)
        return {"api-key": target.api_key}

    def body(self, target: Target, generation: Generation) -> dict[str, Any]:
        named = replace(target, model=self._deployment or target.model)
        return super().body(named, generation)
