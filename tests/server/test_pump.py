"""The short way of a stream, from one transport to the other: nothing is lost, reordered or piled up, whoever is slow."""

import asyncio

from aiohttp import web

from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream

DELTA = wire.A_MORE * 200
TIMES = 800  # about 17 MB


async def test_a_slow_client_slows_its_upstream(start: Start, upstream: Upstream) -> None:
    """While the client does not read, the upstream is not read either; then every byte arrives, in order."""
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in [wire.A_START + wire.A_TEXT, *[DELTA] * TIMES, wire.A_END]:
            await response.write(piece)
            sent += len(piece)
        await response.write_eof()
        return response

    upstream.will(answer)
    hub = await start(channels(("anthropic", upstream.url)))
    async with hub.post("/v1/messages", {**wire.ASKS["anthropic"], "model": "up-model"}) as response:
        still, before = 0, -1
        while still < 500:
            still, before = (still + 1, before) if sent == before else (0, sent)
            await asyncio.sleep(0)
        assert 0 < sent < len(DELTA) * TIMES
        data = await response.read()
    assert data == wire.A_START + wire.A_TEXT + DELTA * TIMES + wire.A_END


async def test_a_stream_of_many_reads_arrives_as_it_was(start: Start, upstream: Upstream) -> None:
    """Frames that come in single reads, halves of frames among them, pass on the short way unchanged."""

    async def pause() -> None:
        for _ in range(20):
            await asyncio.sleep(0)

    pieces = [wire.A_START + wire.A_TEXT, *[part for _ in range(40) for part in (wire.A_MORE[:50], wire.A_MORE[50:])], wire.A_END]
    upstream.will(stream(*[each for piece in pieces for each in (piece, pause)]))
    hub = await start(channels(("anthropic", upstream.url)))
    async with hub.post("/v1/messages", {**wire.ASKS["anthropic"], "model": "up-model"}) as response:
        assert await response.read() == b"".join(pieces)
    record = (await hub.records())[-1]
    assert record["outcome"] == "ok"
    assert record["bytes_out"] == sum(map(len, pieces))


async def test_a_client_of_http_1_0_gets_the_stream_unframed(start: Start, upstream: Upstream) -> None:
    """It knows no chunks: the body ends with the connection."""
    upstream.will(stream(wire.A_STREAM))
    hub = await start(channels(("anthropic", upstream.url)))
    assert hub.server.gateway is not None
    reader, writer = await asyncio.open_connection("127.0.0.1", hub.server.gateway.port)
    body = b'{"model":"up-model","max_tokens":9,"stream":true,"messages":[]}'
    host = f"127.0.0.1:{hub.server.gateway.port}"
    head = f"POST /v1/messages HTTP/1.0\r\nHost: {host}\r\nx-api-key: {hub.token}\r\nContent-Type: application/json\r\n"
    writer.write(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    said = await reader.read()
    writer.close()
    assert said.partition(b"\r\n\r\n")[2] == wire.A_STREAM
