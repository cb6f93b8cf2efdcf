"""The vendor's own SDK reads what the writers write, from a real socket."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest
from aiohttp import web
from openai import AsyncOpenAI

from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.openai_responses import CODEC
from axonhub_cli.types.events import Event, Failure, PartStart, Start, TextDelta, replay
from axonhub_cli.types.messages import Part, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem

PARTS: tuple[Part, ...] = (
    Reasoning(text="I look.", seal=Seal("openai", "encrypted_content", "c2VhbA==")),
    Text(text="Grüße 🙂"),
    ToolCall(id="call_1", name="say", arguments='{"text":"hi"}', namespace="mcp__echo"),
    ToolCall(id="call_2", name="apply_patch", arguments="*** Begin Patch", kind="custom"),
)
USAGE = Usage(input=12, output=5, cache_read=8, reasoning=2)
ANSWER = Response(origin="anthropic", id="msg_1", model="real", parts=PARTS, finish="tool_calls", usage=USAGE)
TOOLS: Any = [{"type": "function", "name": "say", "parameters": {"type": "object", "properties": {}}, "strict": False}]


@asynccontextmanager
async def served(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[AsyncOpenAI]:
    """An SDK client whose upstream is this handler."""
    app = web.Application()
    app.router.add_post("/v1/responses", handler)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    try:
        async with AsyncOpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="k", max_retries=0) as client:
            yield client
    finally:
        await runner.cleanup()


def answering(response: Response) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """A handler that gives this answer, streamed when it is asked to."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = CODEC.read_request(await request.json())
        reply = Reply(id="resp_1", model=asked.model, created=1750000000, request=asked)
        if not asked.stream:
            return web.json_response(CODEC.write_response(response, reply))
        return await streamed(request, list(replay(response)), reply)

    return handle


async def streamed(request: web.Request, events: list[Event], reply: Reply) -> web.StreamResponse:
    out = web.StreamResponse(headers={"content-type": "text/event-stream"})
    await out.prepare(request)
    writer = CODEC.stream_writer(reply)
    await out.write(CODEC.ping)
    for event in events:
        await out.write(writer.write([event]))
    await out.write_eof()
    return out


def outline(output: Any) -> list[tuple[Any, ...]]:
    """What the SDK sees of each item."""
    seen: list[tuple[Any, ...]] = []
    for item in output:
        if item.type == "message":
            seen.append((item.type, [getattr(content, "text", getattr(content, "refusal", None)) for content in item.content]))
        elif item.type == "reasoning":
            seen.append((item.type, item.summary[0].text, item.encrypted_content))
        elif item.type == "function_call":
            seen.append((item.type, item.call_id, item.namespace, item.name, json.loads(item.arguments)))
        else:
            seen.append((item.type, item.call_id, item.name, item.input))
    return seen


EXPECTED = [
    ("reasoning", "I look.", "c2VhbA=="),
    ("message", ["Grüße 🙂"]),
    ("function_call", "call_1", "mcp__echo", "say", {"text": "hi"}),
    ("custom_tool_call", "call_2", "apply_patch", "*** Begin Patch"),
]


async def test_a_whole_answer() -> None:
    """`responses.create` gives thinking, text, both kinds of calls and usage."""
    async with served(answering(ANSWER)) as client:
        response = await client.responses.create(model="asked", input="hi", instructions="Be brief.", tools=TOOLS)
    assert outline(response.output) == EXPECTED
    assert (response.model, response.status, response.instructions, response.output_text) == (
        "asked",
        "completed",
        "Be brief.",
        "Grüße 🙂",
    )
    assert response.usage is not None
    figures = (response.usage.input_tokens_details.cached_tokens, response.usage.output_tokens_details.reasoning_tokens)
    assert (response.usage.input_tokens, response.usage.total_tokens, *figures) == (12, 17, 8, 2)


