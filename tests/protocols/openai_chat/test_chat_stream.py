"""The stream reader of Chat Completions: golden streams, vendors' habits, and streams that no vendor should send."""

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.openai_chat import CODEC
from axonhub_cli.protocols.sse import Decoder, Frame
from axonhub_cli.types.events import (
    ArgumentsDelta,
    Checker,
    End,
    Event,
    Failure,
    Finish,
    Foreign,
    OpaqueDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    Start,
    TextDelta,
    UsageUpdate,
    check,
    fold,
)
from axonhub_cli.types.messages import Media, Reasoning, Refusal, Text, ToolCall, Usage

WIRE = Path(__file__).parents[2] / "wire" / "openai_chat"
STREAMS = sorted(WIRE.glob("*.sse"))


def decode(data: bytes, cuts: Iterable[int] = ()) -> list[Event]:
    """The events of a stream that comes in pieces."""
    reader, decoder = CODEC.stream_reader(), Decoder()
    events: list[Event] = []
    edges = [0, *sorted(cuts), len(data)]
    for start, end in pairwise(edges):
        for frame in decoder.feed(data[start:end]):
            events += reader.feed(frame)
    for frame in decoder.close():
        events += reader.feed(frame)
    return events + reader.close()


def chunk(delta: Any = None, finish: Any = None, **fields: Any) -> dict[str, Any]:
    return {
        "id": "c1",
        "created": 1,
        "model": "m",
        "choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}],
        **fields,
    }


def stream(*chunks: Any, done: bool = True) -> list[Event]:
    """The events of these chunks, which the grammar has passed."""
    frames = [b"data: " + (item if isinstance(item, bytes) else json.dumps(item).encode()) + b"\n\n" for item in chunks]
    return check(decode(b"".join(frames) + (b"data: [DONE]\n\n" if done else b"")))


def parts(*chunks: Any, done: bool = True) -> tuple[Any, ...]:
    return fold(stream(*chunks, done=done), "openai-chat").parts


def call(
    index: int | None = 0, id: str | None = None, name: str | None = None, args: str | None = None, **more: Any
) -> dict[str, Any]:
    """A delta of one tool call; what is None is absent."""
    function = {key: value for key, value in (("name", name), ("arguments", args)) if value is not None}
    item = {key: value for key, value in (("index", index), ("id", id)) if value is not None}
    return {"tool_calls": [{**item, "function": function, **more}]}


GOLDEN: dict[str, list[Event]] = {
    "text": [
        Start(id="chatcmpl-1", model="gpt-5.5-2026", extra={"system_fingerprint": "fp_1"}),
        PartStart(0, Text(text="")),
        TextDelta(0, "Grüß"),
        TextDelta(0, " dich 🙂"),
        UsageUpdate(Usage(input=20, output=5, cache_read=16, cache_write_5m=2, reasoning=3)),
        PartEnd(0),
        Finish(reason="stop", raw_reason="stop"),
        End(),
    ],
    "tools_interleaved": [
        Start(id="chatcmpl-2", model="m"),
        PartStart(0, Text(text="")),
        TextDelta(0, "Both at once."),
        PartEnd(0),
        PartStart(1, ToolCall(id="call_a", name="read", arguments="")),
        ArgumentsDelta(1, '{"p":'),
        PartStart(2, ToolCall(id="call_b", name="write", arguments="")),
        ArgumentsDelta(2, '{"q":'),
        ArgumentsDelta(1, "1}"),
        ArgumentsDelta(2, "2}"),
        PartEnd(1),
        PartEnd(2),
        Finish(reason="tool_calls", raw_reason="tool_calls"),
        End(),
    ],
    "reasoning_tools": [
        Start(id="r-3", model="deepseek-reasoner"),
        PartStart(0, Reasoning(text="")),
        ReasoningDelta(0, "I should "),
        ReasoningDelta(0, "look."),
        PartEnd(0),
        PartStart(1, Text(text="")),
        TextDelta(1, "Looking."),
        PartEnd(1),
        PartStart(2, ToolCall(id="call_1a697d0fc33e24a3579d62bd", name="look", arguments="")),
        ArgumentsDelta(2, '{"at":"x"}'),
        UsageUpdate(Usage(input=10, output=9, cache_read=8)),
        PartEnd(2),
        Finish(reason="tool_calls", raw_reason="stop"),
        End(),
    ],
}


