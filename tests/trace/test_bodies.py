"""Bodies in the store: what came out went in, and a long session stays small."""

import json
import os
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.trace import bodies
from axonhub_cli.trace.reader import reader
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.store import Store

MakeRecord = Callable[..., RequestRecord]
MakeStore = Callable[..., Store]
WORDS = random.Random(1).sample(
    [f"{a}{b}{c}" for a in "bdfgklmnprstvz" for b in "aeiou" for c in ("n", "r", "st", "la", "ti")], 300
)


def test_what_went_in_comes_out(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Each kind is given back as it was, byte for byte, with its size; who has none has none."""
    given: dict[Any, bytes] = {"client_request": b"\xff" * 5, "upstream_response": b"data: x\n\n" * 50, "client_response": b""}
    store = make_store()
    store.end(make_record("ar-1"), given)
    store.end(make_record("ar-2"), {})
    assert store.flush(10)
    with reader(database) as traces:
        assert traces.bodies("ar-1") == given
        assert (traces.request("ar-1") or {})["bodies"] == {kind: len(data) for kind, data in given.items()}
        assert (traces.bodies("ar-2"), traces.bodies("ar-9")) == ({}, {})


def test_packs_are_read_once_and_not_all_held(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """Bodies that are read together share their packs; what was asked for longest ago is given up when it is too much."""
    store, given = make_store(), [f"{number}".encode() * 1000 for number in range(4)]
    for number, body in enumerate(given):
        store.end(make_record(f"ar-{number}", trace_id=f"trace-{number}"), {"client_request": body})
        assert store.flush(10)
    assert store.close(10)
    connection = sqlite3.connect(database)
    asked: list[str] = []
    connection.set_trace_callback(lambda statement: asked.append(statement) if "FROM packs" in statement else None)
    for limit, read in ((1_000_000, 4), (1000, 8)):
        asked.clear()
        packs = bodies.Packs(connection, limit)
        for number in (0, 1, 2, 3, 0, 1, 2, 3):
            assert bodies.get(connection, f"ar-{number}", packs) == {"client_request": given[number]}
        assert len(asked) == read
    connection.close()


def test_a_pack_that_is_missing(database: Path, make_store: MakeStore, make_record: MakeRecord) -> None:
    """A body whose pack is not there is an error of the file, not somebody else's body."""
    store = make_store()
    store.end(make_record("ar-1"), {"client_request": b"x"})
    assert store.close(10)
    connection = sqlite3.connect(database)
    connection.execute("DELETE FROM packs")
    with pytest.raises(sqlite3.DatabaseError, match="pack 1 is missing"):
        bodies.get(connection, "ar-1")
    connection.close()


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
