"""Do the answers mean what they say: model, stop, limit, size, usage, the same twice?

Few of these keep an endpoint out; each says what would cost points or money. Example: an endpoint
that calls an answer complete although the limit cut it would have its cut programs scored as wrong
ones, so ``limit`` says how to mend it first.
"""

from __future__ import annotations

from benchserver.core.extraction import extract
from benchserver.core.task import Shape
from benchserver.engines.endpoints.admission import probes
from benchserver.engines.endpoints.admission.findings import Finding, Level, fine
from benchserver.engines.endpoints.admission.probing import Probing
from benchserver.engines.endpoints.base import EndpointFailure, Reply, StopReason

# No honest tokenizer reaches it for such texts; the rule of thumb is 4.
_MOST_CHARACTERS_PER_TOKEN = 16
_REPEATS = 3


def _warning(
    check: str, code: str, says: str, cause: str, mend: str, level: Level = Level.WARNING
) -> Finding:
    return Finding(check=check, level=level, code=code, says=says, cause=cause, mend=mend)


def model(probing: Probing) -> Finding:
    """The name it reports is shown only where it is a longer or shorter form of the one asked."""
    wanted = probing.target.model
    names = {reply.reported_model for reply in probing.replies} - {""}
    if not names:
        return fine("model", "It does not say which model answered.", code="no_name")
    if len(names) > 1:
        return _warning(
            "model",
            "several_models",
            f"It reports {len(names)} different model names for one.",
            "A router behind it sends requests to several models.",
            "Pin the endpoint to one model: the board names one.",
        )
    name = names.pop()
    if name == wanted:
        return fine("model", f"It reports the model asked for, {wanted}.")
    if name.startswith(wanted) or wanted.endswith(name):
        return fine("model", "It reports a form of the name asked for.", reported=name[:80])
    return _warning(
        "model",
        "other_model",
        f"It reports another model than {wanted}.",
        "The name is an alias, or the request was routed to another model.",
        "Name the model exactly; a change during an evaluation is marked on the board.",
    )


def stop(probing: Probing) -> Finding:
    """Does a short answer end by itself, and is that said?"""
    reply = probing.ask(probes.SHORT)
    if reply.stop_reason is StopReason.STOP and len(reply.text) <= 2_000:
        return fine("stop", "It stops by itself and says so.")
    if reply.stop_reason is StopReason.LENGTH:
        return _warning(
            "stop",
            "never_stops",
            "A one-number answer ran into the output limit.",
            "The stop token is not configured (wrong chat template), or it thinks very long.",
            "Check the model's chat template and stop tokens.",
        )
    if reply.stop_reason is StopReason.STOP:
        return _warning(
            "stop",
            "talkative",
            "It answers a one-number question with more than 2,000 characters.",
            "The chat template is missing, or a system prompt is added.",
            "Serve the model with its own chat template and no system prompt.",
        )
    return _warning(
        "stop",
        "no_stop_reason",
        "It does not say why it stopped in the protocol's words.",
        "The server leaves the finish reason out or uses a word of its own.",
        "Report the protocol's finish reason: without it a cut answer looks like a wrong one.",
    )


def limit(probing: Probing) -> Finding:
    """Does it honour a small output limit, and admit that the answer was cut?"""
    reply = probing.ask(probes.COUNT, max_tokens=probes.COUNT_TOKENS)
    longest = probes.COUNT_TOKENS * _MOST_CHARACTERS_PER_TOKEN
    if len(reply.text) > longest:
        return _warning(
            "limit",
            "limit_ignored",
            f"It wrote far more than the {probes.COUNT_TOKENS} tokens allowed.",
            "The field for the output limit has another name for this model.",
            "Choose the protocol variant whose limit field the model knows; until then answers "
            "may cost more than estimated.",
        )
    counted = reply.usage.tokens_out if reply.usage.reported else 0
    if reply.stop_reason is StopReason.STOP and counted >= probes.COUNT_TOKENS:
        return _warning(
            "limit",
            "cut_not_told",
            "It calls an answer complete that the output limit cut.",
            "The server reports every end as a stop.",
            "Report the protocol's word for a cut answer: cut programs are otherwise scored as "
            "wrong, not as truncated.",
        )
    return fine("limit", "It keeps a small output limit.")


