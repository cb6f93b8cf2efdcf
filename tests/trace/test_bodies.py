"""Bodies in the store: what came out went in, what is common is there once, what nobody needs goes."""

import json
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.trace import bodies, schema
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.redact import Redactor
from axonhub_cli.trace.store import Store

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
WORDS = random.Random(1).sample(
    [f"{a}{b}{c}" for a in "bdfgklmnprstvz" for b in "aeiou" for c in ("n", "r", "st", "la", "ti")], 300
)


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty store with two requests."""
    opened = sqlite3.connect(":memory:", isolation_level=None)
    opened.execute("PRAGMA foreign_keys=ON")
    for statement in (statement for step in schema.MIGRATIONS for statement in step):
        opened.execute(statement)
    for name in ("ar-1", "ar-2"):
        opened.execute(
            "INSERT INTO requests (id, trace_id, started, protocol, path, client, kind, asked_model, stream, status, outcome,"
            " bytes_in, bytes_out, tools, losses)"
            " VALUES (?, 't', 1, 'anthropic', '/', 'c', 'turn', 'm', 0, 0, 'ok', 0, 0, '', '')",
            (name,),
        )
    yield opened
    opened.close()


def body(turns: int, size: int = 300) -> bytes:
    """A request with that many messages."""
    messages = [{"role": "user", "content": f"{turn} {'x' * size}"} for turn in range(turns)]
    return json.dumps({"model": "m", "messages": messages, "stream": True}).encode()


def counts(connection: sqlite3.Connection) -> tuple[int, int]:
    """How many links and blobs there are."""
    links, blobs = connection.execute("SELECT (SELECT count(*) FROM links), (SELECT count(*) FROM blobs)").fetchone()
    return links, blobs


def test_what_went_in_comes_out(connection: sqlite3.Connection) -> None:
    """Each kind is given back as it was, byte for byte."""
    given: dict[Any, bytes] = {"client_request": body(5), "upstream_response": b"data: x\n\n" * 50, "client_response": b""}
    bodies.put(connection, "ar-1", given, Redactor())
    assert bodies.get(connection, "ar-1") == given
    assert bodies.get(connection, "ar-9") == {}


def test_a_next_turn_adds_what_is_new(connection: sqlite3.Connection) -> None:
    """Of a request that goes on only its new message is added."""
    bodies.put(connection, "ar-1", {"client_request": body(50)}, Redactor())
    before = counts(connection)
    bodies.put(connection, "ar-2", {"client_request": body(51)}, Redactor())
    assert counts(connection) == (before[0] + 1, before[1] + 1)
    assert bodies.get(connection, "ar-1") == {"client_request": body(50)}
    assert bodies.get(connection, "ar-2") == {"client_request": body(51)}


@pytest.mark.parametrize("first", ["ar-1", "ar-2"])
def test_what_is_still_needed_stays(connection: sqlite3.Connection, first: str) -> None:
    """Deleting one of two requests leaves the other whole; deleting both leaves nothing."""
    sent = {"ar-1": body(1500, 1), "ar-2": body(1501, 1)}
    for name, data in sent.items():
        bodies.put(connection, name, {"client_request": data}, Redactor())
    connection.execute("DELETE FROM requests WHERE id = ?", (first,))
    bodies.sweep(connection)
    (other,) = set(sent) - {first}
    assert bodies.get(connection, other) == {"client_request": sent[other]}
    connection.execute("DELETE FROM requests")
    bodies.sweep(connection)
    assert counts(connection) == (0, 0)


def test_a_second_end_replaces_the_first(connection: sqlite3.Connection) -> None:
    """The bodies of a request are those that it was given last."""
    bodies.put(connection, "ar-1", {"client_request": body(9)}, Redactor())
    bodies.put(connection, "ar-1", {"client_request": b"other"}, Redactor())
    assert bodies.get(connection, "ar-1") == {"client_request": b"other"}
    assert counts(connection) == (1, 1)


def _session(turns: int) -> Iterator[tuple[bytes, bytes]]:
    """Requests as Claude Code sends them: 150 KB of tools, instructions and history, which each turn goes on with, a cache mark
    that moves, and streamed answers."""
    luck = random.Random(7)

    def prose(size: int) -> str:
        return " ".join(luck.choices(WORDS, k=size // 5))

    tools = [{"name": f"Tool{n}", "description": prose(2000), "input_schema": {"type": "object"}} for n in range(20)]
    system = [{"type": "text", "text": prose(15_000), "cache_control": {"type": "ephemeral"}}]
    messages: list[dict[str, Any]] = [
        {"role": "user", "content": [{"type": "text", "text": prose(90_000)}]},
    ]
    for turn in range(turns):
        marked = {**messages[-1], "content": [{**messages[-1]["content"][-1], "cache_control": {"type": "ephemeral"}}]}
        sent = {"model": "m", "messages": [*messages[:-1], marked], "system": system, "tools": tools, "stream": True}
        events = "".join(
            f'data: {{"type":"content_block_delta","delta":{{"text":"{w}"}}}}\n\n' for w in luck.choices(WORDS, k=100)
        )
        yield json.dumps(sent).encode(), events.encode()
        messages += [
            {
                "role": "assistant",
                "content": [{"type": "tool_use", "id": f"t{turn}", "name": "Tool1", "input": {"a": prose(200)}}],
            },
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": f"t{turn}", "content": prose(600)}]},
        ]


def test_a_long_session_stays_small(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """100 turns of 150 KB and more take less than a tenth of what was sent, and the last request comes out as it went in."""
    store, sent, last = make_store(), 0, b""
    begun = time.thread_time()
    for number, (request, response) in enumerate(_session(100)):
        sent += len(request) + len(response)
        last = request
        record = make_record(f"ar-{number}", started=1e9 + number, outcome="ok", attempts=[])
        store.end(record, {"client_request": request, "upstream_response": response})
        assert store.flush(60)
    assert store.close(60)
    size = sum(os.path.getsize(file) for file in database.parent.iterdir())
    print(f"{sent / 1e6:.1f} MB sent, {size / 1e6:.2f} MB stored, {time.thread_time() - begun:.2f} s to make them")
    assert sent > 15_000_000
    assert size < sent / 10
    with reader(database) as traces:
        assert traces.bodies("ar-99")["client_request"] == last
