"""The admin's room: what can be looked at, what can be done, and what has no field anywhere."""

from __future__ import annotations

import io
import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchserver.audit.models import DataKey, Event
from benchserver.core.ids import opaque
from benchserver.core.protocol import Protocol
from benchserver.evaluations import evidence
from benchserver.evaluations.models import Attempt, Evaluation, EvidenceRecord, Reply
from benchserver.leaderboard.models import Snapshot
from benchserver.ledger.models import Checkpoint, Entry
from benchserver.pools.models import Form, FormEntry, Pool, Rotation, Task, TaskVersion, Track
from benchserver.providers import register, tokens
from benchserver.providers.models import Account, Endpoint, OwnerGroup, Provider, Token

pytestmark = pytest.mark.django_db

SECRET = "def hidden_test(): pass"
EDITABLE = {"account", "ownergroup", "provider", "pool", "track"}


@pytest.fixture
def boss() -> Account:
    return Account.objects.create(
        username="boss", is_staff=True, is_superuser=True, is_active=True, password="!"
    )


@pytest.fixture
def room(boss: Account) -> Client:
    client = Client()
    client.force_login(boss, "django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def world() -> dict[str, Any]:
    """One row of everything that has a page."""
    now = timezone.now()
    provider = register.create_provider(name="acme", email="a@acme.org", password=None, by="t")
    model = register.create_model(
        provider=provider, name="m", version="1", declared_cutoff=None, open_weights=True, by="t"
    )
    endpoint = Endpoint.objects.create(
        slug=opaque("ep"),
        provider=provider,
        model=model,
        name="main",
        protocol="openai_chat",
        base_url="https://acme.example.org/v1",
        wire_model="m",
        key_data_key="k1",
        key_sealed=SECRET.encode(),
    )
    token, _ = tokens.issue(provider=provider, name="ci", scopes=["read"], by="t")
    pool = Pool.objects.create(slug="pool", name="Pool")
    track = Track.objects.create(
        slug="functions", name="Functions", pool=pool, protocol_payload=Protocol().to_payload()
    )
    task = Task.objects.create(slug=opaque("ta"), pool=pool, source_mac="m", split="private")
    version = TaskVersion.objects.create(
        task=task,
        number=1,
        shape="function",
        language="python",
        judging_class="provable",
        family_mac="f",
        content_mac="c",
        commitment="ab" * 32,
        prompt_data_key="k2",
        prompt_sealed=SECRET.encode(),
        task_data_key="k3",
        task_sealed=SECRET.encode(),
        salt_sealed=SECRET.encode(),
    )
    rotation = Rotation.objects.create(
        slug="2026-11",
        pool=pool,
        state="open",
        opens_at=now - timedelta(days=1),
        closes_at=now + timedelta(days=1),
    )
    form = Form.objects.create(rotation=rotation, track=track, protocol_digest="d")
    entry = FormEntry.objects.create(form=form, position=0, version=version, split="private")
    evaluation = Evaluation.objects.create(
        slug=opaque("ev"),
        provider=provider,
        owner_group=provider.owner_group,
        model=model,
        endpoint=endpoint,
        endpoint_revision=1,
        rotation=rotation,
        track=track,
        form=form,
        protocol_payload=track.protocol_payload,
        total=1,
    )
    attempt = Attempt.objects.create(
        evaluation=evaluation, endpoint=endpoint, entry=entry, sample=0, order=0
    )
    Entry.objects.create(index=0, kind="test", body=b"{}", leaf_hash="00" * 32)
    Checkpoint.objects.create(size=1, root="r", note="n", verifier_key="v")
    Snapshot.objects.create(
        sequence=1,
        track="functions",
        rotation="2026-11",
        body="{}",
        digest="d",
        log_index=0,
        checkpoint="c",
        published_at=now,
    )
    return {
        "provider": provider,
        "endpoint": endpoint,
        "token": token,
        "task": task,
        "track": track,
        "evaluation": evaluation,
        "attempt": attempt,
    }


def pages() -> list[type[Any]]:
    return sorted(admin.site._registry, key=lambda model: model.__name__)


@pytest.mark.parametrize("model", pages(), ids=lambda m: m.__name__)
def test_every_page_opens_and_shows_nothing_sealed(
    room: Client, world: dict[str, Any], model: type[Any]
) -> None:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    listing = room.get(reverse(f"{name}_changelist"))
    assert listing.status_code == 200
    answers = [listing]
    row = model.objects.first()
    if row is not None:
        answers.append(room.get(reverse(f"{name}_change", args=[row.pk])))
        assert answers[-1].status_code == 200
    for answer in answers:
        text = answer.content.decode()
        assert "hidden_test" not in text
        assert SECRET.encode().hex() not in text
        assert "sealed" not in text
        assert Token.objects.get(pk=world["token"].pk).digest not in text


@pytest.mark.parametrize("model", pages(), ids=lambda m: m.__name__)
def test_what_is_history_cannot_be_added_changed_or_deleted(
    room: Client, world: dict[str, Any], model: type[Any]
) -> None:
    meta = model._meta
    name = f"admin:{meta.app_label}_{meta.model_name}"
    row = model.objects.first()
    if row is not None:
        assert room.post(reverse(f"{name}_delete", args=[row.pk])).status_code == 403
    if meta.model_name in EDITABLE:
        return
    assert room.get(reverse(f"{name}_add")).status_code == 403
    if row is not None:
        assert room.post(reverse(f"{name}_change", args=[row.pk]), {}).status_code == 403


def test_keys_and_replies_have_no_page() -> None:
    assert DataKey not in admin.site._registry
    assert Reply not in admin.site._registry


def test_the_index_says_what_to_do_next(room: Client) -> None:
    text = room.get("/admin/").content.decode()
    assert "What to do next" in text
    assert "No pool yet" in text
    assert "./bench create_provider" in text
    Pool.objects.create(slug="pool", name="Pool")
    text = room.get("/admin/").content.decode()
    assert "./bench import_tasks PATH --pool pool" in text


def test_people_without_the_right_are_kept_out(world: dict[str, Any], client: Client) -> None:
    client.force_login(
        world["provider"].accounts.get(), "django.contrib.auth.backends.ModelBackend"
    )
    assert client.get("/admin/").status_code == 302
    viewer = Account.objects.create(username="viewer", is_staff=True)
    client.force_login(viewer, "django.contrib.auth.backends.ModelBackend")
    assert client.get(reverse("admin:evaluations_evaluation_changelist")).status_code == 403


def _act(room: Client, model: str, action: str, rows: list[Any], **extra: Any) -> Any:
    data = {"action": action, "_selected_action": [str(r.pk) for r in rows], **extra}
    return room.post(reverse(f"admin:{model}_changelist"), data)


def test_a_token_is_revoked(room: Client, world: dict[str, Any]) -> None:
    _act(room, "providers_token", "revoke", [world["token"]])
    assert Token.objects.get(pk=world["token"].pk).revoked_at is not None
    assert Event.objects.filter(verb="token.revoked", actor="admin boss").exists()


def test_an_evaluation_is_cancelled_once(room: Client, world: dict[str, Any]) -> None:
    evaluation = world["evaluation"]
    _act(room, "evaluations_evaluation", "cancel", [evaluation])
    assert Evaluation.objects.get(pk=evaluation.pk).state == "cancelled"
    again = _act(room, "evaluations_evaluation", "cancel", [evaluation])
    assert again.status_code == 302
    assert Event.objects.filter(verb="evaluation.cancelled", actor="admin boss").count() == 1


def test_an_evaluation_is_paused_and_resumed_by_the_operator(
    room: Client, world: dict[str, Any]
) -> None:
    evaluation = world["evaluation"]
    _act(room, "evaluations_evaluation", "pause", [evaluation])
    assert Evaluation.objects.get(pk=evaluation.pk).paused_by == "operator"
    _act(room, "evaluations_evaluation", "resume", [evaluation])
    assert Evaluation.objects.get(pk=evaluation.pk).paused_at is None
    done = Event.objects.filter(actor="admin boss", target=evaluation.slug).values_list("verb")
    assert {"evaluation.paused", "evaluation.resumed"} <= {verb for (verb,) in done}


def test_a_task_is_retired_with_a_reason_only(room: Client, world: dict[str, Any]) -> None:
    task = world["task"]
    _act(room, "pools_task", "retire", [task])
    assert Task.objects.get(pk=task.pk).retired_at is None
    _act(room, "pools_task", "retire", [task], reason="leaked")
    row = Task.objects.get(pk=task.pk)
    assert row.retired_at is not None
    assert row.retire_reason == "leaked"


@pytest.mark.parametrize(
    ("model", "action", "name"),
    [
        ("providers_token", "revoke", "token"),
        ("pools_task", "retire", "task"),
        ("evaluations_evaluation", "cancel", "evaluation"),
        ("evaluations_evaluation", "pause", "evaluation"),
    ],
)
def test_looking_is_not_acting(
    client: Client, world: dict[str, Any], model: str, action: str, name: str
) -> None:
    from django.contrib.auth.models import Permission

    viewer = Account.objects.create(username="viewer", is_staff=True)
    app, noun = model.split("_")
    viewer.user_permissions.add(
        Permission.objects.get(content_type__app_label=app, codename=f"view_{noun}")
    )
    client.force_login(viewer, "django.contrib.auth.backends.ModelBackend")
    before = type(world[name]).objects.filter(pk=world[name].pk).values().get()
    _act(client, model, action, [world[name]], reason="x")
    assert type(world[name]).objects.filter(pk=world[name].pk).values().get() == before


def test_groups_are_merged_after_a_page_that_says_so(room: Client, world: dict[str, Any]) -> None:
    other = register.create_provider(name="sister", email="s@s.org", password=None, by="t")
    groups = list(OwnerGroup.objects.order_by("slug"))
    page = _act(room, "providers_ownergroup", "merge", groups)
    assert "one adversary" in page.content.decode()
    assert Provider.objects.get(pk=other.pk).owner_group == other.owner_group
    _act(room, "providers_ownergroup", "merge", groups, into=str(groups[0].pk))
    assert {p.owner_group_id for p in Provider.objects.all()} == {groups[0].pk}
    assert Event.objects.filter(verb="group.merged", actor="admin boss").count() == 1


def test_a_tracks_protocol_is_fixed_once_a_form_is_frozen(
    room: Client, world: dict[str, Any]
) -> None:
    url = reverse("admin:pools_track_change", args=[world["track"].pk])
    room.post(url, {"name": "New name", "protocol_payload": json.dumps({"samples": 1})})
    track = Track.objects.get(pk=world["track"].pk)
    assert track.name == "New name"
    assert track.protocol == Protocol()


def test_a_track_takes_only_a_known_protocol(room: Client) -> None:
    pool = Pool.objects.create(slug="pool", name="Pool")
    fields = {"slug": "t", "name": "T", "pool": pool.pk, "shapes": "[]"}
    fields |= {"judging_class": "provable", "protocol_payload": '{"colour": 1}'}
    page = room.post(reverse("admin:pools_track_add"), fields)
    assert "A protocol has the fields samples" in page.content.decode()
    room.post(reverse("admin:pools_track_add"), {**fields, "protocol_payload": '{"samples": 3}'})
    assert Track.objects.get().protocol.samples == 3


def test_a_new_track_starts_from_the_default_protocol_and_refuses_what_cannot_run(
    room: Client,
) -> None:
    pool = Pool.objects.create(slug="pool", name="Pool")
    url = reverse("admin:pools_track_add")
    page = room.get(url).content.decode()
    assert "&quot;deadline_seconds&quot;: 300" in page
    assert re.findall(r'<option value="(\w+)"[^>]*>(?:Provable|Mitigated)<', page) == [
        "provable",
        "mitigated",
    ]
    fields = {"slug": "new", "name": "New", "pool": pool.pk, "shapes": "[]"}
    fields |= {"judging_class": "provable", "protocol_payload": '{"samples": 1}'}
    for wrong in (
        {"protocol_payload": '{"samples": 0}'},
        {"protocol_payload": '{"template": "9"}'},
        {"shapes": '["poem"]'},
        {"judging_class": "sure"},
    ):
        assert "errorlist" in room.post(url, {**fields, **wrong}).content.decode()
    assert not Track.objects.filter(slug="new").exists()
    room.post(url, fields)
    assert Track.objects.get(slug="new").protocol == Protocol(samples=1)


def test_logs_of_changes_name_fields_and_no_content(room: Client, world: dict[str, Any]) -> None:
    url = reverse("admin:pools_track_change", args=[world["track"].pk])
    room.post(url, {"name": "Very telling words"})
    assert "telling" not in LogEntry.objects.get().change_message
    event = Event.objects.get(verb="track.changed_by_admin")
    assert event.facts == {"fields": ["name"]}


# --- the command ---------------------------------------------------------------------------------
def run(*arguments: str) -> dict[str, Any]:
    out = io.StringIO()
    call_command("create_provider", *arguments, "--json", stdout=out)
    made: dict[str, Any] = json.loads(out.getvalue())
    return made


def test_the_command_prints_a_token_that_works() -> None:
    made = run("Acme Labs", "--email", "ops@acme.org", "--scopes", "read", "endpoints")
    token = tokens.find(made["token"])
    assert token is not None
    assert token.provider.slug == made["provider"] == "acme-labs"
    assert token.scopes == made["scopes"] == ["endpoints", "read"]
    assert not Account.objects.get(username="ops@acme.org").has_usable_password()


def test_the_command_reads_a_password_from_a_file(tmp_path: Path, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    file = tmp_path / "password"
    file.write_text("a long and odd passphrase\n")
    run("Acme", "--email", "ops@acme.org", "--password-file", str(file))
    account = Account.objects.get(username="ops@acme.org")
    assert account.check_password("a long and odd passphrase")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["Acme", "--email", "none"], "e-mail"),
        (["!!!", "--email", "a@b.org"], "letters"),
        (["Acme", "--email", "a@b.org", "--scopes", "all"], "scope"),
        (["Acme", "--email", "a@b.org", "--password-file", "/nonexistent"], "password file"),
    ],
)
def test_the_command_refuses_bad_input_and_makes_nothing(arguments: list[str], said: str) -> None:
    with pytest.raises(CommandError, match=said) as caught:
        call_command("create_provider", *arguments)
    assert caught.value.returncode == 1
    assert not Provider.objects.exists()
    assert not Account.objects.exists()


