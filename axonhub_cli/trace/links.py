"""Bodies that versions before the third of the schema stored: cut into chains of slices, each slice stored once.

A *link* is one slice in one place: its parent is the link before it, so that a link stands for the whole chain up to it. The
table `bodies` says which chains make up a body, in order. Links count who refers to them; `sweep` removes those that nobody
needs. Nothing is added any more; what is there is read, and goes with its requests.
"""

import sqlite3
import zlib
from typing import cast

from . import schema
from .records import BodyKind


def get(connection: sqlite3.Connection, request_id: str) -> dict[BodyKind, bytes]:
    """A request's bodies as they were stored. Raises `sqlite3.Error` or `zlib.error`."""
    parts: dict[BodyKind, list[bytes]] = {}
    for kind, link in connection.execute(schema.BODY_LINKS, (request_id,)).fetchall():
        slices = [zlib.decompress(row[0]) for row in connection.execute(schema.CHAIN, (link,))]
        parts.setdefault(cast(BodyKind, kind), []).extend(reversed(slices))
    return {kind: b"".join(slices) for kind, slices in parts.items()}


def sizes(connection: sqlite3.Connection, request_id: str) -> dict[str, int]:
    """How many bytes they have, by kind."""
    return dict(connection.execute(schema.BODY_SIZES, (request_id,)).fetchall())


def sweep(connection: sqlite3.Connection) -> None:
    """Remove links that nothing refers to, and their slices: from the ends of chains to their beginnings."""
    while connection.execute(schema.DROP_UNUSED).rowcount > 0:
        pass
