"""OpenAI Responses: one input, a list of output items of several types back.

Answers are not kept at the provider (``store: false``): the prompt is a hidden task. Example: a
response of ``status: "incomplete"`` for ``max_output_tokens`` is LENGTH, one for ``content_filter``
and an item of type ``refusal`` are REFUSAL; items of type ``reasoning`` are no part of the answer.

Source: the OpenAI API reference, "Create a model response" and its streaming events.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from benchserver.engines.endpoints.address import Address
from benchserver.engines.endpoints.base import Generation, StopReason, Target, ToolCall, Usage
from benchserver.engines.endpoints.dialect import (
    MAX_TOOL_CALLS,
    Gathered,
    Room,
    Said,
    call_of,
    calls_of,
    inner,
    joined,
    sampling,
    told,
    usage_of,
)
from benchserver.engines.endpoints.options import COMMON, EFFORT, Rules
from benchserver.engines.endpoints.pinned import Stopped

_CUT_BY = {"max_output_tokens": StopReason.LENGTH, "content_filter": StopReason.REFUSAL}
_LAST = frozenset(("response.completed", "response.incomplete"))


class OpenAIResponses:
    name = "openai_responses"
    OPTIONS: ClassVar[Rules] = {**COMMON, "reasoning_effort": EFFORT}

    def __init__(self, options: Mapping[str, Any]):
        self.streams: bool = options.get("stream", False)
        self._effort: str = options.get("reasoning_effort", "")

    def address(self, base: Address, model: str) -> Address:
        return base.below("/responses")

    def headers(self, target: Target) -> dict[str, str]:
        return {"Authorization": f"Bearer {target.api_key}"} if target.api_key else {}

    def body(self, target: Target, generation: Generation) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": target.model,
            "input": generation.prompt,
            "max_output_tokens": generation.max_tokens,
            "store": False,
            "stream": self.streams,
            **sampling(generation, {"temperature": "temperature", "top_p": "top_p"}),
        }
        if self._effort:
            body["reasoning"] = {"effort": self._effort}
        if generation.tools:
            body["tools"] = [_offer(tool) for tool in generation.tools]
        return body

    def read(self, data: Any) -> Said:
        if data.get("error"):
            told(data["error"])
        said = joined(text for kind, text in _parts(data["output"]) if kind == "output_text")
        refusal = joined(text for kind, text in _parts(data["output"]) if kind == "refusal")
        return _said(data, said, refusal, calls_of(_calls(data["output"])))

    def hearing(self) -> ResponsesHearing:
        return ResponsesHearing(self)


class ResponsesHearing:
    """The last event repeats the whole response; some servers leave its output empty, so the
    pieces count where it is."""

    def __init__(self, dialect: OpenAIResponses):
        self._dialect = dialect
        self._text, self._refusal = Gathered(), Gathered()
        self._calls: list[ToolCall] = []
        self._room = Room()
        self._said: Said | None = None

    def take(self, name: str, data: Any) -> bool:
        kind = data.get("type") or name
        if kind == "error" or (not kind and data.get("error")):
            told(data.get("error") or data)
        if kind == "response.output_text.delta":
            self._text.add(data["delta"])
        elif kind == "response.refusal.delta":
            self._refusal.add(data["delta"])
        elif kind == "response.output_item.done":
            self._keep(data["item"])
        elif kind == "response.failed":
            told(data["response"].get("error"))
        elif kind in _LAST:
            self._said = self._end(data["response"])
            return True
        return False

    def _keep(self, item: Any) -> None:
        for call in _calls([item]):
            if len(self._calls) == MAX_TOOL_CALLS:
                raise Stopped("too_complex")
            self._room.take(len(call.arguments.encode()))
            self._calls.append(call)

    def _end(self, response: Any) -> Said:
        if response.get("error"):
            told(response["error"])
        if response.get("output"):
            return self._dialect.read(response)
        return _said(response, str(self._text), str(self._refusal), tuple(self._calls))

    def said(self) -> Said | None:
        return self._said


def _said(
    response: Mapping[str, Any], text: str, refusal: str, calls: tuple[ToolCall, ...]
) -> Said:
    refused = bool(refusal and not text)
    return Said(
        text=refusal if refused else text,
        stop=StopReason.REFUSAL if refused else _stop_reason(response, calls),
        usage=_usage(response.get("usage")),
        model=response.get("model"),
        tool_calls=calls,
    )


def _stop_reason(response: Mapping[str, Any], calls: tuple[ToolCall, ...]) -> StopReason:
    status = response.get("status")
    if status == "completed":
        return StopReason.TOOL_CALLS if calls else StopReason.STOP
    if status == "incomplete":
        reason = inner(response, "incomplete_details", "reason")
        return _CUT_BY.get(reason, StopReason.OTHER)
    if status in ("failed", "cancelled", "queued", "in_progress"):
        raise Stopped("bad_shape")  # this is no answer, and none will follow
    return StopReason.OTHER


def _parts(output: Any) -> Iterator[tuple[Any, Any]]:
    """Type and text of each part of the answer's messages."""
    for item in output:
        if item.get("type", "message") == "message":
            for part in item["content"]:
                kind = part.get("type")
                yield (
                    kind,
                    part["refusal" if kind == "refusal" else "text"] if _is_said(kind) else "",
                )


def _is_said(kind: Any) -> bool:
    return kind in ("output_text", "refusal")


def _calls(output: Any) -> Iterator[ToolCall]:
    for item in output:
        if item.get("type") == "function_call":
            yield call_of(id=item.get("call_id"), name=item["name"], arguments=item["arguments"])


def _usage(reported: Any) -> Usage | None:
    return usage_of(
        inner(reported, "input_tokens"),
        inner(reported, "output_tokens"),
        cached=inner(reported, "input_tokens_details", "cached_tokens"),
        reasoning=inner(reported, "output_tokens_details", "reasoning_tokens"),
    )


def _offer(tool: Any) -> dict[str, Any]:
    return {
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": dict(tool.parameters),
        "strict": False,
    }