@pytest.mark.parametrize("name", GOLDEN)
def test_a_golden_stream_is_these_events(name: str) -> None:
    """Recorded-like streams give exactly these events, in this order."""
    assert check(decode((WIRE / f"{name}.sse").read_bytes())) == GOLDEN[name]


@pytest.mark.parametrize("path", STREAMS, ids=lambda path: path.stem)
def test_cuts_change_nothing(path: Path) -> None:
    """Whole, byte by byte, and with CRLF line ends the events are the same."""
    data = path.read_bytes()
    whole = decode(data)
    assert decode(data, range(1, len(data))) == whole
    assert decode(data.replace(b"\n", b"\r\n")) == whole


@pytest.mark.parametrize(
    ("chunks", "expected"),
    [
        (
            [chunk({"content": "a"}), chunk({"content": ""}), chunk({"content": None}), chunk({"content": "b"})],
            (Text(text="ab"),),
        ),
        (
            [chunk({"reasoning": "a"}), chunk({"content": "b"}), chunk({"reasoning": "c"}), chunk({"content": "d"})],
            (Reasoning(text="a"), Text(text="b"), Reasoning(text="c"), Text(text="d")),
        ),
        ([chunk({"reasoning_content": "a", "reasoning": "a", "content": "b"})], (Reasoning(text="a"), Text(text="b"))),
        ([chunk({"refusal": "no"}), chunk({"refusal": "!"})], (Refusal(text="no!"),)),
        (
            [
                chunk(
                    {
                        "content": [
                            {"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]},
                            {"type": "text", "text": "a"},
                        ]
                    }
                )
            ],
            (Reasoning(text="hm"), Text(text="a")),
        ),
        (
            [chunk({"content": "a", "images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}}]})],
            (Text(text="a"), Media(kind="image", mime="image/png", data="AA==")),
        ),
        ([chunk(call(0, "a", "f", "{}"))], (ToolCall(id="a", name="f", arguments="{}"),)),
        (
            [chunk(call(0, "a", "f")), chunk(call(0, "", "", "{")), chunk(call(0, "b", "g", "}"))],
            (ToolCall(id="a", name="f", arguments="{}"),),
        ),
        (
            [chunk(call(0, None, None, "{")), chunk(call(0, "late")), chunk(call(0, None, "f", "}"))],
            (ToolCall(id="late", name="f", arguments="{}"),),
        ),
        ([chunk(call(0, None, "f")), chunk(call(0, "late", None, "{}"))], (ToolCall(id="late", name="f", arguments="{}"),)),
        (
            [chunk(call(0, "a", "f", "{}")), chunk(call(0, "b", "g", "{}"))],
            (ToolCall(id="a", name="f", arguments="{}"), ToolCall(id="b", name="g", arguments="{}")),
        ),
        (
            [chunk(call(None, "a", "f", "{")), chunk(call(None, None, None, "}")), chunk(call(None, "b", "g", "{}"))],
            (ToolCall(id="a", name="f", arguments="{}"), ToolCall(id="b", name="g", arguments="{}")),
        ),
        (
            [
                chunk({"tool_calls": [{"index": 0, "id": "a", "type": "custom", "custom": {"name": "patch", "input": "*** "}}]}),
                chunk({"tool_calls": [{"index": 0, "custom": {"input": "End"}}]}),
            ],
            (ToolCall(id="a", name="patch", arguments="*** End", kind="custom"),),
        ),
        (
            [chunk({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "f", "arguments": {"x": 1}}}]})],
            (ToolCall(id="a", name="f", arguments='{"x":1}'),),
        ),
        (
            [chunk(call(0, "a", "f", "{}", extra_content={"google": {"thought_signature": "s"}}))],
            (ToolCall(id="a", name="f", arguments="{}", extra={"extra_content": {"google": {"thought_signature": "s"}}}),),
        ),
        ([chunk(call(0, "a", None, "{}"))], (ToolCall(id="a", name="unnamed_tool", arguments="{}"),)),
        (
            [
                {
                    "id": "c1",
                    "choices": [{"index": 0, "message": {"role": "assistant", "content": "whole"}, "finish_reason": "stop"}],
                }
            ],
            (Text(text="whole"),),
        ),
        (
            [
                chunk({"content": "a"}),
                {"id": "c1", "choices": [{"index": 0, "delta": {}, "message": {"content": "a"}, "finish_reason": "stop"}]},
            ],
            (Text(text="a"),),
        ),
        ([chunk({"content": "a"}, "stop"), chunk({"content": "b"}, "stop")], (Text(text="ab"),)),
    ],
)
def test_vendors_habits_become_these_parts(chunks: list[Any], expected: tuple[Any, ...]) -> None:
    """Whatever way a vendor streams an answer, its parts are these."""
    assert parts(*chunks) == expected


def test_old_function_calls_are_tool_calls() -> None:
    """function_call deltas are one tool call with an id made from the answer's."""
    found = parts(
        chunk({"function_call": {"name": "f", "arguments": "{"}}),
        chunk({"function_call": {"arguments": "}"}}),
        chunk(None, "function_call"),
    )
    assert [(type(part), part.name, part.arguments, part.id[:5], len(part.id)) for part in found] == [
        (ToolCall, "f", "{}", "call_", 29)
    ]


def test_ids_that_are_missing_or_repeated_are_made_the_same_way_each_time() -> None:
    """Two calls never share an id, and an id that was made depends on the answer and the place of the call only."""
    chunks = [
        chunk(
            {
                "tool_calls": [
                    {"index": at, "id": given, "function": {"name": "f", "arguments": "{}"}}
                    for at, given in enumerate(["", "x", "x"])
                ]
            }
        )
    ]
    first, second = parts(*chunks), parts(*chunks)
    assert first == second
    assert len({part.id for part in first}) == 3
    other = parts({**chunks[0], "id": "c2"})
    assert other[0].id != first[0].id
    assert other[1].id == "x"


def test_thinking_that_flaps_is_not_chopped_into_dozens() -> None:
    """After a few switches thinking is collected into one last part, before the tool call; the text stays one part."""
    flapping = [chunk({key: f"{key[0]}{at}"}) for at in range(10) for key in ("reasoning", "content")]
    found = parts(*flapping, chunk(call(0, "a", "f", "{}")))
    kinds = [type(part).__name__ for part in found]
    assert kinds == ["Reasoning", "Text"] * 4 + ["Reasoning", "ToolCall"]
    assert found[7].text == "c3c4c5c6c7c8c9"
    assert found[8].text == "r4r5r6r7r8r9"


def test_details_of_reasoning_stay_with_it() -> None:
    """reasoning_details are kept on the reasoning part, and are its text where there is no other."""
    secret = {"type": "reasoning.encrypted", "data": "x", "index": 0}
    thought = {"type": "reasoning.text", "text": "hm", "index": 0}
    found = parts(chunk({"reasoning_details": [thought]}), chunk({"reasoning_details": [secret]}), chunk({"content": "a"}))
    assert found == (Reasoning(text="hm", extra={"reasoning_details": [thought, secret]}), Text(text="a"))


def test_annotations_hang_on_the_text() -> None:
    """Citations that arrive with the text are a list on its part."""
    events = stream(chunk({"content": "a"}), chunk({"annotations": [{"type": "url_citation"}]}))
    assert OpaqueDelta(0, "openai-chat", "annotations", {"type": "url_citation"}) in events


@pytest.mark.parametrize(
    ("word", "called", "reason"),
    [
        ("stop", False, "stop"),
        ("stop", True, "tool_calls"),
        ("length", True, "length"),
        ("model_length", False, "length"),
        ("tool_calls", True, "tool_calls"),
        ("function_call", True, "tool_calls"),
        ("content_filter", True, "content_filter"),
        ("model_context_window_exceeded", False, "context_length"),
        ("whatever", False, "unknown"),
        ("whatever", True, "tool_calls"),
    ],
)
def test_finish_reasons(word: str, called: bool, reason: str) -> None:
    """Each vendor's word is a reason; after a tool call stop and unknown words are tool_calls."""
    delta = call(0, "a", "f", "{}") if called else {"content": "x"}
    events = stream(chunk(delta), chunk(None, word))
    assert events[-2:] == [Finish(reason=reason, raw_reason=word), End()]  # type: ignore[arg-type]  # the table's own words


@pytest.mark.parametrize(
    ("word", "kind"), [("insufficient_system_resource", "overloaded"), ("network_error", "server"), ("error", "server")]
)
def test_a_finish_reason_that_means_failure_is_one(word: str, kind: str) -> None:
    """An answer that its vendor broke off is never presented as a finished one."""
    last = stream(chunk({"content": "x"}), chunk(None, word))[-1]
    assert isinstance(last, Failure)
    assert (last.problem.kind, last.problem.code) == (kind, word)


USAGE = {"prompt_tokens": 10, "completion_tokens": 4, "total_tokens": 14}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (USAGE, Usage(input=10, output=4)),
        ({**USAGE, "prompt_tokens_details": None, "completion_tokens_details": None}, Usage(input=10, output=4)),
        ({**USAGE, "prompt_cache_hit_tokens": 8, "prompt_cache_miss_tokens": 2}, Usage(input=10, output=4, cache_read=8)),
        ({**USAGE, "cached_tokens": 8}, Usage(input=10, output=4, cache_read=8)),
        (
            {**USAGE, "cache_creation_input_tokens": 3, "cache_read_input_tokens": 2},
            Usage(input=10, output=4, cache_read=2, cache_write_5m=3),
        ),
        (
            {**USAGE, "cache_creation": {"ephemeral_5m_input_tokens": 1, "ephemeral_1h_input_tokens": 2}},
            Usage(input=10, output=4, cache_write_5m=1, cache_write_1h=2),
        ),
        ({**USAGE, "completion_tokens_details": {"reasoning_tokens": 3}}, Usage(input=10, output=4, reasoning=3)),
        (
            {**USAGE, "total_tokens": 17, "completion_tokens_details": {"reasoning_tokens": 3}},
            Usage(input=10, output=7, reasoning=3),
        ),
        ({"prompt_tokens": 10}, Usage(input=10)),
    ],
)
def test_usage_is_found_wherever_vendors_put_it(usage: dict[str, Any], expected: Usage) -> None:
    """Totals include their subsets, and a figure that nobody told is missing."""
    for chunks in (
        [chunk({"content": "x"}, "stop"), {"id": "c1", "choices": [], "usage": usage}],
        [chunk({"content": "x"}), chunk(None, "stop", usage=usage)],
        [chunk({"content": "x"}, usage=usage), chunk(None, "stop", usage=usage)],
        [chunk({"content": "x"}, usage=None), chunk(None, "stop", x_groq={"usage": usage})],
        [chunk({"content": "x"}, usage={}), {"id": "c1", "choices": [{"delta": {}, "finish_reason": "stop", "usage": usage}]}],
    ):
        events = stream(*chunks)
        assert fold(events, "openai-chat").usage == expected
        assert sum(isinstance(event, UsageUpdate) for event in events) <= 1


