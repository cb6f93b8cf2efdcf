"""Bodies of an earlier version: read as before, gone with their requests."""

import hashlib
import sqlite3
import zlib

from axonhub_cli.trace import links, schema


def test_chains_are_read_and_swept() -> None:
    """Slices are joined along their chains; what no request refers to goes, from the ends of chains to their beginnings."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    for statement in (statement for step in schema.MIGRATIONS for statement in step):
        connection.execute(statement)
    for number, piece in enumerate((b"one ", b"two ", b"three"), 1):
        digest = hashlib.sha256(piece).digest()
        connection.execute("INSERT INTO blobs VALUES (?, ?, ?)", (digest, len(piece), zlib.compress(piece)))
        connection.execute("INSERT INTO links (id, parent, sha256) VALUES (?, ?, ?)", (number, number - 1, digest))
    for name, link, size in (("ar-1", 2, 8), ("ar-2", 3, 13)):
        connection.execute("INSERT INTO bodies VALUES (?, 'client_request', 0, ?, ?)", (name, link, size))
    assert links.get(connection, "ar-1") == {"client_request": b"one two "}
    assert links.get(connection, "ar-2") == {"client_request": b"one two three"}
    assert (links.sizes(connection, "ar-2"), links.get(connection, "ar-3")) == ({"client_request": 13}, {})
    for name, left in (("ar-2", 2), ("ar-1", 0)):
        connection.execute("DELETE FROM bodies WHERE request_id = ?", (name,))
        links.sweep(connection)
        assert connection.execute("SELECT count(*) FROM blobs").fetchone() == (left,)
    connection.close()
