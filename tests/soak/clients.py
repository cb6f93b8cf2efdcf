"""What clients can do to a server, measured: some that never read, some that leave, all at once, and bombs.

python -m tests.soak.clients
"""

import asyncio
import json
import socket
import statistics
import time
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from tests.server import wire
from tests.soak.serving import Serving, serving

PATH = wire.PATHS["openai-chat"]
ASK = wire.ASKS["openai-chat"]


@dataclass
class Stalled:
    """Megabytes for each client that does not read, and how long others wait for a small answer (ms)."""

    clients: int
    each_mb: float
    others_p50: float


async def _talks(request: web.Request) -> web.StreamResponse:
    """Never stops, but for the model `quick`."""
    body = await request.json()
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    if body["model"] == "quick":
        await response.write(wire.C_STREAM)
        return response
    await response.write(wire.C_TEXT)
    while True:
        await response.write(wire.C_MORE * 200)


async def _quick(session: aiohttp.ClientSession, server: Serving) -> float:
    begun = time.perf_counter()
    headers = {"Authorization": f"Bearer {server.token}"}
    async with session.post(server.url + PATH, json={**ASK, "model": "quick"}, headers=headers) as response:
        assert response.status == 200, await response.text()
        await response.read()
    return (time.perf_counter() - begun) * 1000


async def _stalled(clients: int) -> Stalled:
    async with serving(_talks) as server, aiohttp.ClientSession() as session:
        for _ in range(50):
            await _quick(session, server)
        before, held = server.rss(), []
        ask = server.post(PATH, json.dumps(ASK).encode())
        for _ in range(clients):
            held.append(made := socket.create_connection(("127.0.0.1", server.port)))
            made.sendall(ask)
            await asyncio.sleep(0.01)
        await asyncio.sleep(2)
        each = (server.rss() - before) / clients
        waits = [await _quick(session, server) for _ in range(60)]
        for each_held in held:
            each_held.close()
    return Stalled(clients, each, statistics.median(waits))


def stalled(clients: int) -> Stalled:
    """So many clients ask for a stream without an end, and read nothing of it."""
    return asyncio.run(_stalled(clients))


@dataclass
class Left:
    """Milliseconds from a client's leaving until its upstream knows: one by one, and the last of all at once."""

    one_p50: float
    one_p99: float
    all_at_once: float
    clients: int
    cpu_ms: float  # of the server, for each of them


class _Waits:
    """An upstream that says a first word and then waits for as long as it may."""

    def __init__(self) -> None:
        self.begun, self.gone = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        try:
            await response.write(wire.C_TEXT)
            self.begun.release()
            await asyncio.sleep(600)
        finally:
            self.gone.release()
        return response


async def _ask(server: Serving) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(server.post(PATH, json.dumps(ASK).encode()))
    await reader.readuntil(b"Hel")
    return writer


async def _left(clients: int, trials: int) -> Left:
    upstream = _Waits()
    took = []
    async with serving(upstream.handle) as server:
        for _ in range(trials):
            writer = await _ask(server)
            begun = time.perf_counter()
            writer.transport.abort()
            await upstream.gone.acquire()
            took.append((time.perf_counter() - begun) * 1000)
        writers = []
        for _ in range(clients // 50):
            writers += await asyncio.gather(*(_ask(server) for _ in range(50)))
        begun, cpu = time.perf_counter(), server.cpu()
        for writer in writers:
            writer.transport.abort()
        for _ in writers:
            await upstream.gone.acquire()
        last = (time.perf_counter() - begun) * 1000
        await asyncio.sleep(1)  # the records are written
        each = (server.cpu() - cpu) * 1000 / len(writers)
    took.sort()
    return Left(took[len(took) // 2], took[int(len(took) * 0.99)], last, len(writers), each)


def left(clients: int, trials: int = 100) -> Left:
    """Clients leave in the middle of their streams."""
    return asyncio.run(_left(clients, trials))


@dataclass
class Bombs:
    """The most expensive one: milliseconds of the server's CPU, and megabytes that its memory grew by at most in all of them."""

    cpu_ms: float
    grown_mb: float
    tried: int


async def _bombs() -> Bombs:
    from tests.threats.test_hostile import make_bombs

    worst = 0.0
    async with serving(_talks, "[server]\nmax_body_mb = 8\n") as server:
        async with aiohttp.ClientSession() as session:
            for _ in range(20):
                await _quick(session, server)
        before, most, bombs = server.rss(), 0.0, make_bombs()
        for encoding, data in bombs.values():
            begun = server.cpu()
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(server.post(PATH, data, f"Content-Encoding: {encoding}\r\n"))
            assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 4")
            writer.close()
            worst, most = max(worst, (server.cpu() - begun) * 1000), max(most, server.rss())
    return Bombs(worst, most - before, len(bombs))


def bombs() -> Bombs:
    """Bodies that are small as they come and huge when decoded, at a server that takes 8 MB."""
    return asyncio.run(_bombs())


if __name__ == "__main__":
    print(stalled(200))
    print(left(1000))
    print(bombs())
