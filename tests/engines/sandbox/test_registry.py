"""Two settings name one engine together, and what was asked for is never silently dropped."""

from __future__ import annotations

import pytest

from benchserver.core.errors import BadInput, MissingPart
from benchserver.engines.sandbox import registry


@pytest.mark.parametrize(
    ("sandbox", "runtime", "engine"),
    [
        ("auto", "runc", "auto"),
        ("bubblewrap", "runc", "bubblewrap"),
        ("docker", "runc", "docker"),
        ("docker", "runsc", "docker+runsc"),
        ("auto", "runsc", "docker+runsc"),
    ],
)
def test_sandbox_and_runtime_name_an_engine(sandbox: str, runtime: str, engine: str) -> None:
    assert registry.engine_name(sandbox, runtime=runtime) == engine
    assert engine in ("auto", *registry.ENGINES)


def test_a_runtime_that_the_engine_would_ignore_is_refused() -> None:
    with pytest.raises(BadInput, match="SANDBOX_RUNTIME"):
        registry.engine_name("bubblewrap", runtime="runsc")


def test_images_are_told_for_container_engines_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*, runtime: str) -> dict[str, str]:
        raise MissingPart("no Docker daemon answers", mend="Start it")

    monkeypatch.setattr(registry, "images_here", none)
    assert registry.images_of("bubblewrap") == {}
    assert registry.images_of("auto") == {}
    with pytest.raises(MissingPart):
        registry.images_of("docker")
    monkeypatch.setattr(registry, "images_here", lambda *, runtime: {"base": runtime})
    assert registry.images_of("docker+runsc") == {"base": "runsc"}
    assert registry.images_of("auto") == {"base": "runc"}


@pytest.mark.docker
def test_the_images_of_this_machine_are_named_by_toolchain() -> None:
    try:
        found = registry.images_of("docker")
    except MissingPart as problem:
        pytest.skip(str(problem))
    assert all(digest.startswith("sha256:") for digest in found.values())
    assert "base" in found
