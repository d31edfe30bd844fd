#!/usr/bin/env python3
"""Does a history of the engine keep its promises? A stand-alone reader that knows no engine.

Reads JSON lines: what the endpoint's own log saw, what the database's rows went through, and the
rows at the end. It imports nothing of this project, so an error of the engine cannot hide in it.
Example: ``python checker.py history.jsonl`` prints each violation and exits 1 when there is one.

Promises: I1 no task leaves without its committed exposure and send row; I2 at most two sends per
attempt that are not complete refusals, at most seven refusals a round, every further send with a
cause; I3 one verdict per attempt, the one its kept reply earns; I4 every attempt ends; I5 what is
booked is what the endpoint billed; I6 the result recounts; I8 no marker; I9 limits held; I10
nothing is sent after a cancel or closing, and no send is permitted in a pause; I11 only the holder
of the newest lease, the reconciler or a person changes an attempt. (I7 is about the public log,
which this history does not hold.)
"""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

Event = dict[str, Any]
GRACE = 5.0  # seconds after a cancel or closing in which a request may still be on its way
FINAL = {"judged", "faulted", "cancelled"}
LEASED = {"leased", "sent", "judging"}
REFUSALS = {"refused", "rejected"}
REFUSALS_MAX = 7  # of one round: a first try and six more
OTHERS_MAX = 2
WINDOW = 10.0
TIDY = ("reconciler", "person")


def check(events: Iterable[Event]) -> list[str]:
    """Every violation, in words; empty when all promises hold."""
    history = list(events)
    rules = (
        _written_ahead,
        _few_sends,
        _one_verdict,
        _all_end,
        _bill,
        _recount,
        _no_marker,
        _concurrency,
        _rate,
        _nothing_after_the_end,
        _nothing_in_a_pause,
        _holders_only,
    )
    return [problem for rule in rules for problem in rule(history)]


def _requests(history: list[Event]) -> list[Event]:
    """Requests that carried a task."""
    return [e for e in history if e["kind"] == "request" and not e["public"]]


def _ends(history: list[Event]) -> dict[int, Event]:
    return {e["n"]: e for e in history if e["kind"] == "answer"}


def _rows(history: list[Event], table: str) -> list[Event]:
    return [row for e in history if e["kind"] == "rows" for row in e["tables"].get(table, [])]


def _written_ahead(history: list[Event]) -> Iterator[str]:
    exposed: set[str] = set()
    sends: dict[str, str] = {}
    ended: set[str] = set()
    for event in history:
        if event["kind"] == "exposure":
            exposed.add(event["unit"])
        elif event["kind"] == "send":
            sends[event["send"]] = event["unit"]
        elif event["kind"] == "send_ended":
            ended.add(event["send"])
        elif event["kind"] == "request" and not event["public"]:
            if event["unit"] not in exposed:
                yield f"I1 request {event['n']} left without a committed exposure"
            if sends.get(event["send"]) != event["unit"]:
                yield f"I1 request {event['n']} left without a committed send row"
            if event["send"] in ended:
                yield f"I1 request {event['n']} left on a send row that had ended"


def _few_sends(history: list[Event]) -> Iterator[str]:
    ends = _ends(history)
    kinds: dict[str, Counter[str]] = defaultdict(Counter)
    per_send: Counter[str] = Counter()
    for request in _requests(history):
        status = ends[request["n"]]["status"] if request["n"] in ends else "open"
        kinds[request["unit"]]["refused" if status in REFUSALS else "other"] += 1
        per_send[request["send"]] += 1
    rounds = {row["unit"]: row.get("round", 1) for row in _rows(history, "units")}
    for unit, count in kinds.items():
        if count["other"] > OTHERS_MAX:
            yield f"I2 {unit} was sent {count['other']} times without a complete refusal"
        # A refusal whose hearer died is of unknown outcome to us: it counts among those two.
        if count.total() > REFUSALS_MAX * rounds.get(unit, 1) + OTHERS_MAX:
            yield f"I2 {unit} was sent {count.total()} times"
    for send, sent in per_send.items():
        if sent > 1:
            yield f"I2 send row {send} stands for {sent} requests"
    for row in _rows(history, "sends"):
        if row["ordinal"] > 1 and row["cause"] in ("", "first"):
            yield f"I2 {row['unit']} was sent again without a cause"


