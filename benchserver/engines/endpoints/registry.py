"""Which wire protocols exist: a literal dict, one line each.

A new protocol is one file beside ``openai_chat.py`` and one line here. Example:
``client("openai_chat", transport)`` gives the client; an unknown name is a ``BadInput`` that
lists the known ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.base import EndpointClient
from benchserver.engines.endpoints.openai_chat import OpenAIChat
from benchserver.engines.endpoints.transport import Transport

PROTOCOLS: dict[str, Callable[[Transport], EndpointClient]] = {
    "openai_chat": OpenAIChat,
    "openai_chat_completion_tokens": partial(OpenAIChat, token_field="max_completion_tokens"),
}


def client(protocol: str, transport: Transport) -> EndpointClient:
    """The client of ``protocol``. Raises ``BadInput`` for an unknown name."""
    if protocol not in PROTOCOLS:
        known = ", ".join(sorted(PROTOCOLS))
        raise BadInput("unknown wire protocol", place="protocol", mend=f"Use one of: {known}")
    return PROTOCOLS[protocol](transport)
