"""Full-text search over what was asked and answered (SQLite FTS5)."""

import sqlite3
from typing import Any

MARKS = ("\x02", "\x03")  # around each word that was found, in `asked` and `answered`

# First which, so that only of those the words around are cut out: of a word that is everywhere that would take seconds.
_BEST = "SELECT rowid FROM said WHERE said MATCH ? ORDER BY bm25(said), rowid DESC LIMIT ?"
_FOUND = """
    SELECT requests.id, trace_id, started, client, coalesce(model, asked_model) AS model,
           snippet(said, 0, ?2, ?3, '…', 16) AS asked, snippet(said, 1, ?2, ?3, '…', 24) AS answered
    FROM said JOIN texts ON texts.id = said.rowid JOIN requests ON requests.id = texts.request_id
    WHERE said MATCH ?1 AND said.rowid = ?4
"""


def search(connection: sqlite3.Connection, text: str, limit: int) -> list[dict[str, Any]]:
    """Requests with id, trace_id, started, client, model, and where the words stand: asked, answered.

    All words must be there, in the prompt or the answer; `"two words"` stand together; `begin*` is a beginning.
    """
    query = _query(text)
    if not query:
        return []
    best = connection.execute(_BEST, (query, limit)).fetchall()
    return [found for (row,) in best for found in _rows(connection, (query, *MARKS, row))]


def _rows(connection: sqlite3.Connection, parameters: tuple[Any, ...]) -> list[dict[str, Any]]:
    cursor = connection.execute(_FOUND, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def _query(text: str) -> str:
    """The words as FTS5 wants them: each a string of its own, so that no character in it is an operator."""
    phrases: list[str] = []
    for index, piece in enumerate(text.split('"')):
        phrases += [piece] if index % 2 else piece.split()
    return " ".join(_phrase(phrase) for phrase in phrases if any(map(str.isalnum, phrase)))


def _phrase(phrase: str) -> str:
    return f'"{phrase.rstrip("*")}"' + ("*" if phrase.endswith("*") else "")
