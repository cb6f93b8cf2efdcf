"""Commands that need the tree or the store."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from axonhub_cli.cli.tail import commands
from axonhub_cli.cli.tail.frame import Composer
from axonhub_cli.cli.tail.model import Tree
from axonhub_cli.cli.tail.ui import Ui
from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

NOW = 1_800_000_000.0
BODY = b'{"model":"opus","max_tokens":5,"messages":[{"role":"user","content":"sing"}]}'


@pytest.fixture
def tree(home: Path) -> Tree:
    """Three requests in two traces, stored and told."""
    made, store = Tree(), Store(home / "traces.db", Trace(retention_days=100_000))
    store.start()
    for number, trace in enumerate(("one", "one", "two")):
        record = RequestRecord(
            f"ar-{number}", trace, NOW + number, "anthropic", "/v1/messages", prompt=f"prompt {number}", outcome="ok"
        )
        store.end(record, {"client_request": BODY})
        made.apply({"type": "end", "t": NOW + number, **msgspec.to_builtins(record)})
    assert store.close(60)
    return made


def press(tree: Tree, ui: Ui, *keys: str) -> str:
    """Press keys, drawing in between as the driver does; gives the screen."""
    for key in keys:
        commands.press(key, tree, ui, draw(tree, ui), NOW + 9)
    return "\n".join(line.plain for line in draw(tree, ui).lines)


def draw(tree: Tree, ui: Ui) -> Any:
    commands.update_detail(tree, ui, commands.Stored(), 80, NOW + 9)
    return Composer(tree, ui, 80, 24, NOW + 9).frame()


def test_quit_and_redraw_are_for_the_driver(tree: Tree) -> None:
    """Everything else is done here."""
    assert commands.press("q", tree, Ui(), draw(tree, Ui()), NOW) == "quit"
    assert commands.press("j", tree, Ui(), draw(tree, Ui()), NOW) == ""


def test_search_opens_what_holds_the_words(tree: Tree) -> None:
    """The hit is selected, in sight and marked; n goes to the next; what is not there is said."""
    ui = Ui()
    assert "4 hits for 'ar-'" not in press(tree, ui, "/", *"prompt 0", "enter")
    assert ui.cursor == ("turn", "one", "1")
    assert "1 hit for 'prompt 0'" in press(tree, ui, "n")
    assert "Nothing here says 'zzz'" in press(tree, ui, "/", *"zzz", "enter")


def test_enter_opens_the_request_from_the_store(tree: Tree) -> None:
    """What was said stands under what is known of it; search goes on inside; escape leads back."""
    ui = Ui(cursor=("request", "ar-2"), opened={("trace", "two"): True})
    shown = press(tree, ui, "enter")
    assert "request  ar-2" in shown
    assert "you  sing" in shown
    press(tree, ui, "/", *"sing", "enter")
    assert ui.detail is not None
    press(tree, ui, "escape")
    assert ui.detail is None


def test_a_forgotten_request_is_shut(tree: Tree) -> None:
    """The tree keeps only so many; the store has the rest."""
    ui = Ui(cursor=("request", "ar-2"), opened={("trace", "two"): True})
    press(tree, ui, "enter")
    tree.max_requests = 0
    tree._forget()
    assert "axonhub trace show has it" in press(tree, ui)


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("h", "axonhub-one.html"),
        ("j", "axonhub-one.jsonl"),
        ("a", "axonhub-one.har"),
        ("o", "axonhub-one.otlp.json"),
        ("c", "axonhub-ar-1.sh"),
    ],
)
def test_export_writes_into_this_folder(tree: Tree, key: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the chosen form, under a name that is shown; nothing is written over."""
    monkeypatch.chdir(tmp_path)
    ui = Ui(cursor=("request", "ar-1"), opened={("trace", "one"): True})
    assert f"Wrote {name}" in press(tree, ui, "x", key)
    press(tree, ui, "x", key)
    assert len([path for path in tmp_path.iterdir() if path.is_file()]) == 2
    assert (tmp_path / name).stat().st_size > 50


def test_what_is_marked_is_exported_a_file_for_each_trace(tree: Tree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the marked requests are in them; M goes from mark to mark."""
    monkeypatch.chdir(tmp_path)
    ui = Ui(marked=dict.fromkeys([("request", "ar-1"), ("trace", "two")]))
    press(tree, ui, "M")
    assert ui.cursor == ("request", "ar-1")
    press(tree, ui, "M")
    assert ui.cursor == ("trace", "two")
    assert "export the 2 marked as" in press(tree, ui, "x")
    press(tree, ui, "j")
    found = {path.name: [json.loads(line)["id"] for line in path.read_text().splitlines()] for path in tmp_path.glob("*.jsonl")}
    assert found == {"axonhub-one.jsonl": ["ar-1"], "axonhub-two.jsonl": ["ar-2"]}
    assert "curl is about one request" in press(tree, ui, "x", "c")
    assert "Nothing is marked" in press(tree, Ui(), "M")


def test_an_archive_without_a_store_has_nothing(home: Path) -> None:
    """No file yet is no error."""
    assert commands.Stored().trace("one") is None
    assert commands.Nothing().trace("one") is None
