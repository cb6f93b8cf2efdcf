"""What cannot be formed is 400 in the client's own shape, with the reason, before any upstream is called; and what an upstream
can do itself is left to it."""

import json
from typing import Any

import pytest

from tests.server.conftest import Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, PATHS, STREAMS

SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
SEARCH = [{"type": "web_search_20250305", "name": "web_search"}]
CHAT_AUDIO = {"messages": [{"role": "user", "content": [{"type": "text", "text": "hear"}, SOUND]}]}
INPUT_AUDIO = {"input": [{"role": "user", "content": [SOUND]}]}
WAVE = {"inlineData": {"mimeType": "audio/wav", "data": "UklGRg=="}}
ANY = {"functionCallingConfig": {"mode": "ANY"}}
REFUSED: list[tuple[str, str, dict[str, Any], str]] = [
    ("openai-chat", "anthropic", {"n": 2}, "n: 2 answers"),
    ("openai-chat", "openai-responses", {"n": 3}, "n: 3 answers"),
    ("openai-chat", "anthropic", {"modalities": ["text", "audio"]}, "an answer in audio"),
    ("openai-chat", "openai-responses", {"audio": {"voice": "x", "format": "wav"}}, "an answer in audio"),
    ("openai-chat", "anthropic", CHAT_AUDIO, "audio"),
    ("openai-chat", "openai-responses", CHAT_AUDIO, "audio"),
    ("openai-responses", "anthropic", INPUT_AUDIO, "audio"),
    ("openai-responses", "anthropic", {"previous_response_id": "resp_0"}, "previous_response_id"),
    ("openai-responses", "openai-chat", {"previous_response_id": "resp_0"}, "previous_response_id"),
    ("openai-responses", "openai-chat", {"conversation": "conv_0"}, "conversation"),
    ("openai-responses", "anthropic", {"background": True}, "background"),
    ("openai-responses", "openai-chat", {"prompt": {"id": "pmpt_0"}}, "prompt"),
    ("openai-responses", "openai-chat", {"input": [{"type": "item_reference", "id": "msg_0"}]}, "item"),
    ("openai-responses", "anthropic", {"tools": [{"type": "web_search"}], "tool_choice": "required"}, "web_search"),
    ("openai-responses", "openai-chat", {"tools": [{"type": "mcp"}], "tool_choice": {"type": "mcp"}}, "mcp"),
    ("anthropic", "openai-chat", {"tools": SEARCH, "tool_choice": {"type": "any"}}, "web_search"),
    ("anthropic", "openai-responses", {"tools": SEARCH, "tool_choice": {"type": "tool", "name": "web_search"}}, "web_search"),
    (
        "openai-responses", "anthropic",
        {"input": [{"type": "compaction_trigger"}, {"role": "user", "content": "x"}, {"type": "compaction_trigger"}]},
        "2 compaction_trigger items",
    ),
    ("gemini", "anthropic", {"generationConfig": {"candidateCount": 2}}, "candidateCount: 2 answers"),
    ("gemini", "openai-chat", {"generationConfig": {"candidateCount": 3}}, "candidateCount: 3 answers"),
    ("gemini", "openai-responses", {"generationConfig": {"responseModalities": ["AUDIO"]}}, "an answer in audio"),
    ("gemini", "anthropic", {"contents": [{"role": "user", "parts": [WAVE]}]}, "audio"),
    ("gemini", "openai-responses", {"contents": [{"role": "user", "parts": [WAVE]}]}, "audio"),
    ("gemini", "openai-chat", {"tools": [{"googleSearch": {}}], "toolConfig": ANY}, "googleSearch"),
    ("gemini", "anthropic", {"cachedContent": "cachedContents/x"}, "cachedContent: what it names lies with Google"),
]  # fmt: skip


