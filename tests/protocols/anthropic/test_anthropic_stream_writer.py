"""Streams written in Anthropic's own sequence of events."""

import json
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.protocols import raw
from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Reply
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
    replay,
)
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Refusal, Response, Seal, Text, ToolCall, Usage
from axonhub_cli.types.problem import Problem

WIRE = Path(__file__).parents[2] / "wire" / "anthropic"
GOLDEN = sorted(WIRE.glob("*.sse"))
REPLY = Reply(id="msg_ours", model="asked", created=1)


def read(*frames: Frame, close: bool = True) -> list[Event]:
    reader = CODEC.stream_reader()
    events = [event for frame in frames for event in reader.feed(frame)]
    return check([*events, *(reader.close() if close else [])], complete=close)


def frames_of(data: bytes) -> list[Frame]:
    decoder = Decoder()
    return [*decoder.feed(data), *decoder.close()]


def data(kind: str, **fields: Any) -> Frame:
    return Frame(kind, raw.dumps({"type": kind, **fields}))


BEGIN = data("message_start", message={"id": "m", "model": "x", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}})
LAST = data("message_stop")


def write(*events: Event) -> list[tuple[str, Any]]:
    """What the writer says, as (event name, data)."""
    out = CODEC.stream_writer(REPLY).write(list(events))
    return [(frame.name, json.loads(frame.data)) for frame in frames_of(out)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_identity(path: Path) -> None:
    """What is written of a stream reads as the same answer, in one piece or event by event; so does a replay of it."""
    events = read(*frames_of(path.read_bytes()))
    whole = fold(events, "anthropic")
    expected = Response(**{**{f: getattr(whole, f) for f in whole.__struct_fields__}, "model": "asked"})
    writer, single = CODEC.stream_writer(REPLY), CODEC.stream_writer(REPLY)
    for out in (writer.write(events), b"".join(single.write([event]) for event in events)):
        assert fold(read(*frames_of(out)), "anthropic") == expected
    assert fold(read(*frames_of(CODEC.stream_writer(REPLY).write(list(replay(whole))))), "anthropic") == expected


def test_sequence() -> None:
    """The events stand in Anthropic's own order, with dense indexes; thinking is sealed at its end; usage is final once."""
    seal = Seal("anthropic", "signature", "c2ln")
    assert write(
        Start(id="msg_1", model="real", usage=Usage(input=10, cache_read=4)),
        PartStart(0, Reasoning(text="")),
        ReasoningDelta(0, "hm"),
        SealDelta(0, seal),
        PartEnd(0),
        PartStart(1, Text(text="")),
        TextDelta(1, 'say "ü"'),
        PartEnd(1),
        PartStart(2, ToolCall(id="t", name="n", arguments="")),
        ArgumentsDelta(2, '{"a":'),
        ArgumentsDelta(2, "1}"),
        PartEnd(2),
        Finish(reason="tool_calls"),
        UsageUpdate(Usage(input=11, output=5, cache_read=4)),
        End(),
    ) == [
        (name, {"type": name, **fields})
        for name, fields in [
            ("message_start", {"message": {
                "id": "msg_1", "type": "message", "role": "assistant", "model": "asked", "content": [], "stop_reason": None,
                "stop_sequence": None, "usage": {"input_tokens": 6, "cache_read_input_tokens": 4, "output_tokens": 0}}}),
            ("content_block_start", {"index": 0, "content_block": {"type": "thinking", "thinking": "", "signature": ""}}),
            ("content_block_delta", {"index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}}),
            ("content_block_delta", {"index": 0, "delta": {"type": "signature_delta", "signature": "c2ln"}}),
            ("content_block_stop", {"index": 0}),
            ("content_block_start", {"index": 1, "content_block": {"type": "text", "text": ""}}),
            ("content_block_delta", {"index": 1, "delta": {"type": "text_delta", "text": 'say "ü"'}}),
            ("content_block_stop", {"index": 1}),
            ("content_block_start", {"index": 2, "content_block": {"type": "tool_use", "id": "t", "name": "n", "input": {}}}),
            ("content_block_delta", {"index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a":'}}),
            ("content_block_delta", {"index": 2, "delta": {"type": "input_json_delta", "partial_json": "1}"}}),
            ("content_block_stop", {"index": 2}),
            ("message_delta", {"delta": {"stop_reason": "tool_use", "stop_sequence": None},
                               "usage": {"input_tokens": 7, "cache_read_input_tokens": 4, "output_tokens": 5}}),
            ("message_stop", {}),
        ]
    ]  # fmt: skip


def test_interleaved_parts() -> None:
    """Parts that come interleaved go out one after the other."""
    call = ToolCall(id="t", name="n", arguments="")
    said = write(
        Start(id="m", model="x"), PartStart(0, call), PartStart(1, call), ArgumentsDelta(1, "{"), ArgumentsDelta(0, "{}"),
        ArgumentsDelta(1, "}"), PartEnd(1), PartEnd(0), End(),
    )  # fmt: skip
    assert [fields["index"] for name, fields in said if name.startswith("content_block")] == [0, 0, 0, 1, 1, 1, 1]
    assert said[-2][1]["delta"]["stop_reason"] == "tool_use"


def test_thinking_that_holds_nothing() -> None:
    """Reasoning without text or a seal of this vendor takes no index; redacted data is a block of its own."""
    said = write(
        Start(id="m", model="x"),
        PartStart(0, Reasoning(text="")),
        SealDelta(0, Seal("openai", "encrypted_content", "e")),
        PartEnd(0),
        PartStart(1, Reasoning(text="")),
        SealDelta(1, Seal("anthropic", "redacted", "d")),
        PartEnd(1),
        End(),
    )
    assert [fields.get("content_block") for name, fields in said if name == "content_block_start"] == [
        {"type": "redacted_thinking", "data": "d"}
    ]
    assert said[-2][1] == {
        "type": "message_delta",
        "delta": {"stop_reason": None, "stop_sequence": None},
        "usage": {"output_tokens": 0},
    }


def test_what_has_no_block() -> None:
    """Refusals are text with their own stop reason; media and blocks of others are named; a custom tool's text is wrapped."""
    said = write(
        Start(id="", model="x", extra={"system_fingerprint": "f", "container": {"id": "c"}}),
        PartStart(0, Refusal(text="")),
        TextDelta(0, "No."),
        PartEnd(0),
        PartStart(1, Media(kind="image", mime="image/png", data="x")),
        PartEnd(1),
        PartStart(2, Opaque(protocol="openai-responses", kind="item", raw={})),
        OpaqueDelta(2, "openai-responses", "x", 1),
        PartEnd(2),
        Finish(reason="stop"),
        End(),
    )
    assert said[0][1]["message"]["id"] == "msg_ours"
    assert said[0][1]["message"]["container"] == {"id": "c"}
    assert "system_fingerprint" not in said[0][1]["message"]
    deltas = [fields["delta"]["text"] for name, fields in said if name == "content_block_delta"]
    assert deltas == ["No.", "[image image/png: left out]", "[item: left out]"]
    assert said[-2][1]["delta"]["stop_reason"] == "refusal"
    custom = ToolCall(id="t", name="n", arguments="", kind="custom")
    said = write(
        Start(id="m", model="x"), PartStart(0, custom), ArgumentsDelta(0, "a"), ArgumentsDelta(0, '"b'), PartEnd(0), End()
    )
    assert said[2][1]["delta"] == {"type": "input_json_delta", "partial_json": '{"input":"a\\"b"}'}


def test_failure_closes_first() -> None:
    """A failure closes the open block, says so in this protocol's form, and nothing follows."""
    problem = Problem(kind="overloaded", message="Busy.")
    said = write(
        Start(id="m", model="x"),
        PartStart(0, Text(text="")),
        TextDelta(0, "a"),
        PartStart(1, Text(text="")),
        Failure(problem),
        End(),
    )
    assert [name for name, _ in said] == [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop", "content_block_start",
        "content_block_stop", "error",
    ]  # fmt: skip
    assert said[-1][1] == {"type": "error", "error": {"type": "overloaded_error", "message": "Busy."}}
    assert write(Failure(problem)) == said[-1:]


def test_foreign_frames() -> None:
    """Pings and unknown events of this protocol are repeated, those of others are not; late keys join the one message_delta."""
    late = data(
        "message_delta",
        delta={"stop_reason": "end_turn", "container": {"id": "c"}},
        usage={"output_tokens": 1, "server_tool_use": {"web_search_requests": 2}},
        context_management={"applied_edits": []},
    )
    events = read(BEGIN, Frame("", b'{"type":"ping"}'), Frame("news", b'{"type":"news",\n"a":1}'), late, LAST)
    said = write(*events, Foreign("openai-chat", "x", b"{}"))
    assert [name for name, _ in said] == ["message_start", "ping", "news", "message_delta", "message_stop"]
    assert said[2][1] == {"type": "news", "a": 1}
    assert said[3][1] == {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None, "container": {"id": "c"}},
        "usage": {"input_tokens": 3, "output_tokens": 1, "server_tool_use": {"web_search_requests": 2}},
        "context_management": {"applied_edits": []},
    }
    assert CODEC.stream_writer(REPLY).write([Foreign("anthropic", "ping")]) == b""
    assert write(Start(id="m", model="x"), Foreign("anthropic", "a\ndata: 1", b"{}"))[1:] == []
