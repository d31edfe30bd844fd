"""The public JSON is what was signed, to the byte, and nothing that was not published."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from benchserver.leaderboard.models import PublishedTask
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.transparency import notes, verify
from benchserver.transparency.canonical import canonical
from tests.website.conftest import Publish
from tests.website.factory import snapshot

pytestmark = pytest.mark.django_db

API = "/api/v1"


def get(client: Client, path: str) -> Any:
    answer = client.get(f"{API}/{path}")
    assert answer.status_code == 200, answer.content
    assert answer["Content-Type"].startswith("application/json")
    return json.loads(answer.content)


def problem(client: Client, path: str) -> Any:
    answer = client.get(f"{API}/{path}")
    assert answer["Content-Type"] == "application/problem+json"
    found = json.loads(answer.content)
    assert found["status"] == answer.status_code
    return found


def logged(*bodies: dict[str, Any], signed: list[dict[str, Any]] | None = None) -> str:
    """A log of these entries under a really signed checkpoint; returns the verifier key.

    ``signed``: the entries that the checkpoint covers instead, as in a log altered later.
    """
    key = Ed25519PrivateKey.generate()
    raw = [canonical(body) for body in bodies]
    for index, body in enumerate(raw):
        leaf = verify.leaf_hash(body).hex()
        Entry.objects.create(index=index, kind=bodies[index]["t"], body=body, leaf_hash=leaf)
    root = verify.tree_root([canonical(body) for body in signed or bodies])
    note = notes.sign_checkpoint(notes.Checkpoint("bench.example/log", len(raw), root), key)
    public = str(notes.verifier_key_of(key, name="bench.example/log"))
    Checkpoint.objects.create(size=len(raw), root=root.hex(), note=note, verifier_key=public)
    return public


def test_a_board_is_the_signed_text_byte_for_byte(client: Client, publish: Publish) -> None:
    stored = publish(snapshot(5))
    answer = client.get(f"{API}/leaderboards/python/")
    assert answer.content == stored.body.encode()
    assert hashlib.sha256(answer.content).hexdigest() == stored.digest
    assert json.loads(answer.content)["rows"] == snapshot(5)["rows"]


def test_a_board_can_be_had_by_rotation_and_by_snapshot(client: Client, publish: Publish) -> None:
    publish(snapshot(5, sequence=3, rotation="ro-2026-10"))
    publish(snapshot(5, sequence=4, rotation="ro-2026-11"))
    assert get(client, "leaderboards/python/?rotation=ro-2026-10")["sequence"] == 3
    assert get(client, "leaderboards/python/?snapshot=4")["sequence"] == 4


def test_the_list_of_boards_proves_that_each_was_logged(client: Client, publish: Publish) -> None:
    stored = publish(snapshot(5))
    found = get(client, "leaderboards/")
    assert found["count"] == 1
    entry = found["results"][0]
    assert (entry["digest"], entry["log_index"]) == (stored.digest, stored.log_index)
    assert json.loads(client.get(entry["url"]).content)["sequence"] == stored.sequence


def test_lists_are_cut_into_pages_that_join_without_loss(client: Client, publish: Publish) -> None:
    for sequence, track in enumerate(("ada", "go", "python", "rust", "zig")):
        publish(snapshot(5, models=2, track=track, sequence=sequence))
    seen, path = [], "leaderboards/?page_size=2"
    while path:
        found = get(client, path)
        seen += [entry["track"] for entry in found["results"]]
        path = (found["next"] or "").removeprefix(f"{API}/")
    assert sorted(seen) == ["ada", "go", "python", "rust", "zig"]


def test_unchanged_json_is_not_sent_twice(client: Client, publish: Publish) -> None:
    publish(snapshot(5))
    for path in ("leaderboards/", "leaderboards/python/", "rotations/", "rotations/ro-2026-11/"):
        first = client.get(f"{API}/{path}")
        again = client.get(f"{API}/{path}", headers={"If-None-Match": first["ETag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_a_model_has_all_its_rows(client: Client, publish: Publish) -> None:
    body = snapshot(5)
    publish(body)
    row, waiting = body["rows"][0], body["unranked"][0]
    found = get(client, f"models/{row['model']['slug']}/")
    assert found["model"] == row["model"]
    [result] = found["results"]
    assert result["row"]["private"] == row["private"]
    assert (result["ranked"], result["track"]) == (True, "python")
    [open_result] = get(client, f"models/{waiting['model']['slug']}/")["results"]
    assert open_result["ranked"] is False


def test_a_rotation_tells_its_commitment(client: Client, publish: Publish) -> None:
    body = snapshot(5)
    publish(body)
    found = get(client, "rotations/ro-2026-11/")
    assert found["commitment"]["root"] == body["rotation"]["root"]
    assert found["opens_at"] == body["rotation"]["opens_at"]
    assert get(client, "rotations/")["results"] == [found]


def test_public_tasks_come_one_a_line(client: Client) -> None:
    for name in ("b", "a"):
        PublishedTask.objects.create(
            name=name, pool="p", rotation="r", payload={"statement": "é\n"}, commitment="c" * 64
        )
    answer = client.get(f"{API}/tasks/public.jsonl")
    lines = b"".join(answer.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert [json.loads(line)["name"] for line in lines] == ["a", "b"]
    assert json.loads(lines[0])["task"] == {"statement": "é\n"}


def test_the_checkpoint_is_the_signed_note_itself(client: Client) -> None:
    key = logged({"t": "rotation-commit", "r": "ro-1"})
    answer = client.get(f"{API}/transparency/checkpoint")
    assert verify.open_checkpoint(answer.content.decode(), key).size == 1


def test_entries_hash_to_their_leaves_and_join_without_loss(client: Client) -> None:
    logged(*({"t": "rotation-commit", "r": f"ro-{i}"} for i in range(5)))
    seen, path = [], "transparency/entries/?limit=2"
    while path:
        found = get(client, path)
        seen += found["results"]
        path = (found["next"] or "").removeprefix(f"{API}/")
    assert [entry["index"] for entry in seen] == [0, 1, 2, 3, 4]
    for entry in seen:
        assert verify.leaf_hash(entry["body"].encode()).hex() == entry["leaf_hash"]


def test_the_bundle_passes_the_stand_alone_verifier(client: Client, tmp_path: Any) -> None:
    key = logged({"t": "rotation-commit", "v": 1, "r": "ro-1", "root": "00" * 32, "n": 3})
    answer = client.get(f"{API}/transparency/bundle.json")
    file = tmp_path / "bundle.json"
    file.write_bytes(answer.content)
    assert verify.main([str(file), "--key", key]) == 0


def test_a_bundle_of_an_altered_log_does_not_pass(client: Client, tmp_path: Any) -> None:
    entry = {"t": "rotation-commit", "v": 1, "r": "ro-1", "root": "00" * 32, "n": 3}
    key = logged({**entry, "n": 4}, signed=[entry])
    file = tmp_path / "bundle.json"
    file.write_bytes(client.get(f"{API}/transparency/bundle.json").content)
    assert verify.main([str(file), "--key", key]) == 1


@pytest.mark.parametrize(
    "path",
    [
        "leaderboards/none/",
        "leaderboards/python/?rotation=none",
        "models/none/",
        "rotations/none/",
        "transparency/checkpoint",
        "transparency/bundle.json",
        "no/such/address/",
    ],
)
def test_what_was_never_published_is_a_problem_with_a_code(client: Client, path: str) -> None:
    assert problem(client, path)["code"] == "not_found"


@pytest.mark.parametrize(
    "query",
    ["start=-1", "start=x", "limit=0", "limit=100000", "start=" + "9" * 30, "start=²"],
)
def test_a_query_that_cannot_be_read_names_its_limits(client: Client, query: str) -> None:
    found = problem(client, f"transparency/entries/?{query}")
    assert (found["status"], found["code"]) == (400, "bad_input")
    assert query.split("=")[0] in found["detail"]


def test_a_csv_holds_the_snapshots_integers(client: Client, publish: Publish) -> None:
    body = snapshot(5)
    publish(body)
    answer = client.get("/boards/python/scores.csv")
    assert answer["Content-Type"].startswith("text/csv")
    lines = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [int(line["score_e4"]) for line in lines] == [
        row["private"]["score_e4"] for row in body["rows"]
    ]
    assert [line["model"] for line in lines] == [row["model"]["name"] for row in body["rows"]]
    assert {line["cost_per_task_micro_usd"] for line in lines} == {
        "" if (cost := row["cost_per_task_micro_usd"]) is None else str(cost)
        for row in body["rows"]
    }


@pytest.mark.parametrize("name", ["=1+1", "+cmd", "-2", "@SUM(A1)", "\t=1"])
def test_a_csv_runs_nothing_in_a_spreadsheet(client: Client, publish: Publish, name: str) -> None:
    body = snapshot(5, models=1)
    body["rows"][0]["model"]["name"] = name
    publish(body)
    [line] = csv.DictReader(io.StringIO(client.get("/boards/python/scores.csv").content.decode()))
    assert line["model"].startswith("'")


def test_the_process_says_that_it_lives_and_that_it_can_serve(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    assert "no-store" in ready["Cache-Control"]


def test_without_its_database_the_process_is_alive_but_not_ready(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import OperationalError

    from benchserver.website import api

    class Away:
        def cursor(self) -> None:
            raise OperationalError

    monkeypatch.setattr(api, "connection", Away())
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 503


def test_the_api_is_read_only_here(client: Client) -> None:
    assert client.post(f"{API}/leaderboards/").status_code == 405


def names(value: Any) -> set[str]:
    """All field names of a JSON value, at any depth."""
    if isinstance(value, dict):
        own = {key for key in value if "." not in key}  # paths of numbers are no field names
        return own | {name for inner in value.values() for name in names(inner)}
    return {name for inner in value for name in names(inner)} if isinstance(value, list) else set()


def test_the_documentation_names_every_field_of_a_snapshot() -> None:
    text = (Path(__file__).parents[2] / "docs/api.md").read_text()
    assert not [name for name in names(snapshot(5)) if f"`{name}`" not in text]


def test_the_providers_api_leaves_the_public_addresses_free(
    client: Client, publish: Publish, settings: Any
) -> None:
    settings.ROOT_URLCONF = "benchserver.config.urls"
    body = snapshot(5)
    publish(body)
    slug = body["rows"][0]["model"]["slug"]
    for path in ("leaderboards/", "leaderboards/python/", f"models/{slug}/", "rotations/"):
        assert client.get(f"{API}/{path}").status_code == 200, path
    assert client.get("/").status_code == 200
