"""The client of the live feed, against servers that behave and servers that do not."""

import json
import os
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli import events
from axonhub_cli.cli.events import watch
from axonhub_cli.cli.trace import app
from axonhub_cli.config import state
from axonhub_cli.errors import NotRunning

END = None  # in a script: the server ends the feed properly
CUT = "cut"  # the connection breaks

Script = list[Any]
Serve = Callable[..., "FeedServer"]


class FeedServer(ThreadingHTTPServer):
    """Answers /health, and each connection to the feed with the next script: bytes or events, then END or CUT."""

    daemon_threads = True

    def __init__(self, scripts: list[Script], status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.scripts = iter(scripts)
        self.status = status
        self.seen: list[tuple[str, str | None]] = []


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FeedServer

    def log_message(self, *_: object) -> None:
        """Silence."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self._health()
            return
        self.server.seen.append((self.path, self.headers.get("Authorization")))
        self.send_response(self.server.status)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for item in next(self.server.scripts, [CUT]):
            if item is CUT:
                self.close_connection = True
                return
            self._chunk(b"" if item is END else item if isinstance(item, bytes) else json.dumps(item).encode() + b"\n")

    def _health(self) -> None:
        signed = state.proof("admin-token", self.server.server_address[1], self.headers[state.CHALLENGE])  # type: ignore[misc]  # IPv4
        body = json.dumps({"ok": True, "instance": "i-1", "proof": signed}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%b\r\n" % (len(data), data))


@pytest.fixture
def serve(home: Path) -> Iterator[Serve]:
    """Start a feed server and announce it in server.json."""
    servers: list[FeedServer] = []

    def start(*scripts: Script, status: int = 200) -> FeedServer:
        server = FeedServer(list(scripts), status)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        announced = state.ServerState(
            pid=os.getpid(),
            host="127.0.0.1",
            port=server.server_address[1],
            started=0.0,
            instance="i-1",
            admin_token="admin-token",
        )
        state.write(home / "server.json", announced)
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def event(number: int, **fields: Any) -> dict[str, Any]:
    return {"type": "request", "id": f"ar-{number}", "t": float(number), **fields}


def test_events_until_the_end(serve: Serve, home: Path) -> None:
    """Events come in order, however the bytes are cut; pings, blank lines and what is no JSON object are left out."""
    lines = json.dumps(event(1)).encode() + b"\n" + json.dumps({"type": "ping"}).encode() + b"\n\nnonsense\n[1]\n"
    server = serve([{"type": "hello"}, lines[:10], lines[10:], event(2), END])
    assert list(watch(home / "server.json")) == [{"type": "hello"}, event(1), event(2)]
    assert server.seen == [("/_axonhub/events", "Bearer admin-token")]


def test_a_broken_connection(serve: Serve, home: Path) -> None:
    """After a break the server is found again; what was seen before is not repeated, and the break is said."""
    server = serve([event(1), event(3), CUT], [event(1), event(3), event(4), {"type": "hello"}, END])
    found = list(watch(home / "server.json", pause=0))
    assert [one.get("id", one["type"]) for one in found] == ["ar-1", "ar-3", "log", "ar-4", "hello"]
    assert found[2]["level"] == "warning"
    assert len(server.seen) == 2


def test_a_server_that_stays_away(serve: Serve, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the server does not come back, the search ends with a sentence."""
    server = serve([event(1), CUT])
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        (home / "server.json").unlink(missing_ok=True)

    monkeypatch.setattr(time, "sleep", pause)
    stream = watch(home / "server.json")
    assert next(stream) == event(1)
    assert next(stream)["type"] == "log"
    with pytest.raises(NotRunning):
        next(stream)
    assert pauses == [events.PAUSE] * events.TRIES
    assert len(server.seen) == 1


def test_a_restarted_server(serve: Serve, home: Path) -> None:
    """A server that came back on another port is followed there."""
    first = serve([event(1), CUT])
    stream = watch(home / "server.json", pause=0)
    assert next(stream) == event(1)
    second = serve([event(2), END])
    assert [one["type"] for one in stream] == ["log", "request"]
    assert (len(first.seen), len(second.seen)) == (1, 1)


def test_a_refused_feed(serve: Serve, home: Path) -> None:
    """A server that refuses the token is a sentence with its status, at once."""
    serve([END], status=401)
    with pytest.raises(NotRunning, match="401") as caught:
        watch(home / "server.json")
    assert "admin-token" not in str(caught.value)


def test_no_server(home: Path) -> None:
    """Without a server the error comes before the first event is asked for."""
    with pytest.raises(NotRunning):
        watch(home / "server.json")


def test_a_stale_server_file(serve: Serve, home: Path) -> None:
    """A server file of a server that is gone is no server."""
    server = serve([END])
    server.shutdown()
    server.server_close()
    with pytest.raises(NotRunning):
        watch(home / "server.json")


def test_trace_tail_in_a_pipe(serve: Serve) -> None:
    """`trace tail --json` prints each event as a line and ends with the feed."""
    serve([event(1), event(2), END])
    result = CliRunner().invoke(app, ["tail", "--json"])
    assert result.exit_code == 0
    assert [json.loads(line)["id"] for line in result.output.splitlines()] == ["ar-1", "ar-2"]
