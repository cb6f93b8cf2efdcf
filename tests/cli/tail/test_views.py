"""The footer, the help, the empty screen."""

from typing import Any

import pytest

from axonhub_cli.cli.tail import controls
from axonhub_cli.cli.tail.frame import Composer
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.ui import Ui
from axonhub_cli.trace.filter import parse

NOW = 1_800_000_000.0


def screen(ui: Ui, *told: Any, width: int = 80, height: int = 12) -> list[str]:
    tree = Tree()
    for event in told:
        tree.apply(event)
    return [line.plain.rstrip() for line in Composer(tree, ui, width, height, NOW).frame().lines]


def typed(*keys: str) -> Ui:
    ui = Ui()
    for key in keys:
        controls.press(key, ui, [], 5)
    return ui


def test_a_wrong_filter_is_pointed_at() -> None:
    """The mark stands under the place, the reason and the remedy beside it."""
    shown = screen(typed("f", *"~err & ~cots>1", "enter"))
    assert shown[-2:] == [" filter: ~err & ~cots>1", "                ^ there is no ~cots. Did you mean ~cost?"]
    assert screen(typed("f", *"~err & ~cots>1", "enter"), width=40)[-1] == " there is no ~cots. Did you mean ~cost?"


@pytest.mark.parametrize("width", [14, 20, 40, 80])
def test_a_long_line_scrolls_with_its_cursor(width: int) -> None:
    """What is typed last is in sight, in any width that has room for it."""
    shown = screen(typed("/", *("漢a" * 60), "Z"), width=width)
    assert shown[-2].endswith("Z")


def test_a_filter_is_named_above_the_tree(events: Any) -> None:
    """With how many requests it leaves; when it leaves none, the way out is said."""
    told = (events.request("r1"), events.request("r2", model="glm"))
    shown = screen(Ui(filter=parse("~model glm")), *told)
    assert "  ~model glm  1 shown" in shown[1]
    assert "  No request fits the filter." in screen(Ui(filter=parse("~model zzz")), *told)


def test_the_way_out_is_always_offered() -> None:
    """Narrow footers drop hints in the middle, not the last one."""
    for width in (24, 40, 60, 80, 120):
        last = screen(Ui(), width=width)[-1]
        assert last.endswith("? help")
        assert len(last) <= width
    assert screen(Ui(exporting=True, marked={("a",): None}), width=80)[-1] == (
        " export the 1 marked as h html  j jsonl  a har  o otlp  c curl  esc no"
    )


def test_a_notice_says_what_was_done() -> None:
    """Until the next key."""
    ui = Ui(notice=("Wrote x.html", False))
    assert screen(ui)[-2] == " ✓ Wrote x.html"
    controls.press("j", ui, [], 5)
    assert "Wrote" not in "".join(screen(ui))


def test_help_scrolls_and_holds() -> None:
    """Every name of the filter language is in it; scrolling stops at the end."""
    whole = "\n".join(screen(Ui(help=True), width=120, height=60))
    assert "~cost>0.1" in whole
    ui = typed("?", *["page down"] * 30)
    assert screen(ui, height=10)[-1].startswith(" any key")
    assert ui.help_top < 60


def test_messages_in_the_help_are_whole() -> None:
    """A long message goes on in the next line, below its beginning."""
    tree = Tree()
    message = "channel a goes last for 60 s: the upstream is overloaded"
    tree.apply({"type": "log", "t": 1.0, "level": "warning", "message": message})
    lines = [line.plain.rstrip() for line in Composer(tree, Ui(help=True), 50, 90, 6.0).frame().lines]
    assert "    5s ago  channel a goes last for 60 s: the" in lines
    assert "            upstream is overloaded" in lines
