"""Who answers? A few public questions, asked several times, kept as numbers that hold no text.

Open questions at temperature 1 for the model equality test, border inputs at temperature 0 (short
answers that hover between two first tokens) for the other one. Example: five answers to one
question become five lists of 16-bit MACs, one for each of the first 32 characters: equal places
stay equal, and nothing can be read from them without the key.
"""

from __future__ import annotations

import hashlib
import hmac
from contextlib import suppress
from dataclasses import dataclass, field

from benchserver.engines.endpoints.admission.probing import OutOfTime, Probing
from benchserver.engines.endpoints.base import EndpointFailure, Reply

OPEN = (
    "Write one short sentence about the sea.",
    "Continue in five words: On the last ferry home",
    "Invent a name for a small lighthouse. Answer with the name only.",
    "Name one fruit, one animal and one colour, separated by commas.",
)
BORDER = (
    "Pick one letter from A to Z. Answer with the letter only.",
    "Pick a number from 1 to 50. Answer with the number only.",
    "Heads or tails? Answer with one word.",
    "North, south, east or west? Answer with one word.",
)
SAMPLES = 5
DAILY = 10
MOST_REQUESTS = max(SAMPLES * (len(OPEN) + len(BORDER)), DAILY * len(BORDER))
PLACES = 32  # characters of an answer that are compared
_TOKENS = 48


@dataclass
class Reading:
    """``answers``: question -> one list of MACs per reply; ``names``: MACs of reported models."""

    answers: dict[str, list[list[int]]] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    requests: int = 0


def read(probing: Probing, *, mac_key: bytes, at_a_time: int) -> Reading:
    """Ask all ``SAMPLES`` times, at most ``at_a_time`` at once; what fails is left out."""
    reading = Reading()
    try:
        _ask(probing, OPEN * SAMPLES, "1", at_a_time, mac_key, reading)
        _ask(probing, BORDER * SAMPLES, "0", at_a_time, mac_key, reading)
    except OutOfTime:
        pass  # compared is what both readings have
    reading.requests = probing.requests
    return reading


def read_border(probing: Probing, *, mac_key: bytes, at_a_time: int) -> Reading:
    """Only the short answers at temperature 0, ``DAILY`` times: what one look a day costs."""
    reading = Reading()
    with suppress(OutOfTime):
        _ask(probing, BORDER * DAILY, "0", at_a_time, mac_key, reading)
    reading.requests = probing.requests
    return reading


def _ask(
    probing: Probing,
    questions: tuple[str, ...],
    temperature: str,
    at_a_time: int,
    mac_key: bytes,
    reading: Reading,
) -> None:
    # Where the evaluation leaves sampling to the model, so does this.
    given = temperature if probing.given.temperature else ""
    for start in range(0, len(questions), at_a_time):
        asked = questions[start : start + at_a_time]
        outcomes = probing.together(
            asked, max_tokens=_TOKENS, temperature=given, top_p="1" if given else ""
        )
        for question, outcome in zip(asked, outcomes, strict=True):
            if not isinstance(outcome, EndpointFailure):
                _keep(reading, question, outcome, mac_key)


def _keep(reading: Reading, question: str, reply: Reply, mac_key: bytes) -> None:
    name = label(question)
    reading.answers.setdefault(name, []).append(places(reply.text, mac_key=mac_key, salt=name))
    if reply.reported_model:
        known = hmac.new(mac_key, reply.reported_model.encode(), hashlib.sha256).hexdigest()[:16]
        if known not in reading.names:
            reading.names.append(known)


def label(question: str) -> str:
    """A question's short stable name: changing its words makes it another one."""
    return hashlib.sha256(question.encode()).hexdigest()[:12]


def places(text: str, *, mac_key: bytes, salt: str) -> list[int]:
    """One number from 0 to 65,535 for each of the first ``PLACES`` characters."""
    return [
        int.from_bytes(hmac.digest(mac_key, f"{salt}:{n}:{char}".encode(), "sha256")[:2], "big")
        for n, char in enumerate(text.strip()[:PLACES])
    ]


BORDER_LABELS = frozenset(label(question) for question in BORDER)
