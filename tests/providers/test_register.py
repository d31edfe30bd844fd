"""Providers, models, endpoints: keys are only ever written, and follow no URL to another host."""

from __future__ import annotations

import pytest

from benchserver import wiring
from benchserver.audit.keys import fetch
from benchserver.audit.models import DataKey, Event
from benchserver.core.errors import BadInput, MissingPart, NotAllowed
from benchserver.engines.vault.base import CannotOpen, Right
from benchserver.engines.vault.opener import HpkeOpener
from benchserver.providers import register
from benchserver.providers.models import Account, Endpoint, Model, OwnerGroup, Provider
from tests import factories

pytestmark = pytest.mark.django_db
KEY = "key-of-the-test"


def anywhere(_: str) -> None:
    pass


@pytest.fixture
def endpoint(wired) -> Endpoint:
    return factories.endpoint(factories.provider(), "https://api.example.org/v1", api_key=KEY)


def change(
    endpoint: Endpoint, *, api_key: str | None = None, check=anywhere, **changes
) -> Endpoint:
    return register.change_endpoint(
        endpoint=endpoint,
        changes=changes,
        api_key=api_key,
        sealer=wiring.sealer(),
        check_address=check,
        by="test",
    )


def opened(endpoint: Endpoint, opener=None) -> bytes:
    opener = opener or wiring.opener()
    key = fetch(endpoint.key_data_key)
    return opener.open(key, register.key_context(endpoint), bytes(endpoint.key_sealed))


def test_a_key_is_sealed_and_only_the_generate_right_opens_it(endpoint, key_folder):
    assert opened(endpoint) == KEY.encode()
    assert KEY.encode() not in bytes(endpoint.key_sealed)
    execute = HpkeOpener.from_files({Right.EXECUTE: key_folder / "open_execute.key"})
    with pytest.raises(CannotOpen):
        opened(endpoint, execute)


def test_a_web_process_can_seal_a_key_and_not_open_it(endpoint, settings):
    from tests.wired import clear_wiring

    settings.OPEN_GENERATE_KEY_FILE = settings.OPEN_EXECUTE_KEY_FILE = None
    settings.SIGNING_KEY_FILE = None
    clear_wiring()
    changed = change(endpoint, api_key="a-new-key")
    with pytest.raises((CannotOpen, MissingPart)):
        opened(changed)
    with pytest.raises(MissingPart):
        wiring.signer()


def test_a_key_cannot_be_moved_to_another_endpoint_nor_an_old_one_brought_back(endpoint):
    other = factories.endpoint(
        endpoint.provider, "https://b.example.org/v1", model="b", api_key="z"
    )
    other.key_sealed, other.key_data_key = endpoint.key_sealed, endpoint.key_data_key
    with pytest.raises(CannotOpen):
        opened(other)
    endpoint.key_revision += 1
    with pytest.raises(CannotOpen):
        opened(endpoint)


@pytest.mark.parametrize(
    "url",
    ["https://evil.example.net/v1", "https://api.example.org:8443/v1", "http://api.example.org/v1"],
)
def test_another_host_port_or_scheme_drops_the_stored_key(endpoint, url):
    changed = change(endpoint, base_url=url)
    assert changed.key_sealed is None
    assert DataKey.objects.count() == 0
    assert changed.revision == 2


def test_another_path_of_the_same_host_keeps_the_key(endpoint):
    changed = change(endpoint, base_url="https://api.example.org/v2")
    assert opened(changed) == KEY.encode()
    assert changed.revision == 2


def test_a_new_key_for_a_new_host_comes_along_and_the_old_one_is_shredded(endpoint):
    old = endpoint.key_data_key
    changed = change(endpoint, api_key="another", base_url="https://new.example.org/v1")
    assert opened(changed) == b"another"
    assert list(DataKey.objects.values_list("id", flat=True)) == [changed.key_data_key] != [old]


def test_what_reaches_no_other_model_is_no_new_revision(endpoint):
    changed = change(endpoint, api_key="another", name="renamed", max_concurrency=2)
    assert (changed.revision, changed.key_revision) == (1, 2)
    assert change(endpoint, wire_model="other").revision == 2


