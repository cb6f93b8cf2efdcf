"""How a server ends, and what it does when the machine runs out of something; each trouble is a sentence."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.config.instance import InstanceLock
from axonhub_cli.config.keys import KeyStore
from axonhub_cli.config.paths import paths
from axonhub_cli.errors import ConfigError
from axonhub_cli.server.app import Options, Server
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream
from tests.server.wire import ASKS, HEADS, PATHS, error_of, text_of

CLIENTS = ["anthropic", "openai-chat", "openai-responses"]


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_drain_that_is_over_ends_streams_with_the_protocols_own_error(
    client: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came is delivered, then the error; never a stream that just stops. The record says so."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")  # drain 5 s -> 50 ms
    began = asyncio.Event()

    async def hold() -> None:
        began.set()
        await asyncio.sleep(60)

    upstream.will(stream(HEADS["openai-chat"], hold))
    hub = await start(channels(("openai-chat", upstream.url)))

    async def call() -> bytes:
        async with hub.post(PATHS[client], ASKS[client]) as response:
            return bytes(await response.read())

    running = asyncio.ensure_future(call())
    await began.wait()
    hub.server.stop()
    await hub.server.wait()
    data = await running
    assert text_of(client, data) == "Hel"
    error = error_of(client, data)
    assert error is not None
    assert "shut down" in error["message"]
    assert error.get("code") not in ("server_is_overloaded", "slow_down")
    assert hub.server.forced is False


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_request_that_had_no_answer_yet_is_told_too(
    client: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a status that makes clients come back in a second, and no other channel is bothered."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    began = asyncio.Event()

    async def silent(request: Any) -> Any:
        began.set()
        await asyncio.sleep(60)

    upstream.will(silent)
    hub = await start("[server]\ngrace = 3600\n" + channels(("openai-chat", upstream.url), ("openai-chat", upstream.url)))

    async def call() -> tuple[int, str | None]:
        async with hub.post(PATHS[client], ASKS[client]) as response:
            await response.read()
            return response.status, response.headers.get("retry-after")

    running = asyncio.ensure_future(call())
    await began.wait()
    hub.server.stop()
    await hub.server.wait()
    assert await running == (529 if client == "anthropic" else 503, "1")
    assert len(upstream.requests) == 1


async def test_a_second_server_in_the_same_folder_is_refused(start: Start, home: Path) -> None:
    """On another port too: they would write over each other's server.json. It says which one it met, and what to do."""
    hub = await start()
    with pytest.raises(ConfigError, match=f"pid {os.getpid()}") as caught:
        await Server(Options(port=0)).start()
    assert "axonhub stop" in str(caught.value)
    assert "AXONHUB_HOME" in str(caught.value)
    hub.server.stop()
    await hub.server.wait()
    again = Server(Options(port=0))
    await again.start()
    again.stop()
    await again.wait()


def test_the_lock_is_no_way_into_other_files(home: Path) -> None:
    """A planted symbolic link is not followed; the file is private."""
    target = home / "victim"
    target.write_text("precious")
    paths().server_file.with_suffix(".lock").symlink_to(target)
    with pytest.raises(ConfigError, match="cannot be used"):
        InstanceLock(paths().server_file).take()
    assert target.read_text() == "precious"


