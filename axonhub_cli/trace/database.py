"""Opening `traces.db`: nobody else can read it, a crash loses nothing of it, and nothing that is wrong with it stops us.

The file is made 0600 before SQLite sees it (its `-wal` and `-shm` files then inherit that), in a folder that is made 0700. A
file that is damaged is set aside and a new one begun; one that a later version has made is left alone.
"""

import os
import sqlite3
import time
from pathlib import Path

from ..errors import StoreError
from . import schema

BUSY_MS = 5000  # how long a statement waits for another process's lock
CHECK_SECONDS = 2.0  # how long the check of an existing file may take; a larger file is checked in part
sqlite3.register_adapter(bool, int)  # what is no str, int or float is asked in vain whether it adapts itself, which takes longer
_DAMAGE = ("malformed", "not a database", "encrypted", "corrupt")


def open_for_writing(path: Path) -> tuple[sqlite3.Connection, str | None]:
    """A connection that may write, on the current schema, and a sentence when a damaged file was set aside.

    Raises `StoreError` for a file of a later version, `sqlite3.Error` or `OSError` for what may pass (locked, disk full, no
    access).
    """
    _prepare(path)
    try:
        return _open(path), None
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
    aside = set_aside(path)
    _prepare(path)
    return _open(path), set_aside_words(path, aside)


def set_aside_words(path: Path, aside: Path) -> str:
    """The sentence for a person."""
    return f"The trace store {path} was damaged; it is kept as {aside.name}, and a new one was begun."


def is_damage(error: BaseException) -> bool:
    """Whether an error means that the file itself is broken."""
    return isinstance(error, sqlite3.DatabaseError) and any(word in str(error) for word in _DAMAGE)


def set_aside(path: Path) -> Path:
    """Rename a damaged file and its companions to the first free `NAME.corrupt-N`; gives the new name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.corrupt-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        try:
            os.replace(f"{path}{suffix}", f"{aside}{suffix}")
        except FileNotFoundError:
            pass
    return aside


def _prepare(path: Path) -> None:
    """Make the folder and the file, readable by their owner only; repair the mode of files that others can read."""
    if not path.parent.exists():
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600))
    except FileExistsError:
        for suffix in ("", "-wal", "-shm"):
            _make_private(f"{path}{suffix}")


def _make_private(name: str) -> None:
    try:
        if os.stat(name).st_mode & 0o077:
            os.chmod(name, 0o600)
    except OSError:
        pass  # not there, or not ours: opening it will tell


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_MS / 1000, isolation_level=None)
    try:
        refuse_newer(version_of(connection), path)
        _configure(connection)
        _check(connection)
        _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _configure(connection: sqlite3.Connection) -> None:
    """auto_vacuum counts for a new file only, and must come before the first table."""
    for pragma in (
        "auto_vacuum=INCREMENTAL",
        "journal_mode=WAL",
        "journal_size_limit=67108864",
        "synchronous=NORMAL",
        "secure_delete=ON",
        "foreign_keys=ON",
    ):
        connection.execute(f"PRAGMA {pragma}").fetchall()


def _check(connection: sqlite3.Connection) -> None:
    """SQLite's own check, stopped after `CHECK_SECONDS`: damage that it does not reach shows itself when it is met."""
    deadline = time.monotonic() + CHECK_SECONDS
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 10_000)
    try:
        result = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        return
    finally:
        connection.set_progress_handler(None, 0)
    if result[0] != "ok":
        raise sqlite3.DatabaseError(f"corrupt: {result[0]}")


def version_of(connection: sqlite3.Connection) -> int:
    """The version of the schema in the file; 0 for an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(version: int, path: Path) -> None:
    """Raise `StoreError` when a later axonhub has made the file."""
    if version > schema.VERSION:
        raise StoreError(
            f"The trace store {path} was made by a later axonhub (its format is {version}, this one knows {schema.VERSION}).",
            hint="Update axonhub, or move that file away to begin a new one.",
        )


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema up to date in one transaction, so that a crash leaves either version whole."""
    if version_of(connection) == schema.VERSION:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        for step in schema.MIGRATIONS[version_of(connection) :]:
            for statement in step:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={schema.VERSION:d}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
