"""Which bodies are kept of a request that more than one channel was asked."""

import asyncio
from typing import Any

from axonhub_cli.config.paths import paths
from axonhub_cli.trace.reader import reader
from tests.server import wire
from tests.server.conftest import Start, Upstream, channels, stream, whole


async def test_the_failed_channels_request_is_not_taken_for_the_one_that_was_answered(start: Start, upstream: Upstream) -> None:
    """After a converted request that failed, what went out as it came is no other body than the client's."""
    upstream.will(whole({"error": {"message": "busy"}}, status=529), stream(wire.A_STREAM))
    hub = await start(channels(("openai-chat", upstream.url), ("anthropic", upstream.url)))
    body: dict[str, Any] = {**wire.ASKS["anthropic"], "model": "up-model"}

    async with hub.post("/v1/messages", body) as response:
        await response.read()
    record = (await hub.records())[-1]
    assert [attempt["lane"] for attempt in record["attempts"]] == ["convert", "verbatim"]
    assert set(await _kept(record["id"])) == {"client_request", "upstream_response"}


async def _kept(request_id: str) -> Any:
    """Its bodies, once they are written."""
    async with asyncio.timeout(20):
        while True:
            with reader(paths().database) as traces:
                if (traces.request(request_id) or {"outcome": "running"})["outcome"] != "running":
                    return traces.bodies(request_id)
            await asyncio.sleep(0.02)
