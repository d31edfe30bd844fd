"""``demo``: set everything up and do the main job for real, then keep the site up.

Four endpoints of different skill (real HTTP servers) are registered over the REST API, evaluated by
Celery workers in real sandboxes on the example pool; the signed board is printed. ``--once`` ends
there. Example: ``./bench demo --once``.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser

from benchserver import wiring
from benchserver.console.demo import play, stage
from benchserver.console.demo.cast import CAST
from benchserver.console.demo.client import Client
from benchserver.console.report import Answer, ReportingCommand
from benchserver.console.table import board_lines
from benchserver.console.toolchains import prepare_toolchains
from benchserver.engines.endpoints.reference_server import ReferenceEndpoint
from benchserver.leaderboard.models import Snapshot
from benchserver.leaderboard.publish import publish
from benchserver.runtime.home import open_home
from benchserver.runtime.parts import build_service

# A demo should not make anybody wait; a service keeps its own, longer times.
_BRISK = {"LEASE_SECONDS": "30", "RECONCILE_SECONDS": "5", "RETRY_BASE_SECONDS": "1"}


class Command(ReportingCommand):
    help = "Do the main job for real, on example tasks. Example: ./bench demo --once"

    def arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="stop after printing the board")
        parser.add_argument("--port", type=int, default=8000, help="of the site (8000)")

    def handle(self, **options: Any) -> None:
        self.begun = time.monotonic()
        home = open_home()
        memory = stage.Memory.load(home.run)
        ports = memory.choose_ports()
        tasks = stage.example_tasks()
        stage.require_tasks(tasks)
        prepare_toolchains(self.say)
        environ = {**_BRISK, **os.environ, "ENDPOINT_ALLOW_LOCAL": _allow(ports)}
        service = build_service(home, port=options["port"], environ=environ)
        settings.ENDPOINT_ALLOW_LOCAL = frozenset(_allow(ports).split(","))
        url = f"http://127.0.0.1:{options['port']}"
        with stage.endpoints(tasks, memory) as servers, service:
            self.say(f"services are up on {url}")
            answer = self._play(tasks, memory, servers, url)
            memory.save()
            if options["json"]:
                self.stdout.write(self._document(answer))
            else:
                self.stdout.write("\n".join(["", *answer.lines, *_doors(url, memory)]))
            self.stdout.flush()
            if not options["once"]:
                self.say("the site stays up; Ctrl-C stops everything")
                threading.Event().wait()

    def answer(self, **options: Any) -> Answer:
        raise AssertionError("demo prints while its services run")

    def _document(self, answer: Answer) -> str:
        return json.dumps(answer.document)

    def say(self, line: str) -> None:
        seconds = time.monotonic() - self.begun
        print(f"{seconds:6.1f} s  {line}", file=sys.stderr, flush=True)

    def _play(
        self,
        tasks: Any,
        memory: stage.Memory,
        servers: dict[str, ReferenceEndpoint],
        url: str,
    ) -> Answer:
        """The main job; returns the published board."""
        stage.admin(memory)
        pool = stage.pool(tasks, self.say)
        track = stage.board(pool)
        rotation = stage.rotation(pool, self.say)
        parts = []
        for player in CAST:
            client = Client(url, stage.provider(player, memory))
            key = memory.password(f"key {player.model}")
            endpoint = play.register(player, client, servers[player.model], key)
            evaluation = play.evaluation(client, endpoint, rotation.slug)
            parts.append(
                play.Part(player=player, client=client, endpoint=endpoint, evaluation=evaluation)
            )
        memory.save()
        self.say(f"{len(parts)} evaluations of {len(tasks)} tasks requested over the API")
        play.await_admission(parts, self.say)
        play.watch(parts, self.say)
        snapshot = self._publish(track, rotation)
        self.say(f"snapshot {snapshot.sequence} is signed and in the log")
        return Answer(snapshot.board, board_lines(snapshot.board))

    def _publish(self, track: Any, rotation: Any) -> Snapshot:
        return publish(
            track=track,
            rotation=rotation,
            signer=wiring.signer(),
            sealer=wiring.sealer(),
            by=stage.BY,
            min_cell=settings.MIN_CELL,
        )


def _allow(ports: list[int]) -> str:
    return ",".join(f"127.0.0.1:{port}" for port in ports)


def _doors(url: str, memory: stage.Memory) -> list[str]:
    """Where to look and how to log in."""
    return [
        "",
        f"board    {url}/",
        f"portal   {url}/portal/   {stage.email(CAST[0])}  {memory.password(CAST[0].provider)}",
        f"admin    {url}/admin/    admin  {memory.password('admin')}",
        f"verify   ./bench verify {url}/api/v1/transparency/bundle.json",
    ]
