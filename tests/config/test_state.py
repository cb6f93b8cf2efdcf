"""server.json says which server runs, and is not believed when it is stale."""

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from axonhub_cli.config.state import ServerState, read, remove, running, write


class Health(http.server.BaseHTTPRequestHandler):
    """Answers /health with whatever the test wants."""

    body: bytes = b""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()
        self.wfile.write(type(self).body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
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
