"""What is shredded opens nowhere, not even in a copy made before; what is needed is refused."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import psycopg
import pytest
from django.db import connection, transaction

from benchserver import wiring
from benchserver.audit.keys import fetch, scrub
from benchserver.audit.models import DataKey, Event
from benchserver.core.errors import BadInput, NotAllowed
from benchserver.core.verdict import Verdict
from benchserver.engines.vault.base import CannotOpen, Context, Right, WrappedKey
from benchserver.evaluations import shred
from benchserver.evaluations.generate import reply_context
from benchserver.evaluations.models import Attempt, Evaluation, Reply
from benchserver.evaluations.score import finish
from benchserver.pools import rotate, unseal
from benchserver.pools.models import TaskVersion
from benchserver.providers.register import key_context
from benchserver.runtime.binaries import postgres_bin
from benchserver.runtime.home import open_home
from tests import arrange

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("wired")]


def judged_all(stage: arrange.Board, owner: str = "Acme") -> Evaluation:
    """Every attempt with a stored reply and a verdict."""
    evaluation = arrange.started(stage, owner=owner, model=f"model-{owner.lower()}")
    while evaluation.attempts.filter(state="ready").exists():
        arrange.judged(evaluation, Verdict.PASSED)
    return evaluation


def done(kind: Any, *names: Any) -> shred.Shredded:
    with transaction.atomic():
        return shred.shred(kind(*names), by="test")


def sealed_fields() -> list[tuple[str, Context, bytes]]:
    """(data key, context, ciphertext) of every sealed field that shredding can reach."""
    found = []
    for version in TaskVersion.objects.all():
        for name, key in (
            ("prompt", version.prompt_data_key),
            ("task", version.task_data_key),
            ("salt", version.task_data_key),
        ):
            blob = bytes(getattr(version, f"{name}_sealed"))
            found.append((key, unseal.context(version, name), blob))
    for reply in Reply.objects.all():
        found.append((reply.data_key, reply_context(reply.attempt_id), bytes(reply.sealed)))
    for evaluation in Evaluation.objects.select_related("endpoint"):
        endpoint = evaluation.endpoint
        if endpoint.key_sealed is not None:
            blob = bytes(endpoint.key_sealed)
            found.append((endpoint.key_data_key, key_context(endpoint), blob))
    return found


def opens(fields: list[tuple[str, Context, bytes]], keys: dict[str, WrappedKey]) -> int:
    count = 0
    for key, context, blob in fields:
        try:
            count += bool(wiring.opener().open(keys[key], context, blob))
        except (CannotOpen, KeyError):
            continue
    return count


def live_keys() -> dict[str, WrappedKey]:
    return {pk: fetch(pk) for pk in DataKey.objects.values_list("pk", flat=True)}


def test_a_task_version_goes_with_its_tests_salt_and_replies() -> None:
    stage = arrange.board(private=2, public=1)
    evaluation = judged_all(stage)
    rotate.close_rotation(rotation=stage.rotation, by="test")
    version = TaskVersion.objects.order_by("pk").first()
    fields, others = sealed_fields(), DataKey.objects.count()
    lost = done(shred.task_version, version.task.slug, None)
    assert lost.destroyed == {"prompt": 1, "tests, reference and salt": 1, "reply": 1}
    assert DataKey.objects.count() == others - 3
    assert opens(fields, live_keys()) == len(fields) - 4  # the salt shares the tests' key
    for door in (unseal.prompt, unseal.task, unseal.salt):
        with pytest.raises(CannotOpen, match="shredded"):
            door(version=version, opener=wiring.opener(), by="test")
    version.task.refresh_from_db()
    assert version.task.retire_reason == "shredded"  # no rotation picks it again
    assert evaluation.attempts.filter(verdict__verdict="passed").count() == 3
    event = Event.objects.get(verb="task.shredded")
    assert (event.target, event.facts) == (f"{version.task.slug} v1", {"data_keys": 3})
    again = done(shred.task_version, version.task.slug, 1)
    assert (sum(again.destroyed.values()), again.already) == (0, 3)


def test_what_is_asked_now_or_soon_is_not_shredded() -> None:
    stage = arrange.board(private=2, public=1)
    slug = TaskVersion.objects.first().task.slug
    with pytest.raises(NotAllowed) as refused:
        done(shred.task_version, slug, None)
    assert (refused.value.code, bool(refused.value.mend)) == ("still_needed", True)
    evaluation = arrange.started(stage)
    waiting = arrange.answered(evaluation)
    for kind, name in ((shred.reply, waiting.pk), (shred.provider, "acme")):
        with pytest.raises(NotAllowed):
            done(kind, name)
    assert not Event.objects.filter(verb__endswith="shredded").exists()


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (shred.task_version, ("ta_none", None)),
        (shred.endpoint_key, ("ep_none",)),
        (shred.provider, ("nobody",)),
        (shred.reply, ("0193a0a0-0000-7000-8000-000000000000",)),
    ],
)
def test_what_is_not_there_is_said_to_be_so(kind: Any, names: tuple[Any, ...]) -> None:
    with pytest.raises(BadInput):
        done(kind, *names)


def test_an_endpoints_key_goes_and_the_endpoint_waits_for_another() -> None:
    evaluation = arrange.started(arrange.board())
    endpoint = evaluation.endpoint
    assert done(shred.endpoint_key, endpoint.slug).destroyed == {"API key": 1}
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.pause_reason) == ("paused", "key_shredded")
    assert (endpoint.key_data_key, endpoint.key_sealed) == ("", None)
    with pytest.raises(NotAllowed):
        done(shred.endpoint_key, endpoint.slug)


def test_one_reply_goes_and_its_verdict_stays() -> None:
    evaluation = judged_all(arrange.board())
    first, second = evaluation.attempts.order_by("order")[:2]
    assert done(shred.reply, first.pk).destroyed == {"reply": 1}
    with pytest.raises(CannotOpen, match="shredded"):
        fetch(first.reply.data_key)
    assert fetch(second.reply.data_key)
    assert Attempt.objects.get(pk=first.pk).verdict.verdict == "passed"


def test_a_providers_data_goes_and_nobody_elses() -> None:
    stage = arrange.board()
    ours, theirs = judged_all(stage), judged_all(stage, owner="Other")
    for evaluation in (ours, theirs):
        assert finish(evaluation_id=evaluation.pk, sealer=wiring.sealer())
    with transaction.atomic():
        target = shred.provider("acme")
    assert {kept.what for kept in target.kept} >= {"names, e-mail addresses, URLs"}
    assert done(shred.provider, "acme").destroyed == {"API key": 1, "reply": 4}
    ours_gone = Reply.objects.filter(attempt__evaluation=ours).values_list("data_key", flat=True)
    assert not DataKey.objects.filter(pk__in=list(ours_gone)).exists()
    for reply in Reply.objects.filter(attempt__evaluation=theirs):
        assert wiring.opener().open(
            fetch(reply.data_key), reply_context(reply.attempt_id), bytes(reply.sealed)
        )


# --- copies and files -----------------------------------------------------------------------


@pytest.fixture
def copies() -> Iterator[Any]:
    """``copies(name, *options)``: restores a dump of the present database beside it."""
    made: list[str] = []
    url = urlsplit(os.environ["DATABASE_URL"])
    host = unquote(parse_qs(url.query).get("host", [url.hostname or ""])[0])
    folder = postgres_bin(open_home(Path(os.environ["BENCHSERVER_HOME"])), major=None)
    user = url.username or "benchserver"
    present = str(connection.settings_dict["NAME"])

    def copy(name: str, *options: str) -> psycopg.Connection[Any]:
        common = ["-h", host, "-U", user]
        words = [str(folder / "pg_dump"), *common, *options, present]
        dump = subprocess.run(words, capture_output=True, check=True).stdout
        run(f'CREATE DATABASE "{name}"')
        made.append(name)
        restore = [str(folder / "psql"), *common, "-q", "-X", "-d", name]
        subprocess.run(restore, input=dump, capture_output=True, check=True)
        return psycopg.connect(host=host, user=user, dbname=name, autocommit=True)

    def run(sql: str) -> None:
        with psycopg.connect(host=host, user=user, dbname="postgres", autocommit=True) as session:
            session.execute(sql)  # type: ignore[call-overload]

    yield copy
    for name in made:
        run(f'DROP DATABASE "{name}" WITH (FORCE)')


def keys_in(copy: psycopg.Connection[Any]) -> dict[str, WrappedKey]:
    rows = copy.execute('SELECT id, "right", key_id, wrapped FROM audit_datakey').fetchall()
    return {
        row[0]: WrappedKey(id=row[0], right=Right(row[1]), key_id=row[2], wrapped=row[3])
        for row in rows
    }


@pytest.mark.skipif("host=" not in os.environ["DATABASE_URL"], reason="needs the embedded server")
def test_a_restored_copy_without_the_key_rows_opens_no_field(copies: Any) -> None:
    stage = arrange.board(private=2, public=1)
    evaluation = judged_all(stage)
    assert finish(evaluation_id=evaluation.pk, sealer=wiring.sealer())
    rotate.close_rotation(rotation=stage.rotation, by="test")
    fields = sealed_fields()
    assert len(fields) == 3 * 3 + 3 + 1
    with (
        copies("with_keys") as whole,
        copies("without_keys", "--exclude-table-data=audit_datakey") as bare,
    ):
        for copy in (whole, bare):
            assert copy.execute("SELECT count(*) FROM evaluations_reply").fetchone() == (3,)
        assert opens(fields, keys_in(whole)) == len(fields)  # the control: this dump is a leak
        for version in TaskVersion.objects.select_related("task"):
            done(shred.task_version, version.task.slug, None)
        done(shred.provider, "acme")
        assert keys_in(bare) == {}
        assert opens(fields, keys_in(bare) | live_keys()) == 0


@pytest.mark.skipif("host=" not in os.environ["DATABASE_URL"], reason="needs the embedded server")
def test_a_deleted_key_is_in_no_file_of_its_table() -> None:
    evaluation = judged_all(arrange.board())
    reply = evaluation.attempts.first().reply
    wrapped = fetch(reply.data_key).wrapped

    def files() -> bytes:
        with connection.cursor() as cursor:
            cursor.execute("CHECKPOINT")
            cursor.execute("SELECT pg_relation_filepath('audit_datakey')")
            path = Path(os.environ["BENCHSERVER_HOME"], "pg", "data", cursor.fetchone()[0])
        return b"".join(each.read_bytes() for each in path.parent.glob(path.name + "*"))

    assert wrapped in files()  # the control
    done(shred.reply, reply.attempt_id)
    assert wrapped in files()  # a DELETE alone leaves it there
    assert scrub(seconds=20.0)
    assert wrapped not in files()
