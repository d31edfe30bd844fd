"""Templates hold words and places, never numbers of their own, scripts, styles or strangers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.contrib.staticfiles import finders

from benchserver import website

HERE = Path(website.__file__).parent
TEMPLATES = sorted((HERE / "templates").rglob("*.html"))
METHODOLOGY = (HERE / "templates/website/methodology.html").read_text()
EXPLAINING = ("methodology.html", "for_providers.html")  # words with examples; policy from settings
RESULTS = [template for template in TEMPLATES if template.name not in EXPLAINING]
SCRIPT = re.compile(r"<script(?![^>]*\ssrc=\"\{% static )")
IDS = [template.name for template in TEMPLATES]


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_a_template_has_no_inline_script_or_style(template: Path) -> None:
    text = template.read_text()
    assert not SCRIPT.search(text)
    assert "<style" not in text
    assert not re.search(r"\s(style|on[a-z]+)\s*=", text)
    assert "javascript:" not in text


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_a_template_loads_nothing_from_elsewhere(template: Path) -> None:
    loaded = re.findall(r'(?:src|href|action)="([^"]*)"', template.read_text())
    assert not [where for where in loaded if re.match(r"(https?:)?//", where)]


@pytest.mark.parametrize("template", RESULTS, ids=[template.name for template in RESULTS])
def test_a_template_says_no_score_price_or_count_itself(template: Path) -> None:
    text = re.sub(
        r"\{%.*?%\}|\{\{.*?\}\}|<svg.*?</svg>|<[^>]*>", " ", template.read_text(), flags=re.S
    )
    text = re.sub(r"95 % interval|SHA-256|sha256sum|limit=1|/v1/|Error \d{3}", " ", text)
    assert not re.findall(r"\d+", text)


@pytest.mark.parametrize("template", TEMPLATES, ids=IDS)
def test_every_link_to_a_definition_finds_it(template: Path) -> None:
    for anchor in re.findall(r'href="/methodology/#([\w-]+)"', template.read_text()):
        assert f'id="{anchor}"' in METHODOLOGY


def test_the_contents_of_the_methodology_name_what_is_there() -> None:
    for anchor in re.findall(r'href="#([\w-]+)"', METHODOLOGY):
        assert f'id="{anchor}"' in METHODOLOGY


@pytest.mark.parametrize("name", ["benchserver.css", "board.js", "favicon.svg"])
def test_static_files_are_found_and_load_nothing_from_elsewhere(name: str) -> None:
    path = finders.find(f"website/{name}")
    assert path
    text = Path(path).read_text().replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?://|@import|url\(", text)
