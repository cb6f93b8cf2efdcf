"""The writer's thread: prices, and everything that can happen to the file while it works."""

import itertools
import os
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace import bodies, writer
from axonhub_cli.trace import database as opening
from axonhub_cli.trace.backlog import Backlog, Item
from axonhub_cli.trace.records import AttemptRecord, Findings, RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.trace.writer import BUSY_SECONDS, GATHER_SECONDS, HASTY_SECONDS
from axonhub_cli.types.messages import Usage

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[Any]]


class Watched(Backlog):
    """A backlog that says when a batch was put back."""

    def __init__(self) -> None:
        super().__init__()
        self.retried = threading.Event()

    def retry(self, batch: list[Item]) -> None:
        super().retry(batch)
        self.retried.set()


def test_the_price_is_filled_in(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """The writer finds the price by model and channel, tells it, and keeps one that was known already."""
    told: list[Findings] = []
    hints: list[str] = []

    def provider(channel: str) -> str:
        hints.append(channel)
        return "https://api.anthropic.com"

    store = make_store(provider=provider)
    usage = Usage(input=1_000_000, output=0)
    store.end(make_record("ar-1", model="claude-sonnet-4-5", channel="work", usage=usage), {}, told.append)
    store.end(make_record("ar-2", model="claude-sonnet-4-5", channel="work", usage=usage, cost=7.0), {}, told.append)
    store.end(make_record("ar-3", model="no-such-model", usage=usage), {}, told.append)
    assert store.flush(60)
    prices = dict(query(database, "SELECT id, cost FROM requests"))
    assert [found["cost"] for found in told] == [prices["ar-1"], 7.0, None]
    assert prices["ar-1"] > 0
    assert (prices["ar-2"], prices["ar-3"], set(hints)) == (7.0, None, {"work"})


def test_a_price_list_that_fails_costs_nothing(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the price list does, the row is kept, without a price."""

    def broken(*_: object) -> float:
        raise RuntimeError("broken list")

    monkeypatch.setattr("axonhub_cli.pricing.cost", broken)
    store = make_store()
    store.end(make_record(outcome="ok"), {})
    assert store.flush(10)
    assert query(database, "SELECT id, cost FROM requests") == [("ar-1", None)]


def test_damage_that_shows_while_writing(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the file turns out damaged in the middle of work, it is set aside, and the batch is written to the new one."""
    store = make_store()
    store.end(make_record("ar-1"), {})
    assert store.flush(10)
    whole, failures = store._writer._transaction, iter([sqlite3.DatabaseError("database disk image is malformed")])

    def once(connection: sqlite3.Connection, batch: list[Item]) -> None:
        if error := next(failures, None):
            raise error
        whole(connection, batch)

    monkeypatch.setattr(store._writer, "_transaction", once)
    store.end(make_record("ar-2"), {})
    assert store.flush(10)
    assert [row[0] for row in query(database)] == ["ar-2"]
    assert [row[0] for row in query(database.parent / "traces.db.corrupt-1")] == ["ar-1"]
    assert store.dropped == 0


def test_a_file_that_is_deleted_meanwhile(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Rows do not vanish into a deleted file: a new one is begun, and that is said."""
    store = make_store()
    store.end(make_record("ar-1"), {})
    assert store.flush(10)
    for file in database.parent.iterdir():
        file.unlink()
    store.end(make_record("ar-2"), {})
    assert store.flush(10)
    assert [row[0] for row in query(database)] == ["ar-2"]
    assert "deleted" in store.messages()[0][1]


def test_a_locked_file(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another program holds the lock, requests wait and `error` says so; afterwards everything is there."""
    monkeypatch.setattr(opening, "BUSY_MS", 1)
    backlog = Watched()
    store = make_store(backlog=backlog)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    store.begin(make_record())
    store.end(make_record(outcome="ok"), {"client_request": b"kept"})
    assert backlog.retried.wait(10)
    assert not store.flush(0)
    assert store.error is not None
    assert "locked" in store.error
    other.execute("COMMIT")
    other.close()
    assert store.flush(10)
    assert query(database, "SELECT id, outcome, bodies FROM requests") == [("ar-1", "ok", '{"client_request":[1,0,4]}')]
    assert store.close(10)
    assert (store.error, store.dropped) == (None, 0)
    assert [level for level, _ in store.messages()] == ["warning", "info"]


def test_closing_while_locked(
    database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Closing does not wait for somebody else's lock: what cannot be written is counted as lost."""
    monkeypatch.setattr(opening, "BUSY_MS", 1)
    store = make_store(retry_seconds=3600)
    other = sqlite3.connect(database, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    for number in range(250):
        store.end(make_record(f"ar-{number}"), {})
    assert store.close(10)
    other.close()
    assert store.dropped_rows == 250


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    mount = tmp_path / "disk"
    mount.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(mount)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield mount
    subprocess.run(["umount", "-l", str(mount)], check=True)


def _fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        file.writelines(itertools.repeat(b"x" * 4096))


def test_a_full_disk(query: Query, small_disk: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """On a full disk nothing raises, bodies go before rows, `error` says what is wrong; with room again, writing goes on."""
    backlog = Watched()
    path = small_disk / "traces.db"
    store = make_store(path, backlog=backlog)
    store.end(make_record("first", outcome="ok"), {})
    assert store.flush(10)
    ballast = small_disk / "ballast"
    _fill(ballast)
    for number in range(40):
        store.end(make_record(f"full-{number:02}", prompt="x" * 20_000, outcome="ok"), {"client_request": os.urandom(50_000)})
    assert backlog.retried.wait(10)
    assert store.error is not None
    assert "full" in store.error
    assert store.dropped_bodies > 0
    ballast.unlink()
    assert store.flush(10)
    assert [row[0] for row in query(path)] == ["first", *(f"full-{number:02}" for number in range(40))]
    assert store.dropped_rows == 0


def test_a_folder_that_cannot_be_used(query: Query, tmp_path: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A path that cannot be opened is a sentence in `error`; once it can be, what waited is written."""
    blocker = tmp_path / "data"
    blocker.write_text("a file where a folder should be")
    store = make_store()
    store.end(make_record(outcome="ok"), {})
    assert store.error is not None
    assert str(blocker) in store.error
    blocker.unlink()
    assert store.flush(10)
    assert query(blocker / "traces.db") == [("ar-1", "ok")]


def test_one_impossible_row(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A row that cannot be stored is lost, counted and named; its neighbours are kept."""
    backlog = Backlog()
    for number in range(3):
        backlog.put(Item(make_record(f"ar-{number}", trace_id=None if number == 1 else "t"), final=True))
    store = make_store(backlog=backlog)
    assert store.flush(10)
    assert [row[0] for row in query(database)] == ["ar-0", "ar-2"]
    assert store.dropped_rows == 1
    assert "ar-1" in store.messages()[0][1]


def test_the_thread_outlives_anything(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """An error of our own costs its batch, is said, and ends neither the thread nor the next request's row."""
    failures = iter([RuntimeError("keyring went away")])

    def secrets() -> list[str]:
        if error := next(failures, None):
            raise error
        return []

    store = make_store(secrets=secrets)
    store.end(make_record("ar-1"), {})
    assert store.flush(10)
    store.end(make_record("ar-2"), {})
    assert store.flush(10)
    assert [row[0] for row in query(database)] == ["ar-2"]
    assert store.dropped_rows == 1
    assert "RuntimeError" in store.messages()[0][1]


@pytest.mark.parametrize("where", ["prompt", "error", "small", "large", "stream", "attempt", "nowhere"])
def test_what_is_searched_together_is_masked_alone(
    where: str, database: Path, make_store: MakeStore, make_record: MakeRecord
) -> None:
    """Requests are searched for secrets many at a time; wherever one of them has one, it is masked, and nothing else is."""
    secret, backlog = "words-that-nobody-knows", Backlog()
    texts = {name: f"{secret}, or {name}" if name == where else f"only {name}" for name in ("prompt", "error", "attempt")}
    sizes = {"client_request": 9, "upstream_request": 20_000, "upstream_response": 40_000}
    names = dict(zip(("small", "large", "stream"), sizes, strict=True))
    for number in range(20):
        here = number == 7
        record = make_record(f"ar-{number:02}", prompt=texts["prompt"] if here else "p", error=texts["error"] if here else None)
        record.attempts = [AttemptRecord(0, "a", "anthropic", "m", reason=texts["attempt"] if here else None)]
        sent = {
            kind: b"x" * size + (secret.encode() if here and names.get(where) == kind else b"") for kind, size in sizes.items()
        }
        backlog.put(Item(record, final=True, bodies=sent))
    store = make_store(backlog=backlog, secrets=lambda: [secret])
    assert store.flush(10)
    connection = sqlite3.connect(database)
    rows = connection.execute("SELECT id, prompt, error, attempts FROM requests ORDER BY id").fetchall()
    stored = [repr(row) + repr(bodies.get(connection, row[0])) for row in rows]
    connection.close()
    assert [index for index, text in enumerate(stored) if "[***]" in text] == ([7] if where != "nowhere" else [])
    assert not any(secret in text for text in stored)


def test_a_pattern_may_ask_where_a_text_begins(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord
) -> None:
    """A pattern of the user means each text on its own."""
    backlog = Backlog()
    for number in range(3):
        backlog.put(Item(make_record(f"ar-{number}", prompt="ACME-1 is ACME-1"), final=True))
    store = make_store(backlog=backlog, config=Trace(retention_days=100_000, redact=["^ACME-[0-9]"]))
    assert store.flush(10)
    assert query(database, "SELECT DISTINCT prompt FROM requests") == [("[***] is ACME-1",)]


class Gathering(Backlog):
    """A backlog that remembers how long more was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[float] = []

    def take(self, limit: int, timeout: float, gather: float = 0.0) -> list[Item]:
        batch = super().take(limit, timeout)
        self.waits += [gather] if batch else []
        return batch


@pytest.mark.parametrize(("many", "second"), [(1, BUSY_SECONDS), (2, GATHER_SECONDS)])
def test_how_long_a_batch_is_gathered(
    many: int, second: float, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request is written soon, one after many with others, and at once when somebody waits for its price."""
    monkeypatch.setattr(writer, "MANY", many)
    backlog, hasty = Gathering(), [False]
    store = make_store(backlog=backlog, hasty=lambda: hasty[0])
    store.end(make_record("ar-1"), {})
    assert store.flush(10)
    store.end(make_record("ar-2"), {})
    assert store.flush(10)
    hasty[0] = True
    store.end(make_record("ar-3"), {})
    assert store.flush(10)
    store.end(make_record("ar-4"), {})
    assert store.close(10)
    assert (backlog.waits[0], backlog.waits[1], backlog.waits[3]) == (GATHER_SECONDS, second, HASTY_SECONDS)
