"""Streams that were damaged on their way: the grammar holds, and what is written of them is legal again."""

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols import raw
from axonhub_cli.protocols.anthropic import CODEC
from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.sse import Decoder, Frame
from axonhub_cli.types.events import (
    Checker,
    Event,
    Failure,
    check,
    fold,
)
from axonhub_cli.types.messages import Reasoning

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


def stop(index: Any) -> Frame:
    return data("content_block_stop", index=index)


BEGIN = data("message_start", message={"id": "m", "model": "x", "content": [], "usage": {"input_tokens": 3, "output_tokens": 1}})
DONE = data("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 7})
LAST = data("message_stop")
TEXT = {"type": "text", "text": ""}
TOOL = {"type": "tool_use", "id": "t", "name": "n", "input": {}}


POOL = [frame for path in GOLDEN for frame in frames_of(path.read_bytes())]
POOL += [
    text(0, "a"),
    stop(7),
    start(None, TOOL),
    start(3, TEXT),
    delta(9, type="thinking_delta", thinking="b"),
    BEGIN,
    DONE,
    LAST,
]
POOL += [start(1, {"type": "compaction", "content": ""}), delta(1, type="compaction_delta", content="c"), Frame("", b"[DONE]")]


@given(st.sampled_from(GOLDEN), st.data())
def test_mutated_streams(path: Path, choose: st.DataObject) -> None:
    """Frames dropped, doubled, swapped or mixed in: the events obey the grammar, and what is written of them reads again."""
    frames = frames_of(path.read_bytes())
    for _ in range(choose.draw(st.integers(1, 6))):
        at = choose.draw(st.integers(0, len(frames) - 1))
        other = choose.draw(st.integers(0, len(frames) - 1))
        match choose.draw(st.sampled_from(["drop", "double", "swap", "insert", "cut"])):
            case "drop" if len(frames) > 1:
                del frames[at]
            case "double":
                frames.insert(other, frames[at])
            case "swap":
                frames[at], frames[other] = frames[other], frames[at]
            case "insert":
                frames.insert(at, choose.draw(st.sampled_from(POOL)))
            case "cut":
                frames = frames[: at + 1]
    _obeys(read(*frames))


_junk = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 9) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(["type", "text", "index", "delta", "id", "name", "input", "usage", "output_tokens"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(st.sampled_from(GOLDEN), st.data())
def test_mutated_values(path: Path, choose: st.DataObject) -> None:
    """Any value in any frame: the events obey the grammar."""
    frames = frames_of(path.read_bytes())
    for _ in range(choose.draw(st.integers(1, 3))):
        at = choose.draw(st.integers(0, len(frames) - 1))
        fields = json.loads(frames[at].data)
        place, key = fields, "type"
        while isinstance(place, dict) and place:
            key = choose.draw(st.sampled_from(sorted(place)))
            if not isinstance(place[key], dict) or choose.draw(st.booleans()):
                break
            place = place[key]
        place[key] = choose.draw(_junk)
        frames[at] = Frame(frames[at].name, json.dumps(fields).encode())
    _obeys(read(*frames))


def _obeys(events: list[Event]) -> None:
    """What a writer makes of the events is a legal stream again, with the same parts."""
    out = frames_of(CODEC.stream_writer(REPLY).write(events))
    checker = Checker()
    reader = CODEC.stream_reader()
    back = [event for frame in out for event in reader.feed(frame)] + reader.close()
    for event in back:
        checker.feed(event)
    failed = isinstance(events[-1], Failure)
    assert isinstance(back[-1], Failure) == failed
    indexes = [
        fields["index"] for fields in map(lambda frame: json.loads(frame.data), out) if fields["type"] == "content_block_start"
    ]
    assert indexes == list(range(len(indexes)))
    if not failed:
        known = [part for part in fold(events, "anthropic").parts if part != Reasoning(text="")]
        assert len(fold(back, "anthropic").parts) == len(known)
