"""Which protocols the reference endpoint speaks: those of the clients, by the same names.

Example: ``SPEAKERS["gemini"]`` serves ``/v1beta/models/NAME:generateContent``.
"""

from __future__ import annotations

from benchserver.engines.endpoints.reference.anthropic_messages import AnthropicMessagesSpeaker
from benchserver.engines.endpoints.reference.gemini import GeminiSpeaker
from benchserver.engines.endpoints.reference.generic_json import GenericJsonSpeaker
from benchserver.engines.endpoints.reference.openai_chat import (
    AzureOpenAISpeaker,
    OpenAIChatSpeaker,
)
from benchserver.engines.endpoints.reference.openai_responses import OpenAIResponsesSpeaker
from benchserver.engines.endpoints.reference.speaking import Speaker

SPEAKERS: dict[str, Speaker] = {
    "openai_chat": OpenAIChatSpeaker(),
    "openai_chat_completion_tokens": OpenAIChatSpeaker(),
    "openai_responses": OpenAIResponsesSpeaker(),
    "anthropic_messages": AnthropicMessagesSpeaker(),
    "gemini": GeminiSpeaker(),
    "azure_openai": AzureOpenAISpeaker(),
    "generic_json": GenericJsonSpeaker(),
}
