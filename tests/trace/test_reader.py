"""Reading traces: summaries, filters, names, bodies; beside a writer, without one, and what is said when it cannot be."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from axonhub_cli.config.schema import Trace
from axonhub_cli.errors import NotConfigured, StoreError, UsageError
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import AttemptRecord, RequestRecord
from axonhub_cli.trace.schema import VERSION
from axonhub_cli.trace.store import Store
from axonhub_cli.types.messages import Usage

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]


@pytest.fixture
def filled(database: Path, make_store: MakeStore, make_record: MakeRecord) -> Path:
    """A Claude Code session with a title request, a sub-agent, a failed and a running request; a Codex session; a lone call."""
    store = make_store()
    ends = [
        make_record(
            "ar-11",
            trace_id="claude-1",
            started=100.0,
            kind="title",
            prompt="title?",
            asked_model="haiku",
            cost=0.5,
            outcome="ok",
        ),
        make_record(
            "ar-12",
            trace_id="claude-1",
            started=101.0,
            thread="release",
            prompt="Fix it",
            asked_model="sonnet",
            model="v3",
            channel="deepseek",
            cost=1.0,
            outcome="ok",
            duration_ms=2000.0,
            usage=Usage(input=10, output=5, cache_read=4),
        ),
        make_record(
            "ar-13",
            trace_id="claude-1",
            started=102.0,
            agent="a1",
            asked_model="sonnet",
            channel="local",
            outcome="error",
            error="no such model",
            usage=Usage(input=1),
        ),
        make_record(
            "ar-21",
            trace_id="codex-1",
            started=50.0,
            client="codex",
            asked_model="gpt-5.5",
            channel="openai",
            outcome="cancelled",
        ),
        make_record("ar-31", trace_id="codex-2", started=10.0, client="curl", asked_model="Sonnet-9", outcome="ok"),
    ]
    ends[0].client_version = "2.1.330"
    ends[3].attempts = [
        AttemptRecord(0, "backup", "openai-responses", "gpt-5.5", outcome="error"),
        AttemptRecord(1, "openai", "openai-responses", "gpt-5.5", outcome="cancelled"),
    ]
    for record in ends:
        store.end(record, {"client_request": b"body of " + record.id.encode()})
    store.begin(make_record("ar-14", trace_id="claude-1", started=103.0, asked_model="sonnet"))
    assert store.flush(10)
    return database


def test_a_summary(filled: Path) -> None:
    """A trace sums up its requests: who, how many, which models, when, tokens and money, with what is unknown named."""
    with reader(filled) as traces:
        summary = traces.traces()[0]
    assert json.loads(json.dumps(summary)) == {
        "id": "claude-1",
        "client": "claude-code",
        "client_version": "2.1.330",
        "threads": ["release"],
        "requests": 4,
        "running": 1,
        "errors": 1,
        "models": ["haiku", "sonnet", "v3"],
        "channels": ["deepseek", "local"],
        "agents": ["a1"],
        "first": 100.0,
        "last": 103.0,
        "input_tokens": 11,
        "output_tokens": 5,
        "cached_tokens": 4,
        "cost": 1.5,
        "unpriced": 1,
        "misses": 0,
        "missed_tokens": None,
        "missed_cost": None,
        "title": "Fix it",
    }


FILTERS: list[tuple[dict[str, object], list[str]]] = [
    ({}, ["claude-1", "codex-1", "codex-2"]),
    ({"limit": 2}, ["claude-1", "codex-1"]),
    ({"since": 50.0}, ["claude-1", "codex-1"]),
    ({"since": 103.5}, []),
    ({"client": "codex"}, ["codex-1"]),
    ({"client": "codex'; DROP TABLE requests; --"}, []),
    ({"model": "SONNET"}, ["claude-1", "codex-2"]),
    ({"model": "v3"}, ["claude-1"]),
    ({"model": "%"}, []),
    ({"channel": "local"}, ["claude-1"]),
    ({"channel": "backup"}, ["codex-1"]),
    ({"errors": True}, ["claude-1"]),
    ({"errors": True, "channel": "deepseek"}, []),
]


@pytest.mark.parametrize(("filters", "expected"), FILTERS)
def test_filters(filled: Path, filters: dict[str, object], expected: list[str]) -> None:
    """Filters are exact for clients and channels (tried ones count), parts of names for models; one request must meet all."""
    with reader(filled) as traces:
        assert [trace["id"] for trace in traces.traces(**filters)] == expected  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("claude-1", "claude-1"),
        ("cl", "claude-1"),
        ("codex-2", "codex-2"),
        ("ar-21", "codex-1"),
        ("ar-1", "claude-1"),
        ("x", None),
        ("", None),
    ],
)
def test_names(filled: Path, name: str, expected: str | None) -> None:
    """A trace is found by its id, the beginning of it, or the beginning of a request's id."""
    with reader(filled) as traces:
        trace = traces.trace(name)
    assert (trace["id"] if trace else None) == expected


