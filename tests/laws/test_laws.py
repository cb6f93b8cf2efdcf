"""The laws that every codec obeys, whatever its wire format looks like (DESIGN.md section 6).

    1  chunk invariance   the events do not depend on where the bytes are cut
    2  grammar            a reader's events obey the neutral grammar and come to an end
    3  identity           what is written can be read again, and is the same; a second round changes nothing at all
    4  there and back     A -> B -> A is A, up to the losses on the receipt
    5  one code path      a whole answer says what the stream of it says
    6  totality           broken streams raise `ProtocolError` or nothing, and come to an end as well

    7  the vendor's grammar   what is written is what the vendor documents, to the letter (tests/strict.py)

That the vendor's own SDK reads it is tested beside the codecs.
"""

from itertools import permutations
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError
from axonhub_cli.protocols.adapt import adapt
from axonhub_cli.protocols.base import Codec, Losses
from axonhub_cli.protocols.registry import SPOKEN, codec
from axonhub_cli.types.events import End, Event, Failure, check, fold, replay
from axonhub_cli.types.messages import Protocol, Request
from axonhub_cli.types.problem import Problem
from axonhub_cli.types.quirks import Quirks
from tests import strict
from tests.laws import strategies as make
from tests.laws.wire import (
    abroad,
    golden,
    options_view,
    over_the_wire,
    read_stream,
    request_over_the_wire,
    request_view,
    response_over_the_wire,
    response_view,
    write_stream,
)

CODECS = [codec(name) for name in SPOKEN]
PAIRS = list(permutations(CODECS, 2))
GOLDEN = [(spoken, path) for spoken in CODECS for path in golden(spoken.name)]
few = settings(
    max_examples=max(6, settings().max_examples // 2), phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
)
each_codec = pytest.mark.parametrize("spoken", CODECS, ids=[spoken.name for spoken in CODECS])
each_pair = pytest.mark.parametrize(("first", "second"), PAIRS, ids=[f"{a.name}-{b.name}" for a, b in PAIRS])
each_golden = pytest.mark.parametrize(("spoken", "path"), GOLDEN, ids=[f"{c.name}-{p.stem}" for c, p in GOLDEN])


def cut(draw: st.DataObject, data: bytes, most: int = 12) -> list[bytes]:
    """The bytes in pieces, cut where hypothesis likes."""
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(data)), max_size=most)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def tell(origin: Codec) -> st.SearchStrategy[list[Event]]:
    return make.streams(origin.name)


class TestChunks:
    """Law 1: chunk invariance."""

    @each_golden
    def test_recorded(self, spoken: Codec, path: Path) -> None:
        """A recorded stream says the same whole and byte by byte."""
        data = path.read_bytes()
        assert read_stream(spoken, *(data[at : at + 1] for at in range(len(data)))) == read_stream(spoken, data)

    @each_codec
    @few
    @given(data=st.data())
    def test_any_cut(self, spoken: Codec, data: st.DataObject) -> None:
        """So does any stream that we write, at any cut."""
        wire = write_stream(spoken, data.draw(tell(spoken)))
        whole = read_stream(spoken, wire)
        assert read_stream(spoken, *cut(data, wire)) == whole
        assert read_stream(spoken, *(wire[at : at + 1] for at in range(len(wire)))) == whole


class TestGrammar:
    """Law 2: grammar."""

    @each_golden
    def test_recorded(self, spoken: Codec, path: Path) -> None:
        """A recorded stream gives legal events that come to an end."""
        check(read_stream(spoken, path.read_bytes()))

    @each_codec
    @few
    @given(data=st.data())
    def test_written(self, spoken: Codec, data: st.DataObject) -> None:
        """So does any stream that we write, however many events go out in one write."""
        events = check(data.draw(tell(spoken)))
        together = write_stream(spoken, events, size=data.draw(st.integers(1, 50)))
        assert together == write_stream(spoken, events)
        check(read_stream(spoken, together))


