"""Packs: what is new is stored, what is known is not, chains end, and nothing has a secret in it."""

import json
import os
import sqlite3
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.trace import bodies, packs, retention, schema
from axonhub_cli.trace.packs import DEEPEST, FULL, REACH, Packer
from axonhub_cli.trace.records import RequestRecord
from axonhub_cli.trace.redact import Redactor
from axonhub_cli.trace.rows import columns
from axonhub_cli.types.edited import Body, Edited
from axonhub_cli.types.latest import Latest

MakeRecord = Callable[..., RequestRecord]
SECRET = "secret-value-0123456789"


def opened() -> sqlite3.Connection:
    """An empty store in memory."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys=ON")
    for statement in (statement for step in schema.MIGRATIONS for statement in step):
        connection.execute(statement)
    return connection


@pytest.fixture
def connection() -> Iterator[sqlite3.Connection]:
    """An empty store."""
    store = opened()
    yield store
    store.close()


def put(connection: sqlite3.Connection, packer: Packer, number: int, *, redactor: Redactor | None = None, **kept: Body) -> None:
    """One transaction with one request of a session."""
    masks = redactor or Redactor()
    record = RequestRecord(f"ar-{number}", "trace-1", 1e9 + number, "anthropic", "/v1/messages")
    packer.begin(connection)
    places = packer.put(record, kept, masks)  # type: ignore[arg-type]  # kinds as keywords
    connection.execute(schema.PUT_REQUESTS[1], columns(record, places, masks))
    packer.finish()


def body(turns: int, size: int = 300) -> bytes:
    """A request with that many messages, and something after them."""
    messages = [{"role": "user", "content": f"{turn} {'x' * size}"} for turn in range(turns)]
    return json.dumps({"model": "m", "messages": messages, "tools": ["t" * 1000]}).encode()


def handed_over(latest: Latest[None], data: bytes) -> Body:
    """A body as the relay hands it over."""
    found = latest.edit("me", data)
    if found is None:
        latest.put("me", data, None)
    return data if found is None else found[0]


def recipes(connection: sqlite3.Connection) -> list[list[int]]:
    """All recipes, in order."""
    return [recipe for (text,) in connection.execute("SELECT contents FROM packs ORDER BY id") for recipe in json.loads(text)]


def test_a_next_turn_adds_what_is_new(connection: sqlite3.Connection) -> None:
    """Of a request that goes on only its new message is added, of one that is sent again nothing."""
    packer = Packer()
    for number, turns in enumerate((50, 51, 51)):
        put(connection, packer, number, client_request=body(turns))
    _, (start, length, prefix, suffix, pack, number) = recipes(connection)
    assert (start, pack, number) == (0, 1, 0)
    assert length < 400
    assert prefix + length + suffix == len(body(51))
    assert [bodies.get(connection, f"ar-{number}") for number in range(3)] == [
        {"client_request": body(turns)} for turns in (50, 51, 51)
    ]


def test_what_goes_upstream_goes_on_with_what_came(connection: sqlite3.Connection) -> None:
    """A body in which only the model was exchanged is the client's with another model."""
    sent = body(50).replace(b'"m"', b'"other"')
    put(connection, Packer(), 1, client_request=body(50), upstream_request=sent)
    assert [recipe[1] for recipe in recipes(connection)] == [len(body(50)), len(b"other")]
    assert bodies.get(connection, "ar-1") == {"client_request": body(50), "upstream_request": sent}


def test_an_edit_is_what_it_says(connection: sqlite3.Connection) -> None:
    """Of a body that is told as a change of the client's only the change is stored, however often the client sends it again."""
    packer = Packer()
    at = body(50).index(b'"m"')
    for number in range(3):
        asked = body(50)
        put(connection, packer, number, client_request=asked, upstream_request=Edited(asked, at, at + 3, b'"other"'))
    assert [recipe[1] for recipe in recipes(connection)] == [len(body(50)), *[len(b'"other"')] * 3]
    assert bodies.get(connection, "ar-2")["upstream_request"] == body(50).replace(b'"m"', b'"other"')


