"""Figures at the right edge."""

from typing import Any

from rich.text import Text

from axonhub_cli.cli.tail.columns import beside, columns, put, request_values, total_values
from axonhub_cli.cli.tail.glyphs import ASCII, UNICODE
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.nodes import Totals


def test_a_wider_screen_has_more_columns() -> None:
    """From none at all to seven with room between them."""
    shown = {width: [name for name, _ in columns(width).shown] for width in (30, 50, 80, 120)}
    assert shown == {
        30: [],
        50: ["time", "in", "out"],
        80: ["time", "in", "cache", "out", "cost"],
        120: ["time", "first", "tok/s", "in", "cache", "out", "cost"],
    }
    assert (columns(119).space, columns(120).space) == (1, 2)


def test_labels_stand_over_their_figures() -> None:
    """Both end in the same cell."""
    shown = columns(60)
    assert shown.labels("-", 60).plain == "time -- in - out -- cost".rjust(59 + 1, "-").replace("-time", " time")
    assert shown.words({"time": "1.0s", "cost": "$1"}).plain == "1.0s" + "$1".rjust(20)
    assert shown.words({}).plain == ""


def test_words_give_way_to_figures() -> None:
    """The left side is cut with a mark, wide characters whole."""
    assert beside(Text("abcdef"), Text("12"), 7, UNICODE).plain == "abc… 12"
    assert beside(Text("漢字漢字"), Text("12"), 8, UNICODE).plain == "漢字… 12"
    assert beside(Text("ab"), Text("12"), 8, UNICODE).plain == "ab    12"
    assert beside(Text("abcdefgh"), Text(""), 5, UNICODE).plain == "abcd…"


def test_put_keeps_to_one_line_and_to_the_alphabet() -> None:
    """Line ends are spaces; ASCII shows what it has not as question marks."""
    line = Text()
    assert put(line, "a\nb\té", glyphs=ASCII) == 5
    assert line.plain == "a b ?"


def test_values_of_a_request(events: Any) -> None:
    """A running one has its age and a guess at its tokens and their speed, a finished one its figures."""
    tree = Tree()
    request = events.request("r1")
    for event in (request, events.delta("r1", "x" * 40, at=0.5)):
        tree.apply(event)
    running = request_values(tree.requests["r1"], events.now + 2)
    assert running == {"time": "2.0s", "first": "500ms", "tok/s": "~7", "out": "~10"}
    tree.apply(events.end(request, 3, usage=events.usage(1000, 50, 250), cost=0.02))
    assert request_values(tree.requests["r1"], events.now) == {
        "time": "3.0s", "first": "500ms", "tok/s": "20", "in": "1.0k", "cache": "25%", "out": "50", "cost": "$0.020",
    }  # fmt: skip
    assert total_values(Totals()) == {"in": "", "cache": "", "out": "", "cost": ""}