class TestVendor:
    """Law 7: the vendor's grammar."""

    @each_golden
    def test_recorded(self, spoken: Codec, path: Path) -> None:
        """A recorded stream, told to clients of every protocol."""
        events = read_stream(spoken, path.read_bytes())
        for client in CODECS:
            if client.name in strict.MACHINES:
                strict.check(client.name, write_stream(client, events))

    @pytest.mark.parametrize("client", strict.MACHINES)
    @each_codec
    @few
    @given(data=st.data())
    def test_written(self, spoken: Codec, client: Protocol, data: st.DataObject) -> None:
        """Any stream, whole or broken off where hypothesis likes."""
        events = data.draw(tell(spoken))
        assert strict.check(client, write_stream(codec(client), events)) == "end"
        cut = data.draw(st.integers(1, len(events) - 1))
        broken = [*events[:cut], Failure(Problem(kind="upstream", message="cut off"))]
        assert strict.check(client, write_stream(codec(client), broken)) == "error"


class TestIdentity:
    """Law 3: read and write are inverse."""

    @each_codec
    @few
    @given(data=st.data())
    def test_requests(self, spoken: Codec, data: st.DataObject) -> None:
        """An upstream understands what the client said, and a second round changes nothing."""
        request = data.draw(make.requests(spoken.name))
        once = request_over_the_wire(spoken, request)
        assert request_view(once) == request_view(request)
        assert request_over_the_wire(spoken, once) == once

    @each_codec
    @few
    @given(data=st.data())
    def test_options(self, spoken: Codec, data: st.DataObject) -> None:
        """An option that the protocol has survives; one that it has not stands on the receipt."""
        request, options = data.draw(make.optioned(spoken.name))
        losses = Losses()
        once = request_over_the_wire(spoken, request, losses)
        if not losses.items:
            assert options_view(once, options) == options_view(request, options)

    @each_codec
    @few
    @given(data=st.data())
    def test_responses(self, spoken: Codec, data: st.DataObject) -> None:
        """A client understands what the upstream answered, and a second round changes nothing."""
        response = data.draw(make.responses(spoken.name))
        once = response_over_the_wire(spoken, response)
        assert response_view(once) == response_view(response)
        assert response_over_the_wire(spoken, once) == once

    @each_codec
    @few
    @given(data=st.data())
    def test_streams(self, spoken: Codec, data: st.DataObject) -> None:
        """The same for streams, with interleaved calls and texts in pieces."""
        events = data.draw(tell(spoken))
        once = over_the_wire(spoken, events)
        assert response_view(once) == response_view(fold(events, spoken.name))
        assert over_the_wire(spoken, list(replay(once))) == once

    @each_golden
    def test_recorded(self, spoken: Codec, path: Path) -> None:
        """A recorded stream, written again, means the same; a failure stays the same failure."""
        events = read_stream(spoken, path.read_bytes())
        again = read_stream(spoken, write_stream(spoken, events))
        assert response_view(fold(again, spoken.name)) == response_view(fold(events, spoken.name))
        assert [type(event) for event in again[-1:]] == [type(event) for event in events[-1:]]
        if isinstance(events[-1], Failure) and isinstance(again[-1], Failure):
            assert again[-1].problem.kind == events[-1].problem.kind


_ADDED = {
    "store",
    "include",
}  # what is said to Responses upstreams on top of the client's words, and stays behind on the way back


def send(request: Request, target: Codec, losses: Losses) -> Request:
    """A request as an upstream of another protocol understands it."""
    return request_over_the_wire(target, adapt(request, target.name, Quirks(), losses), losses)