def test_an_error_chunk_is_a_failure_and_the_last_event() -> None:
    """An error object in the stream ends it, with what the vendor said; what follows is not read."""
    error = {"error": {"message": "Overloaded", "type": "server_error", "code": "server_is_overloaded"}}
    events = stream(chunk({"content": "x"}), error, chunk({"content": "y"}))
    assert isinstance(events[-1], Failure)
    assert (events[-1].problem.kind, events[-1].problem.message) == ("overloaded", "Overloaded")
    both = stream({**chunk({"content": ""}, "error"), "error": {"message": "Provider failed", "code": 502}})
    assert isinstance(both[-1], Failure)
    assert (both[-1].problem.kind, both[-1].problem.status) == ("server", 502)


@pytest.mark.parametrize(
    ("chunks", "done", "last"),
    [
        ([chunk({"content": "x"}, "stop")], False, "End"),
        ([chunk({"content": "x"})], False, "Failure"),
        ([], False, "Failure"),
        ([], True, "Failure"),
        ([chunk({"content": "x"})], True, "End"),
    ],
)
def test_how_a_stream_may_end(chunks: list[Any], done: bool, last: str) -> None:
    """A finish reason or [DONE] completes a stream that has an answer; anything else is cut."""
    events = stream(*chunks, done=done)
    assert type(events[-1]).__name__ == last
    if isinstance(events[-1], Failure):
        assert events[-1].problem.kind == "upstream"


