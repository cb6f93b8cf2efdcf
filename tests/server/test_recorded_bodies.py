"""Which bodies are kept of a request that more than one channel was asked."""

from typing import Any

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
    assert hub.server.gateway is not None
    exporter: Any = hub.server.gateway.recorder.store
    store = exporter._store
    assert store.flush(10)
    with reader(store.path) as traces:
        assert set(traces.bodies(record["id"])) == {"client_request", "upstream_response"}
