"""The thread that owns SQLite: it empties the backlog, prices what is over, prunes, and outlives whatever happens to the file.

locked, no access, I/O error     what was taken goes back into the backlog, and is tried again a moment later
disk full                        the same, without the bodies
damaged                          the file is set aside, a new one begun, the batch written there
deleted                          a new one is begun
of a later version               switched off, with a sentence
a row that cannot be stored      that row is lost, the others of its batch are not
a row that is there already      it is written over, as that of a request that had begun is
"""

import errno
import os
import sqlite3
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Protocol

from ..config.schema import Trace
from ..errors import StoreError
from . import database, indexing, retention, rows, schema
from .backlog import Backlog, Item
from .findings import Finder
from .packs import Packer, small
from .recorder import Level
from .records import RequestRecord
from .redact import Redactor

BATCH = 1000
TOGETHER = 16  # requests that are searched for secrets all at once
# While requests run, work is done in slices with rests between them: the proxy's loop waits for little of it at a time. A rest
# costs 30 us and cold caches, so slices are longer than what is let through between (`process.share_interpreter`).
SLICE_SECONDS = 0.002
REST_SECONDS = 0.004
# A transaction costs nearly the same for one request and for many, and what was not written is what a crash costs.
GATHER_SECONDS = 0.2
BUSY_SECONDS = 0.7  # when the last batch was a moment ago, and had many
MANY = 50  # requests: more than people and their agents make
HASTY_SECONDS = 0.03  # when somebody waits for prices and verdicts
PRUNE_SECONDS = 600.0
IDLE_SECONDS = 20.0  # without a request, before the full-text index is brought up to date

# Of a value that is no str, int or float, Python's module asks its type and itself whether they adapt it, which takes several
# times as long as to bind it; and nearly half of a row is None. SQLite stores no NaN: it makes NULL of it.
_NULL = float("nan")

# What one row can cause, and no other is to blame for.
_POISON = (
    sqlite3.IntegrityError,
    sqlite3.ProgrammingError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    ValueError,
    TypeError,
    KeyError,
    OverflowError,
)


class Make(Protocol):
    """Makes a row: `rows.columns` or `rows.bent`."""

    def __call__(
        self, record: RequestRecord, places: rows.Places, redactor: Redactor, searched: rows.Foreign | None
    ) -> rows.Row: ...