async def test_a_streamed_answer() -> None:
    """`responses.create(stream=True)` gives every event, numbered, with the pings in between."""
    async with served(answering(ANSWER)) as client:
        stream = await client.responses.create(model="asked", input="hi", stream=True)
        events = [event async for event in stream]
    assert str(events[0].type) == "keepalive"
    assert [event.sequence_number for event in events[1:]] == list(range(len(events) - 1))
    assert outline([event.item for event in events if event.type == "response.output_item.done"]) == EXPECTED
    final = events[-1]
    assert final.type == "response.completed"
    assert outline(final.response.output) == EXPECTED


async def test_the_stream_helper() -> None:
    """`responses.stream`, which checks the order of events and the ids of items, accepts the stream and its final response."""

    async def handle(request: web.Request) -> web.StreamResponse:
        asked = CODEC.read_request(await request.json())
        out = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await out.prepare(request)
        writer = CODEC.stream_writer(Reply(id="resp_1", model=asked.model, created=1, request=asked))
        await out.write(writer.write(list(replay(ANSWER))))
        return out

    async with served(handle) as client, client.responses.stream(model="asked", input="hi", tools=TOOLS) as stream:
        text = "".join([event.delta async for event in stream if event.type == "response.output_text.delta"])
        final = await stream.get_final_response()
    assert text == "Grüße 🙂"
    assert outline(final.output) == EXPECTED


@pytest.mark.parametrize(
    ("finish", "parts", "status", "reason"),
    [
        ("length", (Text(text="cut"),), "incomplete", "max_output_tokens"),
        ("content_filter", (Text(text="cut"),), "incomplete", "content_filter"),
        ("refusal", (Refusal(text="no"),), "completed", None),
    ],
)
async def test_how_answers_end(finish: Any, parts: tuple[Part, ...], status: str, reason: str | None) -> None:
    """The SDK sees why an answer is incomplete, and a refusal in words."""
    answer = Response(origin="anthropic", id="m", model="real", parts=parts, finish=finish)
    async with served(answering(answer)) as client:
        response = await client.responses.create(model="asked", input="hi")
        stream = await client.responses.create(model="asked", input="hi", stream=True)
        last: Any = [event async for event in stream][-1]
    for seen in (response, last.response):
        assert (seen.status, seen.incomplete_details.reason if seen.incomplete_details else None) == (status, reason)
        assert outline(seen.output) == [("message", [getattr(parts[0], "text", None)])]


async def test_a_failure_in_mid_stream() -> None:
    """A stream that fails ends with `response.failed` and its error."""
    events: list[Event] = [Start(id="m", model="x"), PartStart(0, Text(text="")), TextDelta(0, "hal")]
    events.append(Failure(Problem(kind="rate_limit", message="Slow.", retry_after=3)))

    async def handle(request: web.Request) -> web.StreamResponse:
        return await streamed(request, events, Reply(id="resp_1", model="m", created=1))

    async with served(handle) as client:
        stream = await client.responses.create(model="asked", input="hi", stream=True)
        last: Any = [event async for event in stream][-1]
    assert (last.type, last.response.status) == ("response.failed", "failed")
    assert (last.response.error.code, last.response.error.message) == ("rate_limit_exceeded", "Slow. Please try again in 3s.")


@pytest.mark.parametrize(
    ("problem", "error"),
    [
        (Problem(kind="authentication", message="Unknown key."), openai.AuthenticationError),
        (Problem(kind="not_found", message="No such model."), openai.NotFoundError),
        (Problem(kind="too_large", message="Too big."), openai.BadRequestError),
        (Problem(kind="rate_limit", message="Slow."), openai.RateLimitError),
        (Problem(kind="upstream", message="Gone."), openai.InternalServerError),
    ],
)
async def test_http_errors(problem: Problem, error: type[openai.APIStatusError]) -> None:
    """The SDK raises its own error, with our words and our request id."""

    async def handle(request: web.Request) -> web.StreamResponse:
        status, headers, body = CODEC.write_error(problem, "ar-7")
        return web.Response(status=status, headers=headers, body=body)

    async with served(handle) as client:
        with pytest.raises(error) as caught:
            await client.responses.create(model="asked", input="hi")
    assert problem.message in caught.value.message
    assert caught.value.request_id == "ar-7"
