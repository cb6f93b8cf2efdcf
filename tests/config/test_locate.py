"""Every key and item of a TOML text is found on its own line."""

import tomllib
from typing import Any

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.config.locate import line_of, locate

TEXT = """\
# a comment with = and [brackets]
profile = "x"  # 2
"quoted key" = 1
a.b . 'c' = 2

[server]
port = 8090

[[channels]]
name = "one"
models = [
  "a",  # 12
  "b", "c]",
]

[channels.quirks]
images = true

[[channels]]
name = '''
several [lines]
'''
text = \"\"\"
also "several" \\
[[channels]]
\"\"\"
inline = { a = 1, b = { c = [1, 2] } }

[profiles."my work"]
[[profiles."my work".mappings]]
to = "m"
[[profiles."my work".mappings]]
to = "n"
"""

CASES: list[tuple[tuple[str | int, ...], int]] = [
    (("profile",), 2),
    (("quoted key",), 3),
    (("a", "b", "c"), 4),
    (("server",), 6),
    (("server", "port"), 7),
    (("channels",), 9),
    (("channels", 0), 9),
    (("channels", 0, "models", 0), 12),
    (("channels", 0, "models", 1), 13),
    (("channels", 0, "models", 2), 13),
    (("channels", 0, "quirks", "images"), 17),
    (("channels", 1), 19),
    (("channels", 1, "name"), 20),
    (("channels", 1, "text"), 23),
    (("channels", 1, "inline", "b", "c", 1), 27),
    (("profiles", "my work"), 29),
    (("profiles", "my work", "mappings", 0, "to"), 31),
    (("profiles", "my work", "mappings", 1), 32),
    (("profiles", "my work", "mappings", 1, "to"), 33),
]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(("path", "line"), CASES)
def test_each_path_has_its_line(path: tuple[str | int, ...], line: int, ends: str) -> None:
    """Tables, items, dotted and quoted keys, inline tables and multi-line values are all found, with either line end."""
    text = TEXT.replace("\n", ends)
    assert tomllib.loads(text)["server"] == {"port": 8090}
    assert locate(text)[path] == line


def test_what_is_not_there_has_the_line_of_what_is_around_it() -> None:
    """A missing key is reported where its table begins; a text without any of it on line 1."""
    lines = locate(TEXT)
    assert line_of(lines, ("channels", 1, "type")) == 19
    assert line_of(lines, ("nothing",)) == 1


keys = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=6)
values = st.recursive(
    st.integers(-9, 9) | st.booleans() | st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=12,
)


def paths(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    found = {path} if path else set()
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        found |= paths(item, (*path, key))
    return found


@given(st.dictionaries(keys, values, max_size=4), st.booleans())
def test_every_path_of_any_document_is_found(data: dict[str, Any], multiline: bool) -> None:
    """Whatever a document holds, each of its keys and items has a line, and the line begins at or before the next one's."""
    text = tomli_w.dumps(data, multiline_strings=multiline)
    lines = locate(text)
    assert paths(tomllib.loads(text)) <= lines.keys()
    assert all(1 <= line <= text.count("\n") + 1 for line in lines.values())
