"""The line in which filters and searches are typed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.cli.tail.entry import Entry

KEYS = [
    *"ab c~é漢", "left", "right", "home", "end", "ctrl-a", "ctrl-e", "ctrl-u", "ctrl-k", "ctrl-w", "backspace", "delete", "up",
    "down", "paste:x\ny\x1b[31m", "enter", "tab",
]  # fmt: skip


@pytest.mark.parametrize(
    ("keys", "text", "at"),
    [([*"abc"], "abc", 3), ([*"abc", "left", "x"], "abxc", 3), ([*"abc", "home", "x"], "xabc", 1), ([*"ab", "backspace"], "a", 1),
     ([*"ab", "left", "delete"], "a", 1), ([*"one two", "ctrl-w"], "one ", 4), ([*"ab", "left", "ctrl-u"], "b", 0),
     ([*"ab", "left", "ctrl-k"], "a", 1), (["paste:x\ny\x1b[31m"], "x y[31m", 7), (["tab", "漢"], "漢", 1)],
)  # fmt: skip
def test_keys_edit(keys: list[str], text: str, at: int) -> None:
    """As in a shell; what is pasted becomes one harmless line."""
    entry = Entry("filter")
    for key in keys:
        assert entry.press(key) is None
    assert (entry.text, entry.at) == (text, at)


def test_the_history_goes_back_and_forth() -> None:
    """Up brings earlier lines, down the draft again; a line that is used twice is there once."""
    history = ["one", "two"]
    entry = Entry("search", "dr", history)
    seen = [(entry.press(key), entry.text)[1] for key in ("up", "up", "up", "down", "down", "down")]
    assert seen == ["two", "one", "one", "two", "dr", "dr"]
    assert Entry("search", "one", history).press("enter") is True
    assert history == ["two", "one"]


def test_a_wrong_line_stays_open_until_it_is_right() -> None:
    """The error goes with the reason for it."""
    entry = Entry("filter", "x", check=lambda text: ("no x", 0) if "x" in text else None)
    assert entry.press("enter") is None
    assert entry.error == ("no x", 0)
    assert entry.press("y") is None
    assert entry.error == ("no x", 0)
    entry.press("ctrl-u")
    assert entry.error is None
    assert entry.press("enter") is True


def test_ways_out() -> None:
    """Escape, and backspace in an empty line."""
    assert Entry("search", "abc").press("escape") is False
    assert Entry("search").press("backspace") is False


@given(keys=st.lists(st.sampled_from(KEYS), max_size=40))
def test_the_cursor_stays_inside(keys: list[str]) -> None:
    """Whatever is pressed, the text can be shown and the cursor is in it."""
    entry = Entry("filter")
    for key in keys:
        entry.press(key)
        assert 0 <= entry.at <= len(entry.text)
        assert entry.text.isprintable()
