"""A request's tools go out under names and kinds that the target takes, and calls come back exactly as the client knows them."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Losses
from axonhub_cli.protocols.tools import Toolbox
from axonhub_cli.types.events import ArgumentsDelta, Event, PartEnd, PartStart, Start, TextDelta, check, fold
from axonhub_cli.types.messages import Message, Namespace, Part, Request, Response, Text, Tool, ToolCall, ToolChoice, ToolResult

GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch" LF'}
PATCH = Tool(name="apply_patch", kind="custom", description="Edits files.", format=GRAMMAR)
SAY = Tool(name="say", namespace="mcp__echo", schema={"type": "object"})
PLAIN = Tool(name="Bash", schema={"type": "object"}, strict=False)


def request(*tools: Tool, history: tuple[Part, ...] = (), **more: Any) -> Request:
    calls = tuple(part for part in history if isinstance(part, ToolCall))
    results = tuple(part for part in history if isinstance(part, ToolResult))
    messages: tuple[Message, ...] = (Message(role="user", parts=(Text(text="go"),)),)
    if history:
        messages += (Message(role="assistant", parts=calls), Message(role="user", parts=results))
    return Request(origin="openai-responses", model="m", messages=messages, tools=tools, **more)


def outward(req: Request, *, native: bool = False, limit: int = 64) -> tuple[Toolbox, Request, Losses]:
    losses = Losses()
    box = Toolbox.of(req, native=native, limit=limit)
    return box, box.outward(req, losses), losses


def test_plain_tools_stay() -> None:
    """With nothing to change, the request is the very same object, and so is a list of events."""
    req = request(PLAIN, history=(ToolCall(id="c1", name="Bash", arguments="{}"), ToolResult(call_id="c1", parts=())))
    box, out, losses = outward(req)
    events: list[Event] = [Start(id="a", model="m")]
    assert out is req
    assert losses.items == []
    assert box.inward().feed(events) is events


def test_native_targets_keep_kinds_and_namespaces() -> None:
    """An upstream that knows custom tools and namespaces gets them untouched."""
    req = request(PATCH, SAY, history=(ToolCall(id="c1", name="apply_patch", arguments="x", kind="custom"),))
    assert outward(req, native=True)[1] is req


def test_a_namespace_is_flattened_everywhere() -> None:
    """Definition, choice and history get the same flat name; the namespace's own words stay with its first tool."""
    call = ToolCall(id="c1", name="say", namespace="mcp__echo", arguments="{}")
    req = request(
        SAY,
        Tool(name="shout", namespace="mcp__echo"),
        history=(call, ToolResult(call_id="c1", parts=())),
        tool_choice=ToolChoice(mode="tool", name="say", namespace="mcp__echo"),
        namespaces=(Namespace(name="mcp__echo", description="Echoes."),),
    )
    _, out, losses = outward(req)
    assert [(tool.name, tool.namespace) for tool in out.tools] == [("mcp__echo__say", None), ("mcp__echo__shout", None)]
    assert "Echoes." in (out.tools[0].description or "")
    assert out.tools[1].description is None
    assert out.namespaces == ()
    assert out.tool_choice == ToolChoice(mode="tool", name="mcp__echo__say")
    assert out.messages[1].parts == (ToolCall(id="c1", name="mcp__echo__say", arguments="{}"),)
    assert [(loss.action, loss.path) for loss in losses.items] == [("renamed", "tools[0].name"), ("renamed", "tools[1].name")]


def test_a_custom_tool_becomes_a_function() -> None:
    """It has one required string, its grammar stands in the description, its history is wrapped the same way."""
    call = ToolCall(id="c1", name="apply_patch", arguments='say "ü"\n', kind="custom")
    req = request(PATCH, history=(call, ToolResult(call_id="c1", parts=(), kind="custom")))
    _, out, losses = outward(req)
    tool = out.tools[0]
    assert (tool.kind, tool.format, tool.strict) == ("function", None, None)
    assert tool.schema is not None
    assert tool.schema["required"] == ["input"]
    assert "Edits files." in (tool.description or "")
    assert GRAMMAR["definition"] in (tool.description or "")
    sent = out.messages[1].parts[0]
    assert isinstance(sent, ToolCall)
    assert (sent.kind, json.loads(sent.arguments)) == ("function", {"input": 'say "ü"\n'})
    assert out.messages[2].parts == (ToolResult(call_id="c1", parts=()),)
    assert [loss.action for loss in losses.items] == ["changed"]


