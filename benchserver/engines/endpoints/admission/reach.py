"""Can it be reached, does the key hold, does a real completion come back?

All six look at one and the same first question, asked with the very settings of an evaluation: a
list of models proves nothing about a key. Example: a revoked key is found by ``key``, because the
completion is refused, and the checks after it are not asked.
"""

from __future__ import annotations

from benchserver.engines.endpoints.admission import probes
from benchserver.engines.endpoints.admission.findings import Finding, Level, fine
from benchserver.engines.endpoints.admission.probing import Outcome, Probing
from benchserver.engines.endpoints.admission.words import words_of
from benchserver.engines.endpoints.base import EndpointFailure, Reply, StopReason

# Which check answers for which failure; ``answer`` for all others.
_ADDRESS = frozenset(("address_refused", "name_not_found"))
_CONNECTION = frozenset(("unreachable", "connect_timeout"))
_TLS = frozenset(("tls",))
_KEY = frozenset(("unauthorized", "forbidden", "payment_required", "bad_header"))
_SETTINGS = frozenset(("bad_request",))
_SMALL = 512  # tokens that any model may write


def address(probing: Probing) -> Finding:
    found = _refusal("address", _first(probing), _ADDRESS)
    if found:
        return found
    if _is_plain(probing):
        return fine("address", "An address of this machine, listed for development.", code="local")
    return fine("address", "The address is public and its name leads outside.")


def connection(probing: Probing) -> Finding:
    return _refusal("connection", _first(probing), _CONNECTION) or fine(
        "connection", "The server accepts connections."
    )


def tls(probing: Probing) -> Finding:
    found = _refusal("tls", _first(probing), _TLS)
    if found:
        return found
    if _is_plain(probing):
        return fine("tls", "Plain http to this machine, allowed for development.", code="plain")
    return fine("tls", "The certificate is valid for this host.")


def key(probing: Probing) -> Finding:
    found = _refusal("key", _first(probing), _KEY)
    if found:
        return found
    says = "The key is accepted." if probing.target.api_key else "It asks for no key."
    return fine("key", says, code="ok" if probing.target.api_key else "no_key")


def settings(probing: Probing) -> Finding:
    """Are the evaluation's temperature, top_p and output limit accepted?"""
    first = _first(probing)
    given = probing.given
    if not (isinstance(first, EndpointFailure) and first.code in _SETTINGS):
        size = given.max_tokens
        return fine("settings", "It accepts an evaluation's settings.", max_tokens=size)
    if _answers(probing, temperature="", top_p=""):
        return Finding(
            check="settings",
            level=Level.FAULT,
            code="sampling_refused",
            says="It refuses the evaluation's temperature and top_p.",
            cause="Reasoning models often allow no sampling settings.",
            mend="Ask for a track whose protocol leaves them to the model.",
        )
    if _answers(probing, max_tokens=min(_SMALL, given.max_tokens)):
        return Finding(
            check="settings",
            level=Level.FAULT,
            code="output_size_refused",
            says=f"It refuses an output limit of {given.max_tokens} tokens.",
            cause="The model's window or the account's limit is smaller.",
            mend="Serve the model with a larger window, or choose a track with shorter answers.",
            figures={"max_tokens": given.max_tokens},
        )
    return _failed("settings", first)


def answer(probing: Probing) -> Finding:
    """Is there a completion, and is there text in it?"""
    first = _first(probing)
    if isinstance(first, EndpointFailure):
        return _failed("answer", first)
    if first.text.strip():
        return fine("answer", "A real completion came back.", milliseconds=_ms(first))
    if first.stop_reason is StopReason.LENGTH:
        return Finding(
            check="answer",
            level=Level.FAULT,
            code="only_thinking",
            says="The output limit was used up before the answer began.",
            cause="The model thinks longer than the protocol's output limit allows.",
            mend="Lower the model's reasoning effort, or choose a track with a larger limit.",
        )
    if first.stop_reason is StopReason.REFUSAL:
        return Finding(
            check="answer",
            level=Level.FAULT,
            code="refuses_everything",
            says="It refuses a harmless question.",
            cause="A content filter before the model is too strict.",
            mend="Switch the filter off for this key.",
        )
    return Finding(
        check="answer",
        level=Level.FAULT,
        code="empty_answer",
        says="The completion is empty.",
        cause="The text is in another field than the protocol says, or the server lost it.",
        mend="Choose the protocol that the endpoint documents, and look at its log.",
    )


def _is_plain(probing: Probing) -> bool:
    """Without TLS: the address guard lets only listed addresses of this machine be so."""
    return probing.target.base_url.lower().startswith("http:")


def _first(probing: Probing) -> Outcome:
    return probing.first(lambda: probing.ask(probes.HELLO))


def _answers(probing: Probing, **settings: int | str) -> bool:
    try:
        probing.ask(probes.HELLO, **settings)  # type: ignore[arg-type]
    except EndpointFailure:
        return False
    return True


def _refusal(check: str, first: Outcome, codes: frozenset[str]) -> Finding | None:
    if isinstance(first, EndpointFailure) and first.code in codes:
        return _failed(check, first)
    return None


def _failed(check: str, failure: EndpointFailure) -> Finding:
    words = words_of(failure.code)
    return Finding(
        check=check,
        level=Level.FAULT,
        code=failure.code,
        says=words.says,
        cause=words.cause,
        mend=words.mend,
        figures={} if failure.status is None else {"status": failure.status},
    )


def _ms(reply: Reply) -> int:
    return round(reply.seconds * 1000)
