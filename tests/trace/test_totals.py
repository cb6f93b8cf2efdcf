"""Sums: by whatever they are asked, with what is unknown left unknown."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Usage

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
DAY = 86_400.0


@pytest.fixture
def filled(database: Path, make_store: MakeStore, make_record: MakeRecord) -> Path:
    store = make_store()
    usage = Usage(input=100, output=10, cache_read=50)
    for number, fields in enumerate(
        (
            {"model": "a", "channel": "one", "cost": 1.0, "usage": usage, "profile": "work", "outcome": "ok"},
            {
                "model": "a",
                "channel": "two",
                "cost": 2.0,
                "usage": usage,
                "outcome": "ok",
                "verdict": "x",
                "verdict_cause": "idle",
                "missed_tokens": 40,
                "missed_cost": 0.5,
            },
            {"asked_model": "b", "usage": usage, "client": "codex", "outcome": "ok", "started": 1e9 + 3 * DAY},
            {"asked_model": "b", "client": "codex", "outcome": "error", "started": 1e9 + 3 * DAY, "kind": "title"},
        )
    ):
        given: dict[str, Any] = dict(fields)
        store.end(make_record(f"ar-{number}", **given), {})
    assert store.flush(10)
    return database


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("model", [("a", 2, 3.0, 0), ("b", 2, None, 1)]),
        ("channel", [("two", 1, 2.0, 0), ("one", 1, 1.0, 0), ("-", 2, None, 1)]),
        ("client", [("claude-code", 2, 3.0, 0), ("codex", 2, None, 1)]),
        ("profile", [("-", 3, 2.0, 1), ("work", 1, 1.0, 0)]),
    ],
)
def test_each_way_to_add_up(filled: Path, by: Any, expected: list[tuple[Any, ...]]) -> None:
    """Name, requests, cost and how many have no price; what failed before it used anything lacks none."""
    with reader(filled) as traces:
        assert [(row["name"], row["requests"], row["cost"], row["unpriced"]) for row in traces.usage(by)] == expected


def test_days_and_since(filled: Path) -> None:
    """Days come in order, and what is older is left out."""
    with reader(filled) as traces:
        assert [row["requests"] for row in traces.usage("day")] == [2, 2]
        (late,) = traces.usage("day", 1e9 + DAY)
    assert (late["turns"], late["errors"], late["input_tokens"], late["cached_tokens"]) == (1, 1, 100, 50)


def test_misses_by_cause(filled: Path) -> None:
    """Why the cache was missed, and what that cost."""
    with reader(filled) as traces:
        assert traces.causes() == [{"cause": "idle", "misses": 1, "tokens": 40, "cost": 0.5}]
        assert traces.causes(2e9) == []