def test_chats_form_of_a_grammar_is_known() -> None:
    """Chat nests the grammar one level deeper than Responses does; both end up in the description."""
    tool = Tool(name="x", kind="custom", format={"type": "grammar", "grammar": {"syntax": "regex", "definition": "a+b"}})
    assert "regex grammar:\na+b" in (outward(request(tool))[1].tools[0].description or "")


NAMES = [
    Tool(name="a" * 80),
    Tool(name="a" * 81),
    Tool(name="web.fetch"),
    Tool(name="web fetch"),
    Tool(name="naïve/ünïcode"),
    Tool(name="b", namespace="a"),
    Tool(name="a__b"),
    Tool(name="", namespace=None),
    Tool(name="x" * 40, namespace="y" * 40),
]


@pytest.mark.parametrize("limit", [64, 128, 40])
def test_names_are_legal_unique_and_come_back(limit: int) -> None:
    """Whatever the client calls its tools, upstream sees legal different names, and each call comes back under its own."""
    box, out, _ = outward(request(*NAMES), limit=limit)
    wires = [tool.name for tool in out.tools]
    assert len(set(wires)) == len(NAMES)
    assert all(re.fullmatch(rf"[a-zA-Z0-9_-]{{1,{limit}}}", wire) for wire in wires)
    for tool, wire in zip(NAMES, wires, strict=True):
        found = restored(box, [ToolCall(id="c", name=wire, arguments="{}")])[0]
        assert (found.name, found.namespace) == (tool.name, tool.namespace)


def test_a_plain_name_wins_over_a_flattened_one() -> None:
    """Where both would be called the same, the tool that really has the name keeps it, in either order of the list."""
    for tools in (NAMES[5:7], NAMES[5:7][::-1]):
        box = Toolbox.of(request(*tools), native=False, limit=64)
        assert restored(box, [ToolCall(id="c", name="a__b", arguments="")])[0].namespace is None


def test_wire_names_are_stable() -> None:
    """A tool's wire name does not depend on its neighbours, so that the prompt prefix stays the same from turn to turn."""
    alone = outward(request(NAMES[8]))[1].tools[0].name
    assert alone == outward(request(*NAMES))[1].tools[8].name


def test_history_names_tools_that_are_gone() -> None:
    """A call in the history is renamed and wrapped even when its tool is no longer on offer (Codex compacts with no tools)."""
    call = ToolCall(id="c1", name="exec", namespace="functions", arguments="text(1)", kind="custom")
    sent = outward(request(history=(call,)))[1].messages[1].parts[0]
    assert sent == ToolCall(id="c1", name="functions__exec", arguments='{"input":"text(1)"}')


@pytest.mark.parametrize("call_id", ["call|1.2", "x" * 65, "", "é"])
def test_ids_are_made_legal_consistently(call_id: str) -> None:
    """A call and its result get the same legal id, the same one every time."""
    req = request(PLAIN, history=(ToolCall(id=call_id, name="Bash", arguments="{}"), ToolResult(call_id=call_id, parts=())))
    _, out, losses = outward(req)
    call, result = out.messages[1].parts[0], out.messages[2].parts[0]
    assert isinstance(call, ToolCall)
    assert isinstance(result, ToolResult)
    assert call.id == result.call_id
    assert re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", call.id)
    assert outward(req)[1] == out
    assert len(losses.items) == 1


def restored(box: Toolbox, parts: list[ToolCall]) -> list[ToolCall]:
    response = Response(origin="openai-chat", id="r", model="m", parts=tuple(parts), finish="tool_calls")
    out = box.restore(response)
    assert (out.id, out.finish) == ("r", "tool_calls")
    return [part for part in out.parts if isinstance(part, ToolCall)]


CALLS = [
    (
        ToolCall(id="c", name="mcp__echo__say", arguments='{"a":1}'),
        ToolCall(id="c", name="say", namespace="mcp__echo", arguments='{"a":1}'),
    ),
    (ToolCall(id="c", name="mcp__echo.say", arguments="{}"), ToolCall(id="c", name="say", namespace="mcp__echo", arguments="{}")),
    (ToolCall(id="c", name="say", arguments="{}"), ToolCall(id="c", name="say", namespace="mcp__echo", arguments="{}")),
    (
        ToolCall(id="c", name="apply_patch", arguments='{"input":"a"}'),
        ToolCall(id="c", name="apply_patch", arguments="a", kind="custom"),
    ),
    (
        ToolCall(id="c", name="apply_patch", arguments="{}", kind="custom"),
        ToolCall(id="c", name="apply_patch", arguments="{}", kind="custom"),
    ),
    (ToolCall(id="c", name="other", arguments='{"input":"a"}'), ToolCall(id="c", name="other", arguments='{"input":"a"}')),
]


