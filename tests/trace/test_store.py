"""The store: what goes in comes out, secrets do not, and nothing that happens to the file stops it."""

import itertools
import os
import sqlite3
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace import database as opening
from axonhub_cli.trace import retention
from axonhub_cli.trace.backlog import Backlog, Item
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.schema import VERSION
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Loss, Usage

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
CANARY = "sk-axonhub-canary-0123456789abcdef"


class Watched(Backlog):
    """A backlog that says when a batch was put back."""

    def __init__(self) -> None:
        super().__init__()
        self.retried = threading.Event()

    def retry(self, batch: list[Item]) -> None:
        super().retry(batch)
        self.retried.set()


def rows(path: Path, query: str = "SELECT id, outcome FROM requests ORDER BY id") -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def test_a_request_comes_back_as_it_was(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Fields, attempts, losses, usage, tools and bodies of a finished request are all there."""
    record = make_record(agent="a1", stream=True, outcome="ok", prompt="Wörter", tools=["Bash", "Read"], duration_ms=12.5)
    record.usage = Usage(input=10, output=5, cache_read=4)
    record.losses = [Loss("dropped", "top_k", "unknown there")]
    record.attempts = [
        AttemptRecord(0, "one", "anthropic", "m", secret="env:K", outcome="error", status=529, reason="overloaded"),
        AttemptRecord(1, "two", "openai-chat", "n", lane="convert", outcome="ok", status=200, duration_ms=9.0),
    ]
    store = make_store()
    store.begin(record)
    store.end(record, {"client_request": b'{"a":1}', "client_response": b"\xff\x00"})
    assert store.flush(10)
    with reader(database) as traces:
        kept = traces.request("ar-1")
        assert traces.bodies("ar-1") == {"client_request": b'{"a":1}', "client_response": b"\xff\x00"}
    assert kept is not None
    assert (kept["agent"], kept["stream"], kept["prompt"], kept["tools"]) == ("a1", True, "Wörter", ["Bash", "Read"])
    assert kept["usage"] == {
        "input": 10, "output": 5, "cache_read": 4, "cache_write_5m": None, "cache_write_1h": None, "reasoning": None,
    }  # fmt: skip
    assert kept["losses"] == [{"action": "dropped", "path": "top_k", "why": "unknown there"}]
    assert [(a["index"], a["channel"], a["status"], a["reason"]) for a in kept["attempts"]] == [
        (0, "one", 529, "overloaded"),
        (1, "two", 200, None),
    ]
    assert kept["bodies"] == {"client_request": 7, "client_response": 2}


def test_a_snapshot_is_taken_at_once(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """What the relay changes in its record later does not reach a row that was put before."""
    store, record = make_store(), make_record(asked_model="before")
    store.begin(record)
    record.asked_model = "after"
    assert store.flush(10)
    assert rows(database, "SELECT asked_model, outcome FROM requests") == [("before", "running")]


def test_bodies_can_be_switched_off(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """`bodies = false` keeps the row and no body; the switch works while running."""
    store = make_store()
    store.config = Trace(bodies=False, retention_days=100_000)
    store.end(make_record(outcome="ok"), {"client_request": b"secret"})
    assert store.flush(10)
    assert rows(database) == [("ar-1", "ok")]
    assert rows(database, "SELECT * FROM blobs") == []


def test_the_price_is_filled_in(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """The writer finds the price by model and channel, tells it, and keeps one that was known already."""
    told: list[float | None] = []
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
    prices = dict(rows(database, "SELECT id, cost FROM requests"))
    assert told == [prices["ar-1"], 7.0, None]
    assert prices["ar-1"] > 0
    assert (prices["ar-2"], prices["ar-3"], hints) == (7.0, None, ["work"])


def test_a_price_list_that_fails_costs_nothing(
    database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the price list does, the row is kept, without a price."""

    def broken(*_: object) -> float:
        raise RuntimeError("broken list")

    monkeypatch.setattr("axonhub_cli.trace.writer.cost", broken)
    store = make_store()
    store.end(make_record(outcome="ok"), {})
    assert store.flush(10)
    assert rows(database, "SELECT id, cost FROM requests") == [("ar-1", None)]


def test_the_same_body_is_stored_once(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Equal bodies share a blob, which goes with its last request; a second end replaces the first one's bodies."""
    store = make_store()
    store.end(make_record("ar-1"), {"client_request": b"same", "upstream_request": b"same"})
    store.end(make_record("ar-2"), {"client_request": b"same"})
    store.end(make_record("ar-2"), {"client_request": b"other"})
    store.end(make_record("ar-2"), {"client_request": b"same"})
    assert store.flush(10)
    assert rows(database, "SELECT size FROM blobs") == [(4,)]
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    for request_id, left in (("ar-1", 1), ("ar-2", 0)):
        connection.execute("DELETE FROM requests WHERE id = ?", (request_id,))
        assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (left,)
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


def test_what_still_ran_was_interrupted(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A row that runs when the store starts belongs to a dead process; the ends of live requests still count."""
    store = make_store()
    store.begin(make_record("ar-1"))
    store.end(make_record("ar-2", outcome="ok"), {})
    store.begin(make_record("ar-3"))
    assert store.close(10)
    again = make_store()
    again.end(make_record("ar-3", outcome="ok"), {})
    assert again.flush(10)
    assert rows(database) == [("ar-1", "interrupted"), ("ar-2", "ok"), ("ar-3", "ok")]


def test_a_later_version_is_left_alone(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A file of a later axonhub switches the store off with a sentence; nothing is written, nothing raises, losses count."""
    make_store().close(10)
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    before = database.read_bytes()
    store = make_store()
    told: list[float | None] = []
    store.begin(make_record())
    store.end(make_record(), {}, told.append)
    assert store.close(10)
    assert told == [None]
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
    database: Path, make_store: MakeStore, make_record: MakeRecord, damage: Callable[[bytes], bytes], told: int
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
    assert rows(database) == [("new", "running")]
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


def test_damage_that_shows_while_writing(
    database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
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
    assert [row[0] for row in rows(database)] == ["ar-2"]
    assert [row[0] for row in rows(database.parent / "traces.db.corrupt-1")] == ["ar-1"]
    assert store.dropped == 0


def test_a_file_that_is_deleted_meanwhile(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Rows do not vanish into a deleted file: a new one is begun, and that is said."""
    store = make_store()
    store.end(make_record("ar-1"), {})
    assert store.flush(10)
    for file in database.parent.iterdir():
        file.unlink()
    store.end(make_record("ar-2"), {})
    assert store.flush(10)
    assert [row[0] for row in rows(database)] == ["ar-2"]
    assert "deleted" in store.messages()[0][1]


def test_a_locked_file(database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch) -> None:
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
    assert rows(database, "SELECT id, outcome, size FROM requests, blobs") == [("ar-1", "ok", 4)]
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


def test_a_full_disk(small_disk: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
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
    assert [row[0] for row in rows(path)] == ["first", *(f"full-{number:02}" for number in range(40))]
    assert store.dropped_rows == 0


def test_a_folder_that_cannot_be_used(tmp_path: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A path that cannot be opened is a sentence in `error`; once it can be, what waited is written."""
    blocker = tmp_path / "data"
    blocker.write_text("a file where a folder should be")
    store = make_store()
    store.end(make_record(outcome="ok"), {})
    assert store.error is not None
    assert str(blocker) in store.error
    blocker.unlink()
    assert store.flush(10)
    assert rows(blocker / "traces.db") == [("ar-1", "ok")]


def test_one_impossible_row(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A row that cannot be stored is lost, counted and named; its neighbours are kept."""
    backlog = Backlog()
    for number in range(3):
        backlog.put(Item({**_values(make_record(f"ar-{number}")), **({"trace_id": None} if number == 1 else {})}, final=True))
    store = make_store(backlog=backlog)
    assert store.flush(10)
    assert [row[0] for row in rows(database)] == ["ar-0", "ar-2"]
    assert store.dropped_rows == 1
    assert "ar-1" in store.messages()[0][1]


def _values(record: RequestRecord) -> dict[str, Any]:
    from axonhub_cli.trace.rows import snapshot

    return snapshot(record)


def test_odd_values_are_stored(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Lone surrogates and numbers that no column holds are bent, not lost."""
    store = make_store()
    store.end(
        make_record(asked_model="m\udc80", prompt="p\ud800", tools=["t\udfff"], usage=Usage(input=10**30, output=-(10**30))), {}
    )
    assert store.flush(10)
    assert rows(database, "SELECT asked_model, prompt, input, output FROM requests") == [("m?", "p?", 2**63 - 1, -(2**63 - 1))]
    assert store.dropped == 0


def test_the_thread_outlives_anything(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
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
    assert [row[0] for row in rows(database)] == ["ar-2"]
    assert store.dropped_rows == 1
    assert "RuntimeError" in store.messages()[0][1]


def test_closing_without_starting(database: Path, make_record: MakeRecord) -> None:
    """A store that was never started can be closed, and takes requests without an error."""
    store = Store(database, Trace())
    store.begin(make_record())
    assert store.close(0)
    assert not database.exists()


def test_old_requests_are_pruned_at_the_start(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Requests beyond the retention go when the store starts, with their bodies; younger ones stay."""
    store = make_store()
    for number in range(retention.STEP * 2 + 5):
        store.end(make_record(f"old-{number}", started=1_000_000_000.0), {"client_request": b"%d" % number})
    store.end(make_record("young", started=4_000_000_000.0), {"client_request": b"young"})
    assert store.close(10)
    pruned = make_store(config=Trace(retention_days=14))
    pruned.end(make_record("new", started=4_000_000_000.0), {})
    assert pruned.close(10)
    with reader(database) as traces:
        traces.prune(Trace(retention_days=14))
    assert [row[0] for row in rows(database)] == ["new", "young"]
    assert rows(database, "SELECT count(*) FROM blobs") == [(1,)]


def test_pruning_happens_between_batches(
    database: Path, make_store: MakeStore, make_record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer prunes step by step until nothing is over the limit, without being asked."""
    store = make_store()
    for number in range(retention.STEP * 3):
        store.end(make_record(f"old-{number:03}"), {"client_request": os.urandom(7000)})
    assert store.close(10)
    idle = threading.Event()
    step = retention.prune_step

    def watched(*arguments: Any) -> tuple[int, bool]:
        result = step(*arguments)
        if not result[1]:
            idle.set()
        return result

    monkeypatch.setattr(retention, "prune_step", watched)
    size = database.stat().st_size
    make_store(config=Trace(retention_days=100_000, max_size_mb=1))
    assert idle.wait(10)
    left = [row[0] for row in rows(database)]
    assert left == [f"old-{number:03}" for number in range(retention.STEP * 2, retention.STEP * 3)]
    assert database.stat().st_size < size


_WORKER = """
import sys
from pathlib import Path
from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

path, name, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
store = Store(path, Trace(retention_days=100_000))
store.start()
for number in range(count):
    record = RequestRecord(id=f"{name}-{number:06}", trace_id=name, started=float(number), protocol="anthropic", path="/")
    store.begin(record)
    record.outcome = "ok"
    store.end(record, {"client_request": b"%d" % number * 500})
    if store.flush(60):
        print(record.id, flush=True)
store.begin(RequestRecord(id=f"{name}-open", trace_id=name, started=0.0, protocol="anthropic", path="/"))
store.flush(60)
store.close(60)
"""


def _worker(path: Path, name: str, count: int) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-c", _WORKER, str(path), name, str(count)], stdout=subprocess.PIPE, text=True)


def test_two_processes_may_write(database: Path) -> None:
    """Two stores on one file both keep everything."""
    workers = [_worker(database, name, 100) for name in ("a", "b")]
    told = [worker.communicate(timeout=60)[0].split() for worker in workers]
    assert [len(ids) for ids in told] == [100, 100]
    assert {row[0] for row in rows(database, "SELECT id FROM requests WHERE id NOT LIKE '%open'")} == {*told[0], *told[1]}


def test_a_killed_writer_loses_nothing_that_was_acknowledged(database: Path, make_store: MakeStore) -> None:
    """Ten times SIGKILL in the middle of writing: every acknowledged row is there, once and whole, and no row stays `running`."""
    acknowledged: set[str] = set()
    for attempt in range(10):
        worker = _worker(database, f"run{attempt}", 1_000_000)
        assert worker.stdout is not None
        for _ in range(5 + attempt * 7):
            acknowledged.add(worker.stdout.readline().strip())
        worker.kill()
        acknowledged.update(worker.stdout.read().split())
        worker.stdout.close()
        worker.wait(60)
    store = make_store()
    assert store.error is None
    assert store.messages() == []
    assert rows(database, "PRAGMA integrity_check") == [("ok",)]
    kept = dict(rows(database))
    assert acknowledged <= kept.keys()
    assert all(kept[request_id] == "ok" for request_id in acknowledged)
    assert set(kept.values()) <= {"ok", "interrupted"}
    with reader(database) as traces:
        for request_id in list(acknowledged)[:50]:
            number = int(request_id.rpartition("-")[2])
            assert traces.bodies(request_id) == {"client_request": b"%d" % number * 500}
