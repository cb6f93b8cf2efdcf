"""What leaves `traces.db`, and when: requests older than the user wants them, and the oldest ones when the file grows too large.

Work is done in steps of a bounded size, so that the writer can go on writing between them. Deleted content is overwritten
(`secure_delete`), free pages go back to the file system, and the write-ahead log, which still holds old content, is emptied.
"""

import sqlite3

from ..config.schema import Trace
from . import links, packs, schema

STEP = 100  # requests deleted at a time
VACUUM_PAGES = 2048  # free pages returned at a time
FREE_PAGES = 256  # so many may stay for the next rows
_DAY = 86_400


def prune_step(connection: sqlite3.Connection, config: Trace, now: float) -> tuple[int, bool]:
    """Delete at most `STEP` requests, or give back free pages; says how many requests went, and whether there is more to do."""
    deleted = connection.execute(schema.EXPIRE, (_oldest(config, now), STEP)).rowcount
    if deleted == 0 and used_bytes(connection) > config.max_size_mb << 20:
        deleted = connection.execute(schema.SHRINK, (STEP,)).rowcount
    if deleted > 0:
        sweep(connection)
        return deleted, True
    if _pragma(connection, "freelist_count") <= FREE_PAGES:
        return 0, False
    connection.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES:d})").fetchall()
    return 0, _pragma(connection, "freelist_count") > FREE_PAGES


def _oldest(config: Trace, now: float) -> float:
    """The time before which requests are too old; 0 days is for ever."""
    return now - config.retention_days * _DAY if config.retention_days else 0.0


def expiring(connection: sqlite3.Connection, config: Trace, now: float) -> int:
    """How many requests `prune` would delete. For the size of the file that is an estimate: those that share slices free less."""
    total, old = connection.execute(
        "SELECT count(*), coalesce(sum(started < ?), 0) FROM requests", (_oldest(config, now),)
    ).fetchone()
    used, limit = used_bytes(connection), config.max_size_mb << 20
    over = round(total * (1 - limit / used)) if used > limit else 0
    return int(max(old, over))


def prune(connection: sqlite3.Connection, config: Trace, now: float) -> int:
    """Delete all that is over a limit; gives how many requests went."""
    total, more = 0, True
    while more:
        deleted, more = prune_step(connection, config, now)
        total += deleted
    if total:
        empty_log(connection)
    return total


def clear(connection: sqlite3.Connection) -> int:
    """Delete everything, also from the log and the free pages; gives how many requests went."""
    connection.execute("BEGIN IMMEDIATE")
    deleted = connection.execute("DELETE FROM requests").rowcount
    sweep(connection)
    connection.execute(schema.FORGET_WORDS)
    connection.execute("COMMIT")
    connection.execute("PRAGMA incremental_vacuum").fetchall()
    empty_log(connection)
    return deleted


def sweep(connection: sqlite3.Connection) -> None:
    """Remove bodies that no request needs. Requests go by their age, so it is the first packs that go: up to the first one that
    has a request that is still there, or that a body after it goes on with."""
    first = connection.execute(schema.FIRST_PACK).fetchone()
    if first is None:
        connection.execute(schema.DROP_ALL_PACKS)
    else:
        connection.execute(schema.DROP_PACKS, connection.execute(schema.OLDEST_PACK, (first[0], packs.REACH)).fetchone())
    links.sweep(connection)


def empty_log(connection: sqlite3.Connection) -> None:
    """Move the write-ahead log into the file and truncate it: it holds old content until then."""
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def used_bytes(connection: sqlite3.Connection) -> int:
    """What the content takes, without free pages."""
    return (_pragma(connection, "page_count") - _pragma(connection, "freelist_count")) * _pragma(connection, "page_size")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])
