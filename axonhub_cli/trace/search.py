"""Full-text search over what was asked and answered (SQLite FTS5)."""

import sqlite3
from typing import Any

MARKS = ("\x02", "\x03")  # around each word that was found, in `asked` and `answered`

_SEARCH = """
    SELECT requests.id, trace_id, started, client, coalesce(model, asked_model) AS model,
           snippet(said, 0, ?2, ?3, '…', 16) AS asked, snippet(said, 1, ?2, ?3, '…', 24) AS answered
    FROM said JOIN texts ON texts.id = said.rowid JOIN requests ON requests.id = texts.request_id
    WHERE said MATCH ?1 ORDER BY bm25(said), started DESC LIMIT ?4
"""


def search(connection: sqlite3.Connection, text: str, limit: int) -> list[dict[str, Any]]:
    """Requests with id, trace_id, started, client, model, and where the words stand: asked, answered.

    All words must be there, in the prompt or the answer; `"two words"` stand together; `begin*` is a beginning.
    """
    query = _query(text)
    if not query:
        return []
    cursor = connection.execute(_SEARCH, (query, *MARKS, limit))
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
