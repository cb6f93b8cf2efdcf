"""What was used before this server began, from `traces.db`: so that a restart is no way around a budget."""

import sqlite3
from pathlib import Path

from . import database

_BY_TRACE = "SELECT coalesce(sum(cost), 0.0), count(*) FROM requests WHERE trace_id = ? AND started < ?"
_BY_KEY = (
    "SELECT coalesce(key, ''), coalesce(sum(cost), 0.0), count(*) FROM requests WHERE started >= ? AND started < ? GROUP BY 1"
)


def of_trace(path: Path, trace: str, until: float) -> tuple[float, int]:
    """Dollars and requests of a trace before a Unix time; nothing when there is no usable store."""
    rows = _rows(path, _BY_TRACE, trace, until)
    return (float(rows[0][0]), int(rows[0][1])) if rows else (0.0, 0)


def of_keys(path: Path, since: float, until: float) -> dict[str, tuple[float, int]]:
    """Dollars and requests of each local key between two Unix times."""
    return {key: (float(cost), int(count)) for key, cost, count in _rows(path, _BY_KEY, since, until)}


def _rows(path: Path, query: str, *parameters: object) -> list[tuple[str, float, int]]:
    try:
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=database.BUSY_MS / 1000)
        try:
            return connection.execute(query, parameters).fetchall()
        finally:
            connection.close()
    except sqlite3.Error:  # none yet, or broken: the store says so itself
        return []
