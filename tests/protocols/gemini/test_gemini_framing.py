"""The array framing: streams without `alt=sse`, in both directions."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.gemini import framing
from axonhub_cli.protocols.gemini.framing import ArrayToEvents, EventsToArray, begins_array
from axonhub_cli.protocols.sse import Decoder, encode

OBJECTS: list[dict[str, Any]] = [
    {"text": 'a "quoted" [bracket] {brace} \\ back\n'},
    {"candidates": [{"content": {"parts": [{"text": "\\"}]}}], "n": [[1], {}]},
    {},
]
objects = st.lists(st.dictionaries(st.text(), st.text() | st.lists(st.integers()), max_size=3), max_size=4)


def array_to_objects(*pieces: bytes) -> list[Any]:
    reader, decoder = ArrayToEvents(), Decoder()
    frames = [frame for piece in pieces for frame in decoder.feed(reader.feed(piece))]
    assert reader.close() == b""
    return [json.loads(frame.data) for frame in frames]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_array_in_any_layout(indent: int | None, end: str) -> None:
    """Compact or indented, whole or byte by byte: one frame for each element."""
    data = json.dumps(OBJECTS, indent=indent).replace("\n", end).encode()
    assert array_to_objects(data) == OBJECTS
    assert array_to_objects(*(data[at : at + 1] for at in range(len(data)))) == OBJECTS


@given(objects, st.data())
def test_any_array_at_any_cut(values: list[Any], draw: st.DataObject) -> None:
    """Where the bytes are cut does not matter."""
    data = json.dumps(values, ensure_ascii=draw.draw(st.booleans())).encode()
    at = draw.draw(st.integers(0, len(data)))
    assert array_to_objects(data[:at], data[at:]) == values


@given(objects)
def test_there_and_back(values: list[Any]) -> None:
    """Frames become an array, and the array the same frames."""
    writer = EventsToArray()
    array = b"".join(writer.feed(encode("", json.dumps(value).encode())) for value in values) + writer.close()
    assert json.loads(array) == values
    assert array_to_objects(array) == values


def test_keep_alives_leave_the_array_whole() -> None:
    """A line break between, before and after the elements."""
    writer = EventsToArray()
    array = writer.ping + writer.feed(b'data: {"a":1}\n\n') + writer.ping + writer.feed(b'data: {"b":2}\n\n') + writer.close()
    assert json.loads(array) == [{"a": 1}, {"b": 2}]
    assert EventsToArray().close() == b"[]"


def test_how_an_array_is_told_from_events() -> None:
    """By its first character."""
    assert begins_array(b"\xef\xbb\xbf\r\n [")
    assert not begins_array(b"data: [")


def test_an_endless_element_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory has a bound."""
    monkeypatch.setattr(framing, "MAX_FRAME", 100)
    with pytest.raises(ProtocolError, match="larger than"):
        ArrayToEvents().feed(b'[{"a": "' + b"x" * 200)
