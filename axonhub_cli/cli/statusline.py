"""`axonhub statusline`: one line for Claude Code's status line, from the JSON that it gives on stdin and from the trace store.

It runs after every answer, so it is a program of its own: `__main__` comes here before the command line is built, and nothing is
imported but the standard library and `paths`. Whatever is wrong, it says nothing: an empty status line disturbs nobody.
"""

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import typer

_LIMIT = 65_536  # characters of stdin

_SESSION = """
    SELECT model, channel, (SELECT sum(cost) FROM requests WHERE trace_id = ?1), (
        SELECT count(*) FROM requests WHERE trace_id = ?1 AND cost IS NULL AND input IS NOT NULL
    ), input, cache_read, (
        SELECT count(*) FROM requests WHERE trace_id = ?1
        AND (SELECT count(DISTINCT value ->> 'channel') FROM json_each(attempts)) > 1
    )
    FROM requests WHERE trace_id = ?1 AND kind = 'turn' AND model IS NOT NULL
    ORDER BY agent IS NOT NULL, started DESC LIMIT 1
"""


def register(app: "typer.Typer") -> None:
    """Add the command, so that it has a help page; with no option it never comes this far."""
    app.command()(statusline)


def statusline() -> None:
    """One line for Claude Code's status line: real model, channel, cost, cache share.

    Failovers are counted when there were any.

    For Claude Code's settings.json:

        "statusLine": {"type": "command", "command": "axonhub statusline"}
    """
    run()


def run() -> None:
    """Read stdin, print the line. Never raises."""
    try:
        words = line(sys.stdin.read(_LIMIT))
        if words:
            sys.stdout.write(words + "\n")
            sys.stdout.flush()
    except Exception:  # noqa: BLE001, S110  # silent by contract
        pass


def line(text: str) -> str:
    """The status line for Claude Code's JSON; empty when nothing is known of the session."""
    import json

    session = json.loads(text).get("session_id")
    found = _find(session) if isinstance(session, str) and session else None
    if found is None:
        return ""
    model, channel, cost, unpriced, tokens, cached, failovers = found
    words = [_clean(model), f"@{_clean(channel)}" if channel else "", _dollars(cost, unpriced)]
    words.append(f"cache {min(100, 100 * cached // tokens)}%" if tokens and cached is not None else "")
    words.append(f"{failovers} failover{'' if failovers == 1 else 's'}" if failovers else "")
    return " · ".join(filter(None, words))


def _find(session: str) -> Any:
    import sqlite3

    from ..config.paths import paths

    connection = sqlite3.connect(f"{paths().database.as_uri()}?mode=ro", uri=True, timeout=0.03)
    try:
        return connection.execute(_SESSION, (session,)).fetchone()
    finally:
        connection.close()


def _dollars(cost: float | None, unpriced: int) -> str:
    """What is known of the cost: `-` when nothing is, `+` when some requests have no price."""
    if cost is None:
        return "-"
    return f"${cost:.{4 if 0 < cost < 0.01 else 2}f}{'+' if unpriced else ''}"


def _clean(text: str) -> str:
    """Foreign text for a terminal: what cannot be printed is left out."""
    return "".join(filter(str.isprintable, text))[:60]
