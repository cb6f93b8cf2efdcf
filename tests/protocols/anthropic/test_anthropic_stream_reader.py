"""Streams of this protocol, read: what they say, however carelessly they say it."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols import raw
from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.sse import Decoder, Frame
from axonhub_cli.types.events import (
    End,
    Event,
    Failure,
    Start,
    check,
    fold,
)
from axonhub_cli.types.messages import Media, Opaque, Reasoning, Seal, Text, ToolCall, Usage
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


def start(index: Any, block: dict[str, Any]) -> Frame:
    return data("content_block_start", index=index, content_block=block)


def delta(index: Any, **fields: Any) -> Frame:
    return data("content_block_delta", index=index, delta=fields)


def text(index: Any, words: str) -> Frame:
    return delta(index, type="text_delta", text=words)


def arguments(index: int, part: str) -> Frame:
    return delta(index, type="input_json_delta", partial_json=part)


def stop(index: Any) -> Frame:
    return data("content_block_stop", index=index)


BEGIN = data("message_start", message={"id": "m", "model": "x", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}})
DONE = data("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7})
LAST = data("message_stop")
TEXT = {"type": "text", "text": ""}
TOOL = {"type": "tool_use", "id": "t", "name": "n", "input": {}}


def write(*events: Event) -> list[tuple[str, Any]]:
    """What the writer says, as (event name, data)."""
    out = CODEC.stream_writer(REPLY).write(list(events))
    return [(frame.name, json.loads(frame.data)) for frame in frames_of(out)]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_stream_is_the_answer(path: Path) -> None:
    """A stream folds into the same answer that comes without streaming."""
    events = read(*frames_of(path.read_bytes()))
    whole = CODEC.read_response(json.loads(path.with_suffix(".response.json").read_text()))
    assert fold(events, "anthropic") == whole
    assert isinstance(events[-1], End)


ODD: dict[str, tuple[list[Frame], list[Any]]] = {
    "shifted indexes": (
        [start(5, TEXT), text(5, "a"), stop(5), start(9, TEXT), text(9, "b"), stop(9)],
        [Text(text="a"), Text(text="b")],
    ),
    "the same index twice": (
        [start(0, TEXT), text(0, "a"), stop(0), start(0, TEXT), text(0, "b"), stop(0)],
        [Text(text="a"), Text(text="b")],
    ),
    "no indexes": (
        [start(None, TEXT), text(None, "a"), stop(None), start(None, TEXT), text(None, "b")],
        [Text(text="a"), Text(text="b")],
    ),
    "indexes that do not match": ([start(1, TEXT), text(0, "a"), text(0, "b"), stop(0)], [Text(text="ab")]),
    "no stops": ([start(0, TEXT), text(0, "a"), start(1, TOOL), arguments(1, "{}")],
                 [Text(text="a"), ToolCall(id="t", name="n", arguments="{}")]),
    "no starts": ([text(0, "a"), text(0, "b"), delta(1, type="thinking_delta", thinking="c"), text(0, "d")],
                  [Text(text="ab"), Reasoning(text="c"), Text(text="d")]),
    "content in the start": (
        [start(0, {"type": "text", "text": "a"}), start(1, {"type": "thinking", "thinking": "b", "signature": "s"}),
         start(2, {**TOOL, "input": {"a": 1}})],
        [Text(text="a"), Reasoning(text="b", seal=Seal("anthropic", "signature", "s")),
         ToolCall(id="t", name="n", arguments='{"a":1}')],
    ),
    "interleaved calls": (
        [start(0, TOOL), start(1, {**TOOL, "id": "u"}), arguments(0, '{"a":'),
         arguments(1, "{}"), arguments(0, "1}"), stop(0), stop(1)],
        [ToolCall(id="t", name="n", arguments='{"a":1}'), ToolCall(id="u", name="n", arguments="{}")],
    ),
    "a call without arguments": ([start(0, TOOL), stop(0)], [ToolCall(id="t", name="n", arguments="{}")]),
    "a call without a name": ([start(0, {"type": "tool_use"}), stop(0)], [ToolCall(id="", name="", arguments="{}")]),
    "empty deltas": ([start(0, TEXT), text(0, ""), stop(0)], [Text(text="")]),
    "an unknown block": (
        [start(0, {"type": "compaction", "content": "a"}),
         delta(0, type="compaction_delta", content="b", encrypted_content="e"), stop(0)],
        [Opaque(protocol="anthropic", kind="compaction", raw={"type": "compaction", "content": "ab", "encrypted_content": "e"})],
    ),
    "a server tool whose input is no JSON": (
        [start(0, {"type": "server_tool_use", "id": "s", "name": "n", "input": {}}), arguments(0, "{")],
        [Opaque(protocol="anthropic", kind="server_tool_use",
                raw={"type": "server_tool_use", "id": "s", "name": "n", "input": {"_raw": "{"}})],
    ),
    "an image": (
        [start(0, {"type": "image", "source": {"type": "url", "url": "u"}}), start(1, {"type": "image", "source": 1})],
        [Media(kind="image", url="u"), Opaque(protocol="anthropic", kind="image", raw={"type": "image", "source": 1})],
    ),
    "frames of no use": (
        [Frame("", b""), Frame("", b"[DONE]"), start(0, {}), start(0, {"type": 3}), stop(4),
         data("content_block_delta", index=0, delta=1),
         delta(0, type="citations_delta", citation={}), delta(0, type="signature_delta", signature="s"), BEGIN,
         delta(0, type="news_delta", news=1), arguments(0, "{}"), text(0, "a")],
        [Text(text="a")],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("frames", "parts"), ODD.values(), ids=ODD.keys())
@pytest.mark.parametrize("begin", [True, False])
def test_odd_streams(frames: list[Frame], parts: list[Any], begin: bool) -> None:
    """What careless upstreams send is read for what it says, also without `message_start`."""
    events = read(*([BEGIN] if begin else []), *frames, DONE, LAST)
    assert list(fold(events, "anthropic").parts) == parts
    assert isinstance(events[-1], End)


ENDS: list[tuple[list[Frame], Any]] = [
    ([BEGIN, DONE, LAST, text(0, "late"), LAST], "stop"),
    ([BEGIN, DONE], "stop"),
    ([BEGIN, LAST], None),
    ([BEGIN, start(0, TOOL), DONE, LAST], "tool_calls"),
    ([BEGIN, start(0, TOOL), LAST], "tool_calls"),
    ([BEGIN, start(0, TOOL)], Failure),
    ([BEGIN, start(0, TEXT), text(0, "a")], Failure),
    ([], Failure),
    ([BEGIN, data("error", error={"type": "overloaded_error", "message": "Busy."}), LAST], Failure),
    ([Frame("", b'{"error":{"message":"m"}}')], Failure),
]


@pytest.mark.parametrize(("frames", "end"), ENDS)
def test_ends(frames: list[Frame], end: Any) -> None:
    """A stream ends with its reason, or fails; a cut one is never presented as finished."""
    events = read(*frames)
    if end is Failure:
        assert isinstance(events[-1], Failure)
    else:
        assert isinstance(events[-1], End)
        assert fold(events, "anthropic").finish == end


def test_failures_say_what_happened() -> None:
    """An error keeps its kind and words; a cut is the upstream's failure."""
    event = read(BEGIN, data("error", error={"type": "overloaded_error", "message": "Busy."}))[-1]
    assert event == Failure(Problem(kind="overloaded", message="Busy.", type="overloaded_error"))
    for frames, words in (([BEGIN], "cut off"), ([], "without an answer")):
        event = read(*frames)[-1]
        assert isinstance(event, Failure)
        assert event.problem.kind == "upstream"
        assert words in event.problem.message


