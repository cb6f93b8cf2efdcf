"""Bodies in `traces.db`, as they are read: the recipes of `packs` followed back to what was written whole.

Packs are compressed with zstd at its first level: measured on a turn of 160 KB, that takes 0.7 ms where zlib takes 1.8 and makes
it larger; streams of small events take a tenth of what they take with zlib.
"""

import json
import sqlite3
import sys
from collections.abc import Mapping
from typing import Any, cast

from . import links, schema
from .records import BodyKind

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

LEVEL = 1
HELD = 64_000_000  # bytes of packs at a time
Damaged = zstd.ZstdError

_Recipe = tuple[int, int, int, int, int, int]


class Compressor:
    """Makes packs' bytes what is kept of them. One for many: a new one's tables cost more than a small pack."""

    def __init__(self) -> None:
        self._zstd = zstd.ZstdCompressor(LEVEL)

    def compress(self, data: bytes) -> bytes:
        """The bytes as one frame."""
        self._zstd.set_pledged_input_size(len(data))
        return self._zstd.compress(data, zstd.ZstdCompressor.FLUSH_FRAME)


class Packs:
    """The packs that one reading needs, each read once: requests that lie together go back to the same ones. The ones that were
    asked for longest ago are given up when they hold more than `limit` bytes."""

    def __init__(self, connection: sqlite3.Connection, limit: int = HELD) -> None:
        self._connection = connection
        self._limit = limit
        self._read: dict[int, tuple[list[_Recipe], bytes]] = {}
        self._held = 0

    def content(self, pack: int, number: int) -> bytes:
        """A content, from the one that it goes back to on."""
        recipes = []
        while pack:
            pieces, data = self._pack(pack)
            start, length, prefix, suffix, pack, number = pieces[number]
            recipes.append((data[start : start + length], prefix, suffix))
        content = b""
        for new, prefix, suffix in reversed(recipes):
            content = content[:prefix] + new + (content[-suffix:] if suffix else b"")
        return content

    def _pack(self, number: int) -> tuple[list[_Recipe], bytes]:
        found = self._read.pop(number, None)
        if found is None:
            row = self._connection.execute(schema.PACK, (number,)).fetchone()
            if row is None:
                raise sqlite3.DatabaseError(f"pack {number} is missing")
            found = (json.loads(row[0]), zstd.decompress(row[1]))
            self._held += len(found[1])
        self._read[number] = found
        while self._held > self._limit and len(self._read) > 1:
            self._held -= len(self._read.pop(next(iter(self._read)))[1])
        return found


def read(connection: sqlite3.Connection, pack: int, number: int) -> bytes:
    """One content of a pack. Raises `sqlite3.Error` or `Damaged`."""
    return Packs(connection).content(pack, number)


def get(connection: sqlite3.Connection, request_id: str, packs: Packs | None = None) -> dict[BodyKind, bytes]:
    """A request's bodies as they were stored; with `packs` for several requests, what they share is read once. Raises
    `sqlite3.Error`, `zlib.error` or `Damaged`."""
    row = connection.execute(schema.BODIES, (request_id,)).fetchone()
    if row is None:
        return {}
    if row[0] is None:
        return links.get(connection, request_id)
    packs = packs or Packs(connection)
    return {cast(BodyKind, kind): packs.content(pack, number) for kind, (pack, number, _) in json.loads(row[0]).items()}


def sizes(connection: sqlite3.Connection, row: Mapping[str, Any]) -> dict[str, int]:
    """How many bytes the bodies of a row of `requests` have, by kind."""
    if row["bodies"] is None:
        return links.sizes(connection, row["id"])
    return {kind: size for kind, (_, _, size) in json.loads(row["bodies"]).items()}