def test_a_forbidden_address_changes_nothing(endpoint):
    def refuse(url: str) -> None:
        raise BadInput("no", place="base_url")

    with pytest.raises(BadInput):
        change(endpoint, check=refuse, base_url="https://10.0.0.1/", api_key="new")
    endpoint.refresh_from_db()
    assert (endpoint.base_url, opened(endpoint)) == ("https://api.example.org/v1", KEY.encode())


def test_a_deleted_endpoint_has_no_key_and_never_comes_back(endpoint):
    register.delete_endpoint(endpoint=endpoint, by="test")
    assert DataKey.objects.count() == 0
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.key_sealed, endpoint.key_data_key) == ("deleted", None, "")
    with pytest.raises(NotAllowed) as refusal:
        change(endpoint, api_key="again")
    assert refusal.value.code == "endpoint_not_active"
    endpoint.refresh_from_db()
    assert endpoint.state == "deleted"
    assert Model.objects.count() == 1  # the model's history stays


def test_a_pause_says_why_and_a_new_key_must_be_admitted_first(endpoint):
    register.pause_endpoint(endpoint_id=endpoint.pk, reason="bad_key", by="engine")
    register.pause_endpoint(endpoint_id=endpoint.pk, reason="other", by="engine")
    endpoint.refresh_from_db()
    assert (endpoint.state, endpoint.pause_reason) == ("paused", "bad_key")
    assert Event.objects.get(verb="endpoint.paused").facts == {"reason": "bad_key"}
    changed = change(endpoint, api_key="new")
    assert (changed.state, changed.pause_reason) == ("awaiting", "")


def test_a_pause_by_hand_ends_by_hand_and_another_only_by_admission(endpoint):
    def paused(reason):
        factories.admitted(endpoint)
        register.pause_endpoint(endpoint_id=endpoint.pk, reason=reason, by="test")
        return change(endpoint, max_concurrency=2).state

    assert paused(register.PAUSED_BY_HAND) == "active"
    assert paused("unauthorized") == "awaiting"


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"name": "n"}, "active"),
        ({"price_in": 1}, "active"),
        ({"wire_model": "other"}, "awaiting"),
        ({"protocol": "openai_chat_completion_tokens"}, "awaiting"),
        ({"base_url": "https://api.example.org/v2"}, "awaiting"),
    ],
)
def test_what_may_lead_to_another_model_awaits_admission(endpoint, changes, state):
    assert change(endpoint, **changes).state == state


def test_no_event_holds_a_key(endpoint):
    change(endpoint, api_key="a-new-key-value", name="n")
    register.delete_endpoint(endpoint=endpoint, by="test")
    told = str(list(Event.objects.values()))
    assert KEY not in told
    assert "a-new-key-value" not in told
    assert Event.objects.get(verb="endpoint.changed").facts == {"fields": ["name", "api_key"]}


def test_an_endpoint_of_a_foreign_model_is_refused(endpoint):
    stranger = factories.provider("Stranger")
    with pytest.raises(BadInput, match="another group"):
        register.create_endpoint(
            provider=stranger,
            model=endpoint.model,
            name="x",
            protocol="openai_chat",
            base_url="https://x.example.org",
            wire_model="m",
            api_key="",
            price_in=None,
            price_out=None,
            max_concurrency=1,
            max_rps=None,
            sealer=wiring.sealer(),
            check_address=anywhere,
            by="test",
        )


def test_a_provider_has_a_group_and_an_account_of_its_own():
    made = factories.provider("Blue Sky")
    assert (made.slug, made.owner_group.slug) == ("blue-sky", "blue-sky")
    assert not Account.objects.get(provider=made).has_usable_password()
    for name, email in (
        ("Blue Sky", "x@example.org"),
        ("Other", "blue-sky@example.org"),
        ("!", "y@e.org"),
    ):
        before = Provider.objects.count(), OwnerGroup.objects.count()
        with pytest.raises(BadInput):
            register.create_provider(name=name, email=email, password=None, by="test")
        assert (Provider.objects.count(), OwnerGroup.objects.count()) == before


def test_merging_moves_accounts_and_models_into_one_group(endpoint):
    other = factories.provider("Other")
    register.merge_groups(source=endpoint.provider.owner_group, into=other.owner_group, by="admin")
    assert set(other.owner_group.providers.values_list("slug", flat=True)) == {"acme", "other"}
    assert Model.objects.get().owner_group == other.owner_group
    with pytest.raises(BadInput):
        register.merge_groups(source=other.owner_group, into=other.owner_group, by="admin")
