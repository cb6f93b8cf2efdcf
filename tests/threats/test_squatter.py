"""Somebody else sits on the port: no command of ours tells it anything, and none tells the user to."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from axonhub_cli.config.keys import KeyStore
from axonhub_cli.config.paths import paths
from axonhub_cli.config.state import ServerState, write


class Fake(BaseHTTPRequestHandler):
    """Says that it is axonhub, to everybody, and writes down what it hears."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.server.heard.append(f"{self.requestline} {self.headers} {self.rfile.read(length)!r}")  # type: ignore[attr-defined]  # ours
        body = json.dumps({"ok": True, "instance": "i", "version": "1", "proof": "0" * 64, "data": [], "unwell": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def fake(home: Path) -> Iterator[ThreadingHTTPServer]:
    """The listener on the configured port, with a server.json of a server that was killed: its process number lives again."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Fake) as server:
        server.heard = []  # type: ignore[attr-defined]  # ours
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        port = server.server_address[1]
        (home / "config.toml").write_text(f"[server]\nport = {port}\n")
        KeyStore(paths().keys_file).create("claude-code")
        write(
            paths().server_file,
            ServerState(pid=os.getpid(), host="127.0.0.1", port=port, started=1.0, instance="i", admin_token="admin-secret"),
        )
        yield server
        server.shutdown()


COMMANDS = {
    "setup claude-code": 3, "setup claude-code --write --yes": 3, "setup codex --yes": 3, "setup codex --env": 3,
    "setup openai-sdk": 3, "status": 3, "ready": 3, "trace tail": 3, "doctor": 1, "channel list": 0, "stop": 3,
}  # fmt: skip
CHEAP = ("setup claude-code", "status")


@pytest.mark.parametrize(
    "command", [name if name in CHEAP else pytest.param(name, marks=pytest.mark.threats) for name in COMMANDS]
)
def test_a_listener_that_cannot_prove_itself_gets_nothing(command: str, fake: ThreadingHTTPServer, home: Path) -> None:
    """No key, no token, no export, no edit of a client's file: the challenge is all that it hears."""
    token = KeyStore(paths().keys_file).keys[0].token
    files = {path: path.read_bytes() for path in Path(os.environ["HOME"]).rglob("*") if path.is_file()}
    done = subprocess.run(
        [sys.executable, "-m", "axonhub_cli", *command.split()], capture_output=True, text=True, timeout=60,
        stdin=subprocess.DEVNULL, env={**os.environ, "PATH": "/usr/bin:/bin"}, check=False,
    )  # fmt: skip
    assert done.returncode == COMMANDS[command], done.stdout + done.stderr
    told = " ".join(fake.heard)  # type: ignore[attr-defined]  # ours
    assert token not in told
    assert "admin-secret" not in told
    assert token not in done.stdout
    assert {path: path.read_bytes() for path in Path(os.environ["HOME"]).rglob("*") if path.is_file()} == files


@pytest.mark.threats
def test_serve_names_who_holds_its_port(fake: ThreadingHTTPServer) -> None:
    """Exit code 3, with the program and its number, and no other port is taken instead."""
    done = subprocess.run(
        [sys.executable, "-m", "axonhub_cli", "serve", "--no-tail"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 3
    assert f"Port {fake.server_address[1]} is taken by" in done.stderr
    if sys.platform == "linux":
        assert f"pid {os.getpid()}" in done.stderr
