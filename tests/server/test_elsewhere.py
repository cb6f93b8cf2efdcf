"""A request that one channel cannot serve as it is goes to one that can; only when none can, the client hears why."""

import json
from typing import Any

import pytest

from tests.server.conftest import Start, Upstream, channels, stream, whole
from tests.server.wire import ASKS, PATHS, STREAMS

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
SOUND = {"type": "input_audio", "input_audio": {"data": "UklGRg==", "format": "wav"}}
SEE: dict[str, dict[str, Any]] = {
    "anthropic": {"messages": [{"role": "user", "content": [
        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}]}]},
    "openai-chat": {"messages": [{"role": "user", "content": [
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXEL}"}}]}]},
}  # fmt: skip
LLAMA = {"error": {"code": 500, "message": "image input is not supported - hint: you may need to provide the mmproj",
                   "type": "server_error"}}  # fmt: skip
FORMED = [
    ("openai-chat", {"n": 2}, "anthropic", "openai-chat", "n: 2"),
    ("openai-chat", {"messages": [{"role": "user", "content": [SOUND]}]}, "anthropic", "gemini", "audio"),
    ("openai-responses", {"previous_response_id": "resp_0"}, "openai-chat", "openai-responses", "previous_response_id"),
    ("openai-responses", {"tools": [{"type": "mcp"}], "tool_choice": {"type": "mcp"}}, "gemini", "openai-responses", "mcp"),
]  # fmt: skip


@pytest.mark.parametrize(("client", "more", "first", "second", "said"), FORMED, ids=[case[4] for case in FORMED])
async def test_what_cannot_be_formed_here_is_asked_elsewhere(
    client: str, more: dict[str, Any], first: str, second: str, said: str, start: Start, upstream: Upstream
) -> None:
    """The first channel is passed over without being asked, and the trace says why; nothing is held against it."""
    upstream.will(stream(STREAMS[second]))
    hub = await start(channels((first, upstream.url), (second, upstream.url)))
    async with hub.post(PATHS[client], {**ASKS[client], **more, "stream": True}) as response:
        assert response.status == 200
        assert response.headers["x-axonhub-channel"] == "c1"
        await response.read()
    assert len(upstream.requests) == 1
    (record,) = await hub.records()
    skipped, served = record["attempts"]
    assert (skipped["channel"], skipped["outcome"], skipped["status"]) == ("c0", "skipped", 0)
    assert said in skipped["reason"]
    assert (served["channel"], served["outcome"]) == ("c1", "ok")
    assert hub.server.gateway is not None
    assert hub.server.gateway.places.snapshot() == []


async def test_when_none_can_the_client_gets_the_reasons(
    start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """400 in its own form; a channel with two secrets is passed over once."""
    for name in ("ONE", "TWO"):
        monkeypatch.setenv(name, "sk-test")
    config = channels(("anthropic", upstream.url), ("openai-responses", upstream.url))
    config = config.replace('name = "c0"\n', 'name = "c0"\nsecrets = ["env:ONE", "env:TWO"]\n')
    hub = await start(config)
    async with hub.post(PATHS["openai-chat"], {**ASKS["openai-chat"], "n": 2}) as response:
        answer = await response.json()
    assert response.status == 400
    assert answer["error"]["type"] == "invalid_request_error"
    assert "n: 2 answers" in answer["error"]["message"]
    assert not upstream.requests
    (record,) = await hub.records()
    assert [(attempt["channel"], attempt["outcome"]) for attempt in record["attempts"]] == [("c0", "skipped"), ("c1", "skipped")]


async def test_an_able_channel_that_is_down_is_the_answer(start: Start, upstream: Upstream) -> None:
    """Its failure may pass, so the client hears of that, not that the other one cannot do it."""
    upstream.will(whole({"error": {"message": "busy", "type": "server_error"}}, status=503))
    hub = await start(channels(("openai-chat", upstream.url), ("anthropic", upstream.url)))
    async with hub.post(PATHS["openai-chat"], {**ASKS["openai-chat"], "n": 2}) as response:
        message = (await response.json())["error"]["message"]
    assert response.status == 503
    assert message == "busy (axonhub tried c0: overloaded, c1: cannot do this)"


@pytest.mark.parametrize("client", SEE)
async def test_an_image_goes_to_a_model_that_sees(client: str, start: Start, upstream: Upstream) -> None:
    """Where the first channel's model sees none and another one's does; otherwise a placeholder stands for it."""
    upstream.will(stream(STREAMS["gemini"]))
    blind = channels(("gemini", upstream.url)) + "quirks = { images = false }\n"
    seeing = channels(("gemini", upstream.url)).replace("c0", "c1")
    hub = await start(blind + seeing.replace("priority = 0", "priority = 1"))
    ask = {**ASKS[client], **SEE[client], "stream": True}
    async with hub.post(PATHS[client], ask) as response:
        assert response.headers["x-axonhub-channel"] == "c1"
        await response.read()
    assert PIXEL in upstream.requests[-1]["raw"].decode()
    (record,) = await hub.records()
    assert "image" in record["attempts"][0]["reason"]
    (hub.home / "config.toml").write_text(blind)
    assert hub.server.gateway is not None
    hub.server.gateway.poll()
    async with hub.post(PATHS[client], ask) as response:
        assert response.status == 200
        await response.read()
    assert PIXEL not in upstream.requests[-1]["raw"].decode()


@pytest.mark.parametrize("client", SEE)
async def test_an_upstream_that_cannot_do_it_is_no_broken_upstream(client: str, start: Start, upstream: Upstream) -> None:
    """llama.cpp's 500 for an image it cannot see is a 400 that nobody repeats, asked once, and nothing cools."""
    upstream.will(whole(LLAMA, status=500))
    hub = await start(channels(("openai-chat", upstream.url)))
    async with hub.post(PATHS[client], {**ASKS[client], **SEE[client]}) as response:
        answer = await response.json()
    assert response.status == 400
    assert response.headers["x-should-retry"] == "false"
    assert "image input is not supported" in answer["error"]["message"]
    assert len(upstream.requests) == 1
    assert hub.server.gateway is not None
    assert hub.server.gateway.places.snapshot() == []


async def test_another_one_is_asked_first(start: Start, upstream: Upstream) -> None:
    """The next channel may have a model that sees."""
    upstream.will(whole(LLAMA, status=500), stream(STREAMS["anthropic"]))
    hub = await start(channels(("openai-chat", upstream.url), ("anthropic", upstream.url)))
    async with hub.post(PATHS["openai-chat"], {**ASKS["openai-chat"], **SEE["openai-chat"], "stream": True}) as response:
        assert response.status == 200
        assert response.headers["x-axonhub-channel"] == "c1"
        await response.read()
    assert PIXEL in json.dumps(upstream.requests[-1]["body"])
