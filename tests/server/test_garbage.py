"""What a request leaves behind: nothing for the collector, which comes seldom, and would find the answers of hundreds."""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress

import aiohttp
import pytest

from tests.faults.conftest import Raw, raw
from tests.server.conftest import Hub, Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, HEADS, PATHS, STREAMS

__all__ = ["raw"]

Ask = Callable[[Hub], Awaitable[None]]


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between attempts."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.05")


async def _ask(hub: Hub, client: str, *, streams: bool, status: int | None = 200) -> None:
    """`status` None: whatever comes, and whether or not it comes whole."""
    async with hub.post(PATHS[client], {**ASKS[client], "stream": streams}) as response:
        assert status in (None, response.status)
        with suppress(*([aiohttp.ClientError] if status is None else [])):
            await response.read()


@contextmanager
def _garbage() -> Iterator[set[str]]:
    """What of ours has become garbage that only the collector finds; complete at the end."""
    left: set[str] = set()
    gc.collect()
    gc.freeze()  # a collector has less to look through then
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield left
        gc.collect()
        left |= {type(each).__qualname__ for each in gc.garbage if type(each).__module__.startswith("axonhub_cli")}
        left -= {"Connection", "Wire"}  # those that were closed: asyncio's transports hold on to them
    finally:
        gc.set_debug(0)
        gc.enable()
        gc.unfreeze()
        gc.garbage.clear()


async def _nothing_is_left(hub: Hub, ask: Ask) -> None:
    await ask(hub)  # what is made once
    await asyncio.sleep(0.05)
    with _garbage() as left:
        await ask(hub)
        await asyncio.sleep(0.05)
    assert left == set()


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("served", STREAMS)
async def test_a_request_goes_with_its_last_byte(streams: bool, served: str, start: Start, upstream: Upstream) -> None:
    """Call, answer, parser and what was said are gone without the collector, in streams and whole answers, converted or not."""
    upstream.will(stream(STREAMS[served]))

    async def ask(hub: Hub) -> None:
        for client in PATHS:
            await _ask(hub, client, streams=streams)

    await _nothing_is_left(await start(channels((served, upstream.url))), ask)


@pytest.mark.parametrize("client", PATHS)
async def test_an_answer_that_breaks_off_is_gone_too(client: str, start: Start, upstream: Upstream) -> None:
    """So it is with one that ends in the middle, before the client has seen anything of it or after."""
    hub = await start(channels(("openai-chat", upstream.url)))

    async def ask(hub: Hub) -> None:
        for streams in (True, False):
            await _ask(hub, client, streams=streams, status=None)

    for answer in (stream(HEADS["openai-chat"], cut=True), stream(cut=True), whole({"error": {"message": "no"}}, 400)):
        upstream.will(answer)
        await _nothing_is_left(hub, ask)


async def _closes(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")


async def _babbles(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
    await writer.drain()


@pytest.mark.parametrize("script", [_closes, _babbles])
async def test_an_upstream_that_is_none_leaves_nothing(
    script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]], start: Start, raw: Raw
) -> None:
    """It closes, or speaks another protocol."""
    raw.will(script)
    await _nothing_is_left(
        await start(channels(("anthropic", raw.url))), lambda hub: _ask(hub, "anthropic", streams=True, status=502)
    )


async def test_nobody_there_leaves_nothing(start: Start) -> None:
    """A connection that is refused."""
    hub = await start(channels(("anthropic", "http://127.0.0.1:9")))
    await _nothing_is_left(hub, lambda hub: _ask(hub, "anthropic", streams=True, status=502))


async def test_a_client_that_leaves_leaves_nothing(start: Start, upstream: Upstream) -> None:
    """In the middle of a request's head, and in the middle of the answer."""
    upstream.will(stream(HEADS["openai-chat"], lambda: asyncio.sleep(5)))

    async def ask(hub: Hub) -> None:
        port = int(hub.url.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST /v1/messages HTTP/1.1\r\nHost: loc")
        await asyncio.sleep(0.05)
        writer.close()
        async with hub.post(PATHS["openai-chat"], {**ASKS["openai-chat"], "stream": True}) as response:
            await response.content.readany()
            response.close()

    await _nothing_is_left(await start(channels(("openai-chat", upstream.url))), ask)


async def test_a_request_through_aiohttp_leaves_nothing(start: Start, upstream: Upstream) -> None:
    """What goes through a proxy: here the upstream itself, which does not mind."""
    upstream.will(stream(STREAMS["openai-chat"]))
    config = channels(("openai-chat", "http://127.0.0.1:9")) + f'proxy = "{upstream.url}"\n'
    await _nothing_is_left(await start(config), lambda hub: _ask(hub, "openai-chat", streams=True))
