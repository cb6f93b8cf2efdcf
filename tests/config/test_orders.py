"""Orders: what commands leave for the running server."""

import json
import stat
from pathlib import Path

import pytest

from axonhub_cli.config import orders
from axonhub_cli.config.orders import Allowance, OrderBook, Orders


def test_a_reset_is_news_once(tmp_path: Path) -> None:
    """And again when it is asked for again; what was there before the server began is not."""
    path = tmp_path / "state" / "orders.json"
    orders.reset(path, "old")
    book = OrderBook(path)
    assert book.poll() is None

    orders.reset(path, "a")
    new = book.poll()
    assert new is not None
    assert list(new.resets) == ["a"]
    assert book.poll() is None
    orders.reset(path, "a")
    assert book.poll() is not None


def test_allowances_add_up_and_stay_in_force(tmp_path: Path) -> None:
    """Also for a server that begins later."""
    path = tmp_path / "orders.json"
    orders.allow(path, "t", cost=5.0)
    assert orders.allow(path, "t", cost=1.0, requests=10).cost == 6.0

    found = OrderBook(path).allowances["t"]
    assert (found.cost, found.requests) == (6.0, 10)


def test_the_file_is_private_and_forgets_what_is_old(tmp_path: Path) -> None:
    """0600; a month is long enough."""
    path = tmp_path / "orders.json"
    path.write_text(json.dumps({"resets": {"ancient": 1.0}, "allowances": {"t": {"cost": 1.0, "at": 1.0}}}))
    orders.reset(path, "a")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(orders.read(path).resets) == ["a"]
    assert orders.read(path).allowances == {}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"resets": 3}', '{"resets": {"a": "x"}}', "[" * 100_000])
def test_a_broken_file_orders_nothing(tmp_path: Path, text: str) -> None:
    """Somebody else's mistake stops no server."""
    path = tmp_path / "orders.json"
    book = OrderBook(path)
    path.write_text(text)

    assert orders.read(path) == Orders()
    assert book.poll() == Orders()
    assert Allowance().cost == 0


def test_a_rename_is_news_once(tmp_path: Path) -> None:
    """Two in a row come in their order; other orders stay."""
    path = tmp_path / "orders.json"
    orders.allow(path, "t", cost=1.0)
    book = OrderBook(path)
    orders.rename(path, "a", "b")
    orders.rename(path, "b", "c")

    new = book.poll()
    assert new is not None
    assert [(each.old, each.new) for each in new.renames] == [("a", "b"), ("b", "c")]
    orders.reset(path, "c")
    again = book.poll()
    assert again is not None
    assert again.renames == []
    assert book.allowances["t"].cost == 1.0
