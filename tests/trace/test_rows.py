"""Rows: equal bodies once, no secrets, odd values bent."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axonhub_cli.trace import retention
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Usage

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[Any]]
CANARY = "sk-axonhub-canary-0123456789abcdef"


def test_the_same_body_is_stored_once(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Equal bodies are one content, whose pack goes with its last request; a second end replaces the first one's bodies."""
    store = make_store()
    store.end(make_record("ar-1"), {"client_request": b"same", "upstream_request": b"same"})
    store.end(make_record("ar-2"), {"client_request": b"same"})
    store.end(make_record("ar-2"), {"client_request": b"other"})
    store.end(make_record("ar-2"), {"client_request": b"same"})
    assert store.flush(10)
    assert query(database, "SELECT contents FROM packs") == [("[[0,4,0,0,0,0],[4,5,0,0,0,0],[9,4,0,0,0,0]]",)]
    with reader(database) as traces:
        assert traces.bodies("ar-2") == {"client_request": b"same"}
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    for request_id, left in (("ar-1", 1), ("ar-2", 0)):
        connection.execute("DELETE FROM requests WHERE id = ?", (request_id,))
        retention.sweep(connection)
        assert connection.execute("SELECT count(*) FROM packs").fetchone() == (left,)
    connection.close()


def test_secrets_reach_no_file(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """No known secret and no pasted key is in the database or its log, wherever it was: bodies, prompt, error, path, reason."""
    plain = "no-shape-but-known-value"
    store = make_store(secrets=lambda: [CANARY, plain])
    text = f"{CANARY} and {plain} and ghp_{'a1' * 18}"
    record = make_record(prompt=text, error=text, path=f"/v1/models?key={CANARY}", outcome="error")
    record.attempts = [AttemptRecord(0, "c", "anthropic", "m", reason=text)]
    store.end(record, {"client_request": text.encode(), "upstream_response": b"\x00" + text.encode()})
    assert store.flush(10)
    with reader(database) as traces:
        assert traces.bodies("ar-1")["client_request"] == b"[***] and [***] and [***]"
    content = b"".join(file.read_bytes() for file in database.parent.iterdir())
    assert b"ar-1" in content
    for secret in (CANARY, plain, "ghp_a1"):
        assert secret.encode() not in content


def test_odd_values_are_stored(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Lone surrogates and numbers that no column holds are bent, not lost."""
    store = make_store()
    store.end(
        make_record(asked_model="m\udc80", prompt="p\ud800", tools=["t\udfff"], usage=Usage(input=10**30, output=-(10**30))), {}
    )
    assert store.flush(10)
    assert query(database, "SELECT asked_model, prompt, input, output FROM requests") == [("m?", "p?", 2**63 - 1, -(2**63 - 1))]
    assert store.dropped == 0
