"""``exposure --pool NAME``: what was shown, until when the pool lasts, how many tasks it needs."""

from __future__ import annotations

import dataclasses
from typing import Any

from django.core.management.base import CommandParser

from benchserver.console.report import Answer, ReportingCommand
from benchserver.core.rotation import Policy
from benchserver.evaluations import exposures, surprises
from benchserver.evaluations.outcomes import forms_of, outcomes
from benchserver.leaderboard.exposure import forecast, usual_policy
from benchserver.measurement.exposure import leak, pools, selection
from benchserver.pools.ingest import pool_named
from benchserver.pools.models import Pool
from benchserver.pools.rotate import database_now

RATES = (0.01, 0.05)  # what-ifs: nobody has measured how often an exposure leaks
ADAPTIVE_SHARE = 5  # an adaptive test of a fifth of a form
ADAPTIVE_LIMIT = 0.25


class Command(ReportingCommand):
    help = (
        "Who was sent how much of a pool, until when it lasts, how many tasks it needs. "
        "Example: ./bench exposure --pool example --groups 10 --evaluations 2"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--pool", required=True)
        parser.add_argument("--groups", type=int, default=10, help="P: provider groups expected")
        parser.add_argument(
            "--evaluations",
            type=int,
            default=2,
            help="E: rotations a group takes part in, a quarter",
        )
        parser.add_argument("--tasks", type=int, default=150, help="L: private tasks of a form")
        parser.add_argument(
            "--rejected", type=float, default=pools.REJECTED, help="share that intake refuses"
        )

    def answer(self, **options: Any) -> Answer:
        pool, policy = pool_named(options["pool"]), usual_policy()
        need = _need(policy, options)
        found = exposures.outlook(pool, policy, now=database_now())
        document = {
            "groups": exposures.seen_of_pool(pool),
            "private_tasks": exposures.private_tasks(pool),
            "looks_left": exposures.looks_left(pool, policy, database_now()),
            "fresh": found.stock.fresh,
            "forecast": forecast(found),
            "need": need,
            "leaks": _leaks(policy, options["tasks"]),
            "adaptive": _adaptive(pool),
        }
        return Answer(document, _lines(document))


def _need(policy: Policy, options: dict[str, Any]) -> dict[str, int]:
    """Tasks for a quarter with this many groups, and how many candidates to write for them."""
    season = pools.Season(
        groups=options["groups"],
        evaluations=options["evaluations"],
        tasks=options["tasks"],
        per_group=policy.exposure_per_provider,
        per_task=policy.exposure_per_task,
    )
    common = pools.common_forms(season)
    return {
        **dataclasses.asdict(season),
        "common": common,
        "disjoint": pools.disjoint_forms(season),
        "least": pools.least(season),
        "to_write": pools.to_write(common, rejected=options["rejected"]),
    }


def _leaks(policy: Policy, tasks: int) -> list[dict[str, Any]]:
    """What C exposures would be worth to a model that passes half, were a leak so likely."""
    worst = policy.exposure_per_task
    return [
        {
            "rate": rate,
            "exposures": worst,
            "leaked": round(leak.leaked_share(rate, worst), 4),
            "gain": round(leak.gain(rate, worst, score=0.5), 4),
            "one_error_is": round(leak.share_worth_one_error(0.5, tasks), 4),
            "allowed_for_a_point": leak.exposures_allowed(rate, score=0.5, most=0.01),
        }
        for rate in RATES
    ]


def _adaptive(pool: Pool) -> dict[str, Any] | None:
    """What choosing tasks by difficulty would do to the newest form; None without difficulties."""
    forms = [form for track in pool.tracks.all() for form in forms_of(track.pk, newest=1)]
    known = surprises.difficulties(outcomes(forms[0])) if forms else {}
    length = len(known) // ADAPTIVE_SHARE
    if not length or len(known) < selection.fewest_tasks(length, ADAPTIVE_LIMIT):
        return None
    found = selection.rounds(list(known.values()), length=length, limit=ADAPTIVE_LIMIT)
    return {
        "tasks": len(known),
        "length": length,
        "limit": ADAPTIVE_LIMIT,
        "highest_free": round(found[0].highest, 4),
        "highest_held": round(found[-1].highest, 4),
        "unused": found[-1].unused,
    }


def _lines(document: dict[str, Any]) -> list[str]:
    held, need = document["private_tasks"], document["need"]
    lines = [f"{group}: {seen} of {held} tasks" for group, seen in document["groups"].items()]
    lines.append(
        f"{document['fresh']} fresh tasks; {document['looks_left']} looks left; "
        + document["forecast"]["words"]
    )
    lines.append(
        f"{need['groups']} groups, {need['evaluations']} rotations each, forms of {need['tasks']}: "
        f"{need['common']} tasks a quarter ({need['disjoint']} if every group had its own form); "
        f"write {need['to_write']} candidates"
    )
    lines += [
        f"if {x['rate']:.0%} of exposures leaked: {x['leaked']:.1%} of tasks after "
        f"{x['exposures']}, worth {100 * x['gain']:.1f} points"
        for x in document["leaks"]
    ]
    adaptive = document["adaptive"]
    if adaptive:
        lines.append(
            f"an adaptive test of {adaptive['length']} tasks would show its most used task to "
            f"{adaptive['highest_free']:.0%} of the models, held back to "
            f"{adaptive['highest_held']:.0%}"
        )
    return lines
