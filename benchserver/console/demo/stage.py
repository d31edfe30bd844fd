"""Set the stage: the example pool with its board and rotation, accounts, reference endpoints.

Every step looks first whether it is done, so the second demo on the same home takes seconds.
Ports and logins are kept in ``run/demo.json`` (0600), because endpoints remember their URL.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings

from benchserver import wiring
from benchserver.console import sources
from benchserver.console.demo.cast import CAST, Player
from benchserver.core.errors import PlatformFault
from benchserver.core.lifecycle import RotationState
from benchserver.core.protocol import Protocol
from benchserver.core.rotation import Policy, Window
from benchserver.core.task import TaskSpec
from benchserver.engines.endpoints.admission import probes
from benchserver.engines.endpoints.reference_answers import (
    Answer,
    AnswerBook,
    answers_from_tasks,
)
from benchserver.engines.endpoints.reference_server import Behaviour, ReferenceEndpoint
from benchserver.engines.taskformats.native import wrong_solutions
from benchserver.evaluations.queries import exposed
from benchserver.leaderboard import publish
from benchserver.pools import rotate
from benchserver.pools.gauge import FIRST
from benchserver.pools.ingest import already_stored, ingest
from benchserver.pools.intake import Effort
from benchserver.pools.models import Pool, Rotation, Track
from benchserver.pools.tracks import ensure_pool, ensure_track
from benchserver.providers.models import Account, Provider
from benchserver.providers.register import create_provider
from benchserver.providers.tokens import issue

EXAMPLE = settings.BASE_DIR / "tasks_private" / "example"
TRACK, POOL, BY = "python", "example", "demo"
Say = Callable[[str], None]


@dataclass(slots=True)
class Memory:
    """What the demo keeps between runs: a port and a password per name."""

    path: Path
    ports: dict[str, int]
    passwords: dict[str, str]

    @classmethod
    def load(cls, run: Path) -> Memory:
        path = run / "demo.json"
        data: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return cls(path, data.get("ports", {}), data.get("passwords", {}))

    def save(self) -> None:
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            json.dump({"ports": self.ports, "passwords": self.passwords}, file)

    def password(self, name: str) -> str:
        return self.passwords.setdefault(name, secrets.token_urlsafe(12))

    def choose_ports(self) -> list[int]:
        """A free port per player, the remembered one where it is still free."""
        for player in CAST:
            if not _free(self.ports.get(player.model, 0)):
                self.ports[player.model] = _any_free_port()
        return [self.ports[player.model] for player in CAST]


def _free(port: int) -> bool:
    if not port:
        return False
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def example_tasks() -> list[TaskSpec]:
    return sources.read(EXAMPLE, format="native", split="auto")


@contextlib.contextmanager
def endpoints(tasks: list[TaskSpec], memory: Memory) -> Iterator[dict[str, ReferenceEndpoint]]:
    """One running reference endpoint per player, each with its own key."""
    wrong = {task.source_id: wrong_solutions(EXAMPLE, task.source_id) for task in tasks}
    lines = answers_from_tasks(tasks, wrong)
    answers = [Answer(**{**line, "wrong": tuple(line["wrong"])}) for line in lines]
    book = AnswerBook([*answers, Answer(statement=probes.CODE, solution=_MIDDLE)])
    with contextlib.ExitStack() as stack:
        yield {
            player.model: stack.enter_context(
                ReferenceEndpoint(book, _behaviour(player, memory), port=memory.ports[player.model])
            )
            for player in CAST
        }


# What every player answers to the toy question of admission.
_MIDDLE = "def middle(a, b, c):\n    return sorted((a, b, c))[1]\n"


def _behaviour(player: Player, memory: Memory) -> Behaviour:
    return Behaviour(
        persona=player.persona,
        latency=player.latency,
        sigma=0.5,
        fail_rates=player.fail_rates,
        api_key=memory.password(f"key {player.model}"),
    )


def pool(tasks: list[TaskSpec], say: Say) -> Pool:
    """The example pool, imported through intake when it is not there yet."""
    made = ensure_pool(slug=POOL, name="Example tasks", by=BY)
    key = wiring.mac_key()
    fresh = [t for t in tasks if not already_stored(pool=made, task=t, mac_key=key)]
    if not fresh:
        return made
    say(f"examining {len(fresh)} tasks: reference, empty, constant and wrong solutions, mutants")
    examined = sources.examined(fresh, EXAMPLE, format="native", effort=Effort(mutants=FIRST))
    for number, pair in enumerate(examined, 1):
        (done,) = ingest(pool=made, tasks=[pair], sealer=wiring.sealer(), mac_key=key, by=BY)
        if done.result == "refused":
            say(f"task {done.source_id} refused: {done.reason}")
        if number % 12 == 0 or number == len(fresh):
            say(f"{number} of {len(fresh)} tasks examined and sealed")
    return made


def board(made: Pool) -> Track:
    """The demo's board: one sample per task."""
    protocol = Protocol(samples=1, max_tokens=4096, deadline_seconds=60)
    return ensure_track(
        pool=made, slug=TRACK, name="Python, example tasks", protocol=protocol, by=BY
    )


def rotation(made: Pool, say: Say) -> Rotation:
    """The pool's open rotation, planned and opened over all its tasks when there is none."""
    running = made.rotations.filter(state=RotationState.OPEN).first()
    if running is not None and running.closes_at > rotate.database_now():
        return running
    now = rotate.database_now()
    policy = Policy(
        private_target=max(200, settings.MIN_CELL),
        public_target=200,
        min_private=settings.MIN_CELL,
        exposure_per_provider=settings.EXPOSURE_PER_PROVIDER,
        exposure_per_task=settings.EXPOSURE_PER_TASK,
        max_age_days=settings.TASK_MAX_AGE_DAYS,
    )
    plan = rotate.preview(pool=made, policy=policy, exposed=exposed(made), now=now)
    window = Window(now, now + timedelta(days=14), f"{now:%Y-%m}-{secrets.token_hex(2)}")
    planned = rotate.save_plan(pool=made, plan=plan, window=window, by=BY)
    opened = rotate.open_rotation(
        rotation=planned,
        judge_image=wiring.judge_image(),
        sandbox_images=wiring.sandbox_images(),
        by=BY,
    )
    publish.announce(rotation=opened, signer=wiring.signer())
    publish.publish_tasks(rotation=opened, opener=wiring.opener(), by=BY)
    say(f"rotation {opened.slug} is open; {opened.root[:16]}… is in the log before any prompt")
    return opened


def provider(player: Player, memory: Memory) -> str:
    """The player's account, made at first; returns a fresh API token for this run."""
    made = Provider.objects.filter(name=player.provider).first()
    if made is None:
        made = create_provider(
            name=player.provider,
            email=email(player),
            password=memory.password(player.provider),
            by=BY,
        )
    scopes = ("read", "endpoints", "evaluations")
    return issue(provider=made, name="demo", scopes=scopes, by=BY)[1]


def email(player: Player) -> str:
    return f"{player.model}@example.org"


def admin(memory: Memory) -> None:
    """The demo's administrator."""
    if not Account.objects.filter(username="admin").exists():
        Account.objects.create_superuser("admin", "admin@example.org", memory.password("admin"))


def require_tasks(tasks: list[TaskSpec]) -> None:
    if len(tasks) < settings.MIN_CELL:
        raise PlatformFault("example_pool", f"only {len(tasks)} example tasks are here")
