"""A client that does not read: its upstream is slowed down, it is let go in the end, and others notice nothing."""

import asyncio
import json
import socket
from typing import Any

import pytest
from aiohttp import web

from tests.faults.test_client_faults import head
from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.wire import ASKS, PATHS, text_of

CLIENTS = ["anthropic", "openai-chat", "openai-responses"]


class Fat:
    """An upstream that never stops talking; knows how much of it was taken, and whether it was let go."""

    def __init__(self) -> None:
        self.sent = 0
        self.gone = asyncio.Event()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await response.write(wire.C_TEXT)
            while True:
                await response.write(wire.C_MORE * 100)
                self.sent += len(wire.C_MORE) * 100
        finally:
            self.gone.set()


def silent_reader(hub: Hub, client: str) -> socket.socket:
    """A client that asks and never reads."""
    body = json.dumps(ASKS[client]).encode()
    assert hub.server.gateway is not None
    made = socket.create_connection(("127.0.0.1", hub.server.gateway.port))
    made.sendall(head(hub, client, len(body)) + body)
    return made


@pytest.mark.parametrize("client", CLIENTS)
async def test_a_client_that_stops_reading_is_let_go(
    client: str, start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upstream is cancelled, what it said by then is a few buffers full, and the row says why."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.005")  # two minutes -> 0.6 s
    fat = Fat()
    upstream.will(fat.answer)
    hub = await start(channels(("openai-chat", upstream.url)))
    with silent_reader(hub, client):
        async with asyncio.timeout(30):
            await fat.gone.wait()
    record = (await hub.records())[-1]
    assert (record["outcome"], record["status"]) == ("cancelled", 499)
    assert "read nothing for 120 s" in record["error"]
    assert fat.sent < 32 << 20


async def test_while_one_stalls_others_are_served(start: Start, upstream: Upstream) -> None:
    """An answer for each of the others, at once; the one that stalls goes on where it stopped when it reads again."""
    fat = Fat()
    upstream.will(fat.answer, stream(wire.C_STREAM))
    hub = await start(channels(("openai-chat", upstream.url)))
    with silent_reader(hub, "openai-chat") as stalled:
        stalled.setblocking(False)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(30):
            while fat.sent < 1 << 20:
                await asyncio.sleep(0.01)
            for _ in range(5):
                async with hub.post(PATHS["openai-chat"], ASKS["openai-chat"]) as response:
                    assert text_of("openai-chat", await response.read()) == "Hello"
            assert not fat.gone.is_set()
            got, before = 0, fat.sent
            while fat.sent < before + (1 << 20):
                got += len(await loop.sock_recv(stalled, 1 << 16))
        assert got > 1 << 18
    async with asyncio.timeout(30):
        await fat.gone.wait()


async def test_a_slow_client_is_not_a_dead_upstream(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the client does not read, the upstream's silence is our own doing: it is not called dead for it."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    fat = Fat()
    upstream.will(fat.answer)
    hub = await start(channels(("openai-chat", upstream.url)) + "timeouts = {idle = 20}\n")  # 0.2 s, of 1.2 s for the client
    with silent_reader(hub, "openai-chat"):
        async with asyncio.timeout(30):
            await fat.gone.wait()
    record: dict[str, Any] = (await hub.records())[-1]
    assert "read nothing" in record["error"]
    assert "has sent nothing" not in json.dumps(record)
