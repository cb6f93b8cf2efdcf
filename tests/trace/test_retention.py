"""What leaves the store by age and by size."""

import os
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace import retention
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[Any]]


def test_old_requests_are_pruned_at_the_start(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord
) -> None:
    """Requests beyond the retention go when the store starts, with their bodies; younger ones stay."""
    store = make_store()
    for number in range(retention.STEP * 2 + 5):
        store.end(make_record(f"old-{number}", started=1_000_000_000.0), {"client_request": b"%d" % number})
    assert store.flush(10)
    store.end(make_record("young", started=4_000_000_000.0), {"client_request": b"young"})
    assert store.close(10)
    pruned = make_store(config=Trace(retention_days=14))
    pruned.end(make_record("new", started=4_000_000_000.0), {})
    assert pruned.close(10)
    with reader(database) as traces:
        traces.prune(Trace(retention_days=14))
    assert [row[0] for row in query(database)] == ["new", "young"]
    assert query(database, "SELECT requests FROM packs") == [('["young"]',)]


def test_pruning_happens_between_batches(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer prunes step by step until nothing is over the limit, without being asked, and empties the log in the end."""
    store = make_store()
    for number in range(retention.STEP * 3):
        store.end(make_record(f"old-{number:03}", started=1e9 + number), {"client_request": os.urandom(6000)})
    assert store.close(10)
    idle = threading.Event()
    empty = retention.empty_log

    def watched(connection: sqlite3.Connection) -> None:
        empty(connection)
        idle.set()

    monkeypatch.setattr(retention, "empty_log", watched)
    size = database.stat().st_size
    make_store(config=Trace(retention_days=100_000, max_size_mb=1))
    assert idle.wait(10)
    left = [row[0] for row in query(database)]
    assert left == [f"old-{number:03}" for number in range(retention.STEP * 2, retention.STEP * 3)]
    assert database.stat().st_size < size


def test_no_days_are_for_ever(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """`retention_days = 0` keeps requests however old they are, as the reference says."""
    store = make_store(config=Trace(retention_days=0))
    store.end(make_record("old", started=1.0), {})
    assert store.close(10)
    with reader(database) as traces:
        assert traces.expiring(Trace(retention_days=0)) == 0
        assert traces.prune(Trace(retention_days=0)) == 0
        assert traces.expiring(Trace(retention_days=14)) == 1
