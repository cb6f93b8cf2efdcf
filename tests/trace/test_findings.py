"""What the store finds out at a request's end, told in the feed and written into the row."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import AttemptRecord, Findings, RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Usage
from axonhub_cli.types.price import Price

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[Any]]
PRICES = {"m": Price(input=10, output=0, cache_read=1)}


def turn(make_record: MakeRecord, number: int, usage: Usage, **fields: Any) -> RequestRecord:
    given = {"started": 1e9 + 20 * number, "duration_ms": 5000.0, "outcome": "ok", "model": "m", "channel": "c", "usage": usage}
    record = make_record(f"ar-{number}", **{**given, **fields})
    record.attempts = [AttemptRecord(0, "c", "anthropic", "m", secret="env:X")]
    return record


def body(**fields: Any) -> dict[Any, bytes]:
    return {"client_request": json.dumps({"tools": [{"name": "Bash"}], "messages": [], **fields}).encode()}


@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one after the other"])
def test_a_miss_is_explained(
    database: Path, query: Query, make_store: MakeStore, make_record: MakeRecord, together: bool
) -> None:
    """The previous turn of the branch is found in the batch or in the file; words, tokens and money are told and kept."""
    told: list[Findings] = []
    store = make_store(prices=lambda: PRICES)
    first = turn(make_record, 1, Usage(input=1_000_000, output=1, cache_read=1_000_000))
    second = turn(make_record, 2, Usage(input=1_000_000, output=1, cache_read=0))
    store.end(turn(make_record, 0, Usage(input=5, output=1), agent="a1"), body(), told.append)
    store.end(first, body(), told.append)
    if not together:
        assert store.flush(10)
    store.end(second, body(tools=[{"name": "Bash"}, {"name": "New"}]), told.append)
    assert store.flush(10)
    assert [found.get("verdict") for found in told] == [None, None, "tools changed: +New"]
    assert query(database, "SELECT verdict_cause, missed_tokens, missed_cost FROM requests WHERE id = 'ar-2'") == [
        ("tools", 1_000_000, pytest.approx(9.0))
    ]


def test_side_requests_are_not_compared(make_store: MakeStore, make_record: MakeRecord) -> None:
    """Titles, failures, other agents and a turn that still ran are not what a turn is compared with."""
    told: list[Findings] = []
    store = make_store()
    held = Usage(input=9000, output=1, cache_read=9000)
    store.end(turn(make_record, 1, held, kind="title"), body(), told.append)
    store.end(turn(make_record, 2, held, agent="a1"), body(), told.append)
    store.end(turn(make_record, 3, held, outcome="error"), body(), told.append)
    store.end(turn(make_record, 4, held, duration_ms=60_000.0), body(), told.append)
    store.end(turn(make_record, 5, Usage(input=9000, output=1, cache_read=0)), body(), told.append)
    assert store.flush(10)
    assert len(told) == 5
    assert not any(found.get("verdict") for found in told)


def test_without_bodies(database: Path, query: Query, make_store: MakeStore, make_record: MakeRecord) -> None:
    """With `bodies = false` nothing of what was said is kept, and a miss is explained as far as figures can."""
    store = make_store(config=Trace(bodies=False, retention_days=100_000))
    store.end(turn(make_record, 1, Usage(input=9000, output=1, cache_read=9000)), body())
    store.end(turn(make_record, 2, Usage(input=9000, output=1, cache_read=0), model="n"), body())
    assert store.flush(10)
    assert query(database, "SELECT verdict FROM requests ORDER BY id") == [(None,), ("model switched: m → n",)]
    assert query(database, "SELECT (SELECT count(*) FROM packs), (SELECT count(*) FROM texts)") == [(0, 0)]


def test_what_a_miss_costs_when_caches_live_for_an_hour(
    database: Path, query: Query, make_store: MakeStore, make_record: MakeRecord
) -> None:
    """What would have been written all the same is counted at the price of an hour, too."""
    prices = {"m": Price(input=10, output=0, cache_read=1, cache_write_5m=12, cache_write_1h=20)}
    store = make_store(prices=lambda: prices)
    store.end(turn(make_record, 1, Usage(input=900_000, output=1, cache_read=900_000)), body(), lambda found: None)
    missed = Usage(input=1_000_000, output=1, cache_read=0, cache_write_1h=1_000_000)
    store.end(turn(make_record, 2, missed), body(tools=[]), lambda found: None)
    assert store.flush(10)
    assert query(database, "SELECT missed_cost FROM requests WHERE id = 'ar-2'") == [(pytest.approx(20 - (0.9 + 2)),)]
