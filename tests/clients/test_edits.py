"""Edits as data: what is refused, and what counts as the same."""

import pytest

from axonhub_cli.clients.edits import Change, diff, kind, lookup, masked, missing_tables, rewrite, same
from axonhub_cli.errors import ClientFileError

TOML = kind("toml")
JSON = kind("json")

REFUSED = {
    "an inline table": ("toml", "x = { y = 1 }\n", ("x", "y")),
    "a new key in an inline table": ("toml", "x = { y = 1 }\n", ("x", "z")),
    "a list above": ("json", '{"env": []}', ("env", "K")),
    "a null above": ("json", '{"env": null}', ("env", "K")),
    "a string above": ("json", '{"env": "x"}', ("env", "K")),
}


@pytest.mark.parametrize(("name", "text", "path"), REFUSED.values(), ids=REFUSED)
def test_forms_that_cannot_be_edited_are_refused(name: str, text: str, path: tuple[str, ...]) -> None:
    """The refusal says where, and what to do; no text comes back."""
    with pytest.raises(ClientFileError) as caught:
        rewrite(kind(name), text, [Change(path, '"v"')], "a file")  # type: ignore[arg-type]
    assert "a file" in caught.value.message
    assert "nothing was written" in caught.value.message
    assert caught.value.hint


def test_of_two_members_with_one_name_the_last_is_edited() -> None:
    """Readers take the last one, so that is the one to change; removing it would wake the first, so that is refused."""
    text = '{"a": 1, "a": 2}'
    assert rewrite(JSON, text, [Change(("a",), "3")], "f") == '{"a": 1, "a": 3}'
    with pytest.raises(ClientFileError):
        rewrite(JSON, text, [Change(("a",), None)], "f")


def test_removing_what_is_not_there_changes_nothing() -> None:
    """A file without the value is right already."""
    assert rewrite(TOML, "a = 1\n", [Change(("b", "c"), None)], "f") == "a = 1\n"


def test_empty_tables_of_ours_go_and_others_stay() -> None:
    """A table is removed only when it is empty afterwards."""
    text = "[x.ours]\na = 1\n\n[y]\na = 1\nb = 2\n"
    changes = [Change(("x", "ours", "a"), None), Change(("y", "a"), None)]
    assert rewrite(TOML, text, changes, "f", tables=[("x", "ours"), ("y",)]) == "[y]\nb = 2\n"


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [("'a'", '"a"', True), ("1", "0x1", True), ("1", '"1"', False), (None, None, True), (None, "1", False), ('"a"', None, False)],
)
def test_same_compares_meaning(left: str | None, right: str | None, expected: bool) -> None:
    """Two spellings of one value are the same; absent is the same as absent only."""
    assert same(TOML, left, right) is expected


def test_lookup_and_missing_tables() -> None:
    """Values are found by path, and the tables that an edit would make are named outermost first."""
    value = {"a": {"b": 1}}
    assert lookup(value, ("a", "b")) == 1
    assert lookup(value, ("a", "b", "c")) is None
    assert missing_tables(value, [("a", "x"), ("c", "d", "e")]) == (("c",), ("c", "d"))


def test_diff_shows_changed_lines_without_secrets() -> None:
    """The diff is unified, named after the file, and masks what would be a secret."""
    shown = diff('{"A_TOKEN": "sk-1234567890"}\n', '{"A_TOKEN": "ah-1234567890"}\n', "f.json")
    assert "--- f.json" in shown
    assert "-{" in shown
    assert "+{" in shown
    assert "1234567890" not in shown
    assert diff("a\n", "a\n", "f") == ""


def test_secrets_are_masked_and_names_are_not() -> None:
    """A value whose key names a secret keeps its beginning only; the name of a variable is no secret."""
    assert masked('"ANTHROPIC_AUTH_TOKEN": "ah-12345678901234"') == '"ANTHROPIC_AUTH_TOKEN": "ah-12…"'
    for reference in ('env_key = "AXONHUB_API_KEY"', '"apiKey": "{env:AXONHUB_API_KEY}"', 'secret = "keyring:deepseek"'):
        assert masked(reference) == reference
