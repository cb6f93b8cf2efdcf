"""Records, and stores that are closed after the test."""

import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[Any]]


@pytest.fixture
def make_record() -> MakeRecord:
    """Records with the fields that matter to a test."""

    def make(request_id: str = "ar-1", **fields: Any) -> RequestRecord:
        given = {
            "trace_id": "trace-1",
            "started": 1_000_000_000.0,
            "protocol": "anthropic",
            "path": "/v1/messages",
            "client": "claude-code",
        }
        return RequestRecord(id=request_id, **{**given, **fields})

    return make


@pytest.fixture
def query() -> Query:
    """Rows of a database, read past our own code; by default each request's id and outcome."""

    def ask(path: Path, sql: str = "SELECT id, outcome FROM requests ORDER BY id") -> list[Any]:
        connection = sqlite3.connect(path)
        try:
            return connection.execute(sql).fetchall()
        finally:
            connection.close()

    return ask


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where the store of a test is; neither the file nor its folder is there yet."""
    return tmp_path / "data" / "traces.db"


@pytest.fixture
def make_store(database: Path) -> Iterator[MakeStore]:
    """Started stores that keep everything for ever, unless told otherwise."""
    stores: list[Store] = []

    def make(path: Path = database, config: Trace | None = None, **options: Any) -> Store:
        store = Store(path, config or Trace(retention_days=100_000), **{"retry_seconds": 0.01, **options})
        stores.append(store)
        store.start()
        return store

    yield make
    for store in stores:
        store.close(10)
