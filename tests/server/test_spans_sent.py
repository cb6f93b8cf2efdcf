"""A server with `[trace.otlp]`: what its clients asked arrives at a collector, also without a store."""

import asyncio

import pytest

from tests.server.conftest import Start, Upstream, channels, whole
from tests.trace.receiver import receiver, values

ANSWER = {
    "id": "c", "object": "chat.completion", "created": 1, "model": "m", "usage": {"prompt_tokens": 9, "completion_tokens": 2},
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "a secret plan"}, "finish_reason": "stop"}],
}  # fmt: skip


@pytest.mark.parametrize("stored", ["true", "false"])
async def test_a_request_becomes_spans(stored: str, start: Start, upstream: Upstream) -> None:
    """Request and attempt within a turn and a session, tokens and all, and not a word of what was said."""
    upstream.will(whole(ANSWER))
    with receiver() as collector:
        config = f'[trace]\nenabled = {stored}\n[trace.otlp]\nendpoint = "{collector.url}"\n'
        hub = await start(config + channels(("openai-chat", upstream.url)))
        asked = {"model": "m", "messages": [{"role": "user", "content": "what is the plan"}]}
        async with hub.post("/v1/chat/completions", asked, headers={"AH-Trace-Id": "t-1"}) as response:
            assert response.status == 200
        gateway = hub.server.gateway
        assert gateway is not None
        await hub.records()
        hub.server.stop()
        await asyncio.wait_for(hub.server.wait(), 30)
        state = gateway.state()["otlp"]
    assert isinstance(state, dict)
    assert (state["sent"], state["dropped"], state["error"]) == (4, 0, None)
    assert [span.name.split()[0] for span in collector.spans[:3]] == ["POST", "chat", "invoke_agent"]
    found = values(collector.spans[1].attributes)
    assert (found["gen_ai.usage.input_tokens"], found["gen_ai.conversation.id"], found["axonhub.channel"]) == (9, "t-1", "c0")
    assert "plan" not in str(collector.spans)
