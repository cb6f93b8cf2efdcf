"""Tool call ids at an upstream that takes nine letters and digits only: whoever made the ids before, the conversation goes on."""

import json
from typing import Any

import pytest

from tests.server.conftest import Start, Upstream, channels, stream
from tests.server.wire import ASKS, PATHS, sse

QUIRK = "quirks = { call_id_length = 9 }\n"
TOOL = {"name": "look", "parameters": {"type": "object", "properties": {}}}


def _chat(call_id: str) -> dict[str, Any]:
    call = {"id": call_id, "type": "function", "function": {"name": "look", "arguments": "{}"}}
    return {
        "messages": [
            {"role": "user", "content": "look"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": call_id, "content": "seen"},
        ],
        "tools": [{"type": "function", "function": TOOL}],
    }


def _anthropic(call_id: str) -> dict[str, Any]:
    return {
        "messages": [
            {"role": "user", "content": "look"},
            {"role": "assistant", "content": [{"type": "tool_use", "id": call_id, "name": "look", "input": {}}]},
            {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call_id, "content": "seen"}]},
        ],
        "tools": [{"name": "look", "input_schema": TOOL["parameters"]}],
    }


ASK = {"openai-chat": _chat, "anthropic": _anthropic}


@pytest.mark.parametrize("client", ASK)
async def test_the_client_keeps_its_ids_and_the_upstream_gets_its_own(client: str, start: Start, upstream: Upstream) -> None:
    """Foreign ids are replaced on the way there, also where the protocols are the same; an answer's id comes as it is."""
    call = {"index": 0, "id": "Zy9876543", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    said = {"choices": [{"index": 0, "delta": {"role": "assistant", "tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    upstream.will(stream(sse({"id": "c", "model": "m", **said}) + sse("[DONE]")))
    hub = await start(channels(("openai-chat", upstream.url)) + QUIRK)
    for call_id, kept in (("toolu_01AbCdEf", False), ("Zy9876543", True)):
        async with hub.post(PATHS[client], {**ASKS[client], **ASK[client](call_id), "stream": True}) as response:
            answer = (await response.read()).decode()
        assert "Zy9876543" in answer
        body = json.loads(upstream.requests[-1]["raw"])
        sent = body["messages"][-1]["tool_call_id"]
        assert (sent == call_id) is kept
        assert len(sent) == 9
        assert sent.isalnum()
        assert body["messages"][-2]["tool_calls"][0]["id"] == sent
    records = await hub.records()
    assert [record["lane"] for record in records] == (["convert", "splice"] if client == "openai-chat" else ["convert"] * 2)
