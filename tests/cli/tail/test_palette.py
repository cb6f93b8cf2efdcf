"""Styles → escape sequences; dark and light."""

import pytest
from rich.color import ColorSystem
from rich.style import Style
from rich.text import Text

from axonhub_cli.cli.tail.palette import Palette, colors, guess, replied


def line(*pieces: tuple[str, str | Style]) -> Text:
    made = Text()
    for words, style in pieces:
        made.append(words, style)
    return made


@pytest.mark.parametrize(
    ("made", "expected"),
    [(line(("plain", "")), "plain"), (line(("", "")), ""), (line(("a", "red"), ("b", "")), "\x1b[31ma\x1b[0mb"),
     (line(("漢", "bold cyan")), "\x1b[1;36m漢\x1b[0m"), (line(("x", Style(dim=True))), "\x1b[2mx\x1b[0m")],
)  # fmt: skip
def test_a_line_carries_its_styles(made: Text, expected: str) -> None:
    """Each piece begins and ends its own style; plain words cost nothing."""
    assert Palette().ansi(made) == expected


def test_styles_over_each_other_are_joined() -> None:
    """A hit in a selected line is both."""
    made = line(("one two", "green"))
    made.stylize("bold")
    made.stylize("reverse", 4, 7)
    assert Palette().ansi(made) == "\x1b[1;32mone \x1b[0m\x1b[1;7;32mtwo\x1b[0m"


def test_light_backgrounds_get_darker_colours() -> None:
    """Yellow, cyan and green of many themes cannot be read on white."""
    light = Palette("dark", ColorSystem.EIGHT_BIT).of("light")
    assert light.ansi(line(("x", "yellow"))) == "\x1b[38;5;130mx\x1b[0m"
    assert light.ansi(line(("x", "bold reverse yellow"))) == "\x1b[1;7;38;5;130mx\x1b[0m"
    assert light.of("light") is light
    assert Palette("light", ColorSystem.STANDARD).ansi(line(("x", "yellow"), ("y", "bold red"))) == "x\x1b[1;31my\x1b[0m"


def test_without_colours_attributes_stay() -> None:
    """NO_COLOR is about colour."""
    assert Palette("light", None).ansi(line(("x", "bold red"), ("y", "red"))) == "\x1b[1mx\x1b[0my"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [({}, ColorSystem.STANDARD), ({"TERM": "xterm-256color"}, ColorSystem.EIGHT_BIT), ({"NO_COLOR": "1", "TERM": "xterm"}, None),
     ({"COLORTERM": "truecolor"}, ColorSystem.EIGHT_BIT), ({"NO_COLOR": ""}, ColorSystem.STANDARD)],
)  # fmt: skip
def test_the_terminal_says_what_it_can(environ: dict[str, str], expected: ColorSystem | None) -> None:
    """By TERM and COLORTERM; NO_COLOR wins when it says anything."""
    assert colors(environ) == expected


@pytest.mark.parametrize(
    ("said", "expected"),
    [("0;15", "light"), ("0;default;15", "light"), ("15;0", "dark"), ("", "dark"), ("0;7", "light"), ("x", "dark")],
)
def test_colorfgbg_is_a_first_guess(said: str, expected: str) -> None:
    """Some terminals name their colours in the environment."""
    assert guess({"COLORFGBG": said}) == expected


@pytest.mark.parametrize(
    ("typed", "expected"),
    [(b"\x1b]11;rgb:ffff/ffff/ffff\x07", "light"), (b"q\x1b]11;rgb:0000/2b2b/3636\x1b\\", "dark"),
     (b"\x1b]11;rgb:fd/f6/e3\x07", "light"),
     (b"q", None), (b"\x1b]11;rgb:zz/0/0\x07", None)],
)  # fmt: skip
def test_the_answer_of_a_terminal_is_read(typed: bytes, expected: str | None) -> None:
    """In hundredths or in four digits, with either end, between keys."""
    assert replied(typed) == expected