class TestThereAndBack:
    """Law 4: A -> B -> A."""

    @each_pair
    @few
    @given(data=st.data())
    def test_requests(self, first: Codec, second: Codec, data: st.DataObject) -> None:
        """What no receipt mentions is the same after two conversions."""
        losses = Losses()
        request = data.draw(make.requests(first.name))
        back = send(send(request, second, losses), first, losses)
        lost = {loss.path.split(".")[0].split("[")[0] for loss in losses.items}
        before, after = request_view(request), request_view(back)
        for key in before.keys() - lost:
            assert after[key] == before[key], key
        assert lost <= {"temperature", "top_p", "thinking", *_ADDED}

    @each_pair
    @few
    @given(data=st.data())
    def test_options(self, first: Codec, second: Codec, data: st.DataObject) -> None:
        """An empty receipt means that every option came back as it was."""
        request, options = data.draw(make.optioned(first.name))
        losses = Losses()
        back = send(send(request, second, losses), first, losses)
        if not losses.items:
            assert options_view(back, options) == options_view(request, options)

    @each_pair
    @few
    @given(data=st.data())
    def test_streams(self, first: Codec, second: Codec, data: st.DataObject) -> None:
        """An answer of one protocol, told in another and told again in the first, is the same answer."""
        events = data.draw(tell(first))
        there = read_stream(second, write_stream(second, events))
        back = over_the_wire(first, check(there))
        told = response_view(fold(events, first.name))
        assert abroad(response_view(back), first.name, second.name) == abroad(told, first.name, second.name)

    @each_pair
    @few
    @given(data=st.data())
    def test_responses(self, first: Codec, second: Codec, data: st.DataObject) -> None:
        """The same for whole answers."""
        response = data.draw(make.responses(first.name))
        back = response_over_the_wire(first, response_over_the_wire(second, response))
        told = response_view(response)
        assert abroad(response_view(back), first.name, second.name) == abroad(told, first.name, second.name)


class TestOneCodePath:
    """Law 5: streaming and non-streaming agree."""

    @each_codec
    @few
    @given(data=st.data())
    def test_agree(self, spoken: Codec, data: st.DataObject) -> None:
        """A whole answer and its stream mean the same to a client."""
        response = data.draw(make.responses(spoken.name))
        streamed = over_the_wire(spoken, list(replay(response)))
        assert response_view(streamed) == response_view(response_over_the_wire(spoken, response))


JUNK = [
    b"",
    b"data: {",
    b"data: []",
    b"data: 7",
    b"data: null",
    b'data: "x"',
    b"event: nobody\ndata: {}",
    b'data: {"type":"nobody"}',
    b"data: \xff",
]


def ends(events: list[Event]) -> None:
    """Legal events, the last of them the end or a failure."""
    assert isinstance(check(events)[-1], End | Failure)


@pytest.mark.parametrize(("spoken", "path"), GOLDEN, ids=[f"{c.name}-{p.stem}" for c, p in GOLDEN])
class TestTotality:
    """Law 6: totality."""

    def test_cut_off_anywhere(self, spoken: Codec, path: Path) -> None:
        """A stream that stops after any frame comes to a legal end."""
        blocks = path.read_bytes().split(b"\n\n")
        for stop in range(len(blocks)):
            ends(read_stream(spoken, b"\n\n".join(blocks[:stop]) + b"\n\n"))

    @few
    @given(data=st.data())
    def test_mutated(self, spoken: Codec, path: Path, data: st.DataObject) -> None:
        """Frames dropped, doubled, swapped, cut, or replaced by junk: a legal end, or a `ProtocolError`."""
        blocks = path.read_bytes().split(b"\n\n")
        for _ in range(data.draw(st.integers(1, 4))):
            at = data.draw(st.integers(0, len(blocks) - 1))
            block = blocks[at]
            other = data.draw(st.integers(0, len(blocks) - 1))
            short = block[: data.draw(st.integers(0, len(block)))]
            change = data.draw(
                st.sampled_from([[], [block, block], [blocks[other]], [short], [block, data.draw(st.sampled_from(JUNK))]])
            )
            blocks[at : at + 1] = change or [b""]
        try:
            events = read_stream(spoken, b"\n\n".join(blocks))
        except ProtocolError:
            return
        ends(events)

    @few
    @given(data=st.data())
    def test_wrong_types(self, spoken: Codec, path: Path, data: st.DataObject) -> None:
        """Values of other types than the protocol's: the same."""
        text = path.read_bytes()
        old = data.draw(st.sampled_from([b'":"', b'":{', b'":[', b'":0', b'":null', b'":1']))
        new = data.draw(st.sampled_from([b'":null,"x":"', b'":7,"x":"', b'":[],"x":"', b'":{},"x":"']))
        spots = [at for at in range(len(text)) if text.startswith(old, at)]
        if not spots:
            return
        at = data.draw(st.sampled_from(spots))
        closing = b'","y":' + old[2:] if old != b'":"' else b""
        try:
            events = read_stream(spoken, text[:at] + new + closing + text[at + len(old) :])
        except ProtocolError:
            return
        ends(events)
