"""The failures of an exchange in plain words: code -> what was seen, why, how to mend it.

The codes are the transport's and the protocols' (``EndpointFailure.code``). Example: ``words_of``
``("unauthorized")`` says that the key is refused and where a new one is given. A code that is not
here still gets a sentence that names it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    says: str
    cause: str
    mend: str


_KEY = "Give a valid key (PATCH endpoints/{id}/ with api_key, or the endpoint's page)."
_URL = "Correct base_url: it ends where the protocol's own path begins, such as .../v1."
_SERVER = "Look at the endpoint's own log for this moment, mend it and ask for admission again."
_JSON = "Let the endpoint (or the gateway before it) answer with the protocol's plain JSON."

WORDS: dict[str, Words] = {
    "address_refused": Words(
        "The address may not be called.",
        "It is not public https on port 443 or 8443, or its name leads to an inside address.",
        "Use a public https URL with a host name.",
    ),
    "name_not_found": Words(
        "The host name has no address.",
        "The name is misspelt, or its DNS entry is missing or not yet visible from here.",
        "Check the host of base_url with a DNS tool from outside your network.",
    ),
    "unreachable": Words(
        "Nothing answers at the address.",
        "The server is down, the port is closed or a firewall refuses us.",
        "Start the server and let its firewall accept connections from outside.",
    ),
    "connect_timeout": Words(
        "The connection was not established in 5 seconds.",
        "A firewall drops our packets, or the server is overloaded.",
        "Let the firewall accept connections from outside and check the server's load.",
    ),
    "tls": Words(
        "The TLS handshake failed; the key was not sent.",
        "The certificate is expired, self-signed, for another name, or lacks its chain.",
        "Install a certificate of a public authority for this host, with its full chain.",
    ),
    "bad_header": Words(
        "The stored key cannot be put into a header.",
        "It holds a blank at an end or a character that is not printable.",
        _KEY,
    ),
    "unauthorized": Words(
        "The key is refused (401).", "The key is wrong, expired or revoked.", _KEY
    ),
    "forbidden": Words(
        "Access is forbidden (403).",
        "The key lacks the right to this model, or the endpoint refuses our address.",
        "Give the key the right to call this model, or let our requests in.",
    ),
    "payment_required": Words(
        "The endpoint wants to be paid (402).",
        "The account behind the key has no credit left.",
        "Top up the account, then ask for admission again.",
    ),
    "not_found": Words(
        "The path or the model is not there (404).",
        "base_url is wrong for this protocol, or the model's name on the wire is misspelt.",
        "Compare base_url and model with the endpoint's own documentation.",
    ),
    "bad_request": Words(
        "The request itself is refused (400 or 422).",
        "The endpoint speaks another protocol or does not know a field we must send.",
        "Choose the protocol and the options that the endpoint documents.",
    ),
    "prompt_too_large": Words(
        "The request is too large for the endpoint (413).",
        "A gateway before it limits the size of requests.",
        "Allow request bodies of at least 1 MiB.",
    ),
    "redirect": Words(
        "The endpoint answers with a redirect, which is never followed.",
        "base_url lacks a part, uses an old host, or wants a slash at its end.",
        "Give the final address as base_url.",
    ),
    "rate_limited": Words(
        "The endpoint refuses us for asking too often (429), again and again.",
        "The account's rate or quota is used up, perhaps by other users of the key.",
        "Raise the account's limit, or give this key an account of its own.",
    ),
    "overloaded": Words(
        "The endpoint says that it is overloaded (503 or 529), again and again.",
        "It has too little capacity now, or it is starting.",
        "Ask for admission again when it has capacity.",
    ),
    "server_error": Words(
        "The endpoint fails inside (5xx), again and again.",
        "The server behind it crashes or cannot load the model.",
        _SERVER,
    ),
    "request_timeout": Words(
        "The endpoint gives up waiting for our request (408).",
        "A gateway before it has a very short time-out.",
        "Lengthen the gateway's time-out.",
    ),
    "too_early": Words("The endpoint answers 425.", "It refuses early data.", _SERVER),
    "timeout": Words(
        "No complete answer came in time.",
        "The model is very slow, the queue before it is long, or the connection hangs.",
        "Add capacity; a short question must be answered within half a minute.",
    ),
    "cut": Words(
        "The connection is cut before the answer is complete.",
        "A gateway or load balancer closes connections early, or the server crashes.",
        "Lengthen idle time-outs on the way to the model.",
    ),
    "bad_http": Words(
        "The answer is not valid HTTP/1.1.",
        "Something else than an HTTP server listens there, or the framing is broken.",
        _URL,
    ),
    "headers_too_large": Words(
        "The answer's headers exceed 64 KiB or 100 lines.",
        "A gateway adds headers without end.",
        "Remove what the API does not need.",
    ),
    "content_type": Words(
        "The answer is not application/json.",
        "base_url leads to a web page, or a gateway shows an error page as 200.",
        _URL,
    ),
    "content_encoding": Words(
        "The answer is compressed in a way we did not ask for, or broken.",
        "A gateway compresses regardless of Accept-Encoding.",
        "Send it plain or as one layer of gzip.",
    ),
    "body_too_large": Words(
        "The answer is larger than 4 MiB.",
        "It holds far more than the text of one reply.",
        "Switch off whatever is added (echoed prompts, token probabilities).",
    ),
    "event_too_large": Words(
        "One event of the stream is larger than 1 MiB.",
        "It holds far more than a piece of one reply.",
        "Switch off whatever is added (echoed prompts, token probabilities).",
    ),
    "too_many_events": Words(
        "The stream has more than 250,000 events.",
        "It never comes to its end, or sends its signs of life without a pause.",
        "End the stream with the protocol's last event.",
    ),
    "bad_json": Words("The answer is not JSON.", "It is cut short or another format.", _JSON),
    "bad_encoding": Words("The answer is not UTF-8.", "The server uses another encoding.", _JSON),
    "duplicate_key": Words("The answer's JSON names a key twice.", "A faulty serializer.", _JSON),
    "forbidden_character": Words(
        "The answer holds a NUL or half a surrogate pair.",
        "The server cuts a character in two.",
        _JSON,
    ),
    "not_a_number": Words(
        "The answer's JSON holds NaN or Infinity.", "A lax serializer, often of scores.", _JSON
    ),
    "too_complex": Words(
        "The answer's JSON is nested too deeply or has too many parts.",
        "It holds far more than the text of one reply.",
        _JSON,
    ),
    "bad_shape": Words(
        "The JSON is not an answer of this protocol.",
        "The endpoint speaks another protocol than the one chosen.",
        "Choose the protocol that the endpoint documents.",
    ),
    "error_in_200": Words(
        "The endpoint hides an error in an answer with status 200.",
        "A gateway passes the error on and loses its status.",
        "Let errors keep their status; look at the endpoint's log for the error itself.",
    ),
    "text_too_long": Words(
        "The answer's text exceeds 256 KiB.",
        "The model does not stop, or max_tokens is ignored.",
        "Let the endpoint honour max_tokens.",
    ),
    "unexpected_status": Words(
        "The answer's status is neither 200 nor an error.",
        "A queueing gateway answers before the model does.",
        "Use an address that waits for the reply.",
    ),
}


def words_of(code: str) -> Words:
    """The words of any code, known or not."""
    unknown = Words(
        f"The exchange failed ({code}).",
        "The endpoint did not answer as its protocol says.",
        _SERVER,
    )
    return WORDS.get(code, unknown)
