"""What the commands that change config.toml share."""

import tomllib

import pytest
import tomlkit

from axonhub_cli.cli import edit
from axonhub_cli.config.schema import Config, Profile
from axonhub_cli.errors import NotConfigured, UsageError

ADDED = {
    "the first": ("# c\n", False, '# c\n\n[[channels]]\nname = "x"\n'),
    "one more, below a blank line": (
        '[[channels]]\nname = "a" # a\n',
        False,
        '[[channels]]\nname = "a" # a\n\n[[channels]]\nname = "x"\n',
    ),
    "before the others": ('[[channels]]\nname = "a"\n', True, '[[channels]]\nname = "x"\n[[channels]]\nname = "a"\n'),
    "inline": ('channels = [{ name = "a" }]\n', False, 'channels = [{ name = "a" }, {name = "x"}]\n'),
}


@pytest.mark.parametrize(("text", "first", "expected"), ADDED.values(), ids=ADDED)
def test_add_item(text: str, first: bool, expected: str) -> None:
    """An item is added in the form that the file uses, and nothing else moves."""
    document = tomlkit.parse(text)
    edit.add_item(document, "channels", {"name": "x"}, first=first)
    assert tomlkit.dumps(document) == expected


def test_set_or_drop() -> None:
    """A value is set as it is; nothing and an empty list take the key out; zero and False are values."""
    table = tomlkit.parse("a = 1 # c\nb = 1\n")
    for key, value in (("a", 0), ("b", None), ("c", ("x",)), ("d", [])):
        edit.set_or_drop(table, key, value)
    assert tomllib.loads(tomlkit.dumps(table)) == {"a": 0, "c": ["x"]}
    assert "# c" in tomlkit.dumps(table)


@pytest.mark.parametrize("name", ["", "a b", "../x", "-x", ".x", "x" * 65, "ü", "a\n"])
def test_unfit_names_are_refused(name: str) -> None:
    """A name is also a file's and a keyring item's: letters, digits, dots, dashes, underscores."""
    with pytest.raises(UsageError):
        edit.check_name(name, "channel", [])


def test_names_that_do_not_exist_name_the_nearest() -> None:
    """A typing error meets a suggestion; with nothing there at all, the way to begin."""
    edit.check_name("a.b-c_1", "channel", ["x"])
    with pytest.raises(UsageError, match="cheap") as caught:
        edit.profile(Config(profiles={"cheap": Profile()}), "cheep")
    assert caught.value.hint == "Did you mean 'cheap'?"
    with pytest.raises(NotConfigured):
        edit.channel(Config(), "x")
