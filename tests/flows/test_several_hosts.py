"""Workers on other hosts need the two URLs and their keys, and nothing of the first host."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest

from benchserver.core.protocol import Protocol
from benchserver.engines.endpoints.reference_answers import Persona
from benchserver.engines.endpoints.reference_server import Behaviour, ReferenceEndpoint
from benchserver.engines.taskformats.native import Native
from benchserver.runtime.home import open_home
from tests.faults.stage import TASKS, book
from tests.flows.adders import adding, track_script
from tests.flows.elsewhere import OpenPostgres, OpenValkey, worker
from tests.flows.live import LiveService, endpoint, provider, wait_ended

pytestmark = pytest.mark.soak
TRACK = track_script("apart", Protocol(samples=1, max_tokens=512, deadline_seconds=30))
PUBLIC = ("seal_generate.pub", "seal_execute.pub")


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root for namespaces of its own"
)
def test_workers_elsewhere_finish_an_evaluation_that_the_first_host_cannot() -> None:
    with (
        tempfile.TemporaryDirectory(prefix="bs-apart-") as name,
        ReferenceEndpoint(book(), Behaviour(persona=Persona(skill=1.0))) as model,
    ):
        folder = Path(name)
        folder.chmod(0o755)
        home = open_home(folder / "servers")
        with OpenPostgres(home) as database, OpenValkey(home) as broker:
            urls = {"DATABASE_URL": database.outside(), "BROKER_URL": broker.outside()}
            with pytest.raises(psycopg.OperationalError):
                psycopg.connect(urls["DATABASE_URL"].replace(database.password, "wrong"))
            allowed = {"ENDPOINT_ALLOW_LOCAL": model.host_port}
            with LiveService(
                endpoints=[model.port],
                database=urls["DATABASE_URL"],
                broker=urls["BROKER_URL"],
                without=("generate", "execute"),
            ) as service:
                first = {"first": service.home, "hidden": (home.root,)}
                own = (*PUBLIC, "open_generate.key"), (*PUBLIC, "open_execute.key")
                with (
                    worker("generate", folder / "b", keys=own[0], environ=urls | allowed, **first),
                    worker("execute", folder / "c", keys=own[1], environ=urls, **first),
                ):
                    _evaluate(service, folder, model.url)


def _evaluate(service: LiveService, folder: Path, url: str) -> None:
    Native().write([adding(n) for n in range(1, TASKS + 1)], folder / "pool")
    service.command("import_tasks", str(folder / "pool"), "--pool", "apart")
    service.python(TRACK)
    service.command("rotation", "open", "--pool", "apart", "--name", "apart-1")
    api = provider(service, "Apart")
    made = endpoint(api, url, model="apart", wait=True)
    started = api("POST", "evaluations/", {"endpoint": made, "track": "apart"})
    status = wait_ended(api, started["id"], seconds=300, each=lambda _: None)
    assert status["state"] == "complete", status["reason"]
    assert (status["progress"]["sent"], status["progress"]["judged"]) == (TASKS, TASKS)
    verdicts = "SELECT verdict, count(*) FROM evaluations_verdictrecord GROUP BY 1"
    assert service.sql(verdicts) == [("passed", TASKS)]
    # without the secret that all readings share nobody compares who answers, and nothing waits
    assert service.sql("SELECT count(*) FROM evaluations_identityreading") == [(0,)]
