"""Other users, file modes, planted links, and a canary that is looked for in every place where a secret could come to lie."""

import asyncio
import base64
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.keys import KeyStore
from axonhub_cli.config.paths import paths
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream, whole
from tests.server.test_lifecycle import Process, hanging
from tests.server.wire import ASKS, HEADS, PATHS

CANARY = "sk-axonhub-canary-5f0c1e7ab93d44d2"
ROOT = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may become somebody else")
KILLS = int(os.environ.get("AXONHUB_KILLS", "20"))  # read here: a test's own environment is scrubbed
SETPRIV = pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv is not installed")


def post(server: Process, home: Path) -> None:
    """One good request."""
    token = KeyStore(home / "keys.toml").keys[0].token
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(server.url + "/v1/messages", json.dumps(ASKS["anthropic"]).encode(), headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.status == 200
        answer.read()


@pytest.mark.parametrize("mask", [0o000, pytest.param(0o077, marks=pytest.mark.threats)])
def test_whatever_the_umask_files_are_ours_alone(mask: int, home: Path, processes: list[Process]) -> None:
    """Store, keys, server.json and lock: 0600, in folders of 0700; nothing in the temporary folder."""
    inner = home / "made-by-it"
    before = set(os.listdir("/tmp"))
    server = Process(home, command=("sh", "-c", f'umask {mask:03o}; exec "$@"', "-"), AXONHUB_HOME=str(inner))
    processes.append(server)
    post(server, inner)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in inner.rglob("*")}
    assert {"traces.db", "traces.db-wal", "keys.toml", "server.json", "server.lock"} <= set(modes)
    assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
    assert stat.S_IMODE(inner.stat().st_mode) == 0o700
    assert not [name for name in set(os.listdir("/tmp")) - before if "axonhub" in name]
    assert server.end() == 0


