"""Keys → choices."""

from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.cli.tail import controls
from axonhub_cli.cli.tail.outline import Row
from axonhub_cli.cli.tail.ui import Ui


def rows(*keys: str | None) -> list[Row]:
    """Rows with keys of one letter; None is a row that the cursor passes over."""
    return [Row("request" if key else "output", None, key=(key,) if key else None, open=False if key else None) for key in keys]


@given(keys=st.lists(st.sampled_from([*controls.KEYS, *"abcxyz~>1", "enter", "escape", "up", "down", "paste:~err", "backspace"])))
def test_no_keys_are_too_odd(keys: list[str]) -> None:
    """Whatever is pressed, in whatever order, nothing is raised."""
    ui, shown = Ui(), rows("a", None, "b")
    for key in keys:
        controls.press(key, ui, shown, 5)
        controls.press(key, ui, [], 5)


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
    ui = press(Ui(cursor=("a",)), shown, " ")
    assert ui.opened == {("a",): True}
    assert press(ui, shown, "left").opened == {("a",): False}
    assert press(ui, shown, "right").opened == {("a",): True}
    assert press(Ui(), shown, " ").opened == {}
    assert press(Ui(cursor=("gone",)), shown, " ").opened == {}


def test_following_errors_and_help() -> None:
    """F goes back to what runs; e turns the filter; any key closes the help and does nothing else."""
    ui = press(Ui(follow=False, cursor=("a",)), [], "F")
    assert (ui.follow, ui.cursor) == (True, None)
    assert press(ui, [], "e").errors_only is True
    assert press(ui, [], "e").errors_only is False
    ui = press(ui, [], "?")
    assert ui.help is True
    ui = press(ui, [], "e")
    assert (ui.help, ui.errors_only) == (False, False)


def test_quitting_and_drawing_are_wishes() -> None:
    """The driver does them; in a detail view q only goes back, Ctrl-C quits."""
    assert press(Ui(), [], "q").wish == ("quit",)
    assert press(Ui(), [], "ctrl-l").wish == ("redraw",)
    shown = rows("a")
    ui = press(Ui(cursor=("a",)), shown, "enter")
    assert ui.detail is not None
    assert ui.detail.key == ("a",)
    assert press(ui, shown, "q").detail is None
    assert ui.wish == ()
    assert press(press(ui, shown, "enter"), shown, "ctrl-c").wish == ("quit",)


def test_a_filter_is_typed_corrected_and_taken_back() -> None:
    """An error keeps the line open and says where; escape takes the filter away again; the history remembers."""
    ui = press(Ui(), [], "f", *"~cots>1", "enter")
    assert ui.entry is not None
    assert ui.entry.error == ("there is no ~cots. Did you mean ~cost?", 0)
    assert ui.filter is None
    press(ui, [], "ctrl-u", *"~err", "enter")
    assert ui.entry is None
    assert ui.filter is not None
    assert ui.filter.text == "~err"
    assert press(ui, [], "f", "escape").filter is not None
    assert press(ui, [], "escape").filter is None
    again = press(ui, [], "f", "up").entry
    assert again is not None
    assert again.text == "~err"
    assert press(ui, [], "ctrl-u", "enter").filter is None


def test_a_search_is_a_wish_and_can_be_repeated() -> None:
    """The words are kept for n and N; a paste is typed, not obeyed."""
    ui = press(Ui(), [], "/", "paste:qf\n~err", "enter")
    assert (ui.find, ui.wish) == ("qf ~err", ("find", "1"))
    assert press(ui, [], "N").wish == ("find", "-1")
    ui.wish = ()
    assert press(ui, [], "escape", "n").wish == ()


def test_marks_and_exports() -> None:
    """m marks and unmarks what is selected; x asks for a form; any other key is a no."""
    shown = rows("a", "b")
    ui = press(Ui(cursor=("a",)), shown, "m")
    assert list(ui.marked) == [("a",)]
    assert press(ui, shown, "m").marked == {}
    assert press(ui, shown, "x").exporting is True
    assert press(ui, shown, "h").wish == ("export", "html")
    ui.wish = ()
    assert press(ui, shown, "x", "q").wish == ()
    assert ui.exporting is False
    assert press(ui, shown, "M").wish == ("next mark",)
    assert press(Ui(), [], "x").exporting is False


def test_a_detail_view_scrolls() -> None:
    """Keys move inside it; escape goes back to the same place."""
    shown = rows("a")
    ui = press(Ui(cursor=("a",)), shown, "enter", "j", "j", " ", body=10)
    assert ui.detail is not None
    assert ui.detail.top == 11
    press(ui, shown, "k", "g", body=10)
    assert ui.detail.top == 0
    assert press(ui, shown, "escape").cursor == ("a",)


def test_the_help_is_left_with_any_key() -> None:
    """q too only goes back; Ctrl-C quits from everywhere; moving scrolls."""
    ui = press(Ui(), [], "?", "j", "q", body=10)
    assert (ui.help, ui.wish) == (False, ())
    assert press(ui, [], "?", "ctrl-c").wish == ("quit",)
