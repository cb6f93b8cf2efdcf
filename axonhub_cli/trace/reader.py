"""Reading `traces.db`: through a read-only connection, while a server writes it or when none runs.

What comes out are plain dicts, ready for JSON. A trace is what its requests have in common:

    id, threads, client, client_version, requests, running, errors, models, channels, agents, first, last (Unix time), title
    (the first prompt), input_tokens, output_tokens, cached_tokens, cost (dollars; None when no price is known), unpriced
    (requests that used tokens and have none), misses (of the prompt cache), missed_tokens, missed_cost
"""

import json
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

from ..config.schema import Trace
from ..errors import NotConfigured, StoreError, UsageError
from ..types.messages import Usage
from . import bodies, database, indexing, retention, schema, search, totals
from .filter import Filter
from .fitting import fitting
from .records import BodyKind
from .turns import public, turns

Row = dict[str, Any]

_TRACES = """
    SELECT trace_id AS id, json_group_array(DISTINCT thread) AS threads, count(*) AS requests,
           sum(outcome = 'running') AS running, sum(outcome = 'error') AS errors, json_group_array(DISTINCT coalesce(model,
           asked_model)) AS models, json_group_array(DISTINCT channel) AS channels, json_group_array(DISTINCT agent) AS agents,
           min(started) AS first, max(started + coalesce(duration_ms, 0) / 1000) AS last, sum(input) AS input_tokens,
           sum(output) AS output_tokens, sum(cache_read) AS cached_tokens, sum(cost) AS cost,
           sum(cost IS NULL AND input IS NOT NULL) AS unpriced,
           sum(verdict IS NOT NULL) AS misses, sum(missed_tokens) AS missed_tokens, sum(missed_cost) AS missed_cost
    FROM requests WHERE trace_id IN (SELECT value FROM json_each(?)) GROUP BY trace_id
"""
# First which traces, by a pass over the rows as they lie (`+`: to look up each in an index costs more), then what is in those.
_WHICH = """
    SELECT trace_id AS id FROM requests {where}
    GROUP BY +trace_id ORDER BY {order} max(started + coalesce(duration_ms, 0) / 1000) DESC, min(started) DESC LIMIT :limit
"""
ORDERS = {
    "time": "",
    "cost": "sum(cost) DESC,",
    "tokens": "sum(input) DESC,",
    "requests": "count(*) DESC,",
    "errors": "sum(outcome = 'error') DESC,",
    "misses": "sum(missed_tokens) DESC,",
}
_FILTERS = {
    "since": "started >= :since",
    "client": "client = :client",
    "model": "instr(lower(coalesce(model, '') || char(10) || asked_model), lower(:model))",
    "channel": """(channel = :channel
        OR EXISTS (SELECT 1 FROM json_each(attempts) WHERE value ->> 'channel' = :channel))""",
    "errors": "outcome = 'error'",
    "among": "id IN (SELECT value FROM json_each(:among))",
}
# The client is that of the first request, the title its prompt: side requests come later, or have another kind.
_HEAD = "SELECT client, client_version FROM requests WHERE trace_id = ? ORDER BY started, id LIMIT 1"
_TITLE = """
    SELECT prompt FROM requests WHERE trace_id = ? AND prompt IS NOT NULL
    ORDER BY kind != 'turn', agent IS NOT NULL, started, id LIMIT 1
"""
_BY_TRACE = "SELECT * FROM requests WHERE trace_id = ? ORDER BY started, id"
_BY_ID = "SELECT * FROM requests WHERE id = ?"
NOTICED_SECONDS = 0.7
_LIKE_TRACE = "SELECT DISTINCT trace_id FROM requests WHERE substr(trace_id, 1, length(?1)) = ?1 ORDER BY trace_id LIMIT 6"
_LIKE_REQUEST = "SELECT DISTINCT trace_id FROM requests WHERE substr(id, 1, length(?1)) = ?1 ORDER BY trace_id LIMIT 6"


