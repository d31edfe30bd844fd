"""A transport that also listens to what an endpoint's headers say about its limits.

Example: ``ListeningTransport(heard=heard, policy=policy)``; after an answer ``heard.headers`` may
hold ``x-ratelimit-limit-requests``. One per visit, since what was heard belongs to one endpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchserver.engines.endpoints.admission.probing import Heard
from benchserver.engines.endpoints.transport import Transport


class ListeningTransport(Transport):
    """``heard`` is filled; everything else as in ``Transport``."""

    def __init__(self, *, heard: Heard, **options: Any):
        super().__init__(**options)
        self._heard = heard

    def heard(self, status: int, headers: Mapping[str, str]) -> None:
        self._heard.hear(status, headers)
