"""Which bodies are kept of a request that more than one channel was asked."""

import asyncio
import json
from typing import Any

import pytest

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


_CHAT = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "up-model",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
}  # fmt: skip


@pytest.mark.parametrize(("kind", "answer", "lane"), [("anthropic", wire.MESSAGE, "splice"), ("openai-chat", _CHAT, "convert")])
async def test_a_session_is_kept_as_it_was_sent(start: Start, upstream: Upstream, kind: str, answer: Any, lane: str) -> None:
    """Turn after turn, whether only the model is exchanged on the way or everything; what it was asked to think is on record."""
    upstream.will(whole(answer))
    profile = 'profile = "p"\n[profiles.p]\nmappings = [{exact = "mine", to = "up-model"}]\n'
    hub = await start(profile + channels((kind, upstream.url)))
    headers = {"x-claude-code-session-id": "11111111-2222-4333-8444-555555555555"}
    for turns in range(40, 44):
        said = [{"role": ("user", "assistant")[at % 2], "content": f"{at} {'word ' * 200}"} for at in range(2 * turns + 1)]
        body = {"model": "mine", "max_tokens": 4096, "messages": said, "output_config": {"effort": "high"}}
        async with hub.post("/v1/messages", body, headers=headers) as response:
            assert response.status == 200
        record = (await hub.records())[-1]
        kept = await _kept(record["id"])
        assert json.loads(kept["client_request"]) == body
        assert kept["upstream_request"] == upstream.requests[-1]["raw"]
        assert (record["lane"], record["effort"], record["effort_sent"]) == (lane, "high", "high")


async def _kept(request_id: str) -> Any:
    """Its bodies, once they are written."""
    async with asyncio.timeout(20):
        while True:
            with reader(paths().database) as traces:
                if (traces.request(request_id) or {"outcome": "running"})["outcome"] != "running":
                    return traces.bodies(request_id)
            await asyncio.sleep(0.02)