def _one_verdict(history: list[Event]) -> Iterator[str]:
    verdicts = _rows(history, "verdicts")
    for unit, count in Counter(row["unit"] for row in verdicts).items():
        if count > 1:
            yield f"I3 {unit} has {count} verdicts"
    kept = {row["unit"]: row["send"] for row in _rows(history, "replies")}
    earned = {e["send"]: e["right"] for e in history if e["kind"] == "answer" and "right" in e}
    for row in verdicts:
        send = kept.get(row["unit"])
        if send is None and row["verdict"] == "time_limit":
            continue  # no reply by the deadline while the endpoint was well
        right = earned.get(send) if send else None
        if right is None or row["verdict"] != ("passed" if right else "wrong_answer"):
            yield f"I3 {row['unit']} is {row['verdict']}, which its kept reply did not earn"
    for row in _rows(history, "units"):
        has = row["unit"] in {v["unit"] for v in verdicts}
        if has != (row["state"] == "judged") and row["state"] != "cancelled":
            yield f"I3 {row['unit']} is {row['state']} and has {'a' if has else 'no'} verdict"


def _all_end(history: list[Event]) -> Iterator[str]:
    for row in _rows(history, "units"):
        if row["state"] not in FINAL:
            yield f"I4 {row['unit']} is still {row['state']}"


def _bill(history: list[Event]) -> Iterator[str]:
    billed = {e["send"]: e for e in history if e["kind"] == "answer" and "tokens_in" in e}
    for row in _rows(history, "sends"):
        usage = row["usage"]
        if row["outcome"] == "pending":
            yield f"I5 send {row['send']} has no end"
        if row["outcome"] != "answered":
            continue
        answer = billed.get(row["send"])
        if answer is None or usage is None:
            yield f"I5 send {row['send']} is booked as answered and was not"
        elif (usage["tokens_in"], usage["tokens_out"]) != (
            answer["tokens_in"],
            answer["tokens_out"],
        ):
            yield f"I5 send {row['send']} is booked with other tokens than were billed"
        elif row["cost_micro_usd"] != _price(answer):
            yield f"I5 send {row['send']} costs {row['cost_micro_usd']}, not {_price(answer)}"
    booked = {row["send"] for row in _rows(history, "sends") if row["outcome"] == "answered"}
    for event in history:
        if event["kind"] == "reply" and event["send"] not in booked:
            yield f"I5 the answer to send {event['send']} was kept and is not booked"


