"""The laws, once more through the whole way of a request and of a stream: what the relay really does.

requests   a client's body, prepared for an upstream of any protocol, means there what it meant here, receipts aside
streams    an upstream's bytes, damaged anyhow and cut anywhere: no exception, no end without a last word, and what a client
           gets is in its vendor's grammar to the letter
"""

from itertools import product
from pathlib import Path

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from axonhub_cli.protocols.base import Codec, Losses, Target
from axonhub_cli.protocols.body import ClientBody
from axonhub_cli.protocols.lanes import prepare
from axonhub_cli.protocols.pipe import Convert, Pipe, Verbatim
from axonhub_cli.protocols.raw import dumps, loads_object
from axonhub_cli.protocols.registry import SPOKEN, codec
from axonhub_cli.types.problem import Problem
from tests import strict
from tests.laws import strategies as make
from tests.laws.wire import golden, reply, request_view

CODECS = [codec(name) for name in SPOKEN]
GOLDEN = [(spoken, path) for spoken in CODECS for path in golden(spoken.name)]
PHASES = (Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink)
few = settings(max_examples=max(2, settings().max_examples // 6), phases=PHASES)
more = settings(max_examples=settings().max_examples, phases=PHASES) if settings().max_examples > 12 else few
each_golden = pytest.mark.parametrize(("spoken", "path"), GOLDEN, ids=[f"{c.name}-{p.stem}" for c, p in GOLDEN])
CUT = Problem(kind="upstream", message="cut off")


@pytest.mark.parametrize(
    ("client", "upstream"), list(product(CODECS, CODECS)), ids=[f"{a.name}-{b.name}" for a, b in product(CODECS, CODECS)]
)
@few
@given(data=st.data())
def test_a_request_means_there_what_it_meant_here(client: Codec, upstream: Codec, data: st.DataObject) -> None:
    """Body in, body out, read by the upstream: turns, tools, choice and limits are the same where no loss is noted."""
    request = data.draw(make.requests(client.name))
    written = client.write_request(request, Target(model=request.model), Losses())
    in_path = {key: written[key] for key in client.in_path if key in written}
    body = ClientBody(dumps({key: value for key, value in written.items() if key not in in_path}), in_path)
    prepared = prepare(client, upstream, body, Target(model=request.model))
    if prepared.lane == "verbatim":
        assert prepared.body == body.data
    around = {"model": request.model, "stream": request.stream} if upstream.in_path else {}
    before, after = (request_view(each) for each in (client.read_request(body.fields), _read(upstream, prepared.body, around)))
    lost = {loss.path.split(".")[0].split("[")[0] for loss in prepared.losses}
    for key in before.keys() - lost:
        assert after[key] == before[key], key


def _read(upstream: Codec, body: bytes, around: dict[str, object]):  # type: ignore[no-untyped-def]  # a Request
    return upstream.read_request(loads_object(body) | around)


def damaged(draw: st.DataObject, wire: bytes) -> bytes:
    """Bytes flipped, cut out, doubled, moved; frames dropped, doubled and exchanged; the end missing."""
    for _ in range(draw.draw(st.integers(1, 4))):
        kind = draw.draw(st.sampled_from(["flip", "cut", "double", "frame", "end"]))
        at = draw.draw(st.integers(0, max(0, len(wire) - 1)))
        till = min(len(wire), at + draw.draw(st.integers(1, 300)))
        if kind == "flip" and wire:
            wire = wire[:at] + bytes([draw.draw(st.integers(0, 255))]) + wire[at + 1 :]
        elif kind == "cut":
            wire = wire[:at] + wire[till:]
        elif kind == "double":
            wire = wire[:till] + wire[at:]
        elif kind == "end":
            wire = wire[:at]
        else:
            wire = _frames(draw, wire)
    return wire


def _frames(draw: st.DataObject, wire: bytes) -> bytes:
    blocks = wire.split(b"\n\n")
    one, other = (draw.draw(st.integers(0, len(blocks) - 1)) for _ in range(2))
    change = draw.draw(st.sampled_from(["drop", "double", "exchange"]))
    if change == "drop":
        del blocks[one]
    elif change == "double":
        blocks.insert(other, blocks[one])
    else:
        blocks[one], blocks[other] = blocks[other], blocks[one]
    return b"\n\n".join(blocks)


def pumped(draw: st.DataObject, pipe: Pipe, wire: bytes) -> bytes:
    """What the client gets, as the relay does it: fed in pieces, closed at the end or failed in the middle."""
    cuts = sorted(draw.draw(st.lists(st.integers(0, len(wire)), max_size=6)))
    pieces = [wire[a:b] for a, b in zip([0, *cuts], [*cuts, len(wire)], strict=True)]
    stop = draw.draw(st.integers(0, len(pieces) * 3))
    out = b"".join(pipe.feed(piece) for piece in pieces[:stop])
    return out + (pipe.fail(CUT) if stop < len(pieces) else pipe.close() if pipe.problem is None or pipe.ready else b"")


def ends(client: Codec, out: bytes) -> str:
    """The last word of a stream that keeps the vendor's grammar, but for arguments that the upstream garbled."""
    try:
        return strict.check(client.name, out)
    except AssertionError as error:
        if isinstance(error.__cause__, ValueError):
            return "garbled"
        raise


@each_golden
@more
@given(data=st.data())
def test_a_damaged_stream_still_ends_well(spoken: Codec, path: Path, data: st.DataObject) -> None:
    """Converted: a whole stream of the client's protocol, with its last word, or nothing at all and a problem for the relay."""
    client = data.draw(st.sampled_from(CODECS))
    pipe = Convert(spoken, client, reply())
    out = pumped(data, pipe, damaged(data, path.read_bytes()))
    if not pipe.ready:
        assert pipe.problem is not None or not out
        return
    assert pipe.over
    if pipe.problem is None and pipe.folder.response().finish is None:
        return  # it ended properly and never said why: Anthropic's clients are told so (stop_reason null), and take it
    if spoken is not client:  # to its own clients a protocol's unknown events go as they came, garbled ones too
        assert ends(client, out) in ("garbled", "end" if pipe.problem is None else "error")


@each_golden
@few
@given(data=st.data())
def test_a_damaged_stream_passes_or_fails(spoken: Codec, path: Path, data: st.DataObject) -> None:
    """Verbatim: bytes pass as they came; what was cut ends with the protocol's own error, and never with an exception."""
    wire = damaged(data, path.read_bytes())
    pipe = Verbatim(spoken, reply(), watch=lambda: True)
    out = pumped(data, pipe, wire)
    assert pipe.problem is None or not pipe.ready or out
    assert pipe.ready or pipe.problem is not None or not out.strip() or b"data" not in out
