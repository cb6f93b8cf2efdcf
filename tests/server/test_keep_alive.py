"""Streams that say nothing for long, from their start on: every client's own helper reads them to the end.

A Responses stream is begun by ourselves then (`protocols/openai_responses/opening.py`): one `response.created`, one id, numbers
without gaps, whoever answers in the end.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import anthropic
import openai
import pytest
from aiohttp import web

from tests import strict
from tests.server import wire
from tests.server.conftest import Answer, Hub, Start, Upstream, stream, whole
from tests.server.conftest import channels as plain_channels
from tests.server.wire import ASKS, PATHS, PROTOCOLS, STREAMS, error_of, frames, text_of

genai = pytest.importorskip("google.genai")
CREATED, _, AFTER = wire.R_STREAM.partition(b"\n\n")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.002")  # grace 20 s -> 40 ms, ping 15 s -> 30 ms


def channels(*urls: tuple[str, str]) -> str:
    """Channels that wait for ever, on this clock."""
    return plain_channels(*urls).replace("priority", "timeouts = {first_byte = 60000, idle = 60000}\npriority")


async def silence() -> None:
    await asyncio.sleep(0.15)


def late(answer: Answer) -> Answer:
    async def waits(request: web.Request) -> web.StreamResponse:
        await silence()
        return await answer(request)

    return waits


async def broken(_: web.Request) -> web.StreamResponse:
    return web.json_response({"error": {"message": "no"}}, status=500)


async def ask(hub: Hub, client: str = "openai-responses", **more: Any) -> bytes:
    async with hub.post(PATHS[client], {**ASKS[client], **more}) as response:
        assert response.status == 200
        return bytes(await response.read())


def read(data: bytes) -> tuple[list[str], set[str]]:
    """The types of the events, and the ids of the response."""
    found: list[Any] = frames(data)
    return [event["type"] for event in found], {event["response"]["id"] for event in found if "response" in event}


@pytest.mark.parametrize("server", PROTOCOLS)
async def test_a_stream_is_begun_before_it_is_kept_alive(server: str, start: Start, upstream: Upstream) -> None:
    """`response.created` first and once, keep-alives after it, the vendor's grammar to the end."""
    upstream.will(late(stream(STREAMS[server])))
    hub = await start(channels((server, upstream.url)))
    data = await ask(hub)
    types, ids = read(data)
    assert strict.check("openai-responses", data) == "end"
    assert types[:2] == ["response.created", "keepalive"]
    assert (types.count("response.created"), len(ids), text_of("openai-responses", data)) == (1, 1, "Hello")


async def test_an_id_that_is_known_is_kept(start: Start, upstream: Upstream) -> None:
    """The upstream said who it is and then fell silent: the stream goes by that id."""
    upstream.will(stream(CREATED + b"\n\n", silence, AFTER))
    hub = await start(channels(("openai-responses", upstream.url)))
    data = await ask(hub)
    assert strict.check("openai-responses", data) == "end"
    assert read(data)[0][:2] == ["response.created", "keepalive"]
    assert read(data)[1] == {"resp_1"}


async def test_frames_that_are_no_event_do_not_matter(start: Start, upstream: Upstream) -> None:
    """An upstream that keeps us alive with comments before it says who it is."""
    upstream.will(stream(b": wait\n\n", silence, wire.R_STREAM.replace(b"\n", b"\r\n")))
    hub = await start(channels(("openai-responses", upstream.url)))
    data = (await ask(hub)).replace(b"\r\n", b"\n")
    assert strict.check("openai-responses", data) == "end"
    assert len(read(data)[1]) == 1


async def test_a_client_may_continue_from_the_id_that_it_saw(start: Start, upstream: Upstream) -> None:
    """Ours becomes the upstream's own in the next request."""
    upstream.will(late(stream(wire.R_STREAM)), stream(wire.R_STREAM))
    hub = await start(channels(("openai-responses", upstream.url)))
    (ours,) = read(await ask(hub))[1]
    assert ours != "resp_1"
    await ask(hub, previous_response_id=ours)
    await ask(hub, previous_response_id="resp_other")
    assert [request["body"].get("previous_response_id") for request in upstream.requests] == [None, "resp_1", "resp_other"]


@pytest.mark.parametrize("server", PROTOCOLS)
async def test_who_answers_in_the_end_keeps_the_id(server: str, start: Start, upstream: Upstream) -> None:
    """The first channel is slow and fails, the second one answers in the stream that was begun."""
    upstream.will(late(broken), stream(STREAMS[server]))
    hub = await start(channels(("openai-chat", upstream.url), (server, upstream.url)))
    data = await ask(hub)
    types, ids = read(data)
    assert strict.check("openai-responses", data) == "end"
    assert (types.count("response.created"), len(ids), text_of("openai-responses", data)) == (1, 1, "Hello")


