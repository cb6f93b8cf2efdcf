"""TOML as text: one value changes, every other byte stays."""

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.clients import toml_text as toml

PUT = {
    "replaces a value and keeps the comment": ("a = 1 # why\n", ("a",), "2", "a = 2 # why\n"),
    "replaces a multi-line array": ("a = [\n 1, # ]\n 2\n]\nb=1\n", ("a",), "[]", "a = []\nb=1\n"),
    "replaces a multi-line string": ('a = """x\n"quoted\\"\n"""""\nb = 1\n', ("a",), '"y"', 'a = "y"\nb = 1\n'),
    "replaces under a quoted header": ('["x.y"]\n"k z" = 1\n', ("x.y", "k z"), "2", '["x.y"]\n"k z" = 2\n'),
    "replaces a dotted key": ("x.y . z = 1\n", ("x", "y", "z"), "2", "x.y . z = 2\n"),
    "adds behind the last top-level value": ("a = 1\n\n# about x\n[x]\n", ("b",), "2", "a = 1\nb = 2\n\n# about x\n[x]\n"),
    "adds above the first table and its comment": ("# top\n\n# x\n[x]\n", ("b",), "2", "# top\n\nb = 2\n\n# x\n[x]\n"),
    "adds to an empty file": ("", ("a",), "1", "a = 1\n"),
    "adds to a file of comments": ("# only", ("a",), "1", "# only\na = 1\n"),
    "ends the last line first": ("a = 1", ("b",), "2", "a = 1\nb = 2\n"),
    "adds a table at the end": ("[x]\na = 1", ("m", "our-s", "k"), "2", "[x]\na = 1\n\n[m.our-s]\nk = 2\n"),
    "adds to a table that is there": ("[x]\na = 1\n\n[y]\n", ("x", "b"), "2", "[x]\na = 1\nb = 2\n\n[y]\n"),
    "adds to an empty table": ("[x]\n[y]\n", ("x", "b"), "2", "[x]\nb = 2\n[y]\n"),
    "follows the file's line ends": ("a = 1\r\nc = 1\r\nd = 1\n", ("b",), "2", "a = 1\r\nc = 1\r\nd = 1\nb = 2\r\n"),
    "adds a table with the file's line ends": ("a = 1\r\n", ("x", "b"), "2", "a = 1\r\n\r\n[x]\r\nb = 2\r\n"),
    "does not take a header in a string for one": ('a = """\n[x]\n"""\n', ("x", "b"), "2", 'a = """\n[x]\n"""\n\n[x]\nb = 2\n'),
    "leaves arrays of tables alone": ("[[x]]\nb = 1\n", ("y", "b"), "2", "[[x]]\nb = 1\n\n[y]\nb = 2\n"),
    "quotes a key that needs it": ("", ("x y", "b.c"), "2", '["x y"]\n"b.c" = 2\n'),
}

DROP = {
    "its line only": ("a = 1\nb = 2\nc = 3\n", ("b",), "a = 1\nc = 3\n"),
    "the value of many lines": ("a = [\n1,\n]\nc = 3\n", ("a",), "c = 3\n"),
    "but keeps a comment behind it": ("a = 1 # mine\nb = 2\n", ("a",), "# mine\nb = 2\n"),
    "on a last line without an end": ("a = 1\nb = 2", ("b",), "a = 1\n"),
}


@pytest.mark.parametrize(("text", "path", "literal", "expected"), PUT.values(), ids=PUT)
def test_put(text: str, path: tuple[str, ...], literal: str, expected: str) -> None:
    """A value is set in its place, or added where it belongs, and nothing else moves."""
    assert toml.put(text, path, literal) == expected
    assert toml.find(expected, path) == literal


@pytest.mark.parametrize(("text", "path", "expected"), DROP.values(), ids=DROP)
def test_drop(text: str, path: tuple[str, ...], expected: str) -> None:
    """Removing a value removes that and no comment."""
    assert toml.drop(text, path) == expected


def test_find_reads_source_text() -> None:
    """The value is given as it is written; what is inside an inline table or an array of tables is not found."""
    text = "a = 'x' # c\nb = {c = 1}\n[[d]]\ne = 1\n"
    assert toml.find(text, ("a",)) == "'x'"
    assert toml.find(text, ("b",)) == "{c = 1}"
    assert toml.find(text, ("b", "c")) is None
    assert toml.find(text, ("d", "e")) is None


@pytest.mark.parametrize(
    "before", ["", "a = 1\n", "# c\n\n[x]\na = 1\n", "a = 1\r\n\r\n[x]\r\nb = 1\r\n", "[x]\n\n", "# c\n", "a.b = 1\n"]
)
@pytest.mark.parametrize("path", [("new",), ("tables", "new", "key")])
def test_put_then_drop_is_nothing(before: str, path: tuple[str, ...]) -> None:
    """Taking back what was added gives the old bytes, for any file that ends its last line."""
    text = toml.put(before, path, "1")
    text = toml.drop(text, path)
    assert toml.drop_table(text, path[:-1]) == before


KEYS = st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=6)
VALUES = st.one_of(st.text(max_size=12), st.integers(-9, 9), st.booleans())


@given(st.text(max_size=40))
def test_literal_is_read_back(value: str) -> None:
    """Any string written as a literal is read back as itself."""
    assert tomllib.loads(f"x = {toml.literal(value)}")["x"] == value


@given(st.dictionaries(KEYS, st.one_of(VALUES, st.dictionaries(KEYS, VALUES, max_size=3)), max_size=5), KEYS, KEYS, VALUES)
def test_put_means_what_it_says(value: dict[str, object], table: str, key: str, new: str) -> None:
    """In any file of tomli-w's making, setting a value changes that value only, and dropping it takes it out."""
    import tomli_w

    if not isinstance(value.get(table, {}), dict):
        return
    text = tomli_w.dumps(value)
    after = toml.put(text, (table, key), toml.literal(new))
    expected = {**value, table: {**value.get(table, {}), key: new}}  # type: ignore[dict-item]
    assert tomllib.loads(after) == expected
    del expected[table][key]  # type: ignore[attr-defined]
    assert {**tomllib.loads(toml.drop(after, (table, key)))} == expected


@pytest.mark.parametrize("text", ["a = [" * 2000, "a = ", "= 1", "[x", "\ufeffa = 1"])
def test_load_refuses_with_value_error(text: str) -> None:
    """Broken text is a ValueError and nothing else."""
    with pytest.raises(ValueError):
        toml.load(text)