def test_done_without_a_reason_says_none_unless_a_tool_was_called() -> None:
    """An upstream that never said why it stopped gives no Finish; after a tool call it is tool_calls all the same."""
    assert not any(isinstance(event, Finish) for event in stream(chunk({"content": "x"})))
    assert Finish(reason="tool_calls") in stream(chunk(call(0, "a", "f", "{}")))


@pytest.mark.parametrize(
    "data", [b'{"object":"something.else"}', b"[1]", b'"text"', b'{"choices":[],"prompt_filter_results":[]}', b"{}"]
)
def test_unknown_frames_are_foreign(data: bytes) -> None:
    """A frame that is no chunk is passed on as it is and disturbs nothing."""
    events = stream(data, chunk({"content": "x"}, "stop"))
    assert events[0] == Foreign("openai-chat", "", data)
    assert events[1] == Start(id="c1", model="m")


@pytest.mark.parametrize(
    "data",
    [
        b'{"choices":[',
        b"oops",
        b'{"choices":[1]}',
        b'{"choices":[{"delta":{"content":3}}]}',
        b'{"choices":[{"delta":{"tool_calls":{"a":1}}}]}',
        b'{"choices":[{"delta":{"tool_calls":[1]}}]}',
        b'{"choices":[{"delta":{"tool_calls":[{"function":"f"}]}}]}',
    ],
)
def test_broken_frames_are_protocol_errors(data: bytes) -> None:
    """What is no JSON, or no answer, raises ProtocolError and nothing else."""
    with pytest.raises(ProtocolError):
        CODEC.stream_reader().feed(Frame("", data))


