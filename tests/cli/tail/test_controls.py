"""Keys → choices."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.cli.tail import controls
from axonhub_cli.cli.tail.outline import Row, Ui


def rows(*keys: str | None) -> list[Row]:
    """Rows with keys of one letter; None is a row that the cursor passes over."""
    return [Row("request" if key else "output", None, key=(key,) if key else None, open=False if key else None) for key in keys]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [(b"q", ["quit"]), (b"\x1b[A\x1bOB", ["up", "down"]), (b"jk \r", ["down", "up", "toggle", "toggle"]), (b"\x1b", ["escape"]),
     (b"\x1b[5~G", ["page up", "end"]), (b"\x1b[1;5Aq", ["quit"]), (b"xyz\xc3\xa9\x1b[?1;2c", []),
     (b"Fe?\x0c\x03", ["follow", "errors", "help", "redraw", "quit"])],
)  # fmt: skip
def test_bytes_become_key_names(typed: bytes, expected: list[str]) -> None:
    """Arrows in both forms, letters, control keys; the rest means nothing."""
    assert controls.names(typed) == expected


@given(typed=st.binary(max_size=60))
def test_no_bytes_are_too_odd(typed: bytes) -> None:
    """Whatever is typed or pasted, keys are names that mean something, and pressing them never raises."""
    ui, shown = Ui(), rows("a", None, "b")
    for name in controls.names(typed):
        controls.press(name, ui, shown, 5)
        controls.press(name, ui, [], 5)


def press(ui: Ui, shown: list[Row], *names: str, body: int = 3) -> Ui:
    for name in names:
        controls.press(name, ui, shown, body)
    return ui


def test_moving_selects_and_stops_following() -> None:
    """The first step selects the last row in sight; rows of output are passed over; the ends hold."""
    shown = rows("a", None, "b", None, None, "c")
    assert press(Ui(), shown, "up").cursor == ("b",)
    ui = press(Ui(top=3), shown, "down")
    assert (ui.cursor, ui.follow) == (("c",), False)
    assert press(ui, shown, "up").cursor == ("b",)
    assert press(ui, shown, "up", "up", "up").cursor == ("a",)
    assert press(ui, shown, "end", "down").cursor == ("c",)
    assert press(ui, shown, "home").cursor == ("a",)
    assert press(Ui(), shown, "home").cursor == ("a",)
    assert press(Ui(), shown, "end").cursor == ("c",)


def test_pages_go_by_the_windows_height() -> None:
    """A page ends at the nearest row that can be selected."""
    shown = rows("a", "b", None, None, "c", "d", "e")
    assert press(Ui(cursor=("a",)), shown, "page down", body=5).cursor == ("c",)
    assert press(Ui(cursor=("e",)), shown, "page up", body=4).cursor in (("c",), ("b",))


def test_folding_is_remembered() -> None:
    """Enter turns it over; right opens and left shuts; without a selection nothing happens."""
    shown = rows("a", "b")
    ui = press(Ui(cursor=("a",)), shown, "toggle")
    assert ui.opened == {("a",): True}
    assert press(ui, shown, "left").opened == {("a",): False}
    assert press(ui, shown, "right").opened == {("a",): True}
    assert press(Ui(), shown, "toggle").opened == {}
    assert press(Ui(cursor=("gone",)), shown, "toggle").opened == {}


def test_following_errors_and_help() -> None:
    """F goes back to what runs; e turns the filter; any key closes the help and does nothing else."""
    ui = press(Ui(follow=False, cursor=("a",)), [], "follow")
    assert (ui.follow, ui.cursor) == (True, None)
    assert press(ui, [], "errors").errors_only is True
    assert press(ui, [], "errors").errors_only is False
    ui = press(ui, [], "help")
    assert ui.help is True
    ui = press(ui, [], "errors")
    assert (ui.help, ui.errors_only) == (False, False)


def test_only_known_names_do_something(events: Any) -> None:
    """A key without work leaves every choice as it is."""
    assert press(Ui(), rows("a"), "redraw", "quit") == Ui()
