"""Google's own SDK (`google-genai`) talks to the server, and reads everything that it says."""

import json
from typing import Any

import pytest

from tests.server import wire
from tests.server.conftest import Hub, Start, Upstream, channels, stream, whole

genai = pytest.importorskip("google.genai")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

TOOLS: list[Any] = [
    {
        "function_declarations": [
            {"name": "look", "description": "Looks.", "parameters": {"type": "OBJECT", "properties": {"at": {"type": "STRING"}}}}
        ]
    }
]
THINKING = {"id": "msg_1", "type": "message", "role": "assistant", "model": "up-model", "stop_reason": "tool_use",
            "stop_sequence": None, "usage": {"input_tokens": 10, "output_tokens": 9, "cache_read_input_tokens": 5},
            "content": [{"type": "thinking", "thinking": "Let me look.", "signature": "c2lnbmVk"},
                        {"type": "text", "text": "Grüße 🙂"},
                        {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"at": "x"}},
                        {"type": "tool_use", "id": "toolu_2", "name": "look", "input": {}}]}  # fmt: skip


def client_of(hub: Hub) -> Any:
    return genai.Client(api_key=hub.token, http_options={"base_url": hub.url}).aio


@pytest.fixture
async def hub(start: Start, upstream: Upstream) -> Hub:
    """A server whose one channel speaks Anthropic's protocol."""
    return await start(channels(("anthropic", upstream.url)) + 'models = ["asked-model"]\n')


@pytest.mark.parametrize("streamed", [False, True])
async def test_thoughts_text_calls_and_usage(streamed: bool, hub: Hub, upstream: Upstream) -> None:
    """Through the SDK's own types, streamed and whole; an upstream that answers in one piece serves both."""
    upstream.will(whole(THINKING))
    config = {
        "tools": TOOLS,
        "max_output_tokens": 9000,
        "system_instruction": "be brief",
        "thinking_config": {"include_thoughts": True, "thinking_budget": 2000},
    }
    ask = {"model": "asked-model", "contents": "hello", "config": config}
    async with client_of(hub) as client:
        if streamed:
            chunks = [chunk async for chunk in await client.models.generate_content_stream(**ask)]
        else:
            chunks = [await client.models.generate_content(**ask)]
    parts = [part for chunk in chunks for part in chunk.candidates[0].content.parts]
    assert "".join(part.text or "" for part in parts if part.thought) == "Let me look."
    assert "".join(part.text or "" for part in parts if not part.thought) == "Grüße 🙂"
    calls = [(part.function_call.id, part.function_call.name, part.function_call.args) for part in parts if part.function_call]
    assert calls == [("toolu_1", "look", {"at": "x"}), ("toolu_2", "look", {})]
    last = chunks[-1]
    assert (last.candidates[0].finish_reason.value, last.model_version) == ("STOP", "asked-model")
    assert (last.usage_metadata.prompt_token_count, last.usage_metadata.cached_content_token_count) == (15, 5)
    sent = upstream.requests[0]["body"]
    assert sent["tools"][0]["input_schema"] == {"type": "object", "properties": {"at": {"type": "string"}}}
    assert sent["thinking"] == {"type": "enabled", "budget_tokens": 2000}
    assert "be brief" in json.dumps(sent["system"])


async def test_seals_survive_the_sdk(hub: Hub, upstream: Upstream) -> None:
    """Anthropic's signature travels packed inside a thought signature, and is Anthropic's own again in the next request."""
    upstream.will(whole(THINKING), stream(wire.A_STREAM))
    async with client_of(hub) as client:
        first = await client.models.generate_content(model="asked-model", contents="hello", config={"tools": TOOLS})
        said = first.candidates[0].content
        results = [
            {"function_response": {"id": part.function_call.id, "name": "look", "response": {"output": "seen"}}}
            for part in said.parts
            if part.function_call
        ]
        history = [{"role": "user", "parts": [{"text": "hello"}]}, said, {"role": "user", "parts": results}]
        second = await client.models.generate_content_stream(model="asked-model", contents=history, config={"tools": TOOLS})
        assert "".join([chunk.text or "" async for chunk in second]) == "Hello"
    answer, given = upstream.requests[1]["body"]["messages"][1:]
    assert answer["content"][0] == {"type": "thinking", "thinking": "Let me look.", "signature": "c2lnbmVk"}
    assert [block["tool_use_id"] for block in given["content"]] == ["toolu_1", "toolu_2"]


async def test_counting_models_and_errors(hub: Hub, upstream: Upstream) -> None:
    """A count, a list, one model, and an error as the SDK's own exception."""
    upstream.will(
        whole({"input_tokens": 42}), whole({"type": "error", "error": {"type": "overloaded_error", "message": "busy"}}, 529)
    )
    async with client_of(hub) as client:
        assert (await client.models.count_tokens(model="asked-model", contents="hello")).total_tokens == 42
        assert [model.name async for model in await client.models.list()] == ["models/asked-model"]
        assert (await client.models.get(model="asked-model")).display_name == "asked-model"
        with pytest.raises(genai.errors.ServerError) as caught:
            await client.models.generate_content(model="asked-model", contents="hello")
        assert (caught.value.code, caught.value.status) == (503, "UNAVAILABLE")
        with pytest.raises(genai.errors.ClientError) as unknown:
            await client.models.generate_content(model="nobody-has-it", contents="hello")
        assert unknown.value.code == 404


async def test_a_stream_that_breaks_is_an_exception(hub: Hub, upstream: Upstream) -> None:
    """What was said arrives, then the error; an answer that was cut off is no answer."""
    upstream.will(stream(wire.HEADS["anthropic"], cut=True))
    async with client_of(hub) as client:
        chunks = await client.models.generate_content_stream(model="asked-model", contents="hello")
        assert (await anext(chunks)).text == "Hel"
        with pytest.raises(genai.errors.APIError):
            await anext(chunks)
