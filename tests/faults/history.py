"""What happened to one evaluation, for the offline checker: the gate's log and the rows alone.

The checker of the simulated engine (``console/simulation/checker.py``) imports nothing of the
service; here it reads a history of real processes. A request is matched with the newest send row
of its attempt that was committed before it arrived: without one it left unaccounted.
Example: ``check(history(gate, sql, evaluation="ev_..."))`` is a list of violations, best empty.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

from tests.faults.gate import Request

Event = dict[str, Any]
Sql = Callable[..., list[tuple[Any, ...]]]
NEVER = 1e12

_MINE = " FROM evaluations_attempt a JOIN evaluations_evaluation e ON e.id = a.evaluation_id"
_WHERE = " WHERE e.slug = %s"
UNITS = f"SELECT a.id::text, a.state, e.round{_MINE}{_WHERE}"
EXPOSED = (
    "SELECT a.id::text, extract(epoch FROM x.first_sent_at)::float8"
    f"{_MINE} JOIN pools_formentry f ON f.id = a.entry_id JOIN evaluations_exposure x"
    " ON x.version_id = f.version_id AND x.owner_group_id = e.owner_group_id"
    f" AND x.rotation_id = e.rotation_id{_WHERE} AND x.first_sent_at IS NOT NULL"
)
SENDS = (
    "SELECT s.id::text, a.id::text, s.ordinal, s.cause, s.outcome, s.tokens_in, s.tokens_out,"
    " s.cost_micro_usd, extract(epoch FROM s.committed_at)::float8"
    f"{_MINE} JOIN evaluations_send s ON s.attempt_id = a.id{_WHERE} ORDER BY s.committed_at"
)
REPLIES = (
    "SELECT a.id::text, r.send_id::text"
    f"{_MINE} JOIN evaluations_reply r ON r.attempt_id = a.id{_WHERE}"
)
VERDICTS = (
    f"SELECT a.id::text, v.verdict{_MINE}"
    f" JOIN evaluations_verdictrecord v ON v.attempt_id = a.id{_WHERE}"
)
FAULTS = (
    f"SELECT a.id::text, f.code{_MINE}"
    f" JOIN evaluations_faultrecord f ON f.attempt_id = a.id{_WHERE}"
)


def history(
    log: Sequence[Request],
    sql: Sql,
    *,
    evaluation: str,
    limit: int,
    passed: int | None,
    cancelled: float | None = None,
) -> list[Event]:
    """Everything in the order of its time. ``passed``: what the service itself says."""
    units = sql(UNITS, evaluation)
    names = [unit for unit, _, _ in units]
    sends = sql(SENDS, evaluation)
    events = _accounts(sql(EXPOSED, evaluation), sends) + _requests(log, set(names), sends)
    if cancelled is not None:
        events.append({"kind": "cancelled", "evaluation": evaluation, "t": cancelled})
    setup = {
        "kind": "setup",
        "marker": "no marker is planted here",
        "endpoints": [{"endpoint": "gate", "limit": limit, "rps": None}],
        "evaluations": [{"evaluation": evaluation, "closes_at": NEVER, "units": names}],
    }
    tables = {
        "units": [_unit(row, evaluation) for row in units],
        "sends": [_send(row) for row in sends],
        "replies": [{"unit": u, "send": s} for u, s in sql(REPLIES, evaluation)],
        "verdicts": [{"unit": u, "verdict": v} for u, v in sql(VERDICTS, evaluation)],
        "results": [] if passed is None else [{"evaluation": evaluation, "passed": passed}],
    }
    ordered = sorted(events, key=lambda event: event["t"])
    return [setup, *ordered, {"kind": "rows", "tables": tables}]


def _unit(row: tuple[Any, ...], evaluation: str) -> Event:
    return {"unit": row[0], "state": row[1], "round": row[2], "evaluation": evaluation}


def _send(row: tuple[Any, ...]) -> Event:
    send, unit, ordinal, cause, outcome, tokens_in, tokens_out, cost, _ = row
    usage = None if tokens_in is None else {"tokens_in": tokens_in, "tokens_out": tokens_out}
    return {
        "send": send,
        "unit": unit,
        "ordinal": ordinal,
        "cause": cause,
        "outcome": outcome,
        "usage": usage,
        "cost_micro_usd": cost,
    }


def _accounts(exposed: list[tuple[Any, ...]], sends: list[tuple[Any, ...]]) -> list[Event]:
    return [{"kind": "exposure", "unit": unit, "t": at} for unit, at in exposed] + [
        {"kind": "send", "send": row[0], "unit": row[1], "t": row[-1]} for row in sends
    ]


def _requests(log: Sequence[Request], units: set[str], sends: list[tuple[Any, ...]]) -> list[Event]:
    """Requests with a task of this evaluation, each with its end or that nobody waits for it."""
    rows: dict[str, list[tuple[float, str]]] = defaultdict(list)
    for row in sends:
        rows[row[1]].append((row[-1], row[0]))
    events: list[Event] = []
    for request in log:
        if request.key not in units:
            continue
        earlier = [send for at, send in rows[request.key] if at <= request.at]
        send = earlier[-1] if earlier else ""
        about = {"n": request.n, "unit": request.key, "send": send, "endpoint": "gate"}
        events.append({"kind": "request", "public": False, "t": request.at, **about})
        if request.unattended is not None:
            events.append({"kind": "unattended", "t": request.unattended, **about})
        if request.ended is not None:
            told = dict(zip(("tokens_in", "tokens_out"), request.tokens, strict=True))
            answer = {"status": "answered", "right": request.right, **told}
            events.append({"kind": "answer", "t": request.ended, **about, **answer})
    return events