def test_usage_is_cumulative() -> None:
    """Later figures win, fillers of 0 do not; the output's guess at the start is not taken."""
    begin = data("message_start", message={"usage": {"input_tokens": 5, "cache_read_input_tokens": 100, "output_tokens": 4}})
    more = data("message_delta", delta={}, usage={"input_tokens": 0, "cache_read_input_tokens": None, "output_tokens": 9})
    events = read(begin, more, LAST)
    assert isinstance(events[0], Start)
    assert events[0].usage == Usage(input=105, cache_read=100)
    assert fold(events, "anthropic").usage == Usage(input=105, output=9, cache_read=100)
    zero = data("message_start", message={"usage": {"input_tokens": 0, "output_tokens": 0}})
    assert fold(read(zero, LAST), "anthropic").usage is None


@pytest.mark.parametrize("broken", [b"{", b"[]", b"7", b"nonsense"])
def test_broken_frames(broken: bytes) -> None:
    """A frame that is no JSON object is a `ProtocolError`."""
    with pytest.raises(ProtocolError):
        CODEC.stream_reader().feed(Frame("message_start", broken))


@given(st.lists(st.integers(0, 4000), max_size=10))
def test_cuts(cuts: list[int]) -> None:
    """The events do not depend on how the bytes arrive."""
    stream = (WIRE / "tools.sse").read_bytes()
    edges = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    decoder = Decoder()
    frames = [frame for a, b in pairwise(edges) for frame in decoder.feed(stream[a:b])]
    assert read(*frames) == read(*frames_of(stream))
