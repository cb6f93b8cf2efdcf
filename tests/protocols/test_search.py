"""Codex's tool_search works through models that know only functions: offered, called, answered, routed by the client again."""

from typing import Any

import pytest

from axonhub_cli.protocols.adapt import adapt
from axonhub_cli.protocols.base import Losses
from axonhub_cli.protocols.search import as_item
from axonhub_cli.protocols.tools import Toolbox
from axonhub_cli.types.events import ArgumentsDelta, Event, Failure, Foreign, PartEnd, PartStart, Start, TextDelta, check, fold
from axonhub_cli.types.messages import Message, Opaque, Part, Request, Text, Tool, ToolCall, ToolChoice, ToolResult
from axonhub_cli.types.problem import Problem
from axonhub_cli.types.quirks import Quirks

SCHEMA = {"type": "object", "properties": {"query": {"type": "string"}, "limit": {"type": "integer"}}}
SEARCH = Tool(
    name="tool_search",
    kind="hosted",
    raw={"type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": SCHEMA},
)
LOADED = [
    {"type": "namespace", "name": "mcp__echo", "tools": [{"type": "function", "name": "say"}]},
    {"type": "function", "name": "x"},
]


def item(kind: str, **raw: Any) -> Opaque:
    return Opaque(protocol="openai-responses", kind=kind, raw={"type": kind, "call_id": "c1", **raw})


def ask(*history: Message, **more: Any) -> Request:
    messages = (Message(role="user", parts=(Text(text="go"),)), *history)
    return Request(origin="openai-responses", model="m", messages=messages, tools=(SEARCH,), **more)


def outward(request: Request) -> tuple[Request, Toolbox, Losses]:
    losses = Losses()
    adapted = adapt(request, "openai-chat", Quirks(), losses)
    box = Toolbox.of(adapted, native=False, limit=64)
    return box.outward(adapted, losses), box, losses


def test_it_is_offered_as_a_function() -> None:
    """Under its own name, with its own words and parameters; the receipt says so, and it may be forced."""
    out, _, losses = outward(ask(tool_choice=ToolChoice(mode="tool", name="tool_search")))
    [tool] = out.tools
    assert (tool.kind, tool.name, tool.description, tool.schema) == ("function", "tool_search", "Finds tools.", SCHEMA)
    assert out.tool_choice == ToolChoice(mode="tool", name="tool_search")
    assert [(loss.action, loss.path) for loss in losses.items] == [("changed", "tools[0]")]


def test_its_history_is_a_call_and_a_result() -> None:
    """The search and the names that it found stand in the conversation as those of a function."""
    call = item("tool_search_call", arguments={"query": "echo"})
    found = item("tool_search_output", tools=LOADED)
    out, _, losses = outward(ask(Message(role="assistant", parts=(call,)), Message(role="user", parts=(found,))))
    assert out.messages[1].parts == (ToolCall(id="c1", name="tool_search", arguments='{"query":"echo"}'),)
    assert out.messages[2].parts == (ToolResult(call_id="c1", parts=(Text(text="Tools loaded: mcp__echo__say, x"),)),)
    assert len(losses.items) == 1


@pytest.mark.parametrize(("tools", "said"), [([], "No tools found."), (None, "No tools found."), ([1], "No tools found.")])
def test_nothing_found(tools: Any, said: str) -> None:
    """An empty or odd output says that nothing was found."""
    call, found = item("tool_search_call"), item("tool_search_output", tools=tools)
    out, _, _ = outward(ask(Message(role="assistant", parts=(call,)), Message(role="user", parts=(found,))))
    assert out.messages[2].parts == (ToolResult(call_id="c1", parts=(Text(text=said),)),)


@pytest.mark.parametrize(
    ("written", "arguments"),
    [
        ('{"query":"a","limit":4}', {"query": "a", "limit": 4}),
        ("echo", {"query": "echo"}),
        ("", {}),
        ('"echo"', {"query": "echo"}),
    ],
)
def test_a_call_becomes_an_item(written: str, arguments: dict[str, Any]) -> None:
    """Codex routes a whole tool_search_call with arguments as an object; what is no object was the query."""
    raw = as_item(ToolCall(id="c1", name="tool_search", arguments=written)).raw
    assert (raw["type"], raw["call_id"], raw["execution"], raw["arguments"]) == ("tool_search_call", "c1", "client", arguments)


def events(*more: Event) -> list[Event]:
    return [Start(id="r", model="m"), *more]


CALL = PartStart(0, ToolCall(id="c1", name="tool_search", arguments=""))


def test_other_parts_wait_for_it() -> None:
    """The item leaves whole, parts that began after it follow, pings pass at once."""
    restorer = outward(ask())[1].inward()
    ping = Foreign("openai-chat", "ping")
    before = restorer.feed(events(CALL, PartStart(1, Text(text="")), TextDelta(1, "a"), ArgumentsDelta(0, '{"query":'), ping))
    assert before == [Start(id="r", model="m"), ping]
    after = restorer.feed([ArgumentsDelta(0, '"a"}'), PartEnd(0), PartEnd(1)])
    parts: tuple[Part, ...] = fold(check([*before, *after], complete=False), "openai-chat").parts
    assert parts == (as_item(ToolCall(id="c1", name="tool_search", arguments='{"query":"a"}')), Text(text="a"))


def test_a_failure_ends_the_waiting() -> None:
    """Half an item is nothing: the failure alone goes on."""
    failure = Failure(Problem(kind="server", message="m"))
    out = outward(ask())[1].inward().feed(events(CALL, ArgumentsDelta(0, "{"), failure))
    assert check(out) == [Start(id="r", model="m"), failure]


def test_native_targets_keep_it() -> None:
    """Where the vendor's own items are understood, nothing changes."""
    request = ask(Message(role="assistant", parts=(item("tool_search_call"),)))
    assert adapt(request, "openai-responses", Quirks(), Losses()) is request