@pytest.mark.parametrize(("client", "server", "more", "said"), REFUSED)
async def test_it_is_refused_before_anybody_is_asked(
    client: str, server: str, more: dict[str, Any], said: str, start: Start, upstream: Upstream
) -> None:
    """400, in the client's form, with what and why; no upstream hears of it."""
    hub = await start(channels((server, upstream.url)))
    async with hub.post(PATHS[client], {**ASKS[client], **more}) as response:
        answer = await response.json()
    assert response.status == 400
    if client == "gemini":
        assert (answer["error"]["code"], answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    else:
        assert answer["error"]["type"] == "invalid_request_error"
    assert said in answer["error"]["message"]
    if client == "anthropic":
        assert answer["type"] == "error"
    assert not upstream.requests


@pytest.mark.parametrize(
    ("client", "more"),
    [
        ("openai-chat", {"n": 2}),
        ("openai-chat", CHAT_AUDIO),
        ("openai-responses", {"previous_response_id": "resp_0"}),
        ("openai-responses", {"tools": [{"type": "web_search"}], "tool_choice": "required"}),
        ("anthropic", {"tools": SEARCH, "tool_choice": {"type": "any"}}),
    ],
)
async def test_an_upstream_of_its_own_protocol_decides_for_itself(
    client: str, more: dict[str, Any], start: Start, upstream: Upstream
) -> None:
    """The same requests pass where they can be formed."""
    upstream.will(stream(STREAMS[client]))
    hub = await start(channels((client, upstream.url)))
    async with hub.post(PATHS[client], {**ASKS[client], **more}) as response:
        await response.read()
    assert response.status == 200
    sent = upstream.requests[0]["body"]
    assert {key: sent[key] for key in more} == more


@pytest.mark.parametrize("choice", [{"type": "auto"}, {"type": "tool", "name": "web_search"}])
@pytest.mark.parametrize(
    ("server", "quirks"),
    [("anthropic", ""), ("anthropic", "hosted_tools = false"), ("openai-chat", ""), ("openai-responses", "")],
)
async def test_claude_code_s_web_search_is_answered_anyhow(
    server: str, quirks: str, choice: dict[str, Any], start: Start, upstream: Upstream
) -> None:
    """The side request of its WebSearch tool: elsewhere the model answers from what it knows, and the receipt says why."""
    upstream.will(stream(STREAMS[server]))
    hub = await start(channels((server, upstream.url)) + f"quirks = {{ {quirks} }}\n")
    ask = {**ASKS["anthropic"], "tools": SEARCH, "tool_choice": choice}
    agent = {"User-Agent": "claude-cli/2.1.330 (external, cli)"}
    async with hub.post(PATHS["anthropic"], ask, headers=agent) as response:
        assert b"message_stop" in await response.read()
    sent = upstream.requests[0]["body"]
    record = (await hub.records())[-1]
    if server == "anthropic" and not quirks:
        assert sent["tools"] == SEARCH
    else:
        assert "tools" not in sent
        assert "tool_choice" not in sent
        assert "no web search" in json.dumps(record["losses"])
        assert b"No web search can be done here" in upstream.requests[0]["raw"]


@pytest.mark.parametrize("server", ["anthropic", "openai-chat", "openai-responses"])
async def test_compacting_has_its_own_endpoint(server: str, start: Start, upstream: Upstream) -> None:
    """A Responses API is asked at its own; elsewhere a summary is asked for, and comes back in the same form."""
    item = {"type": "compaction", "id": "cmp_1", "encrypted_content": "gAAAA"}
    native = {"id": "resp_1", "object": "response.compaction", "created_at": 1, "output": [item], "usage": None}
    upstream.will(whole(native) if server == "openai-responses" else stream(STREAMS[server]))
    hub = await start(channels((server, upstream.url)))
    said = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "build it"}]}
    async with hub.post("/v1/responses/compact", {"model": "asked-model", "input": [said]}) as response:
        answer = await response.json()
    assert response.status == 200
    assert answer["object"] == "response.compaction"
    assert answer["output"][-1]["type"] == "compaction"
    record = (await hub.records())[-1]
    assert record["kind"] == "compaction"
    if server == "openai-responses":
        assert upstream.requests[0]["path"] == "/v1/responses/compact"
        assert answer == native
    else:
        assert upstream.requests[0]["path"] == PATHS[server]
        assert answer["output"][0] == said
        assert answer["usage"]["input_tokens"] == 15