@given(st.data())
def test_an_edit_is_stored_like_the_body_that_it_makes(data: st.DataObject) -> None:
    """Byte for byte, also where the client's has a secret, where one comes together at an edge, and where chains are long."""
    redactor = Redactor([SECRET], data.draw(st.sampled_from([[], ["x{20}y"]])))
    pieces = [SECRET.encode(), SECRET[:9].encode(), SECRET[9:].encode(), b"sk-" + b"a1" * 12, b"plain words ", b'"', b"y" * 5000]
    texts = st.lists(st.sampled_from(pieces), max_size=3).map(b"".join)
    stores = [(opened(), Packer()), (opened(), Packer())]
    base = body(8)
    for number in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(base)))
        base = base[:at] + data.draw(texts) + base[at:]
        start = data.draw(st.integers(0, len(base)))
        edit = Edited(base, start, data.draw(st.integers(start, len(base))), data.draw(texts))
        assert len(edit) == len(bytes(edit))
        for (store, packer), sent in zip(stores, (edit, bytes(edit)), strict=True):
            put(store, packer, number, redactor=redactor, client_request=base, upstream_request=sent)
        told, plain = (bodies.get(store, f"ar-{number}") for store, _ in stores)
        assert told == plain
        assert told["upstream_request"] == redactor.clean(bytes(edit))
    for store, _ in stores:
        store.close()


@given(st.data())
def test_edits_of_earlier_bodies_are_stored_like_bodies(data: st.DataObject) -> None:
    """However a session's requests grow, shrink and change, with secrets in them or not: what the relay hands over as an edit of
    an earlier one is stored byte for byte as if it had come whole, and so is what goes upstream."""
    redactor = Redactor([SECRET], data.draw(st.sampled_from([[], ["x{20}y"]])))
    pieces = [
        SECRET.encode(),
        SECRET[:9].encode(),
        SECRET[9:].encode(),
        b"sk-" + b"a1" * 12,
        b'{"role":"user"},',
        b"y" * 3000,
        b"z",
    ]
    texts = st.lists(st.sampled_from(pieces), max_size=3).map(b"".join)
    latest, connection, packer, base = Latest[None](), opened(), Packer(), body(60)
    for number in range(data.draw(st.integers(2, 6))):
        if data.draw(st.booleans()):
            at, gone = data.draw(st.integers(0, len(base))), data.draw(st.sampled_from([0, 0, 7, 5000]))
            base = base[:at] + data.draw(texts) + base[at + gone :]
        record = RequestRecord(f"ar-{number}", "trace-1", 1e9 + number, "anthropic", "/v1/messages")
        asked = handed_over(latest, bytes(bytearray(base)))
        start = data.draw(st.integers(0, 30))
        sent = Edited(asked, start, start + data.draw(st.integers(0, 30)), data.draw(texts))
        known = {"client_request": asked, "upstream_request": sent if data.draw(st.booleans()) else bytes(sent)}
        put(connection, packer, number, redactor=redactor, **known)
        assert bodies.get(connection, record.id) == {kind: redactor.clean(bytes(kept)) for kind, kept in known.items()}
    connection.close()


def test_what_edits_add_is_what_is_new(connection: sqlite3.Connection) -> None:
    """Of edits of one body each adds what is new since the last, as if all had come whole."""
    latest, packer = Latest[None](), Packer()
    for number in range(30):
        put(connection, packer, number, client_request=handed_over(latest, body(60 + number)))
    assert max(length for _, length, *_ in recipes(connection)[1:]) < 400
    assert bodies.get(connection, "ar-29") == {"client_request": body(89)}


def test_chains_end(connection: sqlite3.Connection) -> None:
    """After so many recipes a body is written whole; each can be read."""
    packer = Packer()
    for number in range(DEEPEST + 3):
        put(connection, packer, number, client_request=body(10 + number))
    whole = [index for index, recipe in enumerate(recipes(connection)) if recipe[4] == 0]
    assert whole == [0, DEEPEST + 1]
    assert all(bodies.get(connection, f"ar-{n}") == {"client_request": body(10 + n)} for n in range(DEEPEST + 3))


def test_nothing_reaches_back_for_ever(connection: sqlite3.Connection) -> None:
    """A body does not go on with one that is too many packs away, even where it is the same."""
    packer = Packer()
    put(connection, packer, 0, client_request=body(9))
    connection.execute("UPDATE sqlite_sequence SET seq = ?", (REACH + 1,))
    put(connection, packer, 1, client_request=body(9))
    assert [recipe[4] for recipe in recipes(connection)] == [0, 0]


@pytest.mark.parametrize("first", [0, 1])
def test_what_is_still_needed_stays(connection: sqlite3.Connection, first: int) -> None:
    """Packs go with the oldest requests, but not what a younger one goes on with; without requests nothing is left."""
    packer = Packer()
    put(connection, packer, 0, client_request=b"older")
    for number in (1, 2, 3):
        put(connection, packer, number, client_request=body(20 + number))
    connection.execute("DELETE FROM requests WHERE id IN ('ar-0', ?)", ("ar-1" if first else "ar-0",))
    retention.sweep(connection)
    assert [row[0] for row in connection.execute("SELECT id FROM packs")] == [2, 3, 4]
    assert bodies.get(connection, "ar-3") == {"client_request": body(23)}
    connection.execute("DELETE FROM requests")
    retention.sweep(connection)
    assert recipes(connection) == []
    put(connection, packer, 4, client_request=body(23))
    assert bodies.get(connection, "ar-4") == {"client_request": body(23)}
    assert recipes(connection)[0][4] == 0


