"""Every link inside the repository leads somewhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from tests.docs import markdown
from tests.docs.markdown import ROOT

PAGES = markdown.pages()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_anchors_resolve(page: Path):
    missing = [link for link in markdown.links(page.read_text()) if not _resolves(page, link)]
    assert missing == []


def _resolves(page: Path, link: str) -> bool:
    url = urlsplit(link)
    if url.scheme or url.netloc:
        return True  # the world outside is not looked at
    target = (page.parent / unquote(url.path)).resolve() if url.path else page
    if not target.exists() or not target.is_relative_to(ROOT):
        return False
    if not url.fragment or target.suffix != ".md":
        return True
    return url.fragment in markdown.anchors(target.read_text())


def test_the_index_of_the_documents_names_every_one_of_them():
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in _inner(index)}
    written = {page for page in PAGES if page.is_relative_to(ROOT / "docs") and page != index}
    assert written - linked == set()


def _inner(page: Path) -> list[str]:
    return [link for link in markdown.links(page.read_text()) if not urlsplit(link).scheme]


def test_a_dead_link_would_be_found(tmp_path: Path):
    page = ROOT / "docs" / "README.md"
    assert not _resolves(page, "nowhere.md")
    assert not _resolves(page, "README.md#nowhere")
    assert not _resolves(page, "../../outside.md")
    assert _resolves(page, "https://example.org/nowhere")
