"""Screens drawn from a recorded feed, compared with what is in `screens/` to the last character.

`feed.jsonl` is what a server said while Claude Code and Codex talked to the scripted upstream of `tests.e2e.story`; it is made
anew with `python -m tests.e2e.pictures tests/cli/tail/feed.jsonl`. Screens are drawn anew, to be looked at and committed, with

    AXONHUB_RECORD_SCREENS=1 python -m pytest tests/cli/tail/test_screens.py -n 0

A screen without colour is its text; one of a theme is what goes to the terminal, with the escape character as `␛`.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.color import ColorSystem

from axonhub_cli.cli.tail import controls
from axonhub_cli.cli.tail.commands import Nothing
from axonhub_cli.cli.tail.detail import Detail
from axonhub_cli.cli.tail.find import node
from axonhub_cli.cli.tail.frame import Composer
from axonhub_cli.cli.tail.glyphs import ASCII, UNICODE
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.palette import Palette
from axonhub_cli.cli.tail.ui import Ui
from axonhub_cli.trace.filter import parse

HERE = Path(__file__).parent
FEED: list[dict[str, Any]] = [json.loads(line) for line in (HERE / "feed.jsonl").read_text().splitlines()]
RECORD = os.environ.get("AXONHUB_RECORD_SCREENS")  # read before the tests' own environment is set up
Choose = Callable[[Tree, Ui], None]


def said_by_agent() -> float:
    """While the sub-agent answers."""
    agents = {event["id"] for event in FEED if event["type"] == "request" and event["agent"]}
    return float([event["t"] for event in FEED if event["type"] == "delta" and event["id"] in agents][-2])


def the_end() -> float:
    """A moment after the last event."""
    return float(FEED[-1]["t"]) + 2


def failed_over() -> float:
    """While an answer comes from the second channel."""
    failed = next(event for event in FEED if event["type"] == "attempt" and event["attempt"]["outcome"] == "error")
    return float([event["t"] for event in FEED if event["type"] == "delta" and event["id"] == failed["id"]][2])


def typing(tree: Tree, ui: Ui) -> None:
    for key in ("f", *"~client claude & ~cots>0.01", "enter"):
        controls.press(key, ui, [], 10)


def filtered(tree: Tree, ui: Ui) -> None:
    ui.filter, ui.find = parse("~failover | ~miss"), "deepseek"
    ui.marked[next(request.key for request in tree.requests.values() if request.verdict)] = None


def opened(tree: Tree, ui: Ui) -> None:
    ui.detail = Detail(next(request.key for request in tree.requests.values() if request.verdict))


def asking(tree: Tree, ui: Ui) -> None:
    ui.help = True


def nothing(tree: Tree, ui: Ui) -> None:
    """The tree as it is."""


SCENES: dict[str, tuple[Callable[[], float], Choose]] = {
    "agent": (said_by_agent, nothing), "failover": (failed_over, nothing), "end": (the_end, nothing), "typing": (the_end, typing),
    "filtered": (the_end, filtered), "detail": (the_end, opened), "help": (the_end, asking),
}  # fmt: skip
SIZES = ((80, 24), (120, 40))
PLAIN = [(scene, size) for scene in SCENES for size in SIZES] + [("agent", (60, 20)), ("agent", (40, 10)), ("detail", (40, 10))]
THEMED = [(scene, size, theme) for scene in ("agent", "filtered") for size in SIZES for theme in ("dark", "light")]


def compose(scene: str, size: tuple[int, int], **more: Any) -> list[Any]:
    """The lines of one screen."""
    moment, choose = SCENES[scene]
    now, tree, ui = moment(), Tree(), Ui()
    for event in FEED:
        if event.get("t", 0) <= now:
            tree.apply(event)
    choose(tree, ui)
    if ui.detail is not None and (found := node(tree, ui.detail.key)):
        ui.detail.update(*found, Nothing(), size[0], now)
    return Composer(tree, ui, *size, now, **more).frame().lines


def compare(name: str, lines: list[str]) -> None:
    """With the recorded one; or record it."""
    path, drawn = HERE / "screens" / name, "".join(f"{line.rstrip()}\n" for line in lines)
    if RECORD:
        path.parent.mkdir(exist_ok=True)
        path.write_text(drawn, encoding="utf-8")
    assert drawn.split("\n") == path.read_text(encoding="utf-8").split("\n")


@pytest.mark.parametrize(
    ("scene", "size"), PLAIN, ids=lambda value: value if isinstance(value, str) else "x".join(map(str, value))
)
def test_a_screen_without_colour(scene: str, size: tuple[int, int]) -> None:
    """Every character in its place, and no line wider than the terminal."""
    lines = [line.plain for line in compose(scene, size)]
    assert len(lines) == size[1]
    assert max(map(cell_len, lines)) <= size[0]
    compare(f"{scene}-{size[0]}x{size[1]}.txt", lines)


@pytest.mark.parametrize(("scene", "size", "theme"), THEMED)
def test_a_screen_of_a_theme(scene: str, size: tuple[int, int], theme: Any) -> None:
    """What is written to a terminal with a dark and a light background."""
    palette = Palette(theme, ColorSystem.EIGHT_BIT)
    lines = [palette.ansi(line).replace("\x1b", "␛") for line in compose(scene, size)]
    compare(f"{scene}-{size[0]}x{size[1]}-{theme}.txt", lines)


@pytest.mark.parametrize("scene", SCENES)
def test_ascii_says_the_same(scene: str) -> None:
    """In the C locale every screen is seven-bit and keeps its figures."""
    plain = [line.plain for line in compose(scene, (80, 24), glyphs=ASCII)]
    assert all(line.isascii() for line in plain)
    figures = re.compile(r"\$[\d.]+")
    unicode = [figures.findall(line.plain) for line in compose(scene, (80, 24), glyphs=UNICODE)]
    assert [figures.findall(line) for line in plain] == unicode


@pytest.mark.parametrize("scene", SCENES)
def test_every_size_is_filled_and_none_is_exceeded(scene: str) -> None:
    """From a postage stamp to a wall."""
    for size in ((20, 5), (40, 10), (60, 15), (79, 24), (100, 3), (200, 60)):
        lines = compose(scene, size)
        assert len(lines) == size[1]
        assert max(cell_len(line.plain) for line in lines) <= size[0]
