"""The full-text index catches up: in steps, from where it was, in whichever process has time."""

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from axonhub_cli.trace import indexing, writer
from axonhub_cli.trace import reader as reading
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[tuple[object, ...]]]


def fill(store: Store, make_record: MakeRecord, *names: str) -> None:
    """Requests in which their own name was said, in one transaction."""
    for name in names:
        store.end(make_record(name, outcome="ok"), {"client_request": b'{"input":"word %s"}' % name.encode()})
    assert store.flush(10)


def test_steps(database: Path, make_store: MakeStore, make_record: MakeRecord, query: Query) -> None:
    """A step takes what its time allows, and the next one goes on there; what was deleted meanwhile is passed over."""
    store = make_store()
    fill(store, make_record, "a", "b")
    fill(store, make_record, "c")
    assert store.close(10)
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("DELETE FROM requests WHERE id = 'b'")
    assert indexing.behind(connection)
    assert indexing.step(connection, -1)
    assert query(database, "SELECT count(*) FROM texts") == [(0,)]
    assert not indexing.step(connection, 60)
    assert not indexing.behind(connection)
    assert query(database, "SELECT request_id, prompt FROM texts") == [("a", "word a"), ("c", "word c")]
    connection.close()


def test_a_step_ends_when_somebody_comes(database: Path, make_store: MakeStore, make_record: MakeRecord, query: Query) -> None:
    """Within one request, whatever time it has; what it did is kept."""
    store = make_store()
    fill(store, make_record, "a", "b", "c")
    assert store.close(10)
    connection, comes = sqlite3.connect(database, isolation_level=None), iter([False, False, True])
    assert indexing.step(connection, 60, stop=lambda: next(comes))
    assert query(database, "SELECT request_id FROM texts ORDER BY id") == [("a",), ("b",)]
    assert not indexing.step(connection, 60)
    assert query(database, "SELECT request_id FROM texts ORDER BY id") == [("a",), ("b",), ("c",)]
    connection.close()


def test_an_idle_writer_catches_up(
    database: Path, make_store: MakeStore, make_record: MakeRecord, query: Query, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When nothing comes for a while, the writer's thread does it."""
    monkeypatch.setattr(writer, "IDLE_SECONDS", 0.01)
    done, step = threading.Event(), indexing.step

    def watched(connection: sqlite3.Connection, *, stop: Callable[[], bool]) -> bool:
        more = step(connection, stop=stop)
        if not more:
            done.set()
        return more

    monkeypatch.setattr(indexing, "step", watched)
    fill(make_store(), make_record, "a")
    assert done.wait(10)
    done.clear()
    if not query(database, "SELECT * FROM texts"):  # the first one was before there was anything
        assert done.wait(10)
    assert query(database, "SELECT prompt FROM texts") == [("word a",)]


def test_a_search_is_complete(
    database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds what was just recorded, beside a running server; one that takes long says so once."""
    monkeypatch.setattr(reading, "NOTICED_SECONDS", -1.0)
    monkeypatch.setattr(indexing.step, "__defaults__", (-1.0, bool))
    store, told = make_store(), list[int]()
    fill(store, make_record, "a", "b", "c")
    steps = iter(range(5))
    behind = indexing.step

    def slow(connection: sqlite3.Connection) -> bool:
        return behind(connection, 60.0 if next(steps) == 3 else -1.0)

    monkeypatch.setattr(indexing, "step", slow)
    with reader(database) as traces:
        assert {row["id"] for row in traces.search("word", slow=lambda: told.append(1))} == {"a", "b", "c"}
        assert len(told) == 1
        assert traces.search("word", slow=lambda: told.append(1))
        assert len(told) == 1


def test_a_file_that_cannot_be_written(
    database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is searched as far as its index goes."""
    monkeypatch.setattr(reading.database, "BUSY_MS", 1)
    store = make_store()
    fill(store, make_record, "a")
    with reader(database) as traces:
        assert len(traces.search("word")) == 1
        fill(store, make_record, "b")
        other = sqlite3.connect(database, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        assert len(traces.search("word")) == 1
        other.execute("COMMIT")
        other.close()
        assert len(traces.search("word")) == 2
