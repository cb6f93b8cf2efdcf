"""The verbatim lane's tap: which frames it reads, and that no way of looking changes a byte or a figure."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Reply
from axonhub_cli.protocols.pipe import Verbatim
from axonhub_cli.protocols.registry import codec
from axonhub_cli.types.messages import Protocol, Response
from tests.server.wire import A_START, A_TEXT, HEADS, R_STREAM, STREAMS, sse

CALL = sse(
    {"type": "content_block_stop", "index": 0},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "tool_use", "id": "t1", "name": "look", "input": {}}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}},
    {"type": "content_block_stop", "index": 1},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 7}},
    {"type": "message_stop"},
    named=True,
)


def heard(protocol: Protocol, data: bytes, cuts: list[int], *, watch: bool = False) -> tuple[bytes, Response, bool]:
    """What comes out, what the tap knows at the end, and whether it saw the last word."""
    pipe = Verbatim(codec(protocol), Reply(id="1", model="up-model", created=0), watch=lambda: watch)
    edges = [0, *sorted(cuts), len(data)]
    out = b"".join(pipe.feed(data[start:end]) for start, end in pairwise(edges))
    return out + pipe.close(), pipe.folder.response(), pipe.over


@pytest.mark.parametrize("protocol", STREAMS)
@given(cuts=st.lists(st.integers(0, 2000), max_size=12))
def test_usage_and_the_end_are_heard_however_the_stream_is_cut(protocol: Protocol, cuts: list[int]) -> None:
    """The bytes pass as they came; model, usage, finish and the last word are known as if every frame had been read."""
    data = STREAMS[protocol]
    cuts = [cut for cut in cuts if cut <= len(data)]
    out, response, over = heard(protocol, data, cuts)
    _, known, _ = heard(protocol, data, cuts, watch=True)
    assert out == data
    assert over
    assert (response.model, response.usage, response.finish) == (known.model, known.usage, known.finish)


@pytest.mark.parametrize("ends", [b"\n", b"\r\n"])
def test_tool_calls_are_heard_between_frames_that_are_not_read(ends: bytes) -> None:
    """A call, its name and the reason are known although texts passed unread, whichever line ends the upstream has."""
    data = (A_START + A_TEXT * 3 + CALL).replace(b"\n", ends)
    out, response, over = heard("anthropic", data, [len(A_START) + 9])
    assert out == data
    assert over
    assert "look" in str(response.parts)
    assert (response.finish, response.usage and response.usage.output) == ("tool_calls", 7)


def test_a_frame_that_cannot_be_read_breaks_nothing() -> None:
    """The tap gives up, the bytes go on."""
    data = R_STREAM.replace(b'"response.completed","sequence', b'"response.completed","sequence":{')
    out, _, over = heard("openai-responses", data, [])
    assert out == data
    assert not over


GARBAGE = b"data: {nonsense\n\n"


@pytest.mark.parametrize("protocol", HEADS)
def test_garbage_at_first_is_somebody_elses_turn(protocol: Protocol) -> None:
    """Nothing of a stream that cannot be read goes to the client before anything could be."""
    pipe = Verbatim(codec(protocol), Reply(id="1", model="asked-model", created=0))
    pipe.feed(GARBAGE)
    assert pipe.close() == b""
    assert not pipe.ready
    assert pipe.problem is not None


@pytest.mark.parametrize("protocol", HEADS)
@pytest.mark.parametrize("ends", [True, False])
def test_garbage_in_the_middle_passes_and_the_end_is_still_watched(protocol: Protocol, ends: bool) -> None:
    """The client may understand more than we do; a stream without its last words is cut all the same."""
    pipe = Verbatim(codec(protocol), Reply(id="1", model="asked-model", created=0), watch=lambda: True)
    sent = HEADS[protocol] + GARBAGE + (STREAMS[protocol].removeprefix(HEADS[protocol]) if ends else b"")
    assert pipe.feed(sent) == sent.replace(b"up-model", b"asked-model")
    said = pipe.close()
    assert (said == b"") is ends
    assert (pipe.problem is None) is ends
