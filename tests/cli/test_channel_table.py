"""`axonhub channel list` fits into 80 columns."""

from typing import Any

import pytest

from axonhub_cli.cli.channel_table import few, listing, told
from axonhub_cli.cli.output import console

ROW: dict[str, Any] = {
    "name": "deepseek", "type": "deepseek", "models": ["a", "b"], "priority": 0, "weight": 1, "tags": [], "state": "on",
    "secret_states": {"keyring:deepseek": "present"},
}  # fmt: skip


def shown(*changes: dict[str, Any]) -> str:
    """The table of rows with these changes."""
    out = console()
    with out.capture() as capture:
        out.print(listing([ROW | change for change in changes]))
    return capture.get()


def test_columns_that_say_nothing_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Order, weight and tags stand there where some channel has them."""
    monkeypatch.setenv("COLUMNS", "80")
    plain = shown({}, {"models": ["one"]}, {"models": []})
    assert plain.split()[:5] == ["NAME", "TYPE", "MODELS", "SECRET", "STATE"]
    assert [line.split()[2:4] for line in plain.splitlines()[1:]] == [
        ["2", "models"],
        ["one", "keyring:deepseek"],
        ["any", "keyring:deepseek"],
    ]
    assert "3, weight 2" in shown({}, {"priority": 3, "weight": 2})
    assert "cheap" in shown({"tags": ["cheap"]})
    assert max(map(len, plain.splitlines())) <= 80


def test_long_lists_are_cut() -> None:
    """Four are named, the others counted."""
    assert few(list("abcdef"), "-") == "a, b, c, d and 2 more"
    assert few([], "none") == "none"
    assert told({"env:A": "missing"}) == ["env:A (missing)"]
