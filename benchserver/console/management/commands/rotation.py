"""``rotation plan|open|close --pool NAME``: preview a rotation and its effect, then apply it."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console import formsheet
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.ids import opaque
from benchserver.core.lifecycle import RotationState
from benchserver.core.rotation import Plan, Policy, Window
from benchserver.evaluations import exposures, room, told
from benchserver.evaluations.health import unfit_versions
from benchserver.evaluations.queries import exposed, worn_out
from benchserver.leaderboard import publish
from benchserver.leaderboard.exposure import forecast
from benchserver.leaderboard.exposure import policy as policy_of
from benchserver.pools import rotate
from benchserver.pools.ingest import pool_named
from benchserver.pools.models import Pool, Rotation


class Command(ReportingCommand):
    help = (
        "Plan, open or close a rotation of a pool. Example: "
        "./bench rotation plan --pool example --opens 2026-12-01 --closes 2026-12-15 --save"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("plan", "open", "close", "abandon", "list"))
        parser.add_argument("--pool", required=True)
        parser.add_argument("--name", default="", help="of the rotation; made up when absent")
        parser.add_argument("--opens", default="", help="UTC date or time; default now")
        parser.add_argument("--closes", default="", help="UTC date or time; default 14 days later")
        parser.add_argument("--private", type=int, default=150, help="wished private tasks")
        parser.add_argument("--public", type=int, default=150, help="wished public tasks")
        parser.add_argument("--save", action="store_true", help="plan: keep it; it opens by itself")

    def answer(self, **options: Any) -> Answer:
        pool = pool_named(options["pool"])
        act = {
            "plan": self._plan,
            "open": self._open,
            "close": self._close,
            "abandon": self._abandon,
            "list": self._list,
        }
        return act[options["act"]](pool, options)

    def _plan(self, pool: Pool, options: dict[str, Any]) -> Answer:
        window = _window(options)
        plan = _preview(pool, options)
        found = exposures.outlook(
            pool,
            _policy(options),
            now=rotate.database_now(),
            form_tasks=plan.effects.private_tasks,
        )
        lines = [*_plan_lines(plan), exposures.in_words(found)]
        document = {**_plan_document(plan), "forecast": forecast(found)}
        shut_out = told.lockouts(pool, _forms(pool, plan), min_cell=settings.MIN_CELL)
        document["shut_out"] = {group: reasons[0].reason for group, reasons in shut_out.items()}
        lines += [
            f"note: {group} could not be evaluated on it: {reason}"
            for group, reason in document["shut_out"].items()
        ]
        sheets = _sheets(pool, plan)
        document["tells"] = formsheet.documents(sheets)
        lines += [words for one in sheets for words in formsheet.in_words(one)]
        document["room"] = _room(pool, plan)
        lines += [f"note: {words}" for words in document["room"]]
        if options["save"]:
            _require_open_to_all(pool, plan)
            rotation = rotate.save_plan(pool=pool, plan=plan, window=window, by=OPERATOR)
            document["rotation"] = rotation.slug
            lines.append(f"saved as {rotation.slug}; it opens by itself at {rotation.opens_at}")
        return Answer(document, lines, good=plan.ok)

    def _open(self, pool: Pool, options: dict[str, Any]) -> Answer:
        """A planned rotation whose window is now, else a fresh plan opened at once."""
        rotation = _planned(pool, options["name"])
        if rotation is None:
            plan = _preview(pool, options)
            _require_open_to_all(pool, plan)
            rotation = rotate.save_plan(pool=pool, plan=plan, window=_window(options), by=OPERATOR)
        told.require_open_to_all(pool, rotation.plan["versions"], min_cell=settings.MIN_CELL)
        opened = rotate.open_rotation(
            rotation=rotation,
            judge_image=wiring.judge_image(),
            sandbox_images=wiring.sandbox_images(),
            by=OPERATOR,
            worn=worn_out(pool, wiring.engine_policy()),
        )
        publish.announce(rotation=opened, signer=wiring.signer())
        publish.publish_tasks(rotation=opened, opener=wiring.opener(), by=OPERATOR)
        return _about(opened)

    def _close(self, pool: Pool, options: dict[str, Any]) -> Answer:
        rotation = _in_state(pool, RotationState.OPEN, options["name"])
        closed = rotate.close_rotation(rotation=rotation, by=OPERATOR)
        publish.announce(rotation=closed, signer=wiring.signer())
        return _about(closed)

    def _abandon(self, pool: Pool, options: dict[str, Any]) -> Answer:
        rotation = _in_state(pool, RotationState.PLANNED, options["name"])
        rotate.abandon(rotation=rotation, by=OPERATOR)
        return Answer({"abandoned": rotation.slug}, [f"{rotation.slug} abandoned"])

    def _list(self, pool: Pool, options: dict[str, Any]) -> Answer:
        rows = list(pool.rotations.values("slug", "state", "opens_at", "closes_at", "reason"))
        lines = [
            f"{r['slug']}  {r['state']}  {r['opens_at']} to {r['closes_at']}"
            + (f"  {r['reason']}" if r["reason"] else "")
            for r in rows
        ]
        return Answer(rows, lines or ["no rotation yet"])


def _forms(pool: Pool, plan: Plan) -> dict[str, frozenset[str]]:
    return rotate.private_sets(pool, [*plan.enter, *plan.stay])


def _sheets(pool: Pool, plan: Plan) -> list[formsheet.FormSheet]:
    """What the form of each track that would have a hidden task could tell."""
    forms = _forms(pool, plan)
    return [
        formsheet.sheet(
            track=track.slug,
            tasks=len(forms[track.slug]),
            samples=track.protocol.samples,
            tries=settings.EVALUATIONS_PER_ROTATION,
        )
        for track in pool.tracks.order_by("slug")
        if forms[track.slug]
    ]


def _room(pool: Pool, plan: Plan) -> list[str]:
    """Who would be turned away, and by what."""
    versions = [*plan.enter, *plan.stay]
    short = room.shortage(pool, versions, per_task=settings.EXPOSURE_PER_TASK)
    crossed = room.crossings(_forms(pool, plan), min_cell=settings.MIN_CELL)
    return [*([short] if short else []), *crossed]


def _require_open_to_all(pool: Pool, plan: Plan) -> None:
    """What would leave evaluated groups outside is not even saved."""
    told.require_open_to_all(pool, [*plan.enter, *plan.stay], min_cell=settings.MIN_CELL)


def _preview(pool: Pool, options: dict[str, Any]) -> Plan:
    policy = _policy(options)
    return rotate.preview(
        pool=pool,
        policy=policy,
        exposed=exposed(pool),
        now=rotate.database_now(),
        unfit=unfit_versions(pool, policy),
    )


def _policy(options: dict[str, Any]) -> Policy:
    return policy_of(private=options["private"], public=options["public"])


def _window(options: dict[str, Any]) -> Window:
    opens = _moment(options["opens"], place="--opens") or rotate.database_now()
    closes = _moment(options["closes"], place="--closes") or opens + timedelta(days=14)
    return Window(opens, closes, options["name"] or opaque("ro"))


def _moment(text: str, *, place: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is no date", place=place, mend="Write 2026-12-01 or 2026-12-01T09:00Z."
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _planned(pool: Pool, name: str) -> Rotation | None:
    planned = pool.rotations.filter(
        state=RotationState.PLANNED,
        opens_at__lte=rotate.database_now(),
        closes_at__gt=rotate.database_now(),
    )
    return (planned.filter(slug=name) if name else planned).order_by("opens_at").first()


def _in_state(pool: Pool, state: RotationState, name: str) -> Rotation:
    found = pool.rotations.filter(state=state)
    rotation = (found.filter(slug=name) if name else found).first()
    if rotation is None:
        raise NotAllowed(f"pool {pool.slug} has no {state} rotation {name}".strip(), code="none")
    return rotation


def _plan_document(plan: Plan) -> dict[str, Any]:
    return {
        "ok": plan.ok,
        "refusal": plan.refusal,
        "enter": list(plan.enter),
        "stay": list(plan.stay),
        "retire": list(plan.retire),
        "reasons": dict(plan.reasons),
        "counts": {name: dict(counts) for name, counts in plan.counts.items()},
        "effects": dataclasses.asdict(plan.effects),
        "warnings": list(plan.warnings),
    }


def _plan_lines(plan: Plan) -> list[str]:
    effects = plan.effects
    lines = [
        f"enter {len(plan.enter)}, stay {len(plan.stay)}, retire {len(plan.retire)}, "
        f"reserve {effects.reserve} private tasks ({effects.rotations_left} more rotations)",
        f"{effects.private_tasks} private and {effects.public_tasks} public tasks, "
        f"{effects.families} families",
    ]
    why = Counter(plan.reasons[version] for version in plan.retire)
    lines += [f"{count} {reason}" for reason, count in sorted(why.items())]
    lines += [f"note: {warning}" for warning in plan.warnings]
    if not plan.ok:
        lines.append(f"refused: {plan.refusal}")
    return lines


def _about(rotation: Rotation) -> Answer:
    document = {
        "rotation": rotation.slug,
        "state": rotation.state,
        "opens_at": rotation.opens_at,
        "closes_at": rotation.closes_at,
        "root": rotation.root,
        "log_index": rotation.log_index,
    }
    line = f"{rotation.slug} is {rotation.state}; commitment {rotation.root[:16]}… is log entry "
    return Answer(document, [line + str(rotation.log_index)])
