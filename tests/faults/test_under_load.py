"""What happens to many at once: a server that ends, files and secrets that change, more connections than there is room for.

`AXONHUB_LOAD=1` tries the numbers of RELIABILITY.md (minutes); by default a fifth of them.
"""

import asyncio
import os
import resource
import signal
import time
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from axonhub_cli.config import state
from axonhub_cli.config.keys import KeyStore
from tests.faults.outcomes import CLIENTS, check
from tests.faults.test_faults import ask
from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.test_lifecycle import Process, processes
from tests.server.wire import ASKS, PATHS, error_of, on_the_wire, text_of

__all__ = ["processes"]
pytestmark = pytest.mark.faults
ALL = bool(os.environ.get("AXONHUB_LOAD"))


class Holding:
    """An upstream's stream that says a word, waits, and says the rest when it may."""

    def __init__(self) -> None:
        self.begun = asyncio.Semaphore(0)
        self.go = asyncio.Event()

    async def wait(self) -> None:
        self.begun.release()
        await self.go.wait()


def many(hub: Hub) -> None:
    """Let the session open as many connections as it likes."""
    hub.session._connector._limit = 0  # type: ignore[union-attr]  # the session was made for few


async def test_48_a_drain_ends_every_stream_in_its_protocol(home: Path, processes: list[Process], upstream: Upstream) -> None:
    """SIGTERM with a hundred open streams: each ends with an error that its client knows, exit 0 within drain and a second."""
    number, holding = 100 if ALL else 24, Holding()
    upstream.will(stream(wire.C_TEXT, holding.wait))
    (home / "config.toml").write_text("[server]\ndrain = 1\n" + channels(("openai-chat", upstream.url)))
    server = Process(home)
    processes.append(server)
    token = KeyStore(home / "keys.toml").keys[0].token

    async def call(session: aiohttp.ClientSession, client: str) -> tuple[str, bytes]:
        path, body = on_the_wire(PATHS[client], ASKS[client])
        async with session.post(server.url + path, json=body, headers={"Authorization": f"Bearer {token}"}) as response:
            return client, await response.read()

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        calls = [asyncio.ensure_future(call(session, CLIENTS[index % 4])) for index in range(number)]
        for _ in range(number):
            await holding.begun.acquire()
        begun = time.monotonic()
        code = await asyncio.to_thread(server.end, signal.SIGTERM)
        took = time.monotonic() - begun
        for client, data in await asyncio.gather(*calls):
            assert text_of(client, data) == "Hel"
            error = error_of(client, data)
            assert error is not None, (client, data)
            assert "shut down" in error["message"]
    assert code == 0
    assert took < 1 + 1 + (0 if ALL else 10)  # the figure itself is the scorecard's, on a quiet machine
    assert "Traceback" not in server.errors.read_text()


