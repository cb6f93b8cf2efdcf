"""server.json says which server runs, and is not believed when it is stale."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.client import NotConnected
from pathlib import Path
from typing import ClassVar

import pytest

from axonhub_cli.config.state import CHALLENGE, ServerState, ask, connect, proof, read, remove, running, write


class Health(http.server.BaseHTTPRequestHandler):
    """Answers with whatever the test wants, and signs with what token it has; remembers what it was sent."""

    protocol_version = "HTTP/1.1"
    body: bytes = b""
    token = "token"
    port = 0  # the one that it signs for; 0: its own
    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        kind = type(self)
        kind.seen.append(f"{self.path} {self.headers}")
        body = kind.body
        if b'"instance": "one"' in body and self.headers[CHALLENGE]:
            signed = proof(kind.token, kind.port or self.server.server_address[1], self.headers[CHALLENGE])  # type: ignore[misc]  # IPv4
            body = json.dumps(json.loads(body) | {"proof": signed}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    Health.token, Health.port = "token", 0
    Health.seen.clear()
    Health.body = json.dumps({"ok": True, "instance": "one", "version": "0"}).encode()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Health) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.fixture
def path(home: Path) -> Path:
    return home / "server.json"


def state(port: int, **changes: object) -> ServerState:
    values: dict[str, object] = {"pid": os.getpid(), "host": "127.0.0.1", "port": port, "started": 1.5, "instance": "one"}
    return ServerState(**{**values, "admin_token": "token", **changes})  # type: ignore[arg-type]


def test_what_is_written_is_read_and_private(path: Path) -> None:
    """The file is 0600, even if an older one was not, and reads back equal; the token does not show in the repr."""
    path.write_text("{}")
    path.chmod(0o644)
    write(path, state(1))
    assert path.stat().st_mode & 0o777 == 0o600
    assert read(path) == state(1)
    assert "token" not in repr(read(path))


@pytest.mark.parametrize("text", ["", "[]", "{}", "[" * 100_000, '{"pid": "x"}', "\xff"])
def test_an_unusable_file_is_no_server(path: Path, text: str) -> None:
    """Whatever stands there, reading does not fail."""
    path.write_bytes(text.encode("latin-1"))
    assert (read(path), running(path)) == (None, None)


def test_a_missing_file_is_no_server(path: Path) -> None:
    """Nothing written, nothing running."""
    assert (read(path), running(path)) == (None, None)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0", ""])
def test_a_server_that_answers_is_running(path: Path, port: int, host: str) -> None:
    """Process and port and instance agree; a wildcard address is asked on loopback."""
    write(path, state(port, host=host))
    assert running(path) == state(port, host=host)


@pytest.mark.parametrize("body", [b'{"instance": "two"}', b"[]", b"{", b"<html>", b""])
def test_another_server_on_the_port_is_not_ours(path: Path, port: int, body: bytes) -> None:
    """A port that was taken over by something else does not count."""
    write(path, state(port))
    Health.body = body
    assert running(path) is None


def test_a_dead_process_or_a_closed_port_is_not_running(path: Path, port: int) -> None:
    """A server that was killed leaves its file; it is not believed."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    for stale in (state(port, pid=child.pid), state(port, pid=-1), state(1)):
        write(path, stale)
        assert running(path) is None


def test_only_its_own_server_takes_the_file_away(path: Path) -> None:
    """A server that ends does not remove the file of the one that replaced it."""
    write(path, state(1, instance="two"))
    remove(path, "one")
    assert path.exists()
    remove(path, "two")
    remove(path, "two")
    assert not path.exists()


@pytest.mark.parametrize(("token", "signed_port"), [("guessed", 0), ("token", 8090)])
def test_a_squatter_is_told_nothing(path: Path, port: int, token: str, signed_port: int) -> None:
    """It has heard our instance, and signs with a token of its own, or has the real server on another port sign: it is not ours,
    and neither the admin token nor anything else reaches it."""
    write(path, state(port))
    Health.token, Health.port = token, signed_port
    assert running(path) is None
    assert ask(state(port)) is None
    assert Health.seen
    assert not any("token" in said.lower() or "authorization" in said.lower() for said in Health.seen)


def test_the_proof_and_what_follows_share_a_connection(port: int) -> None:
    """Once proven, the connection is used as it is or not at all: no other program can step in between."""
    connection = connect(state(port))
    assert connection is not None
    connection.close()
    with pytest.raises(NotConnected):
        connection.request("GET", "/_axonhub/state")
    answer = ask(state(port))
    assert answer is not None
    assert answer["instance"] == "one"
