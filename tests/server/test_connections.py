"""Connections that wait: the oldest of too many are closed, and none that is at work; slow uploads and headers end too."""

import asyncio
from contextlib import suppress

import pytest

from tests.faults.test_client_faults import head
from tests.server.conftest import Start, Upstream, channels, stream
from tests.server.wire import A_END, A_MORE, A_START, A_TEXT, ASKS

Pair = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def closed(pair: Pair) -> bool:
    """Whether the server has ended a connection."""
    return pair[0].at_eof() or pair[0].exception() is not None


async def test_of_too_many_idle_connections_the_oldest_are_closed(start: Start, upstream: Upstream) -> None:
    """Those that wait for longest go; one that streams stays, and so does what was used a moment ago."""
    gate = asyncio.Event()
    upstream.will(stream(A_START + A_TEXT, gate.wait, A_MORE + A_END))  # type: ignore[arg-type]  # unused result
    hub = await start(channels(("anthropic", upstream.url)))
    hub.server.connections.most = 5
    gateway = hub.server.gateway
    assert gateway is not None
    host = f"127.0.0.1:{gateway.port}"
    pairs: list[Pair] = [await asyncio.open_connection("127.0.0.1", gateway.port) for _ in range(12)]
    for reader, writer in pairs[:4]:  # the oldest four are used
        writer.write(f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        assert b"200 OK" in await reader.readuntil(b"}")

    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        async with asyncio.timeout(20):
            while not all(closed(pair) for pair in pairs[4:11]):
                await asyncio.sleep(0.01)
        assert not any(closed(pair) for pair in (*pairs[:4], pairs[11]))
        gate.set()
        assert b"message_stop" in await response.read()
    for _, writer in pairs:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_headers_that_never_end_are_not_waited_for(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line at a time, for ever (slowloris): the keep-alive time is all that a request's head gets."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.001")
    hub = await start()
    assert hub.server.gateway is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.server.gateway.port)
    writer.write(b"POST /v1/messages HTTP/1.1\r\n")
    with suppress(ConnectionError):
        async with asyncio.timeout(20):
            while not reader.at_eof():
                writer.write(b"X-Slow: 1\r\n")
                await writer.drain()
                with suppress(TimeoutError):
                    await asyncio.wait_for(reader.read(1), 0.05)
    writer.close()
    assert (await hub.records()) == []


async def test_an_upload_that_trickles_on_ends_too(start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never silent for long enough, but not done in the whole time either: 408, and nobody is asked."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.002")  # 120 ms of silence, 600 ms in all
    hub = await start(channels(("anthropic", upstream.url)))
    assert hub.server.gateway is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.server.gateway.port)
    writer.write(head(hub, "anthropic", 10_000_000) + b'{"model":' + b" " * 70_000)
    answer = asyncio.ensure_future(reader.readline())  # not all of it: who goes on sending for seconds may be reset
    async with asyncio.timeout(20):
        with suppress(ConnectionError):
            while not answer.done():
                writer.write(b" ")
                await asyncio.sleep(0.02)
    assert (await answer).startswith(b"HTTP/1.1 408 ")
    writer.close()
    assert not upstream.requests
