"""How fast may it be asked, and how fast does it answer?

What the headers say and what the endpoint does when asked several things at once give a proposal,
never above the provider's own numbers. Example: 4 calls allowed but a 429 at 4, none at 2: the
proposal is 2 calls at a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from statistics import median

from benchserver.engines.endpoints.admission import probes
from benchserver.engines.endpoints.admission.findings import Finding, Level, fine
from benchserver.engines.endpoints.admission.probing import Outcome, Probing
from benchserver.engines.endpoints.base import EndpointFailure

HIGHEST_STEP = 16  # calls at a time that are tried; beyond it the provider's number is believed
# Both conventions count by the minute. Tokens are told, but not turned into calls.
_REQUESTS = ("x-ratelimit-limit-requests", "anthropic-ratelimit-requests-limit")
_TOKENS = ("x-ratelimit-limit-tokens", "anthropic-ratelimit-tokens-limit")
_MINUTE = 60.0
_ROUNDS = 3
_SHARE = 0.9  # of a told limit: others may use the same account


def limits(probing: Probing) -> Finding:
    """What the headers say about rate, as calls per second."""
    headers = probing.heard.headers
    per_minute = requests_per_minute(headers)
    tokens = next((number(headers.get(name)) for name in _TOKENS if name in headers), None)
    if per_minute is None:
        return fine("limits", "It tells no rate limit.", code="not_told")
    allowed = round(per_minute * _SHARE / _MINUTE, 2)
    figures = {"requests_per_minute": per_minute, "tokens_per_minute": tokens, "max_rps": allowed}
    own = probing.given.max_rps
    if allowed > 0 and (own is None or own > per_minute / _MINUTE):
        return Finding(
            check="limits",
            level=Level.WARNING,
            code="rate_above_limit",
            says=f"It allows {per_minute} requests a minute; yours may be asked faster.",
            cause="No max_rps is set for the endpoint, or one above the account's limit.",
            mend=f"Set max_rps to {allowed}: then nothing is refused and nothing waits in vain.",
            figures=figures,
        )
    says = f"It allows {per_minute} requests a minute, more than it will be asked."
    return Finding(check="limits", level=Level.OK, code="ok", says=says, figures=figures)


def requests_per_minute(headers: Mapping[str, str]) -> int | None:
    """From the headers of the OpenAI and Anthropic conventions; None when they say nothing."""
    found = [number(headers.get(name)) for name in _REQUESTS]
    told = [n for n in found if n is not None and n > 0]
    return min(told) if told else None


def number(text: str | None) -> int | None:
    """A whole number below a billion; a stranger's header may hold anything."""
    if text is None or not re.fullmatch(r"[0-9]{1,9}", text.strip()):
        return None
    return int(text)


def ramp(probing: Probing) -> Finding:
    """1, 2, 4 ... calls at a time up to the provider's own number, until something breaks."""
    highest = min(probing.given.max_concurrency, HIGHEST_STEP)
    if not probing.given.ramp:
        says = "Not tried now: calls of an evaluation are in flight."
        return fine("ramp", says, code="not_tried")
    carried, seconds = 1, [_alone(probing)]
    for step in steps(highest):
        outcomes = _together(probing, step)
        if _mixed(outcomes):
            return _mixed_up(step)
        broken = [o for o in outcomes if isinstance(o, EndpointFailure)]
        if broken:
            return _breaks(carried, step, broken[0])
        carried = step
        seconds.append(median(o.seconds for o in outcomes if not isinstance(o, EndpointFailure)))
    says = f"It answers {carried} calls at a time."
    return fine("ramp", says, max_concurrency=carried, slower=_slower(seconds))


def _together(probing: Probing, step: int) -> list[Outcome]:
    """A step that fails is tried again: who fails now and then at any pace is no slower for it."""
    questions = [probes.numbered(n) for n in range(step)]
    for _ in range(_ROUNDS):
        outcomes = probing.together(questions)
        if not any(isinstance(outcome, EndpointFailure) for outcome in outcomes):
            break
    return outcomes