def test_an_id_that_is_the_beginning_of_others(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A whole id is meant even when other ids begin with it."""
    store = make_store()
    for number, name in enumerate(("t", *(f"t{n}" for n in range(9)))):
        store.end(make_record(f"ar-{number}", trace_id=name), {})
    assert store.flush(10)
    with reader(database) as traces:
        assert traces.trace("t") is not None
        with pytest.raises(UsageError, match="t, t0, t1, t2, t3, …") as caught:
            traces.trace("ar-")
    assert caught.value.exit_code == 2


def test_a_beginning_of_several(filled: Path) -> None:
    """An ambiguous name is a sentence that lists what it could be."""
    with reader(filled) as traces, pytest.raises(UsageError, match="codex-1, codex-2") as caught:
        traces.trace("codex")
    assert caught.value.hint


def test_a_whole_trace(filled: Path) -> None:
    """A trace's requests come in order, each with its attempts and the sizes of its bodies."""
    with reader(filled) as traces:
        trace = traces.trace("claude-1")
        other = traces.trace("codex-1")
    assert trace is not None
    assert other is not None
    assert [request["id"] for request in trace["requests"]] == ["ar-11", "ar-12", "ar-13", "ar-14"]
    assert trace["requests"][0]["bodies"] == {"client_request": 13}
    assert [attempt["channel"] for attempt in other["requests"][0]["attempts"]] == ["backup", "openai"]
    assert "request_id" not in other["requests"][0]["attempts"][0]
    assert trace["requests"][3]["usage"] is None


def test_a_request(filled: Path) -> None:
    """A request and its bodies are found by the whole id."""
    with reader(filled) as traces:
        request = traces.request("ar-12")
        assert request is not None
        assert request["usage"]["cache_read"] == 4
        assert traces.bodies("ar-12") == {"client_request": b"body of ar-12"}
        assert traces.request("ar-1") is None
        assert traces.bodies("ar-1") == {}


def test_reading_beside_a_writer(filled: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """An open reader sees what is committed while it is open."""
    with reader(filled) as traces:
        before = len(traces.traces())
        store = make_store()
        store.end(make_record("ar-99", trace_id="new"), {})
        assert store.flush(10)
        assert len(traces.traces()) == before + 1


def test_reading_writes_nothing(filled: Path) -> None:
    """The reader's connection refuses to write."""
    with reader(filled) as traces, pytest.raises(StoreError):
        traces._rows("DELETE FROM requests WHERE id = ?", "ar-11")
    with reader(filled) as traces:
        assert traces.request("ar-11") is not None


_KILLED = """
import os, signal, sys
from pathlib import Path
from axonhub_cli.config.schema import Trace
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

store = Store(Path(sys.argv[1]), Trace(retention_days=100_000))
store.start()
store.begin(RequestRecord(id="ar-1", trace_id="t", started=1.0, protocol="anthropic", path="/"))
store.flush(60)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_reading_after_a_crash(database: Path) -> None:
    """What a killed server has left in the log is read without a server."""
    assert subprocess.run([sys.executable, "-c", _KILLED, str(database)], check=False).returncode == -signal.SIGKILL
    assert database.with_name("traces.db-wal").stat().st_size > 0
    with reader(database) as traces:
        assert [trace["running"] for trace in traces.traces()] == [1]


_READING = """
import sys
from pathlib import Path
from axonhub_cli.trace.reader import reader

most = 0
while most < 60:
    with reader(Path(sys.argv[1])) as traces:
        for trace in traces.traces():
            whole = traces.trace(trace["id"])
            assert len(whole["requests"]) >= trace["requests"] >= most, (len(whole["requests"]), trace["requests"], most)
            most = trace["requests"]
            for request in whole["requests"][-2:]:
                assert request["outcome"] == "running" or len(traces.bodies(request["id"])["client_request"]) > 2000
"""


def test_two_processes_read_while_one_writes(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Both see a growing trace, each request whole, and the writer is not held up: it keeps every row."""
    store = make_store()
    store.end(make_record("ar-00", outcome="ok"), {"client_request": b"x" * 3000})
    assert store.flush(60)
    readers = [subprocess.Popen([sys.executable, "-c", _READING, str(database)], stderr=subprocess.PIPE) for _ in range(2)]
    for number in range(1, 60):
        record = make_record(f"ar-{number:02}", started=1e9 + number)
        store.begin(record)
        record.outcome = "ok"
        store.end(record, {"client_request": b"%d" % number + b"x" * 3000})
        store.flush(60)
    for process in readers:
        _, errors = process.communicate(timeout=100)
        assert (process.returncode, errors) == (0, b"")
    assert store.dropped == 0


def test_without_a_file(database: Path) -> None:
    """No file yet is exit code 3, with what to do."""
    with pytest.raises(NotConfigured) as caught:
        reader(database)
    assert caught.value.hint


def test_an_empty_file(database: Path) -> None:
    """A file that no server has filled yet has no traces."""
    database.parent.mkdir()
    database.touch()
    with reader(database) as traces:
        assert traces.traces() == []
        assert traces.trace("x") is None
        assert traces.bodies("x") == {}


def test_files_that_cannot_be_read(database: Path, make_store: MakeStore) -> None:
    """A damaged file and one of a later version are sentences."""
    make_store().close(10)
    connection = sqlite3.connect(database)
    connection.execute(f"PRAGMA user_version={VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match="later axonhub"):
        reader(database)
    database.write_bytes(b"garbage " * 1000)
    with pytest.raises(StoreError, match="cannot be read"):
        reader(database)


def test_a_damaged_body(filled: Path) -> None:
    """A body that does not decompress is a sentence."""
    connection = sqlite3.connect(filled)
    with connection:
        connection.execute("UPDATE packs SET zstd = x'00'")
    connection.close()
    with reader(filled) as traces, pytest.raises(StoreError):
        traces.bodies("ar-11")


def test_paths_with_odd_characters(tmp_path: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Question marks, percent signs and spaces in a path are only characters."""
    path = tmp_path / "a b?c%20#d" / "traces.db"
    store = make_store(path)
    store.end(make_record(), {})
    assert store.flush(10)
    with reader(path) as traces:
        assert len(traces.traces()) == 1


def test_clearing_leaves_nothing(filled: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """After `clear` no trace and no byte of a body or prompt is left, also while a server runs, which goes on recording."""
    canary = os.urandom(8).hex()
    store = make_store()
    store.end(make_record("ar-50", prompt=f"prompt {canary}"), {"client_request": f"{canary}".encode()})
    assert store.flush(10)
    with reader(filled) as traces:
        assert traces.clear() == 7
        assert traces.traces() == []
    content = b"".join(file.read_bytes() for file in filled.parent.iterdir())
    assert canary.encode() not in content
    assert b"Fix it" not in content
    store.end(make_record("ar-51"), {})
    assert store.flush(10)
    with reader(filled) as traces:
        assert [trace["requests"] for trace in traces.traces()] == [1]


def test_pruning(filled: Path) -> None:
    """`prune` deletes what is over the limits of the configuration and says how much."""
    with reader(filled) as traces:
        assert traces.prune(Trace(retention_days=100_000)) == 0
        assert traces.prune(Trace(retention_days=1)) == 6
        assert traces.traces() == []


def test_changing_a_locked_file(filled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When another program holds the lock, changing is a sentence."""
    monkeypatch.setattr("axonhub_cli.trace.database.BUSY_MS", 1)
    other = sqlite3.connect(filled, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with reader(filled) as traces, pytest.raises(StoreError, match="could not be changed"):
        traces.clear()
    other.close()