async def test_a_failure_ends_what_was_begun(start: Start, upstream: Upstream) -> None:
    """Nobody can answer: `response.failed` under the same id. So does a stream that is cut after its first words."""
    hub = await start(channels(("openai-responses", upstream.url)))
    for answer in (late(broken), late(stream(wire.R_TEXT, cut=True))):
        upstream.will(answer)
        data = await ask(hub)
        types, ids = read(data)
        assert error_of("openai-responses", data) is not None
        assert (types[0], types[-1], len(ids)) == ("response.created", "response.failed", 1)


async def test_an_answer_in_one_piece_continues_it(start: Start, upstream: Upstream) -> None:
    """An upstream that ignores `stream`."""
    upstream.will(late(whole(wire.MESSAGE)))
    hub = await start(channels(("anthropic", upstream.url)))
    data = await ask(hub)
    assert strict.check("openai-responses", data) == "end"
    assert len(read(data)[1]) == 1


# What llama.cpp's server says, word for word but for the ids: no numbers, no indexes, no output in the first response object.
LLAMA = [
    {"type": "response.created", "response": {"id": "resp_l", "object": "response", "status": "in_progress"}},
    {"type": "response.in_progress", "response": {"id": "resp_l", "object": "response", "status": "in_progress"}},
    {"type": "response.output_item.added",
     "item": {"content": [], "id": "msg_l", "role": "assistant", "status": "in_progress", "type": "message"}},
    {"type": "response.content_part.added", "item_id": "msg_l", "part": {"type": "output_text", "text": ""}},
    {"type": "response.output_text.delta", "item_id": "msg_l", "delta": "Hel"},
    {"type": "response.output_text.delta", "item_id": "msg_l", "delta": "lo"},
    {"type": "response.output_text.done", "item_id": "msg_l", "text": "Hello"},
    {"type": "response.content_part.done", "item_id": "msg_l", "part": wire._PART},
    {"type": "response.output_item.done", "item": {**wire._ITEM, "id": "msg_l"}},
    {"type": "response.completed", "response": {
        "id": "resp_l", "object": "response", "created_at": 1, "status": "completed", "model": "m", "output": [wire._ITEM],
        "usage": {"input_tokens": 32, "output_tokens": 4, "total_tokens": 36}}},
]  # fmt: skip


async def test_a_stream_that_says_too_little_is_completed(start: Start, upstream: Upstream) -> None:
    """A server that imitates the protocol: its events get what the vendor's own helpers need, and the lane says so."""
    upstream.will(stream(wire.sse(*LLAMA, named=True)))
    hub = await start(channels(("openai-responses", upstream.url)))
    data = await ask(hub)
    assert strict.check("openai-responses", data) == "end"
    assert text_of("openai-responses", data) == "Hello"
    assert (await hub.records())[-1]["lane"] == "convert"


async def by_openai(hub: Hub) -> str:
    client = openai.AsyncOpenAI(base_url=f"{hub.url}/v1", api_key=hub.token, max_retries=0)
    async with client, client.responses.stream(model="asked-model", input="hello") as events:
        return (await events.get_final_response()).output_text


async def by_openai_chat(hub: Hub) -> str:
    client = openai.AsyncOpenAI(base_url=f"{hub.url}/v1", api_key=hub.token, max_retries=0)
    messages: list[Any] = [{"role": "user", "content": "hello"}]
    async with client, client.chat.completions.stream(model="asked-model", messages=messages) as events:
        return (await events.get_final_completion()).choices[0].message.content or ""


async def by_anthropic(hub: Hub) -> str:
    async with anthropic.AsyncAnthropic(base_url=hub.url, auth_token=hub.token, api_key=None, max_retries=0) as client:
        messages: list[Any] = [{"role": "user", "content": "hello"}]
        async with client.messages.stream(model="asked-model", max_tokens=99, messages=messages) as events:
            return await events.get_final_text()


async def by_google(hub: Hub) -> str:
    async with genai.Client(api_key=hub.token, http_options={"base_url": hub.url}).aio as client:
        chunks = await client.models.generate_content_stream(model="asked-model", contents="hello")
        return "".join([chunk.text or "" async for chunk in chunks])


HELPERS: dict[str, Callable[[Hub], Awaitable[str]]] = {
    "openai-responses": by_openai, "openai-chat": by_openai_chat, "anthropic": by_anthropic, "gemini": by_google,
}  # fmt: skip


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("client", HELPERS)
@pytest.mark.parametrize("same", [True, False])
async def test_the_vendors_helpers_wait_for_it(client: str, same: bool, start: Start, upstream: Upstream) -> None:
    """Keep-alives before the first word and in the middle cost the accumulating helpers of the official SDKs nothing."""
    server = client if same else "anthropic" if client != "anthropic" else "openai-chat"
    said, rest = STREAMS[server][: len(wire.HEADS[server])], STREAMS[server][len(wire.HEADS[server]) :]
    upstream.will(late(stream(said, silence, rest)))
    hub = await start(channels((server, upstream.url)))
    assert await HELPERS[client](hub) == "Hello"
