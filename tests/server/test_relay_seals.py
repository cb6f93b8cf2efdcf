"""Seals on a running server: after a switch of channels, after an upstream's refusal, and by tool call for Chat clients."""

import json
from typing import Any

import pytest

from tests.server.conftest import Start, Upstream, stream, whole
from tests.server.wire import ASKS, PATHS, sse

SIGNATURE = "c2lnbmVkLWJ5LXRoZS1maXJzdA=="
TURN = {"AH-Trace-Id": "one-conversation"}
THOUGHT = {"type": "thinking", "thinking": "hm", "signature": SIGNATURE}
SIGNED = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "end_turn", "stop_sequence": None,
    "content": [THOUGHT, {"type": "text", "text": "Hello"}],
    "usage": {"input_tokens": 10, "output_tokens": 2},
}  # fmt: skip
HISTORY = [
    {"role": "user", "content": "hi"},
    {"role": "assistant", "content": SIGNED["content"]},
    {"role": "user", "content": "and?"},
]


def two(url: str, kind: str = "anthropic") -> str:
    """Two channels, each with a model of its own."""
    tail = "" if kind == "anthropic" else "/v1"
    return "".join(
        f'[[channels]]\nname = "{name}"\ntype = "{kind}"\nbase_url = "{url}/{name}{tail}"\nmodels = ["{name}"]\n'
        for name in ("one", "two")
    )


async def say(hub: Any, client: str, body: dict[str, Any], status: int = 200) -> Any:
    async with hub.post(PATHS[client], {**ASKS[client], "stream": False, **body}, headers=TURN) as response:
        assert response.status == status
        return await response.json()


async def test_a_signature_stays_with_its_channel(start: Start, upstream: Upstream) -> None:
    """The conversation moves to another channel of the same protocol: its thinking stays behind, and moves on when it comes
    back."""
    upstream.will(whole(SIGNED))
    hub = await start(two(upstream.url))
    await say(hub, "anthropic", {"model": "one"})
    await say(hub, "anthropic", {"model": "two", "messages": HISTORY})
    await say(hub, "anthropic", {"model": "one", "messages": HISTORY})

    assert SIGNATURE.encode() not in upstream.requests[1]["raw"]
    assert upstream.requests[1]["body"]["messages"][1]["content"] == [{"type": "text", "text": "Hello"}]
    assert upstream.requests[2]["body"]["messages"] == HISTORY
    records = await hub.records()
    assert [(record["lane"], len(record["losses"])) for record in records] == [("verbatim", 0), ("splice", 1), ("verbatim", 0)]


REFUSALS = [
    (
        "anthropic",
        {"type": "error", "error": {"type": "invalid_request_error", "message": "Invalid `signature` in `thinking` block"}},
        {"messages": HISTORY},
        SIGNED,
    ),
    (
        "openai-responses",
        {"error": {"message": "could not be verified", "type": "invalid_request_error", "code": "invalid_encrypted_content"}},
        {"input": [{"type": "reasoning", "summary": [], "encrypted_content": SIGNATURE}, {"role": "user", "content": "hi"}]},
        {"id": "resp_1", "object": "response", "model": "m", "status": "completed", "output": []},
    ),
]


@pytest.mark.parametrize(("protocol", "error", "ask", "answer"), REFUSALS)
@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_refused_seal_is_taken_out_once(
    protocol: str, error: Any, ask: Any, answer: Any, stubborn: bool, start: Start, upstream: Upstream
) -> None:
    """The same channel is asked once more without seals, which the receipt says; a second refusal is the client's answer."""
    upstream.will(*([whole(error, 400)] * (2 if stubborn else 1)), whole(answer))
    hub = await start(two(upstream.url, protocol))
    body = await say(hub, protocol, {"model": "one", **ask}, 400 if stubborn else 200)

    assert len(upstream.requests) == 2
    assert SIGNATURE.encode() in upstream.requests[0]["raw"]
    assert SIGNATURE.encode() not in upstream.requests[1]["raw"]
    record = (await hub.records())[-1]
    assert "refused" in record["losses"][0]["why"]
    assert len(record["attempts"]) == 1
    if stubborn:
        assert body["error"]["message"] == error["error"]["message"]


async def test_a_chat_client_s_turn_gets_its_seal_back(start: Start, upstream: Upstream) -> None:
    """The client knows nothing of signatures: the gateway puts this turn's back in front of its tool call."""
    call = {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "x"}}
    upstream.will(whole({**SIGNED, "content": [THOUGHT, call], "stop_reason": "tool_use"}))
    hub = await start(two(upstream.url))
    first = await say(hub, "openai-chat", {"model": "one"})
    message = first["choices"][0]["message"]
    echo = {"role": "assistant", "content": None, "tool_calls": message["tool_calls"]}
    result = {"role": "tool", "tool_call_id": "toolu_1", "content": "seen"}
    await say(hub, "openai-chat", {"model": "one", "messages": [{"role": "user", "content": "hi"}, echo, result]})

    assert upstream.requests[1]["body"]["messages"][1]["content"] == [THOUGHT, call]


async def test_stripped_thinking_returns_on_the_verbatim_lane(start: Start, upstream: Upstream) -> None:
    """A Chat vendor that wants its thinking back gets what it said, though the client left it out."""
    chunk = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    call = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    deltas: list[dict[str, Any]] = [
        {"role": "assistant", "reasoning_content": "let me"},
        {"reasoning_content": " see"},
        {"tool_calls": [call]},
    ]
    chunks = [{**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    end = {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}
    upstream.will(stream(sse(*chunks, end, "[DONE]")))
    hub = await start(two(upstream.url, "openai-chat") + "quirks = {replay_reasoning = true}\n")
    async with hub.post(PATHS["openai-chat"], {**ASKS["openai-chat"], "model": "two"}) as response:
        await response.read()
    echo = {"role": "assistant", "content": "", "tool_calls": [{key: value for key, value in call.items() if key != "index"}]}
    await say(
        hub, "openai-chat", {"model": "two", "messages": [echo, {"role": "tool", "tool_call_id": "call_1", "content": "x"}]}
    )

    assert json.loads(upstream.requests[1]["raw"])["messages"][0]["reasoning_content"] == "let me see"
