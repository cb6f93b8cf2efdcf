"""Opening the file: who may read it, versions, damage."""

import hashlib
import os
import sqlite3
import stat
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.trace import schema
from axonhub_cli.trace.database import open_for_writing
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord, Findings, RequestRecord
from axonhub_cli.trace.schema import VERSION
from axonhub_cli.trace.store import Store

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[Any]]


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_nobody_else_can_read_it(database: Path, make_store: MakeStore, make_record: MakeRecord, umask: int) -> None:
    """Folder 0700 and all files 0600, whatever the umask."""
    before = os.umask(umask)
    try:
        store = make_store()
        store.end(make_record(), {})
        assert store.flush(10)
    finally:
        os.umask(before)
    files = sorted(database.parent.iterdir())
    assert [file.name for file in files] == ["traces.db", "traces.db-shm", "traces.db-wal"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(database.parent.stat().st_mode) == 0o700


def test_a_file_that_others_can_read_is_repaired(database: Path, make_store: MakeStore) -> None:
    """An existing file with a generous mode becomes 0600 at the start."""
    make_store().close(10)
    database.chmod(0o644)
    make_store().close(10)
    assert stat.S_IMODE(database.stat().st_mode) == 0o600


def test_a_later_version_is_left_alone(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A file of a later axonhub switches the store off with a sentence; nothing is written, nothing raises, losses count."""
    make_store().close(10)
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    before = database.read_bytes()
    store = make_store()
    told: list[Findings] = []
    store.begin(make_record())
    store.end(make_record(), {}, told.append)
    assert store.close(10)
    assert told == [{}]
    assert store.error is not None
    assert "later axonhub" in store.error
    assert [level for level, _ in store.messages()] == ["warning"]
    assert (store.dropped, database.read_bytes()) == (1, before)


def _garbage(content: bytes) -> bytes:
    return b"this is no database " * 400


def _header(content: bytes) -> bytes:
    return b"X" * 16 + content[16:]


def _truncated(content: bytes) -> bytes:
    return content[: len(content) // 2 + 100]


def _flipped(content: bytes) -> bytes:
    return content[:4096] + b"\xff" * 8192 + content[12288:]


def _empty(content: bytes) -> bytes:
    return b""


@pytest.mark.parametrize(("damage", "told"), [(_garbage, 1), (_header, 1), (_truncated, 1), (_flipped, 1), (_empty, 0)])
def test_a_damaged_file_is_set_aside(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord, damage: Callable[[bytes], bytes], told: int
) -> None:
    """A damaged file is kept under another name and said to be; the new one works. An empty file is just a new one."""
    store = make_store()
    for number in range(50):
        store.end(make_record(f"old-{number}"), {"client_request": os.urandom(2000)})
    assert store.close(10)
    database.write_bytes(damage(database.read_bytes()))
    damaged = database.read_bytes()
    store = make_store()
    store.end(make_record("new"), {})
    assert store.flush(10)
    assert query(database) == [("new", "running")]
    messages = store.messages()
    assert len(messages) == told
    assert store.error is None
    if told:
        assert "traces.db.corrupt-1" in messages[0][1]
        assert (database.parent / "traces.db.corrupt-1").read_bytes()[4096:] == damaged[4096:]


def test_set_aside_files_are_numbered(database: Path, make_store: MakeStore) -> None:
    """An earlier damaged file is not overwritten by the next one."""
    for number in (1, 2):
        database.parent.mkdir(exist_ok=True)
        database.write_bytes(b"garbage %d " % number * 500)
        make_store().close(10)
    assert (database.parent / "traces.db.corrupt-1").read_bytes().startswith(b"garbage 1")
    assert (database.parent / "traces.db.corrupt-2").read_bytes().startswith(b"garbage 2")


def _first_version(path: Path) -> None:
    """A file as the first version wrote it: whole bodies, some of them shared."""
    path.parent.mkdir()
    digest = hashlib.sha256(b"same").digest()
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in schema.MIGRATIONS[0]:
        connection.execute(statement)
    for name in ("ar-1", "ar-2"):
        connection.execute(
            "INSERT INTO requests (id, trace_id, started, protocol, path, client, kind, asked_model, stream, status, outcome,"
            " bytes_in, bytes_out, tools, losses)"
            " VALUES (?, 't', 1, 'anthropic', '/', 'c', 'turn', 'm', 0, 0, 'ok', 0, 0, '[]', '[]')",
            (name,),
        )
        connection.execute("INSERT OR IGNORE INTO blobs VALUES (?, 4, ?)", (digest, zlib.compress(b"same")))
        connection.execute("INSERT INTO bodies VALUES (?, 'client_request', ?)", (name, digest))
        connection.execute(
            "INSERT INTO attempts VALUES (?, 0, 'c', 'anthropic', 'm', NULL, 'verbatim', 'ok', 200, NULL, 0.5, NULL, 2.0)",
            (name,),
        )
    connection.execute("PRAGMA user_version=1")
    connection.close()


def test_a_file_of_the_first_version(database: Path, query: Query, make_store: MakeStore, make_record: MakeRecord) -> None:
    """It is brought up to date by whoever opens it first, reader or writer; its bodies are read as before, and pruned with it."""
    _first_version(database)
    with reader(database) as traces:
        assert traces.bodies("ar-2") == {"client_request": b"same"}
        requests = (traces.trace("t") or {})["requests"]
        assert [(request["verdict"], request["bodies"]) for request in requests] == [(None, {"client_request": 4})] * 2
        assert [AttemptRecord(**request["attempts"][0]) for request in requests] == [
            AttemptRecord(0, "c", "anthropic", "m", outcome="ok", status=200, started_ms=0.5, duration_ms=2.0)
        ] * 2
    store = make_store()
    store.end(make_record("ar-3"), {"client_request": b"same"})
    assert store.flush(10)
    assert query(database, "SELECT count(*), (SELECT refs FROM links), (SELECT count(*) FROM packs) FROM blobs") == [(1, 2, 1)]
    with reader(database) as traces:
        assert traces.clear() == 3
    assert query(database, "SELECT (SELECT count(*) FROM blobs), (SELECT count(*) FROM links), (SELECT count(*) FROM packs)") == [
        (0, 0, 0)
    ]


def test_nothing_stays_nothing(tmp_path: Path) -> None:
    """Values are bound as what they are: nothing as NULL, truth as a number, bytes as bytes."""
    connection, _ = open_for_writing(tmp_path / "data" / "traces.db")
    values = (None, True, False, 1, 1.5, "text", b"bytes")
    assert connection.execute("SELECT ?, ?, ?, ?, ?, ?, ?", values).fetchone() == (None, 1, 0, 1, 1.5, "text", b"bytes")
    assert connection.execute("SELECT typeof(?), typeof(?)", (None, True)).fetchone() == ("null", "integer")
    connection.close()
