"""``panel add|run|retire|list|link|status``: the operator's reference models, what they tie."""

from __future__ import annotations

import dataclasses
import hashlib
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console.linkreport import link_report
from benchserver.console.panelsheet import panel_sheets, sheet_lines
from benchserver.console.report import OPERATOR, Answer, ReportingCommand
from benchserver.core.errors import BadInput
from benchserver.evaluations.panel import run_panel
from benchserver.pools.models import Track
from benchserver.providers import panel
from benchserver.providers.models import PanelModel


class Command(ReportingCommand):
    help = (
        "Reference models that you run: they link rotations, compete with nobody and expose "
        "nothing, so their endpoint must be on a host of your own. Example: "
        "./bench panel add --name oak --model-version 1 --family oak --weights oak.safetensors "
        "--frozen-on 2026-01-31 --url https://panel.example.org/v1 --own-host panel.example.org"
    )

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("act", choices=("add", "run", "retire", "list", "link", "status"))
        parser.add_argument("--name", default="", help="add: of the model")
        parser.add_argument("--model-version", default="", help="add: of the model")
        parser.add_argument("--family", default="", help="add: models trained from one base")
        parser.add_argument("--weights", type=Path, help="file of the weights served; hashed")
        parser.add_argument("--digest", default="", help="SHA-256 of the weights served")
        parser.add_argument("--frozen-on", default="", help="add: day of the weights")
        parser.add_argument("--url", default="", help="add: the endpoint")
        parser.add_argument("--own-host", default="", help="add: host of --url, which you run")
        parser.add_argument("--api-key-file", type=Path, help="add: its first line is the key")
        parser.add_argument("--protocol", default="openai_chat")
        parser.add_argument("--wire-model", default="", help="add: its name on the wire")
        parser.add_argument("--concurrency", type=int, default=4)
        parser.add_argument("--model", default="", help="run, retire: slug of the model")
        parser.add_argument("--track", default="", help="run, link, status: the track")

    def answer(self, **options: Any) -> Answer:
        acts = {
            "add": _add,
            "run": _run,
            "retire": _retire,
            "list": _list,
            "link": _link,
            "status": _status,
        }
        return acts[options["act"]](options)


def _add(options: dict[str, Any]) -> Answer:
    endpoint = panel.register(
        name=options["name"],
        version=options["model_version"],
        family=options["family"],
        weights_digest=_digest(options),
        frozen_on=_day(options["frozen_on"]),
        protocol=options["protocol"],
        base_url=options["url"],
        own_host=options["own_host"],
        wire_model=options["wire_model"] or options["name"],
        api_key=_api_key(options["api_key_file"]),
        max_concurrency=options["concurrency"],
        sealer=wiring.sealer(),
        check_address=wiring.check_address,
        by=OPERATOR,
    )
    slug = endpoint.model.slug
    lines = [f"{slug} is of the panel; its endpoint {endpoint.slug} awaits admission"]
    return Answer({"model": slug, "endpoint": endpoint.slug}, lines)


def _run(options: dict[str, Any]) -> Answer:
    member = panel.panel_model(options["model"])
    endpoint = panel.endpoint_of(member)
    if endpoint is None:
        raise BadInput(f"{options['model']} has no endpoint", place="--model")
    run = run_panel(
        endpoint=endpoint,
        track=_track(options["track"]),
        weights_digest=_digest(options),
        by=OPERATOR,
    )
    return Answer({"evaluation": run.slug}, [f"{run.slug}: {run.total} attempts, none exposed"])


def _retire(options: dict[str, Any]) -> Answer:
    member = panel.panel_model(options["model"])
    panel.retire(member=member, by=OPERATOR)
    return Answer({"retired": member.model.slug}, [f"{member.model.slug} links nothing any more"])


def _list(options: dict[str, Any]) -> Answer:
    rows: list[dict[str, Any]] = [
        {
            "model": member.model.slug,
            "family": member.family,
            "weights": member.weights_digest,
            "frozen_on": member.frozen_on.isoformat(),
            "retired": member.retired_at is not None,
        }
        for member in PanelModel.objects.select_related("model")
    ]
    lines = [
        f"{row['model']}  {row['family']}  frozen {row['frozen_on']}  {row['weights'][:12]}"
        + ("  retired" if row["retired"] else "")
        for row in rows
    ]
    return Answer(rows, lines or ["the panel has no model"])


def _link(options: dict[str, Any]) -> Answer:
    document = link_report(_track(options["track"]))
    return Answer(document, [f"{key}: {value}" for key, value in document.items()])


def _status(options: dict[str, Any]) -> Answer:
    """Bad while a form that is open lacks a run that nothing will start."""
    found = panel_sheets([_track(options["track"])] if options["track"] else None)
    document = [dataclasses.asdict(each) for each in found]
    nothing = ["no track has had a rotation"]
    lines = [line for each in found for line in sheet_lines(each)]
    return Answer(document, lines or nothing, good=not any(each.stuck for each in found))


def _api_key(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return file.read_text().partition("\n")[0].strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput("the key file cannot be read", place=str(file)) from None


def _digest(options: dict[str, Any]) -> str:
    """Of the file given, else as given: what is served *now*, not what was registered."""
    if options["weights"] is None:
        return str(options["digest"]).lower()
    try:
        with options["weights"].open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        raise BadInput("the weights cannot be read", place=str(options["weights"])) from None


def _track(slug: str) -> Track:
    found = Track.objects.select_related("pool").filter(slug=slug).first()
    if found is None:
        raise BadInput(f"no track {slug!r}", place="--track")
    return found


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"{text!r} is no date", place="--frozen-on", mend="Write 2026-01-31."
        ) from None