def steps(highest: int) -> list[int]:
    """Doubling from 2, ending exactly at ``highest``."""
    doubled = [2**n for n in range(1, 10) if 2**n < highest]
    return [*doubled, highest] if highest > 1 else doubled


def _alone(probing: Probing) -> float:
    return probing.ask(probes.numbered(0)).seconds


def _slower(seconds: list[float]) -> float | None:
    """How many times as long a call takes at the highest step as alone."""
    return round(seconds[-1] / seconds[0], 1) if seconds[0] > 0 else None


def _mixed(outcomes: list[Outcome]) -> bool:
    """Does an answer hold the word of another question and not its own?"""
    texts = ["" if isinstance(o, EndpointFailure) else o.text for o in outcomes]
    words = [probes.token(n) for n in range(len(texts))]
    return any(
        words[n] not in text and any(word in text for word in words) for n, text in enumerate(texts)
    )


def _mixed_up(step: int) -> Finding:
    return Finding(
        check="ramp",
        level=Level.FAULT,
        code="answers_mixed",
        says=f"Of {step} questions asked together, one got another one's answer.",
        cause="A cache or a queue before the model does not keep requests apart.",
        mend="Switch the cache off and keep requests apart; no score could be trusted.",
        figures={"step": step},
    )


def _breaks(carried: int, step: int, failure: EndpointFailure) -> Finding:
    return Finding(
        check="ramp",
        level=Level.WARNING,
        code="fewer_calls",
        says=f"It answers {carried} calls at a time; at {step} one failed ({failure.code}).",
        cause="The account or the server allows fewer calls at a time than max_concurrency says.",
        mend=f"Set max_concurrency to {carried}, or raise the endpoint's own limit.",
        figures={"max_concurrency": carried, "failed_at": step},
    )


def steadiness(probing: Probing) -> Finding:
    """Of all that was asked, how much had to be asked again?"""
    again = sum(probing.refusals.values())
    asked = max(probing.requests, 1)
    share = round(100 * again / asked)
    if again * 20 <= asked:
        return fine("steadiness", f"{asked} requests, {again} of them asked again.", again=again)
    codes = ", ".join(sorted(probing.refusals))
    return Finding(
        check="steadiness",
        level=Level.WARNING,
        code="unsteady",
        says=f"{again} of {asked} requests failed ({codes}) and were asked again.",
        cause="The endpoint is overloaded or restarts now and then.",
        mend="None of this is ever scored, but every repeat costs time; look at its log.",
        figures={"requests": asked, "again": again, "percent": share},
    )


def latency(probing: Probing) -> Finding:
    """Can a long answer be written before the protocol's deadline?"""
    seconds = sorted(reply.seconds for reply in probing.replies)
    figures = {
        "median_ms": round(1000 * median(seconds)),
        "slowest_ms": round(1000 * seconds[-1]),
    }
    rate = _tokens_per_second(probing)
    needed = probing.given.max_tokens / rate if rate else 0.0
    if rate:
        figures["tokens_per_second"] = round(rate)
    if needed > probing.given.deadline_seconds:
        return Finding(
            check="latency",
            level=Level.WARNING,
            code="slow_for_deadline",
            says=f"At {rate:.0f} tokens a second the longest allowed answer takes {needed:.0f} s; "
            f"the deadline is {probing.given.deadline_seconds:.0f} s.",
            cause="The model writes slowly, or many share it.",
            mend="Add capacity, or keep answers short: a reply after the deadline is scored as a "
            "time limit.",
            figures=figures,
        )
    says = f"A short answer takes {figures['median_ms']} ms at the median."
    return Finding(check="latency", level=Level.OK, code="ok", says=says, figures=figures)


def _tokens_per_second(probing: Probing) -> float | None:
    """From the longest answer; None when all were too short to tell."""
    longest = max(probing.replies, key=lambda reply: reply.usage.tokens_out)
    if longest.usage.tokens_out < 64 or longest.seconds <= 0:
        return None
    return longest.usage.tokens_out / longest.seconds
