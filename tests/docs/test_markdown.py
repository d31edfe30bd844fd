"""The reader of Markdown itself: a blind one would call every page good."""

from __future__ import annotations

from tests.docs import markdown

TEXT = """# Keys, who holds them
See [there](a.md#b) and ![picture](p.png "title"), not `[code](x.md)`.
<source srcset="dark.png"><img src="light.png" alt="">

```sh
# not a heading
[no](link.md)
```

## Keys, who holds them
## `API` 2.0
"""


def test_links_are_found_and_code_is_none():
    assert markdown.links(TEXT) == ["a.md#b", "p.png", "dark.png", "light.png"]


def test_anchors_are_lower_case_without_signs_and_counted():
    expected = {"keys-who-holds-them", "keys-who-holds-them-1", "api-20"}
    assert markdown.anchors(TEXT) == expected


def test_only_blocks_of_the_language_are_read():
    assert list(markdown.fences(TEXT, language="sh")) == ["# not a heading\n[no](link.md)\n"]
    assert list(markdown.fences(TEXT, language="py")) == []
