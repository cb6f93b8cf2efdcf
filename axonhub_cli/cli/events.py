"""The running server's live feed, as a command reads it: `GET /_axonhub/events`, one JSON object a line.

The feed ends when the server says so. When the connection breaks instead, the server is looked for again a few times, also
under the new port of a restarted one, and what was seen before is left out. http.client is imported inside: `--help` must not
pay for it.
"""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NotRunning

if TYPE_CHECKING:
    from http.client import HTTPConnection, HTTPResponse

SILENCE = 30.0  # seconds; the server sends a ping every 10
TRIES = 5  # to find the server again after the connection broke
PAUSE = 1.0  # seconds between them
LINE = 16 << 20  # bytes; a longer line is no event of ours
_CHUNK = 65_536


def watch(server_file: Path, *, pause: float = PAUSE) -> Iterator[dict[str, Any]]:
    """Connect now, then give the events as they come, without pings. `NotRunning` when no server answers or it stays away."""
    return _follow(server_file, _connect(server_file), pause)


def _follow(server_file: Path, connection: "_Connection", pause: float) -> Iterator[dict[str, Any]]:
    from http.client import HTTPException

    latest = 0.0
    while True:
        seen = latest
        try:
            for event in connection.events():
                moment = event.get("t")
                if isinstance(moment, int | float):
                    if moment <= seen:
                        continue
                    latest = max(latest, moment)
                yield event
            return
        except (OSError, HTTPException):
            yield _broke()
        finally:
            connection.close()
        connection = _reconnect(server_file, pause)


def _broke() -> dict[str, Any]:
    message = "The connection to the server broke; looking for it again."
    return {"type": "log", "level": "warning", "t": time.time(), "message": message}


class _Connection:
    """One connection to the feed. An end that the server did not announce is an error, not an end."""

    def __init__(self, connection: "HTTPConnection", response: "HTTPResponse") -> None:
        self._connection = connection
        self._response = response

    def events(self) -> Iterator[dict[str, Any]]:
        """Events until the end of the feed. Reads what is there rather than lines: `readline` takes a cut for an end."""
        rest = b""
        while data := self._response.read1(_CHUNK):
            *lines, rest = (rest + data).split(b"\n")
            rest = rest if len(rest) <= LINE else b""
            for line in lines:
                event = _event(line)
                if event is not None:
                    yield event

    def close(self) -> None:
        """Give the socket back."""
        self._response.close()
        self._connection.close()


def _event(line: bytes) -> dict[str, Any] | None:
    """The event in a line; None for a ping, and for what is none."""
    try:
        event = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return event if isinstance(event, dict) and event.get("type") != "ping" else None


def _reconnect(server_file: Path, pause: float) -> _Connection:
    for _ in range(TRIES - 1):
        time.sleep(pause)
        try:
            return _connect(server_file)
        except NotRunning:
            continue
    time.sleep(pause)
    return _connect(server_file)


def _connect(server_file: Path) -> _Connection:
    from http.client import HTTPException

    from ..config import state

    server = state.running(server_file)
    if server is None:
        raise NotRunning("No axonhub server is running, so there is nothing to watch.", hint="Start it: axonhub serve")
    connection = state.connect(server, SILENCE)
    if connection is None:
        raise NotRunning(f"The server on port {server.port} does not answer.", hint="Is it stopping? Try again.")
    try:
        connection.request("GET", "/_axonhub/events", headers={"Authorization": f"Bearer {server.admin_token}"})
        response = connection.getresponse()
    except (OSError, HTTPException) as error:
        connection.close()
        raise NotRunning(
            f"The server on port {server.port} does not answer ({error}).", hint="Is it stopping? Try again."
        ) from error
    if response.status != 200:
        connection.close()
        raise NotRunning(
            f"The server on port {server.port} refuses its feed (status {response.status}).",
            hint="It may be of another version: restart it with `axonhub serve`.",
        )
    return _Connection(connection, response)