class Process:
    """`axonhub serve` as a process."""

    def __init__(self, home: Path, *arguments: str, command: tuple[str, ...] = (), **environment: str) -> None:
        self.errors = home / "stderr"
        with self.errors.open("wb") as errors:
            self.process = subprocess.Popen(
                [*command, sys.executable, "-m", "axonhub_cli", "serve", "--port", "0", "--json", *arguments],
                env={**os.environ, "AXONHUB_HOME": str(home), **environment}, stdout=subprocess.PIPE, stderr=errors,
            )  # fmt: skip
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.errors.read_text()
        self.port = int(json.loads(line)["port"])
        self.url = f"http://127.0.0.1:{self.port}"

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, wait, give the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(timeout=30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def alive(self) -> bool:
        with urllib.request.urlopen(self.url + "/health", timeout=10) as answer:
            return bool(json.load(answer)["ok"])


@pytest.fixture
def processes() -> Iterator[list[Process]]:
    """Processes that end with the test."""
    made: list[Process] = []
    yield made
    for each in made:
        each.end(signal.SIGKILL)


def hanging(url: str, home: Path) -> socket.socket:
    """A stream request that nobody answers."""
    token = KeyStore(home / "keys.toml").keys[0].token
    body = json.dumps(ASKS["anthropic"]).encode()
    host = url.removeprefix("http://")
    connection = socket.create_connection(("127.0.0.1", int(host.rpartition(":")[2])), timeout=20)
    head = (
        f"POST /v1/messages HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def _silent_upstream() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0))
    listener.listen(16)
    return listener


@pytest.mark.parametrize("twice", [False, True])
def test_signals_end_a_busy_server_in_time(twice: bool, home: Path, processes: list[Process]) -> None:
    """Once: within the drain time and a second, exit 0. Twice: at once, exit 1. No traceback in either case."""
    with _silent_upstream() as listener:
        drain = 60 if twice else 0.3
        (home / "config.toml").write_text(
            f"[server]\ndrain = {drain}\n" + channels(("anthropic", f"http://127.0.0.1:{listener.getsockname()[1]}"))
        )
        server = Process(home)
        processes.append(server)
        client = hanging(server.url, home)
        upstream, _ = listener.accept()
        begun = time.monotonic()
        if twice:
            server.process.send_signal(signal.SIGINT)
            while "shutting down" not in server.errors.read_text():
                assert server.process.poll() is None
                time.sleep(0.01)
        code = server.end(signal.SIGINT)
        took = time.monotonic() - begun
        answer = client.recv(65536)
        client.close()
        upstream.close()
    assert code == int(twice)
    assert took < 20  # far below the drain time of the second case
    assert answer.startswith(b"HTTP/1.1 529 ")
    assert b"axonhub was shut down" in answer
    assert "Traceback" not in server.errors.read_text()


@pytest.mark.threats
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_server_without_files_stays_alive(loop: str, home: Path, processes: list[Process]) -> None:
    """64 open files, 150 connections: the log has a line or two, not thousands; afterwards all is well."""
    if loop == "uvloop":
        pytest.importorskip("uvloop")
    server = Process(home, command=("prlimit", "--nofile=64:64"), AXONHUB_LOOP=loop)
    processes.append(server)
    held = []
    for _ in range(150):
        connection = socket.socket()
        connection.settimeout(5)
        connection.connect(("127.0.0.1", server.port))
        held.append(connection)
    for each in held:
        each.close()
    assert server.alive()
    assert server.end() == 0
    log = server.errors.read_text()
    assert log.count("run out of open files") <= 1
    assert "Traceback" not in log
    assert len(log.splitlines()) < 20, log[-2000:]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_process_keeps_its_secrets_to_itself(home: Path, processes: list[Process]) -> None:
    """No core file, and as many open files as the system allows."""
    server = Process(home)
    processes.append(server)
    limits = dict(
        (line[:26].strip(), line[26:].split()) for line in Path(f"/proc/{server.process.pid}/limits").read_text().splitlines()
    )
    assert limits["Max core file size"][:2] == ["0", "0"]
    soft, hard = limits["Max open files"][:2]
    assert soft == hard or int(soft) >= 65536
    assert server.alive()
    assert server.end() == 0


@pytest.mark.parametrize("locale", ["C", pytest.param("POSIX", marks=pytest.mark.threats)])
def test_a_poor_locale_breaks_nothing(locale: str, home: Path) -> None:
    """Under LANG=C what cannot be written is replaced; no command ends in a traceback."""
    (home / "config.toml").write_text(
        channels(("anthropic", "http://127.0.0.1:9")) + 'tags = ["schön", "é…"]\n', encoding="utf-8"
    )
    environment = {**os.environ, "LANG": locale, "LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for arguments in (["channel", "list"], ["route", "größe…"], ["status"]):
        done = subprocess.run(
            [sys.executable, "-m", "axonhub_cli", *arguments], env=environment, capture_output=True, timeout=60, check=False
        )
        assert b"Traceback" not in done.stderr, done.stderr


def test_a_closed_output_ends_a_command_quietly(home: Path) -> None:
    """`axonhub channel list | head -0` is no error."""
    (home / "config.toml").write_text("".join(f'[[channels]]\nname = "c{n}"\ntype = "ollama"\n' for n in range(400)))
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as out:
        done = subprocess.run(
            [sys.executable, "-m", "axonhub_cli", "channel", "list", "--limit", "400"], stdout=out, stderr=subprocess.PIPE,
            env=dict(os.environ), timeout=60, check=False,
        )  # fmt: skip
    assert b"Traceback" not in done.stderr
    assert b"Exception" not in done.stderr


async def test_a_reload_under_load_drops_nothing(start: Start, upstream: Upstream) -> None:
    """20 reloads, half of them broken, while 100 streams run: each of them ends well."""
    gate = asyncio.Event()
    upstream.will(stream(wire.C_TEXT, gate.wait, wire.C_MORE + wire.C_END))  # type: ignore[arg-type]  # its result is not used
    config = channels(("openai-chat", upstream.url))
    hub = await start(config)
    gateway = hub.server.gateway
    assert gateway is not None

    async def call(number: int) -> str:
        async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
            return text_of("anthropic", await response.read())

    calls = [asyncio.ensure_future(call(number)) for number in range(100)]
    for number in range(20):
        (home_file := hub.home / "config.toml").write_text(
            "broken = [" if number % 2 else config + f"# {number}\n[trace]\nretention_days = {number + 1}\n"
        )
        gateway.poll()
        await asyncio.sleep(0)
        assert home_file.exists()
    gate.set()
    assert await asyncio.gather(*calls) == ["Hello"] * 100
