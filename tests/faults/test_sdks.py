"""The vendors' own SDKs behind axonhub: an answer that broke, or that never was one, is an exception, never a short success.

Alone with such an upstream they take a cut or empty stream for a whole one (RELIABILITY.md, facts 3 and section 3.5).
"""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tests.faults.conftest import Raw
from tests.faults.test_faults import CHUNKED, HTML, JSON, SSE, _chunked, _head, error, says
from tests.server.conftest import Hub, Start, channels
from tests.server.wire import ASKS, HEADS, STREAMS, sse

pytestmark = [
    pytest.mark.faults,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of what the SDKs import
]
Talk = Callable[[Hub], Awaitable[str]]


async def anthropic(hub: Hub) -> str:
    """The text of a stream, by Anthropic's SDK."""
    sdk = pytest.importorskip("anthropic", reason="the anthropic SDK is not installed")
    async with (
        sdk.AsyncAnthropic(base_url=hub.url, api_key=hub.token, max_retries=0) as client,
        client.messages.stream(model="m", max_tokens=10, messages=ASKS["anthropic"]["messages"]) as stream,
    ):
        text: str = await stream.get_final_text()
        return text


async def chat(hub: Hub) -> str:
    """The text of a stream, by OpenAI's SDK."""
    sdk = pytest.importorskip("openai", reason="the openai SDK is not installed")
    async with sdk.AsyncOpenAI(base_url=f"{hub.url}/v1", api_key=hub.token, max_retries=0) as client:
        chunks = await client.chat.completions.create(model="m", messages=ASKS["openai-chat"]["messages"], stream=True)
        return "".join([chunk.choices[0].delta.content or "" async for chunk in chunks if chunk.choices])


async def responses(hub: Hub) -> str:
    """The text of a stream, by OpenAI's SDK; `response.failed` is an event there, which its helpers leave to the caller."""
    sdk = pytest.importorskip("openai", reason="the openai SDK is not installed")
    async with (
        sdk.AsyncOpenAI(base_url=f"{hub.url}/v1", api_key=hub.token, max_retries=0) as client,
        client.responses.stream(model="m", input="hello") as stream,
    ):
        async for event in stream:
            if event.type == "response.failed":
                raise RuntimeError(event.response.error.message)
        final = await stream.get_final_response()
        text: str = final.output_text
        return text


async def gemini(hub: Hub) -> str:
    """The text of a stream, by Google's SDK."""
    sdk = pytest.importorskip("google.genai", reason="google-genai is not installed")
    client = sdk.Client(api_key=hub.token, http_options={"base_url": hub.url})
    try:
        chunks = await client.aio.models.generate_content_stream(model="m", contents="hello")
        return "".join([chunk.text or "" async for chunk in chunks])
    finally:
        await client.aio.aclose()
        client.close()


SDKS: dict[str, Talk] = {"anthropic": anthropic, "openai-chat": chat, "openai-responses": responses, "gemini": gemini}
BUSY = sse({"type": "error", "error": {"type": "overloaded_error", "message": "busy", "code": 503}}, named=True)
BROKEN = {
    "cut": lambda c: says(_head("200 OK", SSE, None) + HEADS[c]),
    "cut in a chunk": lambda c: says(_head("200 OK", CHUNKED, None) + _chunked(HEADS[c], end=False)),
    "reset": lambda c: says(_head("200 OK", SSE, None) + HEADS[c], reset=True),
    "empty": lambda c: says(_head("200 OK", SSE, b"")),
    "only a comment": lambda c: says(_head("200 OK", SSE, b": hello\n\n")),
    "an error under 200": lambda c: says(_head("200 OK", JSON, b'{"error": {"type": "server_error", "message": "no"}}')),
    "a page under 200": lambda c: says(_head("200 OK", HTML, b"<html>log in</html>")),
    "an error event": lambda c: says(_head("200 OK", SSE, HEADS[c] + BUSY)),
    "500": lambda c: error(c, "500 Oops"),
}  # fmt: skip


@pytest.mark.parametrize("client", SDKS)
async def test_a_good_stream_is_read(client: str, start: Start, raw: Raw) -> None:
    """So that what follows means something."""
    raw.will(says(_head("200 OK", SSE, None) + STREAMS[client]))
    hub = await start(channels((client, raw.url)))
    assert await SDKS[client](hub) == "Hello"


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("client", SDKS)
async def test_a_broken_answer_is_an_exception(
    client: str, how: str, start: Start, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK raises, and the record says error."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    raw.will(BROKEN[how](client))
    hub = await start("[server]\ngrace = 3600\n" + channels((client, raw.url)))
    talk = asyncio.ensure_future(SDKS[client](hub))
    done, _ = await asyncio.wait([talk], timeout=30)
    assert done, "it never ended"
    assert talk.exception() is not None, talk.result()
    assert (await hub.records())[-1]["outcome"] == "error"