def _price(answer: Event) -> int | None:
    """By the prices the endpoint itself names, micro-USD per million tokens, rounded up."""
    if answer.get("price_in") is None:
        return None
    exact = answer["tokens_in"] * answer["price_in"] + answer["tokens_out"] * answer["price_out"]
    return int(-(-exact // 1_000_000))


def _recount(history: list[Event]) -> Iterator[str]:
    of_unit = {row["unit"]: row["evaluation"] for row in _rows(history, "units")}
    passed = Counter(
        of_unit[row["unit"]] for row in _rows(history, "verdicts") if row["verdict"] == "passed"
    )
    for row in _rows(history, "results"):
        recount = passed[row["evaluation"]]
        if row["passed"] != recount:
            yield f"I6 {row['evaluation']} says {row['passed']} passed, recounted {recount}"


def _no_marker(history: list[Event]) -> Iterator[str]:
    markers = [e["marker"] for e in history if e["kind"] == "setup"]
    for event in history:
        text = "" if event["kind"] == "setup" else json.dumps(event)
        if any(marker in text for marker in markers):
            yield f"I8 a secret shows in a {event['kind']}"


def _limits(history: list[Event]) -> dict[str, Event]:
    return {row["endpoint"]: row for e in history if e["kind"] == "setup" for row in e["endpoints"]}


def _concurrency(history: list[Event]) -> Iterator[str]:
    """Requests whose sender is frozen or dead are nobody's any more: their lease runs out."""
    limits = _limits(history)
    open_now: dict[str, set[int]] = defaultdict(set)
    where: dict[int, str] = {}
    for event in history:
        if event["kind"] == "request":
            where[event["n"]] = event["endpoint"]
            flying = open_now[event["endpoint"]]
            flying.add(event["n"])
            if len(flying) > limits[event["endpoint"]]["limit"]:
                yield f"I9 {len(flying)} calls at once at {event['endpoint']}, t={event['t']:.1f}"
        elif event["kind"] in ("answer", "unattended"):
            open_now[where.get(event["n"], "")].discard(event["n"])


def _rate(history: list[Event]) -> Iterator[str]:
    limits = _limits(history)
    times: dict[str, list[float]] = defaultdict(list)
    for event in history:
        if event["kind"] == "request" and not event.get("extra"):
            times[event["endpoint"]].append(event["t"])
    for endpoint, at in times.items():
        rps = limits[endpoint]["rps"]
        if rps is None:
            continue
        for first, start in enumerate(at):
            seen = sum(start <= t < start + WINDOW for t in at[first:])
            if seen > max(1.05 * rps * WINDOW, 1.0) + 1:
                yield f"I9 {seen} requests in {WINDOW:.0f} s at {endpoint} with {rps} a second"
                break


def _nothing_after_the_end(history: list[Event]) -> Iterator[str]:
    ended: dict[str, float] = {}
    of_unit: dict[str, str] = {}
    for event in history:
        if event["kind"] == "setup":
            ended |= {e["evaluation"]: e["closes_at"] for e in event["evaluations"]}
            of_unit |= {u: e["evaluation"] for e in event["evaluations"] for u in e["units"]}
        elif event["kind"] == "cancelled":
            ended[event["evaluation"]] = min(event["t"], ended[event["evaluation"]])
        elif event["kind"] == "request" and not event["public"]:
            late = event["t"] - ended[of_unit[event["unit"]]]
            if late > GRACE:
                yield f"I10 request {event['n']} left after its evaluation had ended"


def _nothing_in_a_pause(history: list[Event]) -> Iterator[str]:
    of_unit: dict[str, str] = {}
    paused: set[str] = set()
    for event in history:
        if event["kind"] == "setup":
            of_unit |= {u: e["evaluation"] for e in event["evaluations"] for u in e["units"]}
        elif event["kind"] == "held_back":
            paused.add(event["evaluation"])
        elif event["kind"] == "let_go":
            paused.discard(event["evaluation"])
        elif of_unit.get(event.get("unit", "")) not in paused:
            continue
        elif event["kind"] == "send":
            yield f"I10 send {event['send']} was permitted while its evaluation was paused"
        elif event["kind"] == "move" and event["target"] == "leased":
            yield f"I10 {event['unit']} was claimed while its evaluation was paused"


def _holders_only(history: list[Event]) -> Iterator[str]:
    holder: dict[str, str] = {}
    for event in history:
        if event["kind"] != "move":
            continue
        unit, actor = event["unit"], event["actor"]
        if event["target"] in ("leased", "judging"):
            holder[unit] = actor
        elif not actor.startswith(TIDY) and holder.get(unit) != actor:
            yield f"I11 {actor} moved {unit} to {event['target']}, held by {holder.get(unit)}"


def read(path: Path) -> Iterator[Event]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: checker.py HISTORY.jsonl", file=sys.stderr)
        return 2
    problems = check(read(Path(arguments[0])))
    for problem in problems:
        print(problem)
    print(f"{len(problems)} violations")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