def test_a_weak_password_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("short\n")
    with pytest.raises(CommandError, match="password"):
        call_command("create_provider", "Acme", "--email", "a@b.org", "--password-file", str(file))
    assert not Provider.objects.exists()


def test_the_command_speaks_to_people_too() -> None:
    out = io.StringIO()
    call_command("create_provider", "Acme", "--email", "a@b.org", stdout=out)
    assert "The token is shown this once." in out.getvalue()


def test_the_admin_can_aim_no_endpoint_elsewhere_so_no_key_follows(
    room: Client, world: dict[str, Any]
) -> None:
    endpoint = Endpoint.objects.get()
    page = reverse("admin:providers_endpoint_change", args=[endpoint.pk])
    moved = room.post(page, {"base_url": "https://elsewhere.example.net/v1", "name": "x"})
    assert moved.status_code == 403
    endpoint.refresh_from_db()
    assert endpoint.base_url == "https://acme.example.org/v1"
    assert SECRET not in room.get(page).content.decode()


def test_evidence_is_asked_about_and_published_only_with_a_reason_and_after_the_answer(
    room: Client, world: dict[str, Any]
) -> None:
    finding = {"test": "foreign-salt@1", "source": "canaries", "effect_e4": 1, "p_e6": 1}
    row = EvidenceRecord.objects.create(
        evaluation=world["evaluation"],
        state="noticed",
        grade="A",
        findings=[{**finding, "grade": "A"}],
        family=1,
        alarm_e6=500,
    )

    def act(action: str, reason: str = "") -> str:
        data = {"action": action, "reason": reason, "_selected_action": [str(row.pk)]}
        room.post(reverse("admin:evaluations_evidencerecord_changelist"), data)
        row.refresh_from_db()
        return row.state

    assert act("publish", "too early") == "noticed"
    assert act("ask") == "awaiting"
    assert row.reply_by is not None
    assert act("publish", "still too early") == "awaiting"
    evidence.answer(evaluation=row.evaluation, text="No.", by="jane")
    assert act("publish") == "answered"
    assert act("publish", "the answer does not explain it") == "published"
    assert act("withdraw", "it does after all") == "withdrawn"
    event = Event.objects.get(verb="evidence.published")
    assert (event.actor, event.facts["reason"]) == ("admin boss", "the answer does not explain it")