@pytest.mark.parametrize(("wire", "own"), CALLS)
def test_calls_come_back(wire: ToolCall, own: ToolCall) -> None:
    """A call gets its own name, namespace and kind; near misses of a name are understood, unknown ones left alone."""
    assert restored(Toolbox.of(request(SAY, PATCH, PLAIN), native=False, limit=64), [wire]) == [own]


def test_interleaved_calls_stream() -> None:
    """Two calls in one stream are unwrapped side by side, and the stream keeps its grammar."""
    restorer = Toolbox.of(request(SAY, PATCH), native=False, limit=64).inward()
    events: list[Event] = [
        Start(id="a", model="m"),
        PartStart(0, ToolCall(id="c0", name="apply_patch", arguments="")),
        PartStart(1, ToolCall(id="c1", name="mcp__echo__say", arguments="")),
        ArgumentsDelta(0, '{"input":"*** Beg'),
        ArgumentsDelta(1, '{"a":'),
        ArgumentsDelta(0, 'in Patch\\n"}'),
        ArgumentsDelta(1, "1}"),
        PartEnd(1),
        PartEnd(0),
        PartStart(2, Text(text="")),
        TextDelta(2, "x"),
        PartEnd(2),
    ]
    out = [new for event in events for new in restorer.feed([event])]
    check(out, complete=False)
    first, second, _ = fold(out, "openai-chat").parts
    assert first == ToolCall(id="c0", name="apply_patch", arguments="*** Begin Patch\n", kind="custom")
    assert second == ToolCall(id="c1", name="say", namespace="mcp__echo", arguments='{"a":1}')


def test_a_call_that_starts_whole() -> None:
    """Arguments that come with the start of a call are unwrapped as well."""
    restorer = Toolbox.of(request(PATCH), native=False, limit=64).inward()
    out = restorer.feed([PartStart(0, ToolCall(id="c", name="apply_patch", arguments='{"input":"a"}')), PartEnd(0)])
    assert fold(out, "openai-chat").parts == (ToolCall(id="c", name="apply_patch", arguments="a", kind="custom"),)


_TOOLS = st.builds(
    Tool,
    name=st.text(max_size=90),
    namespace=st.none() | st.text(min_size=1, max_size=40),
    kind=st.sampled_from(["function", "custom"]),
)


@given(st.lists(_TOOLS, max_size=8, unique_by=lambda tool: (tool.namespace, tool.name)), st.booleans(), st.text())
def test_out_and_back(tools: list[Tool], native: bool, text: str) -> None:
    """For any tool table, what a model calls by the wire's name and kind arrives as the client's own tool with its own text."""
    box, out, _ = outward(request(*tools), native=native)
    assert len({(tool.namespace, tool.name) for tool in out.tools}) == len(tools)
    for own, wire in zip(tools, out.tools, strict=True):
        wrapped = own.kind == "custom" and not native
        arguments = json.dumps({"input": text}) if wrapped else text
        call = ToolCall(id="c", name=wire.name, namespace=wire.namespace, kind=wire.kind, arguments=arguments)  # type: ignore[arg-type]
        [back] = restored(box, [call])
        assert (back.name, back.namespace, back.kind, back.arguments) == (own.name, own.namespace, own.kind, text)


def test_ids_of_a_given_length() -> None:
    """Some take exactly nine letters and digits: other vendors' ids get such ones, always the same; their own stay."""
    history = (
        ToolCall(id="call_0fypS1hVX", name="Bash", arguments="{}"),
        ToolCall(id="a1B2c3D4e", name="Bash", arguments="{}"),
        ToolResult(call_id="call_0fypS1hVX", parts=()),
        ToolResult(call_id="a1B2c3D4e", parts=()),
    )
    req = request(PLAIN, history=history)
    box = Toolbox.of(req, native=False, limit=64, id_length=9)
    out, losses = box.outward(req, Losses()), Losses()
    first, own = [part.id for part in out.messages[1].parts if isinstance(part, ToolCall)]
    assert re.fullmatch(r"[a-zA-Z0-9]{9}", first)
    assert own == "a1B2c3D4e"
    assert [part.call_id for part in out.messages[2].parts if isinstance(part, ToolResult)] == [first, own]
    assert box.outward(req, losses) == out
    assert [loss.action for loss in losses.items] == ["renamed"]
