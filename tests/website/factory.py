"""Plausible snapshot bodies, drawn at random from a seed; nothing here reaches the product."""

from __future__ import annotations

import hashlib
import json
import math
import random
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

NAMES = (
    "aster",
    "basalt",
    "cinder",
    "dovetail",
    "equinox",
    "fathom",
    "gneiss",
    "harrow",
    "iris",
    "juniper",
    "kestrel",
    "lumen",
    "marl",
    "nimbus",
    "obsidian",
    "pumice",
)
OWNERS = ("Northlight", "Quarry AI", "Ember Labs", "Deepwell", "Plain Works", "Société Générique")
START = datetime(2026, 11, 3, tzinfo=UTC)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def canonical(body: dict[str, Any]) -> str:
    """RFC 8785 for these ASCII-keyed, float-free records."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def cell(rng: random.Random, skill: float, tasks: int, samples: int) -> dict[str, Any]:
    total = tasks * samples
    passed = sum(rng.random() < skill for _ in range(total))
    margin = (3 if tasks < 50 else 1) * samples
    bound = ""
    if passed >= total - margin:
        passed, bound = total - margin, "at_least"
    elif passed <= margin:
        passed, bound = margin, "at_most"
    share = passed / total
    error = math.sqrt(max(share * (1 - share), 0.01) / tasks)
    return {
        "tasks": tasks,
        "samples": total,
        "passed": passed,
        "missing": 0,
        "score_e4": round(share * 10_000),
        "se_e4": round(error * 10_000),
        "low_e4": max(0, round((share - 1.96 * error) * 10_000)),
        "high_e4": min(10_000, round((share + 1.96 * error) * 10_000)),
        "bound": bound,
    }


def model(rng: random.Random, index: int) -> dict[str, Any]:
    name, owner = NAMES[index % len(NAMES)], rng.choice(OWNERS)
    version = rng.choice(("1", "2.5", "3", "70b", "mini", "2026-10"))
    slug = f"{name}-{version}-{index}".replace(".", "-")
    return {
        "slug": slug,
        "name": name.capitalize(),
        "version": version,
        "owner": owner,
        "owner_slug": owner.lower().replace(" ", "-"),
        "open": rng.random() < 0.4,
        "declared_cutoff": rng.choice(("2026-06-01", "2026-03-01", "")),
    }


def row(
    rng: random.Random, index: int, *, tasks: int, samples: int, public: bool
) -> dict[str, Any]:
    skill = rng.uniform(0.15, 0.9)
    private = cell(rng, skill, tasks, samples)
    open_part = cell(rng, min(skill + rng.uniform(-0.05, 0.15), 0.98), tasks, samples)
    difference = open_part["score_e4"] - private["score_e4"]
    wide = round(1.4 * (private["high_e4"] - private["low_e4"]) / 2)
    cost = None if rng.random() < 0.2 else round(10 ** rng.uniform(2.5, 6))
    sends = tasks * samples * (2 if public else 1)
    return {
        "model": model(rng, index),
        "private": private,
        "public": open_part if public else None,
        "gap": {"diff_e4": difference, "low_e4": difference - wide, "high_e4": difference + wide}
        if public
        else None,
        "faults": {"endpoint": rng.choice((0, 0, 3, 11)), "platform": rng.choice((0, 0, 0, 1))},
        "evaluations": rng.choice((1, 1, 2)),
        "evaluation": f"ev_{rng.getrandbits(60):015x}",
        "identity": "",
        "seen_before_e4": rng.choice((0, 0, 0, 1250, 3800)),
        "tokens_in": 500 * sends,
        "tokens_out": rng.randint(100, 900) * sends,
        "cost_micro_usd": cost * sends if cost else None,
        "cost_per_task_micro_usd": cost,
        "usage": rng.choice(("reported", "reported", "estimated")),
        "isolation": "bubblewrap full",
        "ended_at": stamp(START + timedelta(days=9, minutes=rng.randint(0, 9000))),
        "price": price(rng, cost),
    }


def price(rng: random.Random, cost: int | None) -> dict[str, Any]:
    """Use per task with intervals of some width; the frontier is drawn by lot."""

    def use(mean: int) -> dict[str, Any]:
        low, high = round(mean * 0.85), round(mean * 1.15)
        return {"mean": mean, "low": low, "high": high, "frontier": rng.random() < 0.5}

    return {
        "cost_micro_usd": None if cost is None else use(cost),
        "tokens_out": use(rng.randint(100, 9_000)),
        "milliseconds": use(rng.randint(800, 60_000)),
    }


def pairs(rng: random.Random, rows: list[dict[str, Any]], tasks: int) -> dict[str, Any]:
    """Every pair of the rows as the publisher lists them; p falls with the difference."""
    told = []
    for one, other in combinations([each["private"] for each in rows], 2):
        difference = one["score_e4"] - other["score_e4"]
        p = 1_000 if abs(difference) > 4_000 else 50_000 if abs(difference) > 2_500 else 1_000_000
        adjusted = p if rng.random() < 0.7 else 1_000_000
        same = one["bound"] and one["bound"] == other["bound"]
        margin = None if one["bound"] or other["bound"] else rng.randint(900, 2_400)
        told.append((None if same else difference, margin, p, adjusted))
    columns = ("difference_e4", "margin_e4", "p_e6", "p_adjusted_e6")
    return {
        "models": [each["model"]["slug"] for each in rows],
        "tasks": tasks,
        **{name: [each[n] for each in told] for n, name in enumerate(columns)},
    }


def tiered(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Best first; a new tier where the interval no longer reaches the tier's leader."""
    rows.sort(key=lambda r: -r["private"]["score_e4"])
    tier, leader = 0, None
    for place, each in enumerate(rows):
        part = each["private"]
        if leader is None or part["high_e4"] < leader["score_e4"]:
            tier, leader = tier + 1, part
        each["tier"] = tier
        each["rank_best"], each["rank_worst"] = max(1, place - 1), min(len(rows), place + 3)
    return rows