def test_an_admin_who_read_our_tests_in_the_replies_says_so_with_a_reason(
    room: Client, world: dict[str, Any]
) -> None:
    finding = {"source": "replies", "effect_e4": 200, "p_e6": 30_000, "grade": ""}
    beside = {"test": "canary-posterior@1", "what": "chance of a leak", "value_e4": 9192}
    row = EvidenceRecord.objects.create(
        evaluation=world["evaluation"],
        state="review",
        findings=[{**finding, "test": "hidden-literals@1"}],
        beside=[{**beside, "p_e6": None}],
        literals=3,
        family=1,
        alarm_e6=500,
    )
    page = reverse("admin:evaluations_evidencerecord_change", args=[row.pk])
    text = room.get(page).content.decode()
    assert "hidden-literals@1: effect 2.0 points, p 0.030000" in text
    assert "beside canary-posterior@1: chance of a leak 0.9192" in text
    assert "replies to 3 tasks hold pieces of the hidden tests" in text
    listing = reverse("admin:evaluations_evidencerecord_changelist")

    def confirm(reason: str) -> tuple[str, str]:
        chosen = [str(row.pk)]
        room.post(listing, {"action": "confirm", "reason": reason, "_selected_action": chosen})
        row.refresh_from_db()
        return row.state, row.grade

    assert confirm("") == ("review", "")
    assert confirm("a table of our outputs") == ("noticed", "A")
