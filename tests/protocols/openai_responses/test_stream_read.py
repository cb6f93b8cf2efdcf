"""Streams of a Responses upstream, also those that leave out, repeat or shift what the API promises."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.openai_responses import CODEC
from axonhub_cli.protocols.sse import Decoder, Frame
from axonhub_cli.types.events import (
    ArgumentsDelta,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    OpaqueDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    SealDelta,
    Start,
    TextDelta,
    UsageUpdate,
    check,
    fold,
)
from axonhub_cli.types.messages import Opaque, Protocol, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage

NAME: Protocol = "openai-responses"
CITED = {"type": "url_citation", "url": "https://example.com", "title": "E", "start_index": 0, "end_index": 5}
SEARCH = {
    "id": "tsc_1",
    "type": "tool_search_call",
    "status": "completed",
    "call_id": "call_3",
    "execution": "client",
    "arguments": {"query": "x"},
}
TOOLS: list[Event] = [
    Start(id="resp_1", model="gpt-5.5-2026-01-01"),
    PartStart(0, Reasoning(text="", summary=True, extra={"id": "rs_1"})),
    ReasoningDelta(0, "First I "),
    ReasoningDelta(0, "look."),
    ReasoningDelta(0, "\n\nThen I act."),
    SealDelta(0, Seal("openai", "encrypted_content", "c2VhbA==", "rs_1")),
    PartEnd(0),
    PartStart(1, Text(text="", extra={"item": {"id": "msg_1", "phase": "commentary"}})),
    TextDelta(1, "Grüße "),
    TextDelta(1, 'from "here"'),
    OpaqueDelta(1, NAME, "annotations", CITED),
    PartEnd(1),
    PartStart(2, ToolCall(id="call_1", name="say", arguments="", namespace="mcp__echo", item_id="fc_1")),
    ArgumentsDelta(2, '{"text":'),
    ArgumentsDelta(2, ' "hi"}'),
    PartEnd(2),
    PartStart(3, ToolCall(id="call_2", name="apply_patch", arguments="", kind="custom", item_id="ctc_1")),
    ArgumentsDelta(3, "*** Begin Patch\n"),
    ArgumentsDelta(3, "*** End Patch"),
    PartEnd(3),
    PartStart(4, Opaque(protocol=NAME, kind="tool_search_call", raw=SEARCH)),
    PartEnd(4),
    UsageUpdate(Usage(input=120, output=30, cache_read=100, cache_write_5m=8, reasoning=12)),
    Finish(reason="tool_calls", raw_reason="completed"),
    End(),
]
TEXTS: list[Event] = [
    Start(id="resp_2", model="local"),
    PartStart(0, Reasoning(text="", extra={"id": "rs_2", "reasoning_text": True})),
    ReasoningDelta(0, "hm"),
    PartEnd(0),
    PartStart(1, Text(text="", extra={"item": {"id": "msg_2"}})),
    TextDelta(1, "So far, "),
    PartEnd(1),
    PartStart(2, Refusal(text="")),
    TextDelta(2, "no "),
    TextDelta(2, "further"),
    PartEnd(2),
    PartStart(3, Text(text="", extra={"item": {"id": "msg_3"}})),
    PartEnd(3),
    UsageUpdate(Usage(input=7, output=3, cache_read=0, reasoning=0)),
    Finish(reason="length", raw_reason="max_output_tokens"),
    End(),
]


def read(frames: list[Frame]) -> list[Event]:
    reader = CODEC.stream_reader()
    return check([event for frame in frames for event in reader.feed(frame)] + reader.close())


def frames_of(data: bytes) -> list[Frame]:
    decoder = Decoder()
    return decoder.feed(data) + decoder.close()


def frame(kind: str, **fields: Any) -> Frame:
    return Frame(kind, json.dumps({"type": kind, **fields}).encode())


def done(item: dict[str, Any], **fields: Any) -> Frame:
    return frame("response.output_item.done", item=item, **fields)


def last(*output: dict[str, Any], **fields: Any) -> Frame:
    return frame(
        "response.completed", response={"id": "r", "model": "m", "status": "completed", "output": list(output), **fields}
    )


def words(response: Response) -> list[tuple[str, str]]:
    """Kind and text of every part."""
    return [(type(part).__name__, getattr(part, "text", getattr(part, "arguments", ""))) for part in response.parts]


@pytest.mark.parametrize(("name", "events"), [("tools", TOOLS), ("texts", TEXTS)])
def test_golden_streams(stream: Any, name: str, events: list[Event]) -> None:
    """A whole stream is read event by event."""
    assert read(frames_of(stream(name))) == events


@pytest.mark.parametrize("name", ["tools", "texts"])
def test_a_stream_folds_into_the_whole_response(stream: Any, name: str) -> None:
    """Reading the stream and reading the response that its last event carries give the same."""
    frames = frames_of(stream(name))
    terminal = next(json.loads(item.data) for item in reversed(frames) if item.data != b"[DONE]")
    assert fold(read(frames), NAME) == CODEC.read_response(terminal["response"])


LACKS = {
    "created": ["response.created", "response.in_progress"],
    "item added": ["response.output_item.added"],
    "content parts": ["response.content_part.added", "response.content_part.done"],
    "deltas": ["delta"],
    "texts done": ["text.done", "arguments.done", "input.done", "refusal.done"],
    "items done": ["response.output_item.done"],
    "all but the items": ["delta", "added", "text.done", "arguments.done", "input.done", "part.done", "refusal.done"],
    "all but the last": ["delta", "added", ".done"],
}


@pytest.mark.parametrize("name", ["tools", "texts"])
@pytest.mark.parametrize("lack", LACKS)
def test_events_that_never_come(stream: Any, name: str, lack: str) -> None:
    """Whatever kind of event an upstream leaves out, the answer is the same; only its id is told by the first event alone."""
    frames = [item for item in frames_of(stream(name)) if not any(json_type(item).endswith(end) for end in LACKS[lack])]
    whole = fold(read(frames_of(stream(name))), NAME)
    response = fold(read(frames), NAME)
    assert words(response) == words(whole)
    assert (response.finish, response.usage) == (whole.finish, whole.usage)
    assert response.id == ("" if lack == "created" else whole.id)


def json_type(item: Frame) -> str:
    return "" if item.data == b"[DONE]" else str(json.loads(item.data)["type"])


KEYS = [
    ["item_id"],
    ["output_index"],
    ["content_index", "summary_index"],
    ["sequence_number"],
    ["item_id", "output_index"],
    ["id"],
    ["id", "item_id"],
    ["id", "item_id", "output_index", "content_index", "summary_index"],
]


@pytest.mark.parametrize("name", ["tools", "texts"])
@pytest.mark.parametrize("keys", KEYS, ids="+".join)
def test_keys_that_are_missing(stream: Any, name: str, keys: list[str]) -> None:
    """Events find their items without ids, without indexes, and without both."""

    def bare(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: bare(item) for key, item in value.items() if key not in keys}
        return [bare(item) for item in value] if isinstance(value, list) else value

    frames = [
        item if item.data == b"[DONE]" else Frame(item.name, json.dumps(bare(json.loads(item.data))).encode())
        for item in frames_of(stream(name))
    ]
    whole = fold(read(frames_of(stream(name))), NAME)
    paragraphs = name == "tools" and "summary_index" in keys
    assert [text for _, text in words(fold(read(frames), NAME))] == [text for _, text in words(whole)]
    assert not paragraphs or "\n\n" in words(whole)[0][1]


@pytest.mark.parametrize("shift", [1, 7])
@pytest.mark.parametrize("keys", [["output_index"], ["content_index"], ["output_index", "content_index"]], ids="+".join)
def test_indexes_that_are_off(stream: Any, shift: int, keys: list[str]) -> None:
    """Deltas whose index is off, beside items whose index is right, still find their part."""
    frames = []
    for item in frames_of(stream("tools")):
        fields = json.loads(item.data)
        if fields["type"].endswith(".delta"):
            fields |= {key: fields[key] + shift for key in keys if key in fields}
        frames.append(Frame(item.name, json.dumps(fields).encode()))
    assert words(fold(read(frames), NAME)) == words(fold(TOOLS, NAME))


def test_event_names_are_enough() -> None:
    """A frame whose data has no `type` is known by its event line."""
    frames = [Frame("response.output_text.delta", b'{"delta":"x"}'), Frame("response.completed", b'{"response":{}}')]
    assert words(fold(read(frames), NAME)) == [("Text", "x")]


def test_interleaved_calls() -> None:
    """Two calls that stream at the same time stay two, in the order in which they began."""
    calls = [
        {"type": "function_call", "id": f"fc_{at}", "call_id": f"call_{at}", "name": f"n{at}", "arguments": ""} for at in (0, 1)
    ]
    frames = [frame("response.output_item.added", output_index=at, item=call) for at, call in enumerate(calls)]
    for at in (1, 0, 1, 0):
        frames.append(frame("response.function_call_arguments.delta", item_id=f"fc_{at}", output_index=at, delta=f"<{at}>"))
    frames += [done({**calls[1], "arguments": "<1><1>"}, output_index=1), done(calls[0], output_index=0), last()]
    response = fold(read(frames), NAME)
    assert [(part.id, part.arguments) for part in response.parts if isinstance(part, ToolCall)] == [
        ("call_0", "<0><0>"),
        ("call_1", "<1><1>"),
    ]


def test_arguments_that_come_only_once() -> None:
    """Arguments told only at their own end, only with the item, or only when it was announced, are there once."""
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "n", "arguments": ""}
    added = frame("response.output_item.added", item=call)
    told = frame("response.function_call_arguments.done", item_id="fc_1", arguments="{}")
    full = {**call, "arguments": "{}"}
    for frames in ([added, told, done(call)], [added, done(full)], [frame("response.output_item.added", item=full), done(call)]):
        assert words(fold(read([*frames, last()]), NAME)) == [("ToolCall", "{}")]


def test_a_call_waits_for_its_name() -> None:
    """A call starts when its name is known; one that never gets a name is no call."""
    delta = frame("response.function_call_arguments.delta", item_id="fc_1", delta="{}")
    named = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "n", "arguments": ""}
    assert words(fold(read([delta, done(named), last()]), NAME)) == [("ToolCall", "{}")]
    assert words(fold(read([delta, last()]), NAME)) == []
    unnumbered = {"type": "function_call", "name": "n", "arguments": "{}"}
    assert fold(read([done(unnumbered), last()]), NAME).parts == (ToolCall(id="call_1", name="n", arguments="{}"),)


def test_a_later_text_never_repeats_or_erases() -> None:
    """A final text that contradicts the deltas changes nothing: what was streamed stands."""
    item = {"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "other words"}]}
    for final in (item, {**item, "content": []}, {**item, "content": [{"type": "output_text", "text": ""}]}):
        frames = [frame("response.output_text.delta", item_id="msg_1", delta="words"), done(final), last(final)]
        assert words(fold(read(frames), NAME)) == [("Text", "words")]


def test_one_id_for_all_items() -> None:
    """Items that a careless upstream gives the same id are told apart by their places."""
    frames = []
    for at, text in enumerate(("a", "b")):
        item = {"type": "message", "id": "msg", "content": [{"type": "output_text", "text": text}]}
        frames += [
            frame("response.output_item.added", output_index=at, item={**item, "content": []}),
            done(item, output_index=at),
        ]
    assert words(fold(read([*frames, last()]), NAME)) == [("Text", "a"), ("Text", "b")]


def test_summary_blocks_are_paragraphs() -> None:
    """Blocks of thinking are set apart by a blank line, with or without the events that announce them; empty ones are not."""
    text = "response.reasoning_summary_text.delta"
    plain = [frame(text, item_id="rs", summary_index=0, delta="a"), frame(text, item_id="rs", summary_index=1, delta="b")]
    told = [frame("response.reasoning_summary_text.done", item_id="rs", summary_index=at, text=t) for at, t in enumerate("ab")]
    item = {"type": "reasoning", "id": "rs", "summary": [{"type": "summary_text", "text": t} for t in ("a", "", "b")]}
    for frames in (plain, told, [done(item)], [plain[0], done(item)]):
        assert words(fold(read([*frames, last()]), NAME)) == [("Reasoning", "a\n\nb")]


def test_thinking_that_is_only_a_seal() -> None:
    """An item with nothing but encrypted content is a part with nothing but a seal."""
    item = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "xyz"}
    response = fold(read([frame("response.output_item.added", item=item), done(item), last(item)]), NAME)
    assert response.parts == (Reasoning(text="", seal=Seal("openai", "encrypted_content", "xyz", "rs"), extra={"id": "rs"}),)


@pytest.mark.parametrize(
    ("kind", "details", "reason", "raw"),
    [
        ("response.completed", None, "stop", "completed"),
        ("response.incomplete", {"reason": "max_output_tokens"}, "length", "max_output_tokens"),
        ("response.incomplete", {"reason": "content_filter"}, "content_filter", "content_filter"),
        ("response.incomplete", {"reason": "steered"}, "unknown", "steered"),
        ("response.incomplete", None, "length", "incomplete"),
    ],
)
def test_how_a_response_ends(kind: str, details: Any, reason: str, raw: str) -> None:
    """The last event says why the model stopped; nothing that comes after it counts."""
    final = frame(kind, response={"id": "r", "model": "m", "incomplete_details": details})
    after = frame("response.output_text.delta", delta="late")
    events = read([final, after])
    assert events == [Start(id="r", model="m"), Finish(reason=reason, raw_reason=raw), End()]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "fields", "kind", "message", "wait"),
    [
        ("response.failed", {"response": {"error": {"code": "server_error", "message": "oops"}}}, "server", "oops", None),
        (
            "response.failed",
            {"response": {"error": {"code": "rate_limit_exceeded", "message": "try again in 1.5s"}}},
            "rate_limit",
            "try again in 1.5s",
            1.5,
        ),
        ("response.failed", {"response": {"error": {"code": "insufficient_quota", "message": "spent"}}}, "quota", "spent", None),
        (
            "response.failed",
            {"response": {"error": {"code": "server_is_overloaded", "message": "busy"}}},
            "overloaded",
            "busy",
            None,
        ),
        ("response.failed", {"response": {"error": {"code": "invalid_prompt", "message": "no"}}}, "invalid_request", "no", None),
        ("response.failed", {"response": {"status": "failed"}}, "server", "The upstream ended the response as failed.", None),
        ("response.cancelled", {"response": {}}, "server", "The upstream failed without a reason.", None),
        ("error", {"code": "context_length_exceeded", "message": "long"}, "context_length", "long", None),
        ("error", {"error": {"type": "invalid_request_error", "message": "bad"}}, "invalid_request", "bad", None),
        ("error", {"error": "plain words"}, "server", "plain words", None),
        ("", {"error": {"message": "try again in 20ms", "type": "rate_limit_error"}}, "rate_limit", "try again in 20ms", 0.02),
    ],
)
def test_failures(name: str, fields: dict[str, Any], kind: str, message: str, wait: float | None) -> None:
    """A failure, in each of its forms, ends the stream with what kind of problem it is."""
    events = read([Frame(name, json.dumps({"type": name, **fields} if name else fields).encode())])
    assert isinstance(events[-1], Failure)
    problem = events[-1].problem
    assert (problem.kind, problem.message, problem.retry_after) == (kind, message, wait)


def test_usage_of_a_failure_is_counted() -> None:
    """Tokens that a failed response cost are told before the failure."""
    final = frame("response.failed", response={"error": {"message": "x"}, "usage": {"input_tokens": 3}})
    assert [type(event) for event in read([final])] == [Start, UsageUpdate, Failure]


def test_a_stream_that_is_cut_is_a_failure() -> None:
    """A stream without its last word fails, however much of it came."""
    for frames in ([], [frame("response.output_text.delta", delta="half")]):
        end = read(frames)[-1]
        assert isinstance(end, Failure)
        assert end.problem.kind == "upstream"


def test_what_is_not_known_is_foreign() -> None:
    """Pings and events of tomorrow are passed on as foreign; `[DONE]` is nothing."""
    events = read(
        [
            Frame("keepalive", b'{"type":"keepalive"}'),
            frame("response.web_search_call.searching", item_id="ws_1"),
            Frame("", b'{"foo":"bar"}'),
            Frame("", b"[1]"),
            Frame("", b"[DONE]"),
            last(),
        ]
    )
    assert [event.name for event in events if isinstance(event, Foreign)] == [
        "keepalive",
        "response.web_search_call.searching",
        "",
        "",
    ]


def test_a_whole_response_that_has_not_ended() -> None:
    """A response that still runs in the background has no finish; one without a status has ended."""
    item = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "so far"}]}
    for status, finish in (("in_progress", None), ("queued", None), ("completed", "stop"), (None, "stop")):
        response = CODEC.read_response({"id": "r", "model": "m", "status": status, "output": [item]})
        assert (words(response), response.finish) == ([("Text", "so far")], finish)


def test_broken_json_is_a_protocol_error() -> None:
    """Data that is no JSON raises; nothing else ever does."""
    with pytest.raises(ProtocolError):
        CODEC.stream_reader().feed(Frame("", b"{oops"))


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 9),
    st.sampled_from(["", "rs_1", "msg_1", "fc_1", "message", "reasoning"]),
    st.just([]),
    st.just({}),
    st.just([{"type": "output_text", "text": "z"}]),
)


@given(data=st.data())
@pytest.mark.parametrize("name", ["tools", "texts"])
def test_mutated_streams_obey_the_grammar(stream: Any, name: str, data: st.DataObject) -> None:
    """Frames dropped, doubled, swapped or with values replaced give a stream that obeys the grammar, and ends."""
    frames = [item for item in frames_of(stream(name)) if item.data != b"[DONE]"]
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(frames) - 1))
        match data.draw(st.sampled_from(["drop", "double", "swap", "value"])):
            case "drop" if len(frames) > 1:
                frames.pop(at)
            case "double":
                frames.insert(data.draw(st.integers(0, len(frames))), frames[at])
            case "swap":
                other = data.draw(st.integers(0, len(frames) - 1))
                frames[at], frames[other] = frames[other], frames[at]
            case _:
                frames[at] = Frame(frames[at].name, changed(frames[at].data, data))
    events = read(frames)
    assert isinstance(events[-1], End | Failure)


def changed(raw: bytes, data: st.DataObject) -> bytes:
    """The JSON with one value of it replaced."""
    fields = json.loads(raw)
    inside: Any = fields
    key: Any = "type"
    for _ in range(data.draw(st.integers(0, 4))):
        keys = list(inside.keys()) if isinstance(inside, dict) else list(range(len(inside)))
        key = data.draw(st.sampled_from(keys)) if keys else key
        if not keys or not isinstance(inside[key], dict | list) or not inside[key]:
            break
        inside, key = inside[key], (next(iter(inside[key])) if isinstance(inside[key], dict) else 0)
    if isinstance(inside, dict) or (isinstance(inside, list) and inside):
        inside[key] = data.draw(JUNK)
    return json.dumps(fields).encode()


@given(
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["type", "id", "status", "output", "usage", "content", "text", "summary", "name", "error"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_object_is_some_response(junk: Any) -> None:
    """Whatever object an upstream answers, reading it raises nothing."""
    body = junk if isinstance(junk, dict) else {"output": junk}
    assert CODEC.read_response(body).origin == NAME
    CODEC.error_in(body)
