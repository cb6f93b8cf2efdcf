"""The built-in demo: the same request gets the same answer, in three protocols, with one harmless tool call."""

import json
from typing import Any

import pytest

from axonhub_cli.server.demo import converse
from axonhub_cli.types.events import check, fold
from axonhub_cli.types.messages import Message, Request, Text, Tool, ToolCall, ToolResult
from tests.server.conftest import Start, Upstream, channels
from tests.server.wire import ASKS, PATHS, PROTOCOLS, text_of

SHELL = Tool(
    name="Bash", schema={"type": "object", "properties": {"command": {"type": "string"}}, "required": ["command", "description"]}
)
USER = Message(role="user", parts=(Text(text="hi"),))


def ask(*messages: Message, tools: tuple[Tool, ...] = ()) -> Any:
    """What the demo answers, folded."""
    request = Request(origin="anthropic", model="m", messages=messages, tools=tools)
    assert list(converse(request)) == list(converse(request))
    return fold(check(converse(request)), "anthropic")


def test_without_tools_it_says_what_it_is() -> None:
    """And what to do next."""
    answer = ask(USER)
    assert answer.finish == "stop"
    assert "axonhub channel add" in answer.parts[0].text


def test_it_calls_the_shell_once_and_then_sums_up() -> None:
    """The call has every required argument; after the result there is no second call."""
    first = ask(USER, tools=(SHELL,))
    call = first.parts[-1]
    assert isinstance(call, ToolCall)
    assert first.finish == "tool_calls"
    assert set(json.loads(call.arguments)) == {"command", "description"}
    result = Message(role="user", parts=(ToolResult(call_id=call.id, parts=(Text(text="hello from axonhub\n"),)),))
    second = ask(USER, Message(role="assistant", parts=first.parts), result, tools=(SHELL,))
    assert second.finish == "stop"
    assert "hello from axonhub" in second.parts[0].text


@pytest.mark.parametrize("protocol", PROTOCOLS)
async def test_an_empty_configuration_answers_through_the_demo(
    protocol: str, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the client's own protocol, without any upstream."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    hub = await start()

    async with hub.post(PATHS[protocol], ASKS[protocol]) as response:
        data = await response.read()
        assert response.headers["x-axonhub-channel"] == "demo"
    assert "built-in demo model" in text_of(protocol, data)


async def test_demo_can_be_forced_and_gives_way_to_a_channel(
    start: Start, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """--demo answers although there is a channel; without it a first channel takes over on the next request."""
    monkeypatch.setenv("AXONHUB_TEST_TIME_SCALE", "0.01")
    forced = await start(channels(("anthropic", upstream.url)), demo=True)
    async with forced.post("/v1/messages", ASKS["anthropic"]) as response:
        assert response.headers["x-axonhub-channel"] == "demo"
        await response.read()
    assert not upstream.requests