def size(probing: Probing) -> Finding:
    """Does a long prompt arrive whole? A word at its start is asked for at its end."""
    prompt = probes.long_text()
    try:
        reply = probing.ask(prompt)
    except EndpointFailure as failure:
        if failure.code not in ("bad_request", "prompt_too_large", "error_in_200"):
            raise
        return _warning(
            "size",
            "context_too_small",
            f"It refuses a prompt of {len(prompt):,} characters beside the output limit.",
            "The context window is too small for prompt and answer together.",
            "Serve the model with a window of at least the output limit plus 4,000 tokens.",
            Level.FAULT,
        )
    recalled = probes.WORD in reply.text.lower()
    tokens = reply.usage.tokens_in if reply.usage.reported else 0
    whole = tokens * _MOST_CHARACTERS_PER_TOKEN >= len(prompt)
    if recalled or whole:
        return fine("size", "A long prompt arrives whole.", characters=len(prompt), tokens=tokens)
    return _warning(
        "size",
        "prompt_cut",
        "The beginning of a long prompt did not reach the model.",
        "The server shortens prompts in silence to fit a small context window.",
        "Serve the model with a larger window: silently cut tasks cannot be solved.",
    )


def same(probing: Probing) -> Finding:
    """At temperature 0, is the answer the same each time? Told, not held against anybody."""
    try:
        texts = [_cold(probing).text for _ in range(_REPEATS)]
    except EndpointFailure as failure:
        if failure.code != "bad_request":
            raise
        says = "It allows no temperature of 0, so sameness cannot be asked for."
        return fine("same", says, code="no_cold")
    different = len(set(texts))
    if different == 1:
        return fine("same", f"{_REPEATS} answers at temperature 0 are the same.", different=1)
    says = f"{_REPEATS} answers at temperature 0 are {different} different ones, as is common."
    return fine("same", says, code="varies", different=different)


def stream(probing: Probing) -> Finding:
    """Can the answer be streamed? Long answers then survive gateways that cut silent calls."""
    try:
        reply = probing.ask_streamed(probes.SHORT)
    except EndpointFailure as failure:
        if failure.code == "rate_limited":
            raise
        return _warning(
            "stream",
            "no_stream",
            f"Asked to stream, it fails ({failure.code}); whole answers work.",
            "The server, or a gateway before it, does not pass event streams on.",
            "Leave the option stream off, and let gateways wait for long answers.",
        )
    if reply is None:
        return fine("stream", "Streaming was not tried.", code="not_tried")
    if not reply.text.strip():
        return _warning(
            "stream",
            "empty_stream",
            "Asked to stream, it sends no text.",
            "The stream's events have another shape than the protocol says.",
            "Leave the option stream off.",
        )
    return fine("stream", "Asked to stream, it answers.")


def _cold(probing: Probing) -> Reply:
    return probing.ask(probes.STEADY, temperature="0", top_p="1")


def code(probing: Probing) -> Finding:
    """A toy program: is there code in the answer? Its length feeds the cost estimate."""
    reply = probing.ask(probes.CODE)
    if reply.text.strip() == probes.CODE:
        return _warning(
            "code",
            "echo",
            "It sends the question back.",
            "The prompt is returned with or instead of the answer.",
            "Return the model's answer only.",
            Level.FAULT,
        )
    if _holds_code(reply.text):
        return fine("code", "A request for a program is answered.", tokens=reply.usage.tokens_out)
    return _warning(
        "code",
        "no_code",
        "A request for a small program was answered without one.",
        "The model is not made for code, or a filter removed it.",
        "Look at what the model answers to the question in docs/admission.md.",
    )


def _holds_code(text: str) -> bool:
    found = extract(
        text, language="python", prompt_code="", entry_point="middle", shape=Shape.FUNCTION
    )
    return found.outcome is None


def usage(probing: Probing) -> Finding:
    """Are tokens counted, and can the counts be true?"""
    replies = [reply for reply in probing.replies if reply.text]
    if not all(reply.usage.reported for reply in replies):
        return _warning(
            "usage",
            "usage_missing",
            "It does not report how many tokens were used.",
            "The server leaves the usage field out.",
            "Report usage: until then cost is estimated from the length of the text.",
        )
    written = sum(len(reply.text) for reply in replies)
    counted = sum(reply.usage.tokens_out for reply in replies)
    if counted * _MOST_CHARACTERS_PER_TOKEN < written:
        return _warning(
            "usage",
            "usage_too_low",
            "It reports far fewer tokens than its answers hold.",
            "Usage is counted before the answer is complete, or not at all.",
            "Correct the usage field: cost is computed from it.",
        )
    return fine("usage", "Tokens are reported.", tokens_out=counted)