def snapshot(
    seed: int = 0,
    *,
    models: int = 8,
    unranked: int = 1,
    tasks: int = 24,
    samples: int = 1,
    sequence: int = 3,
    track: str = "python",
    rotation: str = "ro-2026-11",
    public: bool = True,
) -> dict[str, Any]:
    """One body of shape v1. The same arguments give the same body."""
    rng = random.Random(f"{seed}/{sequence}/{track}")
    rows = tiered([row(rng, i, tasks=tasks, samples=samples, public=public) for i in range(models)])
    left = [
        {
            "model": model(rng, models + i),
            "state": "incomplete",
            "reason": f"{rng.randint(1, 9)} of {2 * tasks} attempts ended with an endpoint fault",
            "evaluations": 1,
        }
        for i in range(unranked)
    ]
    return {
        "v": 1,
        "kind": "snapshot",
        "method": "1",
        "sequence": sequence,
        "prev": hashlib.sha256(f"{seed}{sequence - 1}".encode()).hexdigest() if sequence else "",
        "published_at": stamp(START + timedelta(days=20, hours=sequence)),
        "track": {
            "slug": track,
            "name": f"{track.capitalize()}, November",
            "judging_class": "provable",
            "languages": ["python"],
            "shapes": ["function", "program"],
        },
        "rotation": {
            "slug": rotation,
            "state": "open",
            "opens_at": stamp(START),
            "closes_at": stamp(START + timedelta(days=28)),
            "private_tasks": tasks,
            "public_tasks": tasks if public else 0,
            "root": hashlib.sha256(f"root{seed}{rotation}".encode()).hexdigest(),
            "committed_at": stamp(START),
            "first_send_at": stamp(START + timedelta(days=6, hours=2)),
            "log_index": rng.randint(0, 9000),
            "oldest_task": "2026-10-02",
            "newest_task": "2026-10-30",
            "witnesses": 0,
        },
        "protocol": {
            "samples": samples,
            "temperature": "0.8",
            "top_p": "0.95",
            "max_tokens": 4096,
            "deadline_seconds": 60,
            "template": "1",
            "extraction": "1",
            "digest": hashlib.sha256(b"protocol").hexdigest(),
        },
        "evaluations": {
            "started": models + unranked + 1,
            "complete": models,
            "incomplete": unranked,
            "cancelled": 1,
            "running": 0,
        },
        "resolves_e4": rng.randint(900, 1900),
        "rows": rows,
        "pairs": pairs(rng, rows, tasks),
        "unranked": left,
        "estimators": {"pairs.difference_e4.*": "paired-difference@1", "pairs.p_e6.*": "p-step@1"},
    }