class Writer:
    """`run` is the thread. `error` is what is wrong now, in words; `ready` is called after each try, so also after the first."""

    def __init__(self, path: Path, config: Trace, backlog: Backlog, *, retry_seconds: float, ready: Callable[[], None]) -> None:
        self.path = path
        self.config = config
        self.error: str | None = None
        self.off = False
        self.messages: deque[tuple[Level, str]] = deque(maxlen=50)
        self.secrets: Callable[[], Iterable[str]] = tuple
        self.hasty: Callable[[], bool] = bool
        self.finder = Finder()
        self._packer = Packer()
        self._begun: set[str] = set()  # requests that are in the file and not over
        self._backlog = backlog
        self._retry_seconds = retry_seconds
        self._ready = ready
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._ran_before = False
        self._prune_at = 0.0
        self._written_at, self._written = float("-inf"), 0  # when the last batch was written, and how many it had
        self._pruned = False  # since the log was last emptied
        self._index_at = time.monotonic() + IDLE_SECONDS  # when it is brought up to date, if nothing comes

    def run(self) -> None:
        """Work until the backlog is closed and empty, or the store is off."""
        while not self.off and not self._backlog.finished:
            batch = self._take()
            written = False
            try:
                written = self._work(batch)
            except Exception as error:  # noqa: BLE001  # the thread must live: what it cannot write is lost, counted, and said
                self._trouble(f"The trace store failed ({type(error).__name__}: {error}); some requests are missing in it.")
                self._backlog.done(batch, lost=True)
            self._ready()
            if written:
                self._afterwards(batch)
        self._disconnect()

    def _take(self) -> list[Item]:
        if self.error is not None:
            self._backlog.pause(self._retry_seconds)
            return self._backlog.take(BATCH, 0)
        wait = min(self._prune_at, self._index_at) - time.monotonic()
        busy = self._written >= MANY and time.monotonic() - self._written_at < 2 * BUSY_SECONDS
        gather = HASTY_SECONDS if self.hasty() else BUSY_SECONDS if busy else GATHER_SECONDS
        return self._backlog.take(BATCH, max(0.0, wait), gather)

    def _work(self, batch: list[Item]) -> bool:
        """Look into a batch and write it; says whether the file is in order."""
        for item in self._politely(batch):
            if item.final and not item.found:
                self._find(item)
        try:
            connection = self._connect()
            if batch:
                self._write(connection, batch)
        except StoreError as error:
            self._switch_off(error, batch)
        except (sqlite3.Error, OSError) as error:
            self._failed(error, batch)
        else:
            return True
        return False

    def _afterwards(self, batch: list[Item]) -> None:
        """What has time until rows are written: good news, pruning, the index."""
        self._recovered()
        now = time.monotonic()
        if batch:
            self._written_at, self._written = now, len(batch)
            self._index_at = now + IDLE_SECONDS
            self.finder.prepare(batch[0].record)
        try:
            if now >= self._prune_at:
                self._upkeep(self._connect())
            elif not batch and now >= self._index_at:
                more = indexing.step(self._connect(), stop=lambda: self._backlog.waiting)
                self._index_at = now if more else float("inf")
        except Exception:  # noqa: BLE001  # trouble with the file shows again when there is a row to write
            self._prune_at = now + PRUNE_SECONDS
            self._index_at = float("inf")

    def _find(self, item: Item) -> None:
        """Once a request is over, find out what there is to find, and tell it."""
        item.found = True
        found = self.finder.find(item.record, item.bodies)
        for name, value in found.items():
            setattr(item.record, name, value)
        item.tell(found)

    def _write(self, connection: sqlite3.Connection, batch: list[Item]) -> None:
        try:
            self._transaction(connection, batch)
        except _POISON:
            self._one_by_one(connection, batch)
            return
        except sqlite3.Error as error:
            if not _is_full(error):
                raise
            self._backlog.strip(batch)
            self._transaction(connection, batch)
        self._backlog.done(batch)

    def _one_by_one(self, connection: sqlite3.Connection, batch: list[Item]) -> None:
        """Find the row that cannot be stored, and lose only that."""
        while batch:
            item = batch[0]
            try:
                self._transaction(connection, [item], rows.bent)
            except (sqlite3.OperationalError, OSError):
                raise
            except Exception as error:  # noqa: BLE001  # this row is the one
                self.messages.append(("warning", f"Request {item.record.id} could not be recorded ({type(error).__name__})."))
                self._backlog.done([item], lost=True)
            else:
                self._backlog.done([item])
            del batch[0]

    def _transaction(self, connection: sqlite3.Connection, batch: list[Item], make: Make | None = None) -> None:
        """Write a batch. `make`: each row on its own, whatever is in the file already."""
        redactor = Redactor(self.secrets(), self.config.redact)
        connection.execute("BEGIN IMMEDIATE")
        try:
            self._packer.begin(connection)
            there = set(self._begun) if make is None else {item.record.id for item in batch}
            new: list[rows.Row] = []
            known: list[rows.Row] = []
            for row in self._rows(batch, redactor, make or rows.columns):
                (known if row[0] in there else new).append(row)
                there.add(row[0])
            _put(connection, schema.NEW_REQUESTS, new)
            _put(connection, schema.PUT_REQUESTS, known)
            self._packer.finish()
            connection.execute("COMMIT")
        except BaseException:
            self._packer.forget()
            connection.rollback()
            raise
        self.finder.written()
        for item in batch:
            if item.final:
                self._begun.discard(item.record.id)
            else:
                self._begun.add(item.record.id)

    def _rows(self, batch: list[Item], redactor: Redactor, make: Make) -> list[rows.Row]:
        """The rows of a batch; a begin whose end is in it, too, is none."""
        over = {item.record.id for item in batch if item.final}
        items = [item for item in batch if item.final or item.record.id not in over]
        made: list[rows.Row] = []
        searched: list[rows.Foreign] | None = None
        for index, item in enumerate(self._politely(items)):
            if index % TOGETHER == 0:
                searched = _searched(items[index : index + TOGETHER], redactor)
            clean = searched is not None
            places = self._packer.put(item.record, item.bodies, redactor, clean=clean) if item.bodies else {}
            made.append(make(item.record, places, redactor, searched[index % TOGETHER] if searched else None))
        return made

    def _politely(self, batch: list[Item]) -> Iterator[Item]:
        """The items, with rests between them while nobody waits for the disk: the proxy's loop gets the interpreter then."""
        until = time.perf_counter() + SLICE_SECONDS
        for item in batch:
            yield item
            if time.perf_counter() > until:
                if not self._backlog.pressing:
                    self._backlog.pause(REST_SECONDS)
                until = time.perf_counter() + SLICE_SECONDS

    def _connect(self) -> sqlite3.Connection:
        """The open connection, if the file is still the one that was opened: rows for a deleted one would vanish."""
        if self._connection is not None:
            if self._inode == _inode(self.path):
                return self._connection
            self._disconnect()
            self.messages.append(("warning", f"The trace store {self.path} was deleted; a new one was begun."))
        connection, message = database.open_for_writing(self.path)
        if message:
            self.messages.append(("warning", message))
        try:
            if not self._ran_before:
                connection.execute(schema.INTERRUPT)
        except sqlite3.Error:
            connection.close()
            raise
        self._ran_before = True
        self._connection, self._inode = connection, _inode(self.path)
        self.finder.connection = connection
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            try:
                self._connection.close()
            except sqlite3.Error:
                pass  # closing also empties the log, which may fail; the log is read the next time
            self._connection = self.finder.connection = None
            self._packer.forget()

    def _upkeep(self, connection: sqlite3.Connection) -> None:
        """Prune a step."""
        deleted, more = retention.prune_step(connection, self.config, time.time())
        self._pruned = self._pruned or deleted > 0
        if self._pruned and not more:
            retention.empty_log(connection)
            self._pruned = False
        self._prune_at = time.monotonic() + (0.0 if more else PRUNE_SECONDS)

    def _failed(self, error: Exception, batch: list[Item]) -> None:
        """Something that may pass. While closing there is no time to wait for that."""
        if database.is_damage(error):
            self._disconnect()
            aside = database.set_aside(self.path)
            self.messages.append(("warning", database.set_aside_words(self.path, aside)))
            self._backlog.retry(batch)
            return
        self._trouble(_words(error, self.path))
        self._backlog.retry(batch)
        if self._backlog.closing:
            self._backlog.give_up()

    def _switch_off(self, error: StoreError, batch: list[Item]) -> None:
        self.off = True
        self._trouble(f"{error} Requests are served, and not recorded.")
        self._backlog.close()
        self._backlog.done(batch, lost=True)
        self._backlog.give_up()

    def _trouble(self, words: str) -> None:
        if self.error != words:
            self.error = words
            self.messages.append(("warning", words))

    def _recovered(self) -> None:
        if self.error is not None:
            self.error = None
            lost = f"{self._backlog.dropped_rows} requests and the bodies of {self._backlog.dropped_bodies} are missing"
            self.messages.append(("info", f"The trace store works again; so far {lost} in it."))


