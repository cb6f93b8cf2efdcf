"""A server's life: binding, telling who holds a port, draining, ending."""

import asyncio
import errno
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.cli import serve
from axonhub_cli.config import state
from axonhub_cli.config.paths import paths
from axonhub_cli.errors import ConfigError, UsageError
from axonhub_cli.server.app import Options, Server
from axonhub_cli.server.sockets import bind
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream
from tests.server.wire import ASKS, error_of, text_of


def test_both_loopback_families_are_bound_on_one_port() -> None:
    """Nobody else can sit on localhost's other address."""
    made = bind("127.0.0.1", 0, paths())
    try:
        families = {each.family for each in made}
        assert {each.getsockname()[1] for each in made} == {made[0].getsockname()[1]}
        assert socket.AF_INET in families
        assert len(made) == 2 or not socket.has_ipv6
    finally:
        for each in made:
            each.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_a_taken_port_names_its_holder(address: str) -> None:
    """On either family; the pid is in the sentence, and no other port is tried."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family) as squatter:
        squatter.bind((address, 0))
        squatter.listen()
        port = squatter.getsockname()[1]
        with pytest.raises(ConfigError, match=f"Port {port} is taken") as caught:
            bind("127.0.0.1", port, paths())
    if sys.platform == "linux":
        assert f"(pid {os.getpid()})" in str(caught.value)


async def test_an_axonhub_that_runs_already_is_named(start: Start) -> None:
    """The second server says which one it met and how to end it."""
    hub = await start()
    assert hub.server.gateway is not None

    def second() -> None:
        bind("127.0.0.1", hub.server.gateway.port, paths())  # type: ignore[union-attr]  # asserted above

    with pytest.raises(ConfigError, match="axonhub server runs on port") as caught:
        await asyncio.to_thread(second)
    assert "axonhub stop" in str(caught.value)


async def test_a_remote_address_needs_to_be_meant(home: Path) -> None:
    """0.0.0.0 without --allow-remote is a usage error that says what it would mean."""
    with pytest.raises(UsageError, match="--allow-remote"):
        await Server(Options(host="0.0.0.0", port=0)).start()


async def test_a_broken_config_stops_the_start_with_its_line(home: Path) -> None:
    """There is no last good one yet."""
    (home / "config.toml").write_text("[server]\nprot = 1\n")
    with pytest.raises(ConfigError, match="prot"):
        await Server(Options(port=0)).start()


async def test_an_unknown_profile_is_a_usage_error(home: Path) -> None:
    """With what there is."""
    with pytest.raises(UsageError, match="no profile 'x'"):
        await Server(Options(port=0, profile="x")).start()


async def test_server_json_is_private_and_goes_with_the_server(start: Start) -> None:
    """0600 because of the admin token; gone after the end."""
    hub = await start()
    file = paths().server_file
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    found = state.read(file)
    assert found is not None
    assert hub.server.gateway is not None
    assert found.port == hub.server.gateway.port
    hub.server.stop()
    await hub.server.wait()
    assert not file.exists()


async def test_a_drain_lets_a_stream_finish(start: Start, upstream: Upstream) -> None:
    """Who is being served is served to the end; who comes meanwhile is told."""
    more = asyncio.Event()
    began = asyncio.Event()

    async def hold() -> None:
        began.set()
        await more.wait()

    upstream.will(stream(wire.A_START + wire.A_TEXT, hold, wire.A_MORE + wire.A_END))
    hub = await start(channels(("anthropic", upstream.url)))

    async def call() -> bytes:
        async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
            return bytes(await response.read())

    running = asyncio.ensure_future(call())
    await began.wait()
    hub.server.stop()
    ending = asyncio.ensure_future(hub.server.wait())
    while hub.server.gateway is None or not hub.server.gateway.draining:
        await asyncio.sleep(0)
    more.set()
    data = await running
    await ending
    assert text_of("anthropic", data) == "Hello"
    assert error_of("anthropic", data) is None


def _serve(home: Path, *arguments: str) -> tuple[subprocess.Popen[bytes], dict[str, Any]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "axonhub_cli", "serve", "--port", "0", "--json", *arguments],
        env={**os.environ, "AXONHUB_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_cleanly(home: Path, number: signal.Signals) -> None:
    """Exit code 0, nothing on stderr but our own lines, the port free again."""
    process, ready = _serve(home)
    with urllib.request.urlopen(ready["url"] + "/health", timeout=5) as answer:
        assert json.load(answer)["ok"] is True
    process.send_signal(number)
    _, stderr = process.communicate(timeout=20)
    assert process.returncode == 0, stderr
    assert b"Traceback" not in stderr
    with socket.socket() as probe, pytest.raises(OSError) as refused:
        probe.connect(("127.0.0.1", ready["port"]))
    assert refused.value.errno == errno.ECONNREFUSED


def test_status_and_stop_find_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`status` says where it is; `stop` ends it, comes back when its port is free, and tells when it is not; both say 3 when
    there is none."""
    environment = {**os.environ, "AXONHUB_HOME": str(home)}

    def axonhub(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "axonhub_cli", *arguments], env=environment, capture_output=True, text=True, timeout=60
        )

    assert axonhub("status").returncode == 3
    process, ready = _serve(home)
    assert json.loads(axonhub("status", "--json").stdout)["port"] == ready["port"]
    assert f"http://127.0.0.1:{ready['port']}/anthropic" in axonhub("setup", "claude-code", "--shell", "bash").stdout
    found = state.running(paths().server_file)
    assert found is not None
    monkeypatch.setattr(serve, "_LEAVE", -10.0)  # no patience
    assert not serve._gone(found)
    assert axonhub("stop").returncode == 0
    assert not state.listens(found.port)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert axonhub("stop").returncode == 3


def test_a_killed_server_leaves_nothing_that_stops_the_next_one(home: Path) -> None:
    """server.json of a dead process is no obstacle, and a running request of it becomes `interrupted`, not lost."""
    process, ready = _serve(home)
    process.kill()
    process.communicate(timeout=20)
    again, now = _serve(home, "--port", str(ready["port"]))
    assert now["port"] == ready["port"]
    again.terminate()
    again.communicate(timeout=20)
    assert again.returncode == 0