def test_what_was_not_written_is_forgotten(connection: sqlite3.Connection) -> None:
    """A transaction that failed leaves nothing to go on with."""
    packer = Packer()
    packer.begin(connection)
    packer.put(RequestRecord("ar-1", "trace-1", 1.0, "anthropic", "/"), {"client_request": body(9)}, Redactor())
    packer.forget()
    put(connection, packer, 2, client_request=body(9))
    assert bodies.get(connection, "ar-2") == {"client_request": body(9)}


def test_large_batches_are_several_packs(connection: sqlite3.Connection) -> None:
    """A pack that is full is followed by another one, in the same transaction."""
    packer, kept = Packer(), {}
    packer.begin(connection)
    for number in range(4):
        record = RequestRecord(f"ar-{number}", f"trace-{number}", 1e9, "anthropic", "/")
        kept[record.id] = {"client_request": os.urandom(FULL // 2)}
        connection.execute(schema.PUT_REQUESTS[1], columns(record, packer.put(record, kept[record.id], Redactor()), Redactor()))  # type: ignore[arg-type]
    packer.finish()
    assert [row[0] for row in connection.execute("SELECT requests FROM packs")] == ['["ar-0","ar-1"]', '["ar-2","ar-3"]']
    assert all(bodies.get(connection, name) == sent for name, sent in kept.items())


def test_memory_is_bounded(connection: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was put out of memory is read again when its session goes on."""
    monkeypatch.setattr(packs, "MEMORY", 3 * len(body(30)))
    packer = Packer()
    for number in range(12):
        record = RequestRecord(f"ar-{number}", f"trace-{number % 6}", 1e9 + number, "anthropic", "/")
        packer.begin(connection)
        places = packer.put(record, {"client_request": body(30 + number)}, Redactor())
        connection.execute(schema.PUT_REQUESTS[1], columns(record, places, Redactor()))
        packer.finish()
        assert packer._at_hand == sum(known.size for known in packer._known.values() if known.data is not None)
        assert packer._at_hand <= packs.MEMORY + len(body(50))
    assert [recipe[4] for recipe in recipes(connection)] == [0] * 6 + [1, 2, 3, 4, 5, 6]
    assert bodies.get(connection, "ar-9") == {"client_request": body(39)}


LETTERS = st.text('ab-_ "\\n0', max_size=30).map(str.encode)


@given(
    st.lists(
        st.tuples(LETTERS, st.sampled_from([b"", SECRET.encode(), b"sk-" + b"a1" * 20, SECRET[:9].encode()]), LETTERS), max_size=8
    ),
    st.data(),
)
def test_no_secret_is_stored(parts: list[tuple[bytes, bytes, bytes]], data: st.DataObject) -> None:
    """However a session's bodies grow and change, and wherever a secret comes together, what is stored is what the whole search
    would leave."""
    connection, packer, redactor = opened(), Packer(), Redactor([SECRET])
    text = b"start " + b"word " * 40
    for number, (before, middle, after) in enumerate(parts):
        at = data.draw(st.integers(0, len(text)))
        text = text[:at] + before + middle + after + text[at + data.draw(st.integers(0, 3)) :]
        put(connection, packer, number, redactor=redactor, client_request=text)
        assert bodies.get(connection, f"ar-{number}") == {"client_request": redactor.clean(text)}
    connection.close()


def test_new_secrets_are_looked_for_everywhere(connection: sqlite3.Connection) -> None:
    """What was clean of the old secrets is searched for the new ones; a pattern of the user is looked for every time."""
    packer, text = Packer(), b"w " * 200 + SECRET.encode() + b" w" * 200
    put(connection, packer, 1, client_request=text)
    for number, redactor in ((2, Redactor([SECRET])), (3, Redactor([], ["value-[0-9]+"]))):
        put(connection, packer, number, redactor=redactor, client_request=text + b".")
        assert bodies.get(connection, f"ar-{number}") == {"client_request": redactor.clean(text + b".")}


def test_strangers_are_compared_by_client(connection: sqlite3.Connection) -> None:
    """Requests without a session go on with the last one of their client on the same path."""
    packer: Any = Packer()
    for number in (1, 2):
        record = RequestRecord(f"ar-{number}", f"at-{number}", 1e9 + number, "anthropic", "/")
        packer.begin(connection)
        packer.put(record, {"client_request": body(9 + number)}, Redactor())
        packer.finish()
    assert [recipe[4] for recipe in recipes(connection)] == [0, 1]
