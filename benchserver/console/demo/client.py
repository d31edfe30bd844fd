"""A provider's own view of the REST API: what the demo does, any provider could do.

Example: ``Client(url, token).post("models/", {"slug": "albatross", ...})``. Standard library only;
loopback only, so no proxy of the environment is used.
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any

from benchserver.core.errors import PlatformFault

_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Client:
    def __init__(self, base: str, token: str) -> None:
        self._base = f"{base}/api/v1/"
        self._token = token

    def __repr__(self) -> str:
        return f"<Client {self._base}>"

    def get(self, path: str) -> dict[str, Any]:
        return self._call("GET", path, None)

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return self._call("PATCH", path, body)

    def all(self, path: str) -> list[dict[str, Any]]:
        """The first page's results; the demo has few of anything."""
        results: list[dict[str, Any]] = self.get(path)["results"]
        return results

    def _call(self, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """Raises ``PlatformFault`` with the problem's stable code for any refusal."""
        request = urllib.request.Request(self._base + path, method=method)
        request.add_header("Authorization", f"Bearer {self._token}")
        data = None
        if body is not None:
            request.add_header("Content-Type", "application/json")
            data = json.dumps(body).encode()
        try:
            with _DIRECT.open(request, data, timeout=60) as answer:
                parsed: dict[str, Any] = json.load(answer)
                return parsed
        except urllib.error.HTTPError as refusal:
            raise _fault(refusal) from None


def _fault(refusal: urllib.error.HTTPError) -> PlatformFault:
    try:
        problem = json.load(refusal)
    except ValueError:
        problem = {}
    return PlatformFault(problem.get("code", f"http_{refusal.code}"), problem.get("detail", ""))
