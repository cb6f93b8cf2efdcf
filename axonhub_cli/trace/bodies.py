"""Bodies in `traces.db`: cut into chains of slices, each slice stored once, each chain sharing its beginning with others.

A *link* is one slice in one place: its parent is the link before it, so that a link stands for the whole chain up to it. The
same beginning of a conversation is then the same links, and a request that adds two messages to it adds two links. `bodies`
says which chains make up a body, in order. Links count who refers to them; `sweep` removes those that nobody needs.
"""

import hashlib
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from typing import cast

from . import schema
from .pieces import split
from .records import BodyKind
from .redact import Redactor

LEVEL = 6  # of zlib: a slice is compressed once, however often it is sent


def put(connection: sqlite3.Connection, request_id: str, bodies: Mapping[BodyKind, bytes], redactor: Redactor) -> None:
    """Store a request's bodies without secrets, in place of those that it had."""
    for kind, data in bodies.items():
        if connection.execute(schema.DROP_BODY, (request_id, kind)).rowcount:
            sweep(connection)
        for position, chain in enumerate(split(redactor.clean(bytes(data)))):
            size = sum(map(len, chain))
            connection.execute(schema.PUT_BODY, (request_id, kind, position, _tip(connection, chain), size))


def _tip(connection: sqlite3.Connection, chain: Iterable[bytes]) -> int:
    """The link at the end of a chain; made, where it is new, with the slices that are new."""
    parent = 0
    for piece in chain:
        digest = hashlib.sha256(piece).digest()
        known = connection.execute(schema.FIND_LINK, (parent, digest)).fetchone()
        if known is None:
            connection.execute(schema.PUT_BLOB, (digest, len(piece), zlib.compress(piece, LEVEL)))
            known = connection.execute(schema.PUT_LINK, (parent, digest)).fetchone()
        parent = int(known[0])
    return parent


def get(connection: sqlite3.Connection, request_id: str) -> dict[BodyKind, bytes]:
    """A request's bodies as they were stored. Raises `sqlite3.Error` or `zlib.error`."""
    parts: dict[BodyKind, list[bytes]] = {}
    for kind, link in connection.execute(schema.BODY_LINKS, (request_id,)).fetchall():
        slices = [zlib.decompress(row[0]) for row in connection.execute(schema.CHAIN, (link,))]
        parts.setdefault(cast(BodyKind, kind), []).extend(reversed(slices))
    return {kind: b"".join(slices) for kind, slices in parts.items()}


def sweep(connection: sqlite3.Connection) -> None:
    """Remove links that nothing refers to, and their slices: from the ends of chains to their beginnings."""
    while connection.execute(schema.DROP_UNUSED).rowcount > 0:
        pass
