"""What a request leaves behind: nothing for the collector, which comes seldom, and would find the answers of hundreds."""

import asyncio
import gc

import pytest

from tests.server.conftest import Hub, Start, Upstream, channels, stream
from tests.server.wire import ASKS, PATHS, STREAMS


async def _ask(hub: Hub, client: str, *, streams: bool) -> None:
    async with hub.post(PATHS[client], {**ASKS[client], "stream": streams}) as response:
        assert response.status == 200
        await response.read()


@pytest.mark.parametrize("streams", [True, False])
@pytest.mark.parametrize("served", ["anthropic", "openai-chat"])
async def test_a_request_goes_with_its_last_byte(streams: bool, served: str, start: Start, upstream: Upstream) -> None:
    """Call, answer, parser and what was said are gone without the collector, in streams and whole answers, converted or not."""
    upstream.will(stream(STREAMS[served]))
    hub = await start(channels((served, upstream.url)))
    for client in PATHS:
        await _ask(hub, client, streams=streams)
    await asyncio.sleep(0.05)
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        for client in PATHS:
            await _ask(hub, client, streams=streams)
        await asyncio.sleep(0.05)
        gc.collect()
        left = {type(each).__qualname__ for each in gc.garbage if type(each).__module__.startswith("axonhub_cli")}
    finally:
        gc.set_debug(0)
        gc.enable()
        gc.garbage.clear()
    assert left <= {"Connection", "Wire"}  # those that were closed: asyncio's transports hold on to them
