"""The store from outside: what goes in comes out, closing, crashes, two processes."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Loss, Usage

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
Query = Callable[..., list[Any]]


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


def test_a_request_that_runs_is_written_as_it_is(
    query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord
) -> None:
    """What it says when its row is written counts, and its end replaces that."""
    store, record = make_store(), make_record(asked_model="begun")
    store.begin(record)
    record.asked_model = "running"
    assert store.flush(10)
    assert query(database, "SELECT asked_model, outcome FROM requests") == [("running", "running")]
    record.asked_model = "ended"
    store.end(record, {})
    assert store.flush(10)
    assert query(database, "SELECT asked_model FROM requests") == [("ended",)]


def test_a_row_that_is_there_already(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Whoever wrote it, it is written over, and costs the others of its batch nothing."""
    other, store = make_store(), make_store()
    other.begin(make_record("ar-2", outcome="running"))
    assert other.flush(10)
    store.end(make_record("ar-1", outcome="ok"), {"client_request": b"one"})
    store.end(make_record("ar-2", outcome="error"), {"client_request": b"two"})
    assert store.flush(10)
    assert (query(database), store.dropped_rows, store.error) == ([("ar-1", "ok"), ("ar-2", "error")], 0, None)
    with reader(database) as traces:
        assert [traces.bodies(name) for name in ("ar-1", "ar-2")] == [{"client_request": b"one"}, {"client_request": b"two"}]


def test_bodies_can_be_switched_off(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """`bodies = false` keeps the row and no body; the switch works while running."""
    store = make_store()
    store.config = Trace(bodies=False, retention_days=100_000)
    store.end(make_record(outcome="ok"), {"client_request": b"secret"})
    assert store.flush(10)
    assert query(database) == [("ar-1", "ok")]
    assert query(database, "SELECT * FROM packs") == []


def test_what_still_ran_was_interrupted(query: Query, database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A row that runs when the store starts belongs to a dead process; the ends of live requests still count."""
    store = make_store()
    store.begin(make_record("ar-1"))
    store.end(make_record("ar-2", outcome="ok"), {})
    store.begin(make_record("ar-3"))
    assert store.close(10)
    again = make_store()
    again.end(make_record("ar-3", outcome="ok"), {})
    assert again.flush(10)
    assert query(database) == [("ar-1", "interrupted"), ("ar-2", "ok"), ("ar-3", "ok")]


def test_closing_without_starting(database: Path, make_record: MakeRecord) -> None:
    """A store that was never started can be closed, and takes requests without an error."""
    store = Store(database, Trace())
    store.begin(make_record())
    assert store.close(0)
    assert not database.exists()


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


def test_two_processes_may_write(query: Query, database: Path) -> None:
    """Two stores on one file both keep everything."""
    workers = [_worker(database, name, 100) for name in ("a", "b")]
    told = [worker.communicate(timeout=60)[0].split() for worker in workers]
    assert [len(ids) for ids in told] == [100, 100]
    assert {row[0] for row in query(database, "SELECT id FROM requests WHERE id NOT LIKE '%open'")} == {*told[0], *told[1]}


def test_a_killed_writer_loses_nothing_that_was_acknowledged(query: Query, database: Path, make_store: MakeStore) -> None:
    """SIGKILL in the middle of writing: every acknowledged row is there, once and whole, and no row stays `running`."""
    acknowledged: set[str] = set()
    for attempt in range(10 if os.environ.get("HYPOTHESIS_PROFILE") == "ci" else 3):
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
    assert query(database, "PRAGMA integrity_check") == [("ok",)]
    kept = dict(query(database))
    assert acknowledged <= kept.keys()
    assert all(kept[request_id] == "ok" for request_id in acknowledged)
    assert set(kept.values()) <= {"ok", "interrupted"}
    with reader(database) as traces:
        for request_id in list(acknowledged)[:50]:
            number = int(request_id.rpartition("-")[2])
            assert traces.bodies(request_id) == {"client_request": b"%d" % number * 500}
