"""Sums over requests: what `axonhub usage` shows.

A sum is a dict: name, requests, turns, errors, input_tokens, cached_tokens, output_tokens, reasoning_tokens, cost (dollars; None
when no price is known), unpriced (requests that used tokens and have no price), misses (turns that missed the prompt cache),
missed_tokens, missed_cost.

Rows are read in the order in which they lie (`+started` keeps SQLite from its index): to look up each costs six times as much,
and most of them are wanted.
"""

import sqlite3
from typing import Any, Literal

By = Literal["model", "channel", "client", "profile", "day"]

_NAMES: dict[str, str] = {
    "model": "coalesce(model, asked_model)",  # the one that really answered
    "channel": "coalesce(channel, '-')",
    "client": "client",
    "profile": "coalesce(profile, '-')",
    "day": "date(started, 'unixepoch', 'localtime')",
}
_SUMS = """
    SELECT {name} AS name, count(*) AS requests, sum(kind = 'turn') AS turns, sum(outcome = 'error') AS errors,
           sum(input) AS input_tokens, sum(cache_read) AS cached_tokens, sum(output) AS output_tokens,
           sum(reasoning) AS reasoning_tokens, sum(cost) AS cost, sum(cost IS NULL AND input IS NOT NULL) AS unpriced,
           sum(verdict IS NOT NULL) AS misses, sum(missed_tokens) AS missed_tokens, sum(missed_cost) AS missed_cost
    FROM requests WHERE +started >= ? GROUP BY 1 ORDER BY {order}
"""
_CAUSES = """
    SELECT verdict_cause AS cause, count(*) AS misses, sum(missed_tokens) AS tokens, sum(missed_cost) AS cost
    FROM requests WHERE +started >= ? AND verdict_cause IS NOT NULL GROUP BY 1 ORDER BY tokens DESC
"""


def totals(connection: sqlite3.Connection, by: By, since: float) -> list[dict[str, Any]]:
    """The sums of each model, channel, …, the dearest first; days in their order. `since` is a Unix time."""
    order = "1" if by == "day" else "cost IS NULL, cost DESC, input_tokens DESC"
    return _rows(connection, _SUMS.format(name=_NAMES[by], order=order), since)


def causes(connection: sqlite3.Connection, since: float) -> list[dict[str, Any]]:
    """Why the prompt cache was missed: cause, misses, tokens, cost."""
    return _rows(connection, _CAUSES, since)


def _rows(connection: sqlite3.Connection, query: str, since: float) -> list[dict[str, Any]]:
    cursor = connection.execute(query, (since,))
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]
