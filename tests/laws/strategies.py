"""What the laws are tried on: neutral requests, responses and event streams, as hypothesis makes them.

Values are those that every protocol can say in some form; what only one can say is tested beside its codec. Texts hold the
awkward characters (emoji, separators, quotes, braces); ids and names are legal everywhere, or a conversion would rightly change
them.
"""

import json
from typing import Any

from hypothesis import strategies as st
from msgspec.structs import replace

from axonhub_cli.types.events import (
    ArgumentsDelta,
    End,
    Event,
    Finish,
    PartEnd,
    PartStart,
    ReasoningDelta,
    SealDelta,
    Start,
    TextDelta,
    UsageUpdate,
)
from axonhub_cli.types.messages import (
    FinishReason,
    Media,
    Message,
    OutputFormat,
    Part,
    Protocol,
    Reasoning,
    Request,
    Response,
    Seal,
    Text,
    Thinking,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
)

PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
_CHARACTERS = st.characters(exclude_categories=["Cs"])
texts = st.text(_CHARACTERS, min_size=1, max_size=30) | st.sampled_from(
    [
        "hello",
        "a\nb\r\nc",
        '{"a": "b"}',
        "\u2028\u2029",
        "\U0001f468\u200d\U0001f469",
        "data: x\n\n",
        "\ufeff",
        "\\u0041",
        "</end>",
        " ",
    ]
)
words = texts.filter(lambda text: bool(text.strip()))  # upstreams refuse text that is only spaces, and codecs may drop it
names = st.text("abcXYZ019_-", min_size=1, max_size=20).map(lambda text: f"t{text}")
ids = st.uuids().map(lambda value: f"call_{value.hex[:24]}")
json_values: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)
arguments = st.dictionaries(names, json_values, max_size=3).map(lambda value: json.dumps(value, ensure_ascii=False))
schemas = st.dictionaries(names, st.sampled_from([{"type": "string"}, {"type": "integer", "minimum": 0}]), max_size=3).map(
    lambda fields: {"type": "object", "properties": fields}
)

text_parts = st.builds(Text, text=words)
images = st.builds(Media, kind=st.just("image"), mime=st.just("image/png"), data=st.just(PNG))
calls = st.builds(ToolCall, id=ids, name=names, arguments=arguments)
usages = st.builds(
    lambda fresh, read, visible, thought: Usage(input=fresh + read, output=visible + thought, cache_read=read, reasoning=thought),
    *(st.integers(0, 10**6),) * 4,
)
signatures = st.builds(lambda value: Seal("anthropic", "signature", value), names)


def reasonings(origin: Protocol) -> st.SearchStrategy[Reasoning]:
    """Thinking as this protocol's upstream would say it."""
    if origin == "anthropic":
        return st.builds(Reasoning, text=words, seal=signatures)
    if origin == "openai-responses":
        return st.builds(Reasoning, text=words, summary=st.just(True))
    return st.builds(Reasoning, text=words)


@st.composite
def turns(draw: st.DrawFn) -> list[Message]:
    """A user's words, an answer, and where the answer has calls, a message with all their results."""
    user = Message(role="user", parts=tuple(draw(st.lists(text_parts | images, min_size=1, max_size=3))))
    called = draw(st.lists(calls, max_size=3, unique_by=lambda call: call.id))
    said = draw(st.lists(text_parts, max_size=1, min_size=0 if called else 1))
    answer = Message(role="assistant", parts=(*said, *called))
    if not called:
        return [user, answer]
    results = [ToolResult(call_id=call.id, parts=tuple(draw(st.lists(text_parts, max_size=2)))) for call in called]
    return [user, answer, Message(role="user", parts=tuple(results)), Message(role="assistant", parts=(draw(text_parts),))]


@st.composite
def requests(draw: st.DrawFn, origin: Protocol) -> Request:
    """A conversation that ends with the user, with tools on offer when the history has calls."""
    rounds = draw(st.lists(turns(), max_size=2))
    history = [message for turn in rounds for message in turn]
    last = Message(role="user", parts=(draw(text_parts),))
    named = [part.name for message in history for part in message.parts if isinstance(part, ToolCall)]
    offered = sorted({*named, *draw(st.lists(names, max_size=2))})
    tools = tuple(Tool(name=name, description=draw(words), schema=draw(schemas)) for name in offered)
    return Request(
        origin=origin,
        model=draw(names),
        messages=(*history, last),
        system=tuple(draw(st.lists(text_parts, max_size=1))),
        tools=tools,
        tool_choice=draw(choices(offered)) if tools else None,
        max_tokens=draw(st.integers(16, 10**5)),  # Responses takes no fewer
        temperature=draw(st.none() | st.sampled_from([0.0, 0.5, 1.0])),
        top_p=draw(st.none() | st.sampled_from([0.1, 1.0])),
        stream=draw(st.booleans()),
    )


