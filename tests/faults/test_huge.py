"""A body of many megabytes that is all structure: read within a bounded time, and nobody else waits for it."""

import asyncio

import pytest

from tests.faults.outcomes import check
from tests.faults.test_faults import ask
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream
from tests.server.wire import PATHS

pytestmark = pytest.mark.faults


@pytest.mark.parametrize("client", ["anthropic", "openai-chat"])
async def test_46_a_huge_body_of_tiny_objects(client: str, start: Start, upstream: Upstream) -> None:
    """32 MB of them beside the messages: served, and small requests are served meanwhile."""
    upstream.will(stream(wire.STREAMS[client]))
    hub = await start(channels((client, upstream.url)))
    tiny = b'{"a":1},' * (4 << 20)
    body = b'{"model":"m","max_tokens":9,"stream":true,"messages":[{"role":"user","content":"x"}],"extra":[' + tiny[:-1] + b"]}"
    assert len(body) > 32 << 20

    async def huge() -> None:
        async with hub.post(PATHS[client], body) as response:
            assert response.status == 200
            assert wire.text_of(client, await response.read()) == "Hello"

    running = asyncio.ensure_future(huge())
    for _ in range(5):
        check("OK", client, await ask(hub, client))
    await running
    assert len(upstream.requests) == 6