def reader(path: Path) -> "TraceReader":
    """A reader of that file; use it as a context manager.

    Raises `NotConfigured` when there is no file yet, `StoreError` when it cannot be read.
    """
    if not path.exists():
        raise NotConfigured(
            f"There is no trace store at {path} yet.",
            hint="It is made by the first `axonhub serve`; `axonhub setup` points clients at it.",
        )
    try:
        if 0 < _version(path) < schema.VERSION:
            database.open_for_writing(path)[0].close()  # brings an older file up to date
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=database.BUSY_MS / 1000, isolation_level=None
        )
        try:
            version = database.version_of(connection)
            database.refuse_newer(version, path)
        except BaseException:
            connection.close()
            raise
    except sqlite3.Error as error:
        raise _unreadable(path, error) from error
    return TraceReader(path, connection, empty=version == 0)


def _version(path: Path) -> int:
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=database.BUSY_MS / 1000)
    try:
        return database.version_of(connection)
    finally:
        connection.close()


class TraceReader:
    """Queries; all are answered from what is committed at that moment."""

    def __init__(self, path: Path, connection: sqlite3.Connection, *, empty: bool) -> None:
        self.path = path
        self._connection = connection
        self._empty = empty  # the file has no tables yet
        self._packs = bodies.Packs(connection)

    def traces(
        self,
        *,
        limit: int = 20,
        since: float | None = None,
        client: str | None = None,
        model: str | None = None,
        channel: str | None = None,
        errors: bool = False,
        fits: Filter | None = None,
        sort: str = "time",
        slow: Callable[[], object] = bool,
    ) -> list[Row]:
        """Traces, the newest first, that have a request to which all filters apply.

        `since` is a Unix time; `model` a part of a name, asked for or used; `channel` one that was tried; `errors` failed
        requests; `fits` a filter of the filter language. `sort` is one of `ORDERS`: the newest, or the largest first. `slow` as
        for `search`.
        """
        filters = {"since": since, "client": client, "model": model, "channel": channel, "errors": errors or None}
        filters["among"] = None if fits is None else json.dumps(self._fitting(fits, since or 0.0, slow))
        wanted = [text for name, text in _FILTERS.items() if filters[name] is not None]
        where = f"WHERE trace_id IN (SELECT trace_id FROM requests WHERE {' AND '.join(wanted)})" if wanted else ""  # noqa: S608
        which = self._rows(_WHICH.format(where=where, order=ORDERS[sort]), {**filters, "limit": limit})
        return self._summaries([row["id"] for row in which])

    def trace(self, name: str) -> Row | None:
        """A trace with its `turns` and `requests`, by its id, the beginning of it, or a request's id; `UsageError` when several
        begin so."""
        trace_id = self._find(name)
        if trace_id is None:
            return None
        found = self._summaries([trace_id])
        if not found:
            return None
        requests = [self._whole(row) for row in self._rows(_BY_TRACE, trace_id)]
        return {**found[0], "turns": [public(turn) for turn in turns(requests)], "requests": requests}

    def request(self, request_id: str) -> Row | None:
        """A request with `usage`, `tools`, `losses`, `attempts` and `bodies` (kind → bytes of it)."""
        row = next(iter(self._rows(_BY_ID, request_id)), None)
        return self._whole(row) if row else None

    def bodies(self, request_id: str) -> dict[BodyKind, bytes]:
        """The bodies that are kept for a request, as they were stored: without secrets."""
        try:
            return {} if self._empty else bodies.get(self._connection, request_id, self._packs)
        except (sqlite3.Error, zlib.error, bodies.Damaged, ValueError, LookupError) as error:
            raise _unreadable(self.path, error) from error

    def usage(self, by: totals.By, since: float = 0.0) -> list[Row]:
        """Sums by model, channel, client, profile or day (`totals`)."""
        return self._read(lambda: totals.totals(self._connection, by, since))

    def causes(self, since: float = 0.0) -> list[Row]:
        """Why the prompt cache was missed, summed up by cause (`totals`)."""
        return self._read(lambda: totals.causes(self._connection, since))

    def search(self, text: str, limit: int = 20, slow: Callable[[], object] = bool) -> list[Row]:
        """Requests in which all these words were said, the best first (`search`).

        What was recorded since the last search is taken into the index first; `slow` is called once when that takes longer than
        a person notices. A file that cannot be written is searched as far as its index goes.
        """
        self._index(slow)
        return self._read(lambda: search.search(self._connection, text, limit))

    def _fitting(self, fits: Filter, since: float, slow: Callable[[], object]) -> list[str]:
        if fits.wordy:
            self._index(slow)
        return self._read(lambda: fitting(self._connection, fits, since, time.time()))

    def _index(self, slow: Callable[[], object]) -> None:
        if not any(self._read(lambda: [indexing.behind(self._connection)])):
            return
        begun, told = time.monotonic(), False
        try:
            connection, _ = database.open_for_writing(self.path)
            try:
                while indexing.step(connection):
                    if not told and time.monotonic() - begun > NOTICED_SECONDS:
                        told = True
                        slow()
                    time.sleep(indexing.PAUSE_SECONDS)
            finally:
                connection.close()
        except (sqlite3.OperationalError, OSError):
            pass  # locked, full, not ours: what is in the index can be found

    def expiring(self, config: Trace) -> int:
        """How many requests `prune` would delete for their age, and about how many for the size of the file."""
        return sum(self._read(lambda: [retention.expiring(self._connection, config, time.time())]))

    def clear(self) -> int:
        """Delete all traces so that nothing of them stays in the file; gives the number of requests."""
        return self._change(retention.clear)

    def prune(self, config: Trace) -> int:
        """Delete what is over the configured limits; gives the number of requests."""
        return self._change(lambda connection: retention.prune(connection, config, time.time()))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> "TraceReader":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _summaries(self, ids: list[str]) -> list[Row]:
        """What is in these traces, in this order."""
        found = {row["id"]: row for row in self._rows(_TRACES, json.dumps(ids))}
        return [self._summary(found[trace_id]) for trace_id in ids if trace_id in found]

    def _summary(self, row: Row) -> Row:
        for name in ("threads", "models", "channels", "agents"):
            row[name] = sorted(value for value in json.loads(row[name]) if value)
        head = next(iter(self._rows(_HEAD, row["id"])), {"client": "unknown", "client_version": None})
        title = next(iter(self._rows(_TITLE, row["id"])), {"prompt": None})
        return {"id": row.pop("id"), **head, **row, "title": title["prompt"]}

    def _find(self, name: str) -> str | None:
        if not name:
            return None
        for query in (_LIKE_TRACE, _LIKE_REQUEST):
            found = [row["trace_id"] for row in self._rows(query, name)]
            if name in found or len(found) == 1:
                return name if name in found else str(found[0])
            if found:
                raise _ambiguous(name, found)
        return None

    def _whole(self, row: Row) -> Row:
        usage = {name: row.pop(name) for name in Usage.__struct_fields__}
        row["stream"] = bool(row["stream"])
        row["usage"] = usage if any(value is not None for value in usage.values()) else None
        for name in ("tools", "losses", "attempts"):
            row[name] = json.loads(row[name])
        row["bodies"] = bodies.sizes(self._connection, row)
        return row

    def _rows(self, query: str, parameters: str | Row) -> Iterable[Row]:
        if self._empty:
            return []
        try:
            cursor = self._connection.execute(query, parameters if isinstance(parameters, dict) else (parameters,))
            names = [column[0] for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor]
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from error

    def _read(self, read: Callable[[], list[Any]]) -> list[Any]:
        try:
            return [] if self._empty else read()
        except sqlite3.Error as error:
            raise _unreadable(self.path, error) from error

    def _change(self, change: Any) -> int:
        try:
            connection, _ = database.open_for_writing(self.path)
            try:
                return int(change(connection))
            finally:
                connection.close()
        except (sqlite3.Error, OSError) as error:
            raise StoreError(
                f"The trace store {self.path} could not be changed ({error}).", hint="Try again when no other program uses it."
            ) from error


def _ambiguous(name: str, found: list[str]) -> UsageError:
    more = ", …" if len(found) > 5 else ""
    return UsageError(
        f"{name!r} is the beginning of several traces: {', '.join(found[:5])}{more}.", hint="Give more characters of one."
    )


def _unreadable(path: Path, error: Exception) -> StoreError:
    return StoreError(
        f"The trace store {path} cannot be read ({error}).",
        hint="If it is damaged, `axonhub serve` sets it aside and begins a new one; if it is locked, try again.",
    )