FINISHES: dict[Protocol, list[FinishReason]] = {
    "anthropic": ["stop", "length", "stop_sequence", "refusal"],
    "openai-chat": ["stop", "length", "content_filter"],
    "openai-responses": ["stop", "length", "content_filter"],
    "gemini": ["stop", "length", "content_filter"],
}
WORDLESS = ("refusal", "content_filter")  # a refusal without a word is given one where a client needs it: not a case for equality
OPTIONS: dict[str, st.SearchStrategy[Any]] = {
    "stop": st.lists(words, min_size=1, max_size=2).map(tuple),
    "seed": st.integers(0, 2**31),
    "top_k": st.integers(1, 100),
    "presence_penalty": st.sampled_from([-1.0, 0.5]),
    "frequency_penalty": st.sampled_from([-1.0, 0.5]),
    "parallel_tools": st.booleans(),
    "verbosity": st.sampled_from(["low", "medium", "high"]),
    "service_tier": st.sampled_from(["auto", "priority"]),
    "user": names,
    "cache_key": names,
    "metadata": st.dictionaries(names, names, min_size=1, max_size=2),
    "thinking": st.builds(Thinking, effort=st.sampled_from(["low", "medium", "high"])),
    "output": st.builds(OutputFormat, kind=st.just("json_schema"), name=names, schema=schemas, strict=st.booleans())
    | st.builds(OutputFormat, kind=st.just("json")),
}


@st.composite
def optioned(draw: st.DrawFn, origin: Protocol) -> tuple[Request, frozenset[str]]:
    """A request with one to three of the options that some protocols have, and which they are."""
    request = draw(requests(origin))
    chosen = draw(st.sets(st.sampled_from(sorted(OPTIONS)), min_size=1, max_size=3))
    values = {name: draw(OPTIONS[name]) for name in sorted(chosen)}
    calls = bool(request.tools) and (request.tool_choice is None or request.tool_choice.mode != "none")
    return replace(request, **values), frozenset(
        chosen if calls else chosen - {"parallel_tools"}
    )  # without calls it says nothing


def choices(offered: list[str]) -> st.SearchStrategy[ToolChoice | None]:
    """No word about tools, or any of the four modes."""
    named = st.builds(ToolChoice, mode=st.just("tool"), name=st.sampled_from(offered))
    return st.none() | st.builds(ToolChoice, mode=st.sampled_from(["auto", "none", "required"])) | named


@st.composite
def responses(draw: st.DrawFn, origin: Protocol) -> Response:
    """A whole answer: thinking, then words, then calls; the finish reason fits."""
    thought = draw(st.lists(reasonings(origin), max_size=1))
    said = draw(st.lists(text_parts, max_size=1))
    called = draw(st.lists(calls, max_size=3, unique_by=lambda call: call.id))
    parts: tuple[Part, ...] = (*thought, *said, *called) or (draw(text_parts),)
    reasons = [reason for reason in FINISHES[origin] if said or reason not in WORDLESS]
    finish: FinishReason = "tool_calls" if called else draw(st.sampled_from(reasons))
    return Response(
        origin=origin,
        id=draw(names),
        model=draw(names),
        parts=parts,
        finish=finish,
        stop_sequence=draw(names) if finish == "stop_sequence" else None,
        usage=draw(usages),
    )


def pieces(draw: st.DrawFn, text: str) -> list[str]:
    """The text in up to four non-empty pieces."""
    cuts = sorted(draw(st.sets(st.integers(1, max(1, len(text) - 1)), max_size=3)))
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True) if text[a:b]]


@st.composite
def streams(draw: st.DrawFn, origin: Protocol, *, interleave: bool = True) -> list[Event]:
    """The events of a response with its texts cut anywhere; with `interleave`, tool calls overlap as parallel calls do."""
    response = draw(responses(origin))
    body: list[list[Event]] = [_part_events(draw, index, part) for index, part in enumerate(response.parts)]
    overlap = (
        [events for events, part in zip(body, response.parts, strict=True) if isinstance(part, ToolCall)] if interleave else []
    )
    row = [event for events in body if events not in overlap for event in events]
    mixed = _mix(draw, overlap)
    usage = response.usage or Usage()
    return [
        Start(id=response.id, model=response.model, usage=Usage(input=usage.input, cache_read=usage.cache_read)),
        *row,
        *mixed,
        Finish(reason=response.finish or "stop", stop_sequence=response.stop_sequence),
        UsageUpdate(usage),
        End(),
    ]


def _part_events(draw: st.DrawFn, index: int, part: Part) -> list[Event]:
    if isinstance(part, ToolCall):
        opened = ToolCall(id=part.id, name=part.name, arguments="")
        deltas: list[Event] = [ArgumentsDelta(index, piece) for piece in pieces(draw, part.arguments)]
    elif isinstance(part, Reasoning):
        opened = Reasoning(text="", summary=part.summary)  # type: ignore[assignment]  # either kind of part may open
        deltas = [ReasoningDelta(index, piece) for piece in pieces(draw, part.text)]
        deltas += [SealDelta(index, part.seal)] if part.seal else []
    else:
        assert isinstance(part, Text)
        opened = Text(text="")  # type: ignore[assignment]  # either kind of part may open
        deltas = [TextDelta(index, piece) for piece in pieces(draw, part.text)]
    return [PartStart(index, opened), *deltas, PartEnd(index)]


def _mix(draw: st.DrawFn, lanes: list[list[Event]]) -> list[Event]:
    """The lanes' events, each in its own order; the lanes begin in the order of their indexes."""
    out: list[Event] = []
    waiting = [list(lane) for lane in lanes]
    begun = 0
    while any(waiting):
        ready = [at for at, lane in enumerate(waiting) if lane and at <= begun]
        at = draw(st.sampled_from(ready))
        begun = max(begun, at + 1) if at == begun else begun
        out.append(waiting[at].pop(0))
    return out
