"""SSE framing, in every way in which bytes may arrive."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.sse import MAX_FRAME, Decoder, Frame, Splitter, encode

CASES: dict[str, tuple[bytes, list[Frame]]] = {
    "data only": (b"data: 1\n\n", [Frame("", b"1")]),
    "named": (b'event: ping\ndata: {"a":1}\n\n', [Frame("ping", b'{"a":1}')]),
    "no space after the colon": (b"event:x\ndata:1\n\n", [Frame("x", b"1")]),
    "only one space goes": (b"data:  1\n\n", [Frame("", b" 1")]),
    "several data lines": (b"data: 1\ndata:\ndata: 3\n\n", [Frame("", b"1\n\n3")]),
    "a data line without a colon": (b"data\n\n", [Frame("", b"")]),
    "comments": (b": hi\n\ndata: 1\n: there\n\n:\n\n", [Frame("", b"1")]),
    "retry and id are no data": (b"retry: 5\n\nid: 7\ndata: 1\n\n", [Frame("", b"1")]),
    "a name without data": (b"event: x\n\ndata: 1\n\n", [Frame("", b"1")]),
    "several blank lines": (b"\n\n\ndata: 1\n\n\n\ndata: 2\n\n\n", [Frame("", b"1"), Frame("", b"2")]),
    "a byte order mark": (b"\xef\xbb\xbfdata: 1\n\n", [Frame("", b"1")]),
    "carriage returns": (b"event: x\rdata: 1\r\rdata: 2\r\r", [Frame("x", b"1"), Frame("", b"2")]),
    "both": (b"event: x\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [Frame("x", b"1"), Frame("", b"2")]),
    "mixed": (
        b"data: 1\n\r\ndata: 2\r\n\ndata: 3\r\r\ndata: 4\n\rdata: 5\r\n\rdata: 6\n\n",
        [Frame("", b"%d" % n) for n in range(1, 7)],
    ),
    "separators of Unicode are text": ("data: a\u2028b\x0cc\x85d\n\n".encode(), [Frame("", "a\u2028b\x0cc\x85d".encode())]),
    "characters of several bytes": ("data: ü€😀\n\n".encode(), [Frame("", "ü€😀".encode())]),
    "an end that never came": (b"data: 1\n\ndata: 2", [Frame("", b"1"), Frame("", b"2")]),
    "one line end at the end": (b"data: 1\n\ndata: 2\n", [Frame("", b"1"), Frame("", b"2")]),
    "nothing": (b"", []),
}  # fmt: skip


def decoded(chunks: list[bytes]) -> list[Frame]:
    decoder = Decoder()
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    return frames + decoder.close()


@pytest.mark.parametrize(("data", "frames"), CASES.values(), ids=CASES.keys())
def test_whole_and_bytewise(data: bytes, frames: list[Frame]) -> None:
    """The frames are the same whether the bytes come at once or one by one."""
    assert decoded([data]) == frames
    assert decoded([data[at : at + 1] for at in range(len(data))]) == frames


@given(st.lists(st.sampled_from([data for data, _ in CASES.values()]), max_size=5), st.lists(st.integers(0, 400), max_size=12))
def test_cuts(streams: list[bytes], cuts: list[int]) -> None:
    """No cut changes the frames, and a splitter gives every byte back, in order, with whole frames only."""
    data = b"".join(streams)
    edges = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    chunks = [data[a:b] for a, b in pairwise(edges)]
    assert decoded(chunks) == decoded([data])
    splitter = Splitter()
    pieces = [splitter.feed(chunk) for chunk in chunks]
    assert b"".join(pieces) + splitter.close() == data
    assert all(piece.endswith((b"\n", b"\r")) for piece in pieces if piece)


@given(
    st.lists(st.sampled_from([b"\r", b"\n", b"\r\n", b"data: x", b"event: y", b":", b"data"]), max_size=30), st.integers(0, 80)
)
def test_line_ends(tokens: list[bytes], cut: int) -> None:
    """Any mixture of line ends, cut anywhere, is read as if each of them were LF."""
    data = b"".join(tokens)
    plain = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    assert decoded([data[:cut], data[cut:]]) == decoded([plain])


def test_frame_goes_out_at_its_end() -> None:
    """A frame is given as soon as its blank line is there, also when that may be half of a CRLF."""
    for end in (b"\n\n", b"\r\n\r\n", b"\r\r", b"\r\n\r", b"\n\r"):
        assert Decoder().feed(b"data: 1" + end) == [Frame("", b"1")]


def test_half_a_crlf_is_no_end() -> None:
    """CR and LF of one line end, in two chunks, do not end the frame."""
    assert decoded([b"event: x\r", b"\ndata: 1\r", b"\n\r", b"\ndata: 2\r\n\r\n"]) == [Frame("x", b"1"), Frame("", b"2")]


def test_long_line() -> None:
    """A line of ten megabytes in small chunks comes out whole."""
    data = b'data: "' + b"x" * (10 << 20) + b'"\n\n'
    frames = decoded([data[at : at + 4096] for at in range(0, len(data), 4096)])
    assert [len(frame.data) for frame in frames] == [(10 << 20) + 2]


def test_endless_frame() -> None:
    """A frame that outgrows the limit is refused."""
    splitter = Splitter()
    for _ in range(MAX_FRAME >> 20):
        splitter.feed(b"x" * (1 << 20))
    with pytest.raises(ProtocolError, match="larger than 16 MiB"):
        splitter.feed(b"x")


def test_splitter_passes_whole_chunks_on() -> None:
    """A chunk that ends with a frame is given back as the same object, not copied."""
    chunk = b"data: 1\n\n"
    assert Splitter().feed(chunk) is chunk


@pytest.mark.parametrize("name", ["", "message_stop"])
def test_encode(name: str) -> None:
    """What is encoded is decoded again."""
    assert decoded([encode(name, b'{"a":"\\n"}')]) == [Frame(name, b'{"a":"\\n"}')]