async def test_60_reloads_under_load_drop_nothing(start: Start, upstream: Upstream) -> None:
    """50 reloads, half of them broken, while 200 streams run and more come: all end well, and the last good file counts."""
    streams, reloads, holding = (200, 50, Holding()) if ALL else (40, 20, Holding())
    upstream.will(stream(wire.C_TEXT, holding.wait, wire.C_MORE + wire.C_END))
    config = channels(("openai-chat", upstream.url))
    hub = await start(config)
    many(hub)
    gateway = hub.server.gateway
    assert gateway is not None
    calls = []
    for number in range(reloads):
        calls += [asyncio.ensure_future(ask(hub, CLIENTS[index % 4])) for index in range(streams // reloads)]
        text = f"{config}# {number}\n[trace]\nretention_days = {number + 1}\n" if number % 2 else "broken = [" + "x" * number
        (hub.home / "config.toml").write_text(text)
        gateway.poll()
        assert (gateway.reloader.error is None) == bool(number % 2)
        await asyncio.sleep(0)
    holding.go.set()
    for number, answer in enumerate(await asyncio.gather(*calls)):
        check("OK", CLIENTS[number % (streams // reloads) % 4], answer)
    assert gateway.config.trace.retention_days == reloads
    assert len(await hub.records()) == len(calls)


async def test_73_a_secret_that_is_replaced_under_load(
    start: Start, upstream: Upstream, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`secret set` while streams run: those go on with the old one, the next ones use the new one, and nobody is refused."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.05")
    file, holding = home / "secret", Holding()
    file.write_text("sk-old-old-old-old-old-old")
    file.chmod(0o600)
    right = {"Bearer sk-old-old-old-old-old-old"}

    async def answer(request: Any) -> Any:
        if request.headers["authorization"] not in right:
            refused = {"error": {"message": "no", "type": "invalid_request_error", "code": "invalid_api_key"}}
            return aiohttp.web.json_response(refused, status=401)
        return await stream(wire.C_TEXT, holding.wait, wire.C_MORE + wire.C_END)(request)

    upstream.will(answer)
    hub = await start("[server]\ngrace = 3600\n" + channels(("openai-chat", upstream.url)) + f'secrets = ["file:{file}"]\n')
    many(hub)
    first = [asyncio.ensure_future(ask(hub, "openai-chat")) for _ in range(20)]
    for _ in range(20):
        await holding.begun.acquire()
    file.write_text("sk-new-new-new-new-new-new")
    right.clear()
    right.add("Bearer sk-new-new-new-new-new-new")
    refused = await ask(hub, "openai-chat")  # who comes first finds out that the old one is refused
    assert refused[0] in (200, 401)
    holding.go.set()
    for _ in range(20):
        check("OK", "openai-chat", await ask(hub, "openai-chat"))
    for call in first:
        check("OK", "openai-chat", await call)


@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="this system changes no other process's limits")
async def test_66_more_clients_than_files(home: Path, processes: list[Process], upstream: Upstream) -> None:
    """With 96 open files 16 streams fit: others are told to come back in a second, in their own form; later all are served."""
    holding = Holding()
    upstream.will(stream(wire.C_TEXT, holding.wait, wire.C_MORE + wire.C_END))
    (home / "config.toml").write_text(channels(("openai-chat", upstream.url)))
    server = Process(home, command=("prlimit", "--nofile=96:96"))
    processes.append(server)
    token = KeyStore(home / "keys.toml").keys[0].token
    headers = {"Authorization": f"Bearer {token}"}

    async def call(session: aiohttp.ClientSession, client: str) -> Any:
        path, body = on_the_wire(PATHS[client], ASKS[client])
        async with session.post(server.url + path, json=body, headers=headers) as response:
            got = {name.lower(): value for name, value in response.headers.items()}
            return client, (response.status, got, await response.read())

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0, force_close=True)) as session:
        served = [asyncio.ensure_future(call(session, CLIENTS[index % 4])) for index in range(16)]
        for _ in range(16):
            await holding.begun.acquire()
        for index in range(20):
            client, answer = await call(session, CLIENTS[index % 4])
            check("OVR", client, answer)
        holding.go.set()
        for client, answer in await asyncio.gather(*served):
            check("OK", client, answer)
        for index in range(8):
            check("OK", *(await call(session, CLIENTS[index % 4])))
    assert server.end() == 0
    assert len(server.errors.read_text().splitlines()) < 40


async def test_67_thousands_of_idle_connections(home: Path, processes: list[Process], upstream: Upstream) -> None:
    """They cost kilobytes each, the oldest are closed beyond 512, and the next request is served."""
    number = 3000 if ALL else 700
    upstream.will(stream(wire.C_STREAM))
    (home / "config.toml").write_text(channels(("openai-chat", upstream.url)))
    server = Process(home, AXONHUB_DEBUGGABLE="1")
    processes.append(server)
    token = KeyStore(home / "keys.toml").keys[0].token
    pairs = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(number)]

    def open_ones() -> int:
        return sum(not reader.at_eof() for reader, _ in pairs)

    async with asyncio.timeout(60):
        while open_ones() > 512:
            await asyncio.sleep(0.05)
    assert open_ones() > 400
    assert pairs[0][0].at_eof()
    assert not pairs[-1][0].at_eof()
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            server.url + PATHS["openai-chat"], json=ASKS["openai-chat"], headers={"Authorization": f"Bearer {token}"}
        ) as response,
    ):
        assert text_of("openai-chat", await response.read()) == "Hello"
    for _, writer in pairs:
        writer.transport.abort()
    found = state.read(home / "server.json")
    assert found is not None
    assert server.end() == 0
