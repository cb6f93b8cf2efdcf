"""JSON as text: one member changes, every other byte stays."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.clients import json_text

PUT = {
    "replaces a value": ('{"a": 1, "b": [1, 2]}', ("b",), "3", '{"a": 1, "b": 3}'),
    "adds to an empty file": ("", ("env", "K"), '"v"', '{\n  "env": {\n    "K": "v"\n  }\n}\n'),
    "adds to an empty object": ("{}\n", ("a",), "1", '{\n  "a": 1\n}\n'),
    "adds behind the last member": ('{\n    "a": 1\n}\n', ("b",), "2", '{\n    "a": 1,\n    "b": 2\n}\n'),
    "adds an object with the file's indent": (
        '{\n\t"a": 1\n}\n', ("env", "K"), '"v"', '{\n\t"a": 1,\n\t"env": {\n\t\t"K": "v"\n\t}\n}\n',
    ),
    "adds on one line to one line": ('{"a": {"b": 1}}', ("a", "c"), "2", '{"a": {"b": 1, "c": 2}}'),
    "keeps line comments with their member": ('{\n  "a": 1 // one\n}\n', ("b",), "2", '{\n  "a": 1, // one\n  "b": 2\n}\n'),
    "keeps block comments": ('{ /* x */\n  "a": /* y, */ 1\n}', ("b",), "2", '{ /* x */\n  "a": /* y, */ 1,\n  "b": 2\n}'),
    "keeps to trailing commas": ('{\n  "a": 1,\n}\n', ("b",), "2", '{\n  "a": 1,\n  "b": 2,\n}\n'),
    "keeps to trailing commas on one line": ('{"a": 1,}', ("b",), "2", '{"a": 1, "b": 2,}'),
    "is not fooled by comments in strings": ('{\n  "a": "// }, /*"\n}', ("b",), "2", '{\n  "a": "// }, /*",\n  "b": 2\n}'),
    "follows the file's line ends": ('{\r\n  "a": 1\r\n}\r\n', ("b",), "2", '{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n'),
    "adds to an object that holds a comment": ('{\n  // none yet\n}\n', ("a",), "1", '{\n  // none yet\n  "a": 1\n}\n'),
}  # fmt: skip

DROP = {
    "the last member with the comma before it": ('{\n  "a": 1,\n  "b": 2\n}\n', ("b",), '{\n  "a": 1\n}\n'),
    "the first member": ('{\n  "a": 1,\n  "b": 2\n}\n', ("a",), '{\n  "b": 2\n}\n'),
    "on one line": ('{"a": 1, "b": 2}', ("b",), '{"a": 1}'),
    "first on one line": ('{"a": 1, "b": 2}', ("a",), '{"b": 2}'),
    "the only member": ('{"a": 1}', ("a",), "{}"),
    "beside comments": (
        '{\n  // about a\n  "a": 1,\n  // about b\n  "b": 2\n}\n',
        ("b",),
        '{\n  // about a\n  "a": 1\n  // about b\n}\n',
    ),
    "on one line with a trailing comma": ('{"a": 1, "b": 2,}', ("b",), '{"a": 1,}'),
    "the only member, and its lines": ('{\n  "a": 1,\n}\n', ("a",), "{}\n"),
    "with a comment before the comma": ('{\n  "a": 1 /* mine */,\n  "b": 2\n}\n', ("a",), '{\n  /* mine */\n  "b": 2\n}\n'),
    "with a trailing comma": ('{\n  "a": 1,\n  "b": 2,\n}\n', ("b",), '{\n  "a": 1,\n}\n'),
}


@pytest.mark.parametrize(("text", "path", "literal", "expected"), PUT.values(), ids=PUT)
def test_put(text: str, path: tuple[str, ...], literal: str, expected: str) -> None:
    """A member is set in its place, or added in the file's own style, and nothing else moves."""
    assert json_text.put(text, path, literal) == expected
    assert json_text.find(expected, path) == literal


@pytest.mark.parametrize(("text", "path", "expected"), DROP.values(), ids=DROP)
def test_drop(text: str, path: tuple[str, ...], expected: str) -> None:
    """Removing a member takes its comma, and leaves comments."""
    assert json_text.drop(text, path) == expected


BEFORE = [
    '{\n  "a": 1\n}\n', '{"a": 1}', '{\n\t"env": {\n\t\t"A": 1 // c\n\t}\n}', '{\n  "a": [\n    1\n  ]\n}\n', "{}", '{"env": {}}',
    '{"env": {"A": 1,}}', '{\n  "env": {\n    "A": 1, // c\n  },\n}\n', '{"env"/*k*/:/*v*/{"A":/*w*/"1"/*x*/}/*y*/}',
]  # fmt: skip


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("path", [("new",), ("env", "new")])
def test_put_then_drop_is_nothing(before: str, path: tuple[str, ...]) -> None:
    """Taking back what was added gives the old bytes."""
    text = json_text.drop(json_text.put(before, path, '"x"'), path)
    if len(path) == 2 and "env" not in before:
        text = json_text.drop_table(text, ("env",))
    assert text == before


def test_drop_table_spares_comments() -> None:
    """An object in which somebody wrote a comment stays."""
    text = '{"env": { /* mine */ }}'
    assert json_text.drop_table(text, ("env",)) == text
    assert json_text.drop_table('{"env": { }}', ("env",)) == "{}"


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=8)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=8,
)


@given(
    st.dictionaries(st.text(max_size=5), JSON, max_size=4),
    st.sampled_from([None, 0, 2, "\t"]),
    st.text(max_size=5),
    st.text(max_size=5),
)
def test_put_means_what_it_says(value: dict[str, Any], indent: int | str | None, table: str, key: str) -> None:
    """In any object, however indented, setting a member changes that member only, and dropping it takes it out."""
    if not isinstance(value.get(table, {}), dict):
        return
    text = json.dumps(value, indent=indent)
    after = json_text.put(text, (table, key), '"new"')
    expected = {**value, table: {**value.get(table, {}), key: "new"}}
    assert json.loads(after) == expected
    del expected[table][key]
    assert json.loads(json_text.drop(after, (table, key))) == expected


@pytest.mark.parametrize("text", ["[1]", "{", '{"a": }', "[" * 100000, '"x"', "{} x"])
def test_load_refuses_with_value_error(text: str) -> None:
    """Broken text, or text that is no object, is a ValueError and nothing else."""
    with pytest.raises(ValueError):
        json_text.load(text)