_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(["", "x", "{}", "stop"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["index", "id", "type", "text", "name", "arguments", "url"]), inner, max_size=3)
    ),
    max_leaves=6,
)
_FIELDS = [
    "content",
    "reasoning_content",
    "reasoning",
    "refusal",
    "tool_calls",
    "function_call",
    "images",
    "annotations",
    "reasoning_details",
]
_CALLS = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "index": st.integers(0, 2) | st.none(),
            "id": st.sampled_from(["", "a", "b"]),
            "type": st.sampled_from(["function", "custom", None]),
            "function": st.fixed_dictionaries(
                {}, optional={"name": st.sampled_from(["", "f"]), "arguments": st.sampled_from(["", "{", "}", "{}"])}
            ),
            "custom": st.fixed_dictionaries({}, optional={"name": st.just("p"), "input": st.text(max_size=3)}),
        },
    ),
    max_size=3,
)
_DELTAS = st.fixed_dictionaries(
    {},
    optional={
        "content": st.text(max_size=3) | st.none(),
        "reasoning": st.text(max_size=3),
        "refusal": st.text(max_size=2),
        "tool_calls": _CALLS,
    },
)
_WILD = st.dictionaries(st.sampled_from(_FIELDS), _JSON, max_size=4)
_CHUNKS = st.fixed_dictionaries(
    {},
    optional={
        "id": _JSON,
        "model": _JSON,
        "choices": st.lists(
            st.fixed_dictionaries(
                {}, optional={"index": _JSON, "delta": _WILD | _JSON, "message": _WILD, "finish_reason": _JSON, "usage": _JSON}
            ),
            max_size=2,
        )
        | _JSON,
        "usage": _JSON | st.just(USAGE),
        "error": _JSON,
        "x_groq": _JSON,
        "base_resp": _JSON,
    },
)


def _hold(frames: Iterable[Frame]) -> None:
    """Feeds the frames: the grammar holds, nothing but ProtocolError is raised, and the stream is closed in the end."""
    reader, checker = CODEC.stream_reader(), Checker()
    for frame in frames:
        try:
            events = reader.feed(frame)
        except ProtocolError:
            return
        for event in events:
            checker.feed(event)
    for event in reader.close():
        checker.feed(event)
    assert checker.state == "CLOSED"


def _frames(chunks: Iterable[Any]) -> list[Frame]:
    return [Frame("", json.dumps(item).encode()) for item in chunks]


@given(st.lists(_CHUNKS | _JSON, max_size=5))
def test_no_chunk_breaks_the_reader(chunks: list[Any]) -> None:
    """Any JSON whatever gives events in good order or a ProtocolError."""
    _hold(_frames(chunks))


@given(st.lists(st.tuples(_DELTAS, st.sampled_from([None, "", "stop", "tool_calls"])), max_size=8))
def test_no_mix_of_deltas_breaks_the_grammar(deltas: list[tuple[dict[str, Any], str | None]]) -> None:
    """Text, thinking and tool calls in any order, with any indexes, obey the grammar."""
    _hold(_frames(chunk(delta, finish) for delta, finish in deltas))


@given(st.sampled_from(STREAMS), st.data())
def test_mutated_streams_raise_protocol_errors_only(path: Path, data: st.DataObject) -> None:
    """A golden stream with bytes replaced, removed or doubled, cut anywhere, never raises anything else."""
    text = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        match data.draw(st.sampled_from("rdx")):
            case "r":
                text[at] = data.draw(st.integers(0, 255))
            case "d":
                del text[at : at + data.draw(st.integers(1, 40))]
            case _:
                text[at:at] = text[at : at + data.draw(st.integers(1, 200))]
    decoder = Decoder()
    cut = data.draw(st.integers(0, len(text)))
    _hold([*decoder.feed(bytes(text[:cut])), *decoder.feed(bytes(text[cut:])), *decoder.close()])
