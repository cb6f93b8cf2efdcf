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
    store, same, other = make_store(), b"same" * 1000, b"other" * 1000
    store.end(make_record("ar-1"), {"client_request": same, "upstream_request": same})
    store.end(make_record("ar-2"), {"client_request": same})
    store.end(make_record("ar-2"), {"client_request": other})
    store.end(make_record("ar-2"), {"client_request": same})
    assert store.flush(10)
    assert query(database, "SELECT contents FROM packs") == [("[[0,4000,0,0,0,0],[4000,5000,0,0,0,0],[9000,4000,0,0,0,0]]",)]
    with reader(database) as traces:
        assert traces.bodies("ar-2") == {"client_request": same}
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


def test_small_bodies_are_packed_as_they_are(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord
) -> None:
    """What is equal in one pack costs nothing when that is compressed: looking for it would."""
    store = make_store()
    store.end(make_record("ar-1"), {"client_request": b"same", "upstream_request": b"same", "upstream_response": b"said"})
    assert store.flush(10)
    assert query(database, "SELECT contents FROM packs") == [("[[0,4,0,0,0,0],[4,4,0,0,0,0],[8,4,0,0,0,0]]",)]
    with reader(database) as traces:
        assert traces.bodies("ar-1")["upstream_request"] == b"same"


def test_one_secret_among_many_requests_is_masked(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Requests are searched together; the one that has a secret loses it, whether it runs or is over, and the others nothing."""
    store = make_store(secrets=lambda: [CANARY])
    store.begin(make_record("ar-running", prompt=f"runs with {CANARY}"))
    for number in range(40):
        text = f"number {number} {CANARY if number == 21 else ''}"
        store.end(make_record(f"ar-{number:02}", prompt=text), {"client_request": text.encode(), "upstream_response": b"fine"})
    assert store.flush(10)
    with reader(database) as traces:
        assert traces.bodies("ar-20")["client_request"] == b"number 20 "
        assert traces.bodies("ar-21")["client_request"] == b"number 21 [***]"
    content = b"".join(file.read_bytes() for file in database.parent.iterdir())
    assert b"runs with [***]" in content
    assert CANARY.encode() not in content


def test_odd_words_of_an_attempt_cost_no_row(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord
) -> None:
    """A reason that no encoding holds, among other requests: all of them are there, and its secret is not."""
    store = make_store(secrets=lambda: [CANARY])
    odd = make_record("ar-odd", outcome="error")
    odd.attempts = [AttemptRecord(0, "c", "anthropic", "m", status=2**70, reason=f"\ud800 {CANARY}")]
    store.end(make_record("ar-a", outcome="ok"), {})
    store.end(odd, {})
    store.end(make_record("ar-b", outcome="ok"), {})
    assert store.flush(10)
    assert [row[0] for row in query(database)] == ["ar-a", "ar-b", "ar-odd"]
    ((attempts,),) = query(database, "SELECT attempts FROM requests WHERE id = 'ar-odd'")
    assert "? [***]" in attempts
