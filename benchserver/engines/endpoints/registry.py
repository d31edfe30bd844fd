"""Which wire protocols exist: a literal dict, one line each.

A new protocol is one file beside ``openai_chat.py`` and one line here. Example:
``client("anthropic_messages", transport, {"auth": "bearer"})`` gives the client; an unknown name is
a ``BadInput`` that lists the known ones, an unknown option one that lists the protocol's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from benchserver.core.errors import BadInput
from benchserver.engines.endpoints.anthropic_messages import AnthropicMessages
from benchserver.engines.endpoints.azure_openai import AzureOpenAI
from benchserver.engines.endpoints.base import EndpointClient
from benchserver.engines.endpoints.conversation import Conversation
from benchserver.engines.endpoints.dialect import Dialect
from benchserver.engines.endpoints.gemini import Gemini
from benchserver.engines.endpoints.generic_json import GenericJson
from benchserver.engines.endpoints.openai_chat import OpenAIChat
from benchserver.engines.endpoints.openai_responses import OpenAIResponses
from benchserver.engines.endpoints.options import Rules, checked
from benchserver.engines.endpoints.transport import Transport


class Entry(NamedTuple):
    """``preset``: options that the name itself stands for and the provider cannot change."""

    dialect: Callable[[Mapping[str, Any]], Dialect]
    rules: Rules
    preset: Mapping[str, Any]


_NEWER: Mapping[str, Any] = {"token_field": "max_completion_tokens"}

PROTOCOLS: dict[str, Entry] = {
    "openai_chat": Entry(OpenAIChat, OpenAIChat.OPTIONS, {}),
    "openai_chat_completion_tokens": Entry(OpenAIChat, OpenAIChat.OPTIONS, _NEWER),
    "openai_responses": Entry(OpenAIResponses, OpenAIResponses.OPTIONS, {}),
    "anthropic_messages": Entry(AnthropicMessages, AnthropicMessages.OPTIONS, {}),
    "gemini": Entry(Gemini, Gemini.OPTIONS, {}),
    "azure_openai": Entry(AzureOpenAI, AzureOpenAI.OPTIONS, {}),
    "generic_json": Entry(GenericJson, GenericJson.OPTIONS, {}),
}


def client(
    protocol: str, transport: Transport, options: Mapping[str, Any] | None = None
) -> EndpointClient:
    """The client of ``protocol``. Raises ``BadInput`` for an unknown name or a wrong option."""
    kept = check(protocol, options)
    headers = kept.get("extra_headers")
    dialect = _entry(protocol).dialect({**kept, **_entry(protocol).preset})
    return Conversation(dialect, transport, extra_headers=headers)


def check(protocol: str, options: Any) -> dict[str, Any]:
    """``options`` as they are kept. Raises ``BadInput`` naming the place and the mend."""
    entry = _entry(protocol)
    rules = {name: rule for name, rule in entry.rules.items() if name not in entry.preset}
    kept = checked({} if options is None else options, rules)
    entry.dialect({**kept, **entry.preset})  # what only shows with all of them together
    return kept


def _entry(protocol: str) -> Entry:
    if protocol not in PROTOCOLS:
        known = ", ".join(sorted(PROTOCOLS))
        raise BadInput("unknown wire protocol", place="protocol", mend=f"Use one of: {known}")
    return PROTOCOLS[protocol]
