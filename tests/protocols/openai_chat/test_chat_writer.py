"""The stream writer of Chat Completions: which bytes a client gets for which events."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.openai_chat import CODEC
from axonhub_cli.protocols.sse import Decoder
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
    replay,
)
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem

REPLY = Reply(id="chatcmpl-own", model="asked", created=1700000000, include_usage=True)
START = Start(id="up-1", model="upstream-model")


def write(*events: Event, reply: Reply = REPLY) -> list[Any]:
    """The frames of a stream: parsed chunks, and b"[DONE]" as it is."""
    writer, decoder = CODEC.stream_writer(reply), Decoder()
    frames = [frame for event in events for frame in decoder.feed(writer.write([event]))]
    assert decoder.close() == []
    return [frame.data if frame.data == b"[DONE]" else json.loads(frame.data) for frame in frames]


def deltas(*events: Event) -> list[Any]:
    """What the chunks after the role say."""
    return [frame["choices"][0]["delta"] for frame in write(START, *events)[1:]]


def test_a_text_answer_chunk_by_chunk() -> None:
    """Role, text, finish reason, usage, [DONE]: with the client's own name of the model and our time."""
    frames = write(
        START,
        PartStart(0, Text(text="")),
        TextDelta(0, 'say "hi" 🙂\n'),
        PartEnd(0),
        UsageUpdate(Usage(input=5, output=2, cache_read=4)),
        Finish(reason="stop", raw_reason="end_turn"),
        End(),
    )
    base = {"id": "up-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "asked"}
    usage = {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7, "prompt_tokens_details": {"cached_tokens": 4}}
    assert frames == [
        {**base, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
        {**base, "choices": [{"index": 0, "delta": {"content": 'say "hi" 🙂\n'}, "finish_reason": None}]},
        {**base, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {**base, "choices": [], "usage": usage},
        b"[DONE]",
    ]


def test_our_id_where_the_upstream_gave_none() -> None:
    """An answer without an id gets the one of the reply."""
    assert write(Start(id="", model="m"))[0]["id"] == "chatcmpl-own"


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        (
            [
                PartStart(0, Reasoning(text="")),
                ReasoningDelta(0, "hm"),
                SealDelta(0, Seal("anthropic", "signature", "x")),
                PartEnd(0),
            ],
            [{"reasoning_content": "hm"}],
        ),
        ([PartStart(0, Refusal(text="")), TextDelta(0, "no"), PartEnd(0)], [{"refusal": "no"}]),
        (
            [PartStart(0, Text(text="")), TextDelta(0, "a"), PartEnd(0), PartStart(1, Text(text="")), TextDelta(1, "b")],
            [{"content": "a"}, {"content": "b"}],
        ),
        (
            [
                PartStart(0, Text(text="")),
                PartStart(1, ToolCall(id="c1", name="f", arguments="")),
                PartStart(2, ToolCall(id="c2", name="g", arguments="")),
                ArgumentsDelta(2, "{}"),
                ArgumentsDelta(1, '{"a":'),
                ArgumentsDelta(1, "1}"),
                PartEnd(1),
                PartEnd(2),
            ],
            [
                {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
                {"tool_calls": [{"index": 1, "id": "c2", "type": "function", "function": {"name": "g", "arguments": ""}}]},
                {"tool_calls": [{"index": 1, "function": {"arguments": "{}"}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]},
            ],
        ),
        (
            [PartStart(0, ToolCall(id="c1", name="f", arguments="")), PartEnd(0)],
            [
                {"tool_calls": [{"index": 0, "id": "c1", "type": "function", "function": {"name": "f", "arguments": ""}}]},
                {"tool_calls": [{"index": 0, "function": {"arguments": "{}"}}]},
            ],
        ),
        (
            [PartStart(0, ToolCall(id="c1", name="patch", arguments="", kind="custom")), ArgumentsDelta(0, "***"), PartEnd(0)],
            [
                {"tool_calls": [{"index": 0, "id": "c1", "type": "custom", "custom": {"name": "patch", "input": ""}}]},
                {"tool_calls": [{"index": 0, "custom": {"input": "***"}}]},
            ],
        ),
        ([PartStart(0, Media(kind="image", url="https://x/y.png")), PartEnd(0)], [{"content": "![image](https://x/y.png)"}]),
        (
            [PartStart(0, Media(kind="image", data="AA==", mime="image/png"))],
            [{"content": "[image: this protocol's answers cannot hold it]"}],
        ),
        (
            [PartStart(0, Opaque(protocol="anthropic", kind="server_tool_use", raw={}))],
            [{"content": "[server_tool_use: this protocol's answers cannot hold it]"}],
        ),
        (
            [
                PartStart(0, Text(text="")),
                OpaqueDelta(0, "openai-chat", "annotations", {"a": 1}),
                OpaqueDelta(0, "anthropic", "citations", {}),
            ],
            [{"annotations": [{"a": 1}]}],
        ),
        ([Foreign("openai-chat", "ping", b"{}"), Foreign("anthropic", "ping", b"{}")], []),
    ],
)
def test_parts_as_deltas(events: list[Event], expected: list[Any]) -> None:
    """Each kind of part has its field; calls have dense indexes; no arguments at all become {}; the rest is visible text."""
    assert deltas(*events) == expected


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("stop", "stop"),
        ("stop_sequence", "stop"),
        ("length", "length"),
        ("context_length", "length"),
        ("tool_calls", "tool_calls"),
        ("refusal", "content_filter"),
        ("content_filter", "content_filter"),
        ("pause", "stop"),
        ("unknown", "stop"),
    ],
)
def test_finish_words(reason: Any, word: str) -> None:
    """Every reason has a word of this protocol; after a tool call a stop is tool_calls."""
    assert write(START, Finish(reason=reason))[1]["choices"][0]["finish_reason"] == word
    called = write(START, PartStart(0, ToolCall(id="a", name="f", arguments="{}")), PartEnd(0), Finish(reason=reason))
    assert called[-1]["choices"][0]["finish_reason"] == ("tool_calls" if reason in ("stop", "unknown") else word)


def test_a_stream_without_a_reason_still_ends_with_one() -> None:
    """Clients ask again without end when no finish reason comes: End alone makes one."""
    assert [frame if frame == b"[DONE]" else frame["choices"][0]["finish_reason"] for frame in write(START, End())] == [
        None,
        "stop",
        b"[DONE]",
    ]


@pytest.mark.parametrize(
    ("usage", "asked", "expected"),
    [
        (None, True, None),
        (Usage(input=1, output=2), False, None),
        (Usage(cache_read=3), True, None),
        (Usage(input=1), True, {"prompt_tokens": 1, "completion_tokens": 0, "total_tokens": 1}),
        (
            Usage(input=9, output=2, reasoning=1, cache_write_5m=3, cache_write_1h=4),
            True,
            {
                "prompt_tokens": 9,
                "completion_tokens": 2,
                "total_tokens": 11,
                "prompt_tokens_details": {"cache_write_tokens": 7},
                "completion_tokens_details": {"reasoning_tokens": 1},
            },
        ),
    ],
)
def test_usage_comes_once_and_only_when_it_was_asked_for(usage: Usage | None, asked: bool, expected: Any) -> None:
    """The usage chunk is the last before [DONE], where the client asked for it; what nobody told is not made up."""
    reply = Reply(id="x", model="m", created=1, include_usage=asked)
    frames = write(Start(id="a", model="m", usage=usage), Finish(reason="stop"), End(), reply=reply)
    assert [frame["usage"] for frame in frames[:-1] if "usage" in frame] == ([expected] if expected else [])


def test_a_failure_is_an_error_frame_and_no_done() -> None:
    """After the commit a failure is an error object, and the stream is never said to be done."""
    problem = Problem(kind="overloaded", message="try later")
    frames = write(START, PartStart(0, Text(text="")), TextDelta(0, "a"), Failure(problem))
    assert frames[-1] == {
        "error": {"message": "try later", "type": "service_unavailable", "param": None, "code": "server_is_overloaded"}
    }
    assert b"[DONE]" not in frames
    assert write(Failure(problem)) == frames[-1:]


def test_pings_and_last_words() -> None:
    """A keep-alive is a comment that no reader sees, and a complete stream holds one of the last words."""
    assert Decoder().feed(CODEC.ping) == []
    data = CODEC.stream_writer(REPLY).write([START, Finish(reason="stop"), End()])
    assert any(word in data for word in CODEC.last_words)
    assert not any(word in CODEC.stream_writer(REPLY).write([START, Finish(reason="stop")]) for word in CODEC.last_words)


_PARTS = st.lists(
    st.builds(lambda text: Text(text=text), st.text(min_size=1, max_size=5))
    | st.builds(lambda text: Reasoning(text=text), st.text(min_size=1, max_size=5)),
    max_size=4,
)
_CALLS = st.lists(st.builds(lambda text: (text,), st.sampled_from(["{}", '{"a":"ü"}', "[", "x"])), max_size=3)


@given(_PARTS, _CALLS)
def test_what_is_written_is_read_again(parts: list[Any], calls: list[tuple[str]]) -> None:
    """Text, thinking and calls come back as they were; neighbours of one kind are one part on this wire."""
    whole = [*parts, *(ToolCall(id=f"call_{at}", name="f", arguments=args) for at, (args,) in enumerate(calls))]
    response = Response(
        origin="openai-chat",
        id="r",
        model="asked",
        parts=tuple(whole),
        finish="tool_calls" if calls else "stop",
        raw_finish="tool_calls" if calls else "stop",
        usage=Usage(input=3, output=2),
    )
    data = CODEC.stream_writer(REPLY).write(list(replay(response)))
    reader = CODEC.stream_reader()
    events = [event for frame in Decoder().feed(data) for event in reader.feed(frame)]
    again = fold(check(events), "openai-chat")
    assert (again.id, again.model, again.finish, again.usage) == (response.id, response.model, response.finish, response.usage)
    assert _joined(again.parts) == _joined(response.parts)


def _joined(parts: tuple[Any, ...]) -> list[Any]:
    out: list[Any] = []
    for part in parts:
        if out and not isinstance(part, ToolCall) and out[-1][0] is type(part):
            out[-1] = (type(part), out[-1][1] + part.text)
        else:
            out.append(part if isinstance(part, ToolCall) else (type(part), part.text))
    return [item if not isinstance(item, ToolCall) else (ToolCall, item) for item in out]