@ROOT
@SETPRIV
def test_another_user_gets_nowhere(home: Path, processes: list[Process]) -> None:
    """They may connect, as everybody may on loopback; without a key they are told nothing, and they read no file of ours."""
    server = Process(home)
    processes.append(server)
    other = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    script = (
        "import http.client, sys\n"
        f"c = http.client.HTTPConnection('127.0.0.1', {server.port})\n"
        "for p in ('/v1/messages', '/v1/models', '/_axonhub/events', '/_axonhub/state'):\n"
        "    m = 'POST' if 'mess' in p else 'GET'\n"
        "    c.request(m, p, body='{}' if m == 'POST' else None, headers={'Content-Type': 'application/json'})\n"
        "    r = c.getresponse(); r.read(); print(r.status)\n"
        f"for name in ('keys.toml', 'server.json', 'traces.db'):\n"
        f"    try:\n        open({str(home)!r} + '/' + name).read(); print('read', name)\n"
        "    except OSError: print('refused')\n"
    )
    done = subprocess.run(
        [*other, "/usr/bin/python3", "-I", "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["401"] * 4 + ["refused"] * 3, done.stdout + done.stderr
    assert server.end() == 0


def test_a_planted_link_is_not_written_through(home: Path, tmp_path: Path) -> None:
    """server.json as a symbolic link to somebody's file: the link's target is not what we write a token into by surprise."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (home / "server.lock").symlink_to(victim)
    done = subprocess.run(
        [sys.executable, "-m", "axonhub_cli", "serve", "--port", "0", "--json"], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert victim.read_text() == "precious"


def forms() -> dict[str, bytes]:
    """How the canary could be written."""
    raw = CANARY.encode()
    return {
        "as it is": raw,
        "base64": base64.b64encode(raw)[:40],
        "base64, shifted": base64.b64encode(b"x" + raw)[4:40],
        "hex": raw.hex().encode(),
        "quoted": urllib.parse.quote(CANARY, safe="").replace("-", "%2D").encode(),
        "its beginning": raw[:26],
    }


def found(data: bytes) -> list[str]:
    """The forms of the canary in this data."""
    return [name for name, form in forms().items() if form in data]


async def test_the_secret_is_nowhere_but_at_the_upstream(
    start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Faults of every kind whose bodies echo all that was sent: neither answers, nor logs, nor feed, nor files hold the key."""
    monkeypatch.setenv("CANARY_KEY", CANARY)

    async def echo(request: Any) -> Any:
        sent = json.dumps({name: value for name, value in request.headers.items()})
        status = statuses.pop(0) if statuses else 500
        return await whole({"error": {"message": f"you sent {sent}"}}, status=status, request_id=CANARY)(request)

    statuses = [400, 401, 403, 404, 409, 413, 422, 429, 500, 502, 503, 529]
    said = b""
    for client in ("anthropic", "openai-chat", "openai-responses"):
        statuses[:] = [400, 403, 404, 409, 413, 422, 500, 500, 502, 502, 429, 401]
        upstream.will(echo)
        hub = await start(channels((client, upstream.url)) + 'secrets = ["env:CANARY_KEY"]\n')
        assert hub.server.gateway is not None
        for number in range(12):
            async with hub.post(PATHS[client], {**ASKS[client], "model": f"m{number}"}) as response:
                said += json.dumps(dict(response.headers)).encode() + await response.read()
        upstream.will(stream(HEADS[client], wire.sse({"error": {"message": f"bad {CANARY}"}})))
        async with hub.post(PATHS[client], {**ASKS[client], "model": "other"}) as response:
            said += await response.read()
        records = await hub.records()
        assert len(records) == 13
        said += json.dumps(records).encode()
        with hub.server.gateway.feed.subscribe() as subscription:
            said += json.dumps(subscription.drain()).encode()
        said += json.dumps(hub.server.gateway.state()).encode()
        hub.server.stop()
        await hub.server.wait()
    assert any(CANARY in json.dumps(request["headers"]) for request in upstream.requests)
    assert found(said) == []
    for path in paths().data_dir.rglob("*"):
        if path.is_file():
            assert found(path.read_bytes()) == [], path
    with sqlite3.connect(paths().database) as store:
        assert store.execute("SELECT count(*) FROM requests").fetchone() == (39,)
    store.close()
    output = capfd.readouterr()
    assert found((output.out + output.err).encode()) == []


class Quick(BaseHTTPRequestHandler):
    """An upstream that answers at once, or, while `hold` is set, says one word and no more."""

    hold = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(HEADS["anthropic"] if self.hold.is_set() else wire.A_STREAM)
        self.wfile.flush()
        if self.hold.is_set():
            self.connection.recv(1)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def quick(home: Path) -> Iterator[type[Quick]]:
    """The upstream, configured as the one channel."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Quick) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        (home / "config.toml").write_text(channels(("anthropic", f"http://127.0.0.1:{server.server_address[1]}")))
        Quick.hold.clear()
        yield Quick
        server.shutdown()


def _wait_for_running(home: Path, count: int) -> None:
    """Until the store knows of so many requests that run."""
    for _ in range(500):
        with closing(sqlite3.connect(home / "traces.db")) as store:
            if store.execute("SELECT count(*) FROM requests WHERE outcome = 'running'").fetchone()[0] >= count:
                return
        time.sleep(0.02)
    raise AssertionError("requests that run are not in the store")


@pytest.mark.threats
def test_a_killed_server_has_kept_what_it_had_shown(home: Path, processes: list[Process], quick: type[Quick]) -> None:
    """kill -9 in the middle of traffic, again and again: rows of finished requests stay, those that ran are told as interrupted,
    the file is whole, the port is free."""
    shown: set[str] = set()
    for number in range(KILLS):
        server = Process(home)
        processes.append(server)
        for _ in range(5):
            post(server, home)
        shown |= asyncio.run(_stored(home, len(shown) + 5))
        quick.hold.set()
        running = [hanging(server.url, home) for _ in range(3)]
        for each in running:
            assert b"Hel" in each.recv(65536)
        if number + 1 == KILLS:  # rows are written together, after less than a second: otherwise the kill comes first
            _wait_for_running(home, len(running))
        quick.hold.clear()
        server.process.send_signal(signal.SIGKILL)
        server.end(signal.SIGKILL)
        for each in running:
            each.close()
    processes.append(last := Process(home))
    assert last.end() == 0
    with sqlite3.connect(home / "traces.db") as store:
        assert store.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = store.execute("SELECT id, outcome FROM requests").fetchall()
    store.close()
    kept = {name for name, outcome in rows if outcome == "ok"}
    assert len(shown) == 5 * KILLS
    assert shown <= kept
    assert len({name for name, _ in rows}) == len(rows)
    assert {outcome for _, outcome in rows} == {"ok", "interrupted"}


async def _stored(home: Path, number: int) -> set[str]:
    """Wait until the store shows as many finished requests; their ids."""
    async with asyncio.timeout(20):
        while True:
            with sqlite3.connect(home / "traces.db") as store:
                rows = store.execute("SELECT id FROM requests WHERE outcome = 'ok'").fetchall()
            store.close()
            if len(rows) >= number:
                return {name for (name,) in rows}
            await asyncio.sleep(0.02)
