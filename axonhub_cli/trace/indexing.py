"""The full-text index, made from what is stored: when nobody has sent anything for a while, or when somebody searches.

A request costs the index nothing until then. `indexing` says how far it is: packs in their order, and requests in a pack. Each
step is a short transaction, so that a server can write between them.
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Callable

from . import bodies, rows, schema, texts
from .redact import Redactor

STEP_SECONDS = 0.05
PAUSE_SECONDS = 0.02  # between steps, for a server that wants to write
_PLAIN = Redactor()  # bodies have no secrets that are known; what looks like a key may come together only now


def step(connection: sqlite3.Connection, seconds: float = STEP_SECONDS, stop: Callable[[], bool] = bool) -> bool:
    """Take in some requests, for about that time or until `stop` says so; says whether there may be more."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        until = time.monotonic() + seconds
        more = _step(connection, lambda: time.monotonic() >= until or stop())
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    return more


def behind(connection: sqlite3.Connection) -> bool:
    """Whether there are requests that the index does not know."""
    return _next(connection) is not None


def _next(connection: sqlite3.Connection) -> tuple[int, int, list[str]] | None:
    """The pack to go on with, how much of it is done, and its requests."""
    pack, done = connection.execute(schema.INDEXED).fetchone()
    for number, ids in connection.execute(schema.NEXT_PACKS, (pack,)).fetchall():
        requests = json.loads(ids)
        already = done if number == pack else 0
        if already < len(requests):
            return number, already, requests
    return None


def _step(connection: sqlite3.Connection, enough: Callable[[], bool]) -> bool:
    packs = bodies.Packs(connection)
    while (work := _next(connection)) is not None:
        pack, done, requests = work
        full = enough()
        while done < len(requests) and not full:
            _take_in(connection, requests[done], packs)
            done += 1
            full = enough()
        connection.execute(schema.SET_INDEXED, (pack, done))
        if full:
            return True
    return False


def _take_in(connection: sqlite3.Connection, request_id: str, packs: bodies.Packs) -> None:
    row = connection.execute(schema.TO_INDEX, (request_id,)).fetchone()
    if row is None:
        return
    protocol, outcome, attempts = row
    try:
        kept = bodies.get(connection, request_id, packs)
    except (bodies.Damaged, zlib.error):
        return
    values = {"protocol": protocol, "outcome": outcome, "attempts": json.loads(attempts)}
    rows.put_texts(connection, request_id, texts.of(values, kept), _PLAIN)