def _searched(items: list[Item], redactor: Redactor) -> list[rows.Foreign] | None:
    """What others wrote of these requests, when neither that nor any of their small bodies has a secret; the large ones are
    searched one by one. A record that cannot be written as it is (`rows.bent` can) is searched on its own, too."""
    try:
        found = [rows.foreign(item.record) for item in items]
    except (ValueError, OverflowError):
        return None
    words = [text for texts in found for text in texts if text]
    together = words if redactor.patterns else ["\n".join(words)]  # a pattern may ask where a text begins
    bodies = [body for item in items for body in small(item.bodies)]
    return None if redactor.finds(*(text.encode("utf-8", "replace") for text in together), *bodies) else found


def _put(connection: sqlite3.Connection, statements: dict[int, str], made: list[rows.Row]) -> None:
    """Put rows, by as few statements as there may be. `statements`: by how many rows they put, the most first."""
    at = 0
    while at < len(made):
        many = next(size for size in statements if size <= len(made) - at)
        values = chain.from_iterable(made[at : at + many])
        connection.execute(statements[many], [_NULL if value is None else value for value in values])
        at += many


def _inode(path: Path) -> int:
    try:
        return os.stat(path).st_ino
    except FileNotFoundError:
        return -1


def _is_full(error: Exception) -> bool:
    return "full" in str(error)


def _words(error: Exception, path: Path) -> str:
    if _is_full(error) or getattr(error, "errno", None) == errno.ENOSPC:
        return f"The disk of the trace store {path} is full. Requests are served, and recorded again when there is room."
    if "locked" in str(error):
        return f"Another process keeps the trace store {path} locked. Requests are served; they are recorded when it lets go."
    return f"The trace store {path} cannot be written ({error}). Requests are served; writing is tried again."
