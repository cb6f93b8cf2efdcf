"""Content codings of bodies: what is understood, what is refused, and what a bomb costs."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from itertools import pairwise, product

import brotli
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from axonhub_cli.errors import ProtocolError, RequestError
from axonhub_cli.server.bodies import BURST, PIECE, ResponseDecoder, decode, zstd
from tests.server.conftest import Start, Upstream, channels
from tests.server.wire import ASKS

LIMIT = 1 << 20
BODY = b'{"model":"m","messages":[{"role":"user","content":"Gr\xc3\xbc\xc3\x9fe"}]}' * 50


def raw_deflate(data: bytes) -> bytes:
    deflate = zlib.compressobj(wbits=-15)
    return deflate.compress(data) + deflate.flush()


ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstd.compress,
    "identity": bytes,
}


@pytest.mark.parametrize("names", [*((name,) for name in ENCODERS), *product(["gzip", "deflate", "br", "zstd"], repeat=2)])
def test_each_coding_and_each_stack_of_two_is_undone(names: tuple[str, ...]) -> None:
    """Codings are undone from the last one named to the first."""
    data = BODY
    for name in names:
        data = ENCODERS[name](data)
    assert decode(data, ", ".join(names), LIMIT) == BODY


@pytest.mark.parametrize("encoding", ["GZIP", " gzip ", "identity, gzip", "gzip,", ",gzip", "gzip,identity"])
def test_the_header_is_read_leniently(encoding: str) -> None:
    """Case, spaces, empty members and identity make no difference."""
    assert decode(gzip.compress(BODY), encoding, LIMIT) == BODY


@pytest.mark.parametrize("encoding", ["", "identity"])
def test_no_coding_is_no_work(encoding: str) -> None:
    """A body without a coding comes back as it is, and has the same limit."""
    assert decode(BODY, encoding, LIMIT) is BODY
    with pytest.raises(RequestError) as caught:
        decode(BODY, encoding, 10)
    assert caught.value.kind == "too_large"


def test_raw_deflate_is_understood_too() -> None:
    """What some clients call deflate has no zlib header."""
    assert decode(raw_deflate(BODY), "deflate", LIMIT) == BODY


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(BODY[:9]) + gzip.compress(BODY[9:])),
        ("gzip", gzip.compress(b"") + gzip.compress(BODY) + b"\0" * 600),
        ("zstd", zstd.compress(BODY[:9]) + zstd.compress(BODY[9:])),
        ("zstd", b"\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstd.compress(BODY)),
    ],
    ids=["two members", "padding", "two frames", "skippable frame"],
)
def test_several_parts_are_one_body(encoding: str, body: bytes) -> None:
    """Concatenated gzip members and zstd frames, with what may stand between them, are one body."""
    assert decode(body, encoding, LIMIT) == BODY


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_an_empty_body_is_empty(name: str) -> None:
    """Nothing is nothing in every coding, encoded or not."""
    assert decode(b"", name, LIMIT) == b""
    assert decode(ENCODERS[name](b""), name, LIMIT) == b""


@pytest.mark.parametrize("encoding", ["compress", "gzip, snappy", "gzip," * 5, "utf-8"])
def test_an_unknown_coding_is_refused_by_name(encoding: str) -> None:
    """What is not understood is answered with what is."""
    with pytest.raises(RequestError) as caught:
        decode(BODY, encoding, LIMIT)
    assert caught.value.kind == "unsupported"
    assert "Use one of br, deflate, gzip, identity, zstd." in str(caught.value)
    with pytest.raises(ProtocolError, match="understands br, deflate, gzip, identity, zstd"):
        ResponseDecoder(encoding)


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("harm", ["garbage", "cut", "trailing", "flipped"])
def test_damaged_data_is_an_invalid_request(name: str, harm: str) -> None:
    """Data that is cut, followed by something else or of no such coding is refused; it never passes for the body."""
    data = ENCODERS[name](BODY)
    body = {
        "garbage": b"\xff" * 64,
        "cut": data[:-5],
        "trailing": data + b"more",
        "flipped": data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 0xFF]) + data[len(data) // 2 + 1 :],
    }[harm]
    try:
        assert decode(body, name, LIMIT) != BODY
        assert harm == "flipped"  # some codings carry no checksum
        return
    except RequestError as error:
        found = error
    assert found.kind == "invalid_request"
    assert f"content-encoding {name}: the {name} data is damaged: it " in found.message


def nothing(size: int) -> bytes:
    """A gzip of so many zero bytes, made cheaply."""
    deflate = zlib.compressobj(9, wbits=31)
    return b"".join(deflate.compress(b"\0" * (1 << 20)) for _ in range(size >> 20)) + deflate.flush()


BOMB = 64 << 20
BOMBS = {
    "gzip": nothing(BOMB),
    "deflate": zlib.compress(b"\0" * BOMB, 9),
    "br": brotli.compress(b"\0" * BOMB, quality=1),
    "zstd": zstd.compress(b"\0" * BOMB),
    "gzip, br": brotli.compress(nothing(BOMB)),
    "zstd, gzip": gzip.compress(zstd.compress(b"\0" * BOMB)),
    "identity, zstd": zstd.compress(b"\0" * BOMB),
}


@pytest.mark.parametrize("encoding", BOMBS)
def test_a_bomb_costs_no_more_than_the_limit(encoding: str) -> None:
    """A body that unfolds to far more than the limit is refused, and is never in memory beyond the limit and a few pieces."""
    tracemalloc.start()
    try:
        with pytest.raises(RequestError) as caught:
            decode(BOMBS[encoding], encoding, LIMIT)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert caught.value.kind == "too_large"
    assert caught.value.message == "The request body is larger than 1 MB when it is decompressed."
    assert peak < LIMIT + 16 * PIECE


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b"", 9, mtime=0) * 5000),
        ("zstd", zstd.compress(b"") * 5000),
        ("zstd", b"\x50\x2a\x4d\x18\x00\x00\x00\x00" * 5000),
        ("gzip, zstd", zstd.compress(gzip.compress(b"", 9, mtime=0) * 5000)),
    ],
    ids=["gzip", "zstd", "skippable", "stacked"],
)
def test_thousands_of_empty_parts_are_refused(encoding: str, body: bytes) -> None:
    """Parts that hold nothing cost time and yield no output that a limit could stop: their number is bounded."""
    with pytest.raises(RequestError, match="consists of too many empty parts"):
        decode(body, encoding, LIMIT)


def test_an_inner_stage_has_the_limit_too() -> None:
    """A stack whose middle unfolds without end is stopped there, though its last stage would put out nothing."""
    member = gzip.compress(b"", 9, mtime=0)
    body = zstd.compress(member + b"\0" * (4 * LIMIT))
    with pytest.raises(RequestError) as caught:
        decode(body, "gzip, zstd", LIMIT)
    assert caught.value.kind == "too_large"


def test_many_small_parts_with_content_are_fine() -> None:
    """A block-wise compressed body is one of many members, each with something in it."""
    body = b"".join(gzip.compress(BODY[:100]) for _ in range(2000))
    assert decode(body, "gzip", LIMIT) == BODY[:100] * 2000


@given(
    st.sampled_from(["gzip", "deflate", "br", "zstd", "raw", "gzip, br"]),
    st.binary(max_size=3000),
    st.lists(st.integers(0, 4000), max_size=5),
)
def test_a_response_is_the_same_however_it_is_cut(name: str, data: bytes, cuts: list[int]) -> None:
    """Fed in any pieces, an upstream's body comes out whole, and everything is out before the end."""
    body = raw_deflate(data) if name == "raw" else data
    for coding in name.split(", ") if name != "raw" else ():
        body = ENCODERS[coding](body)
    decoder = ResponseDecoder("deflate" if name == "raw" else name)
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    out = b"".join(decoder.feed(body[start:end]) for start, end in pairwise(edges))
    assert out == data
    assert decoder.close() == b""


@pytest.mark.parametrize("name", ["gzip", "deflate", "br", "zstd"])
def test_what_an_upstream_flushed_comes_out_at_once(name: str) -> None:
    """An event that the upstream flushed is not held back until the next one."""
    first, second = _flushed(name)
    decoder = ResponseDecoder(name)
    assert decoder.feed(first) == b"data: 1\n\n"
    assert decoder.feed(second) == b"data: 2\n\n"


def _flushed(name: str) -> tuple[bytes, bytes]:
    if name == "br":
        compress = brotli.Compressor()
        return tuple(compress.process(b"data: %d\n\n" % at) + compress.flush() for at in (1, 2))  # type: ignore[return-value]  # two
    if name == "zstd":
        zipper = zstd.ZstdCompressor()
        return tuple(zipper.compress(b"data: %d\n\n" % at, zipper.FLUSH_BLOCK) for at in (1, 2))  # type: ignore[return-value]  # two
    deflate = zlib.compressobj(wbits=31 if name == "gzip" else 15)
    return tuple(deflate.compress(b"data: %d\n\n" % at) + deflate.flush(zlib.Z_SYNC_FLUSH) for at in (1, 2))  # type: ignore[return-value]  # two


def test_a_damaged_or_boundless_response_is_a_protocol_error() -> None:
    """An upstream's broken or exploding body is its failure, told as such; a missing trailer is none."""
    with pytest.raises(ProtocolError, match="the gzip data is damaged"):
        ResponseDecoder("gzip").feed(b"not gzip at all")
    with pytest.raises(ProtocolError, match="more than 1 MiB"):
        ResponseDecoder("br", burst=LIMIT).feed(BOMBS["br"])
    decoder = ResponseDecoder("gzip", burst=BURST)
    assert decoder.feed(gzip.compress(BODY)[:-8]) == BODY
    assert decoder.close() == b""


@given(st.sampled_from(["gzip", "deflate", "br", "zstd", "deflate, gzip"]), st.binary(max_size=200))
def test_any_bytes_are_a_body_or_a_request_error(encoding: str, body: bytes) -> None:
    """Nothing but RequestError leaves decode, whatever the bytes."""
    try:
        assert len(decode(body, encoding, LIMIT)) <= LIMIT
    except RequestError as error:
        assert error.kind in ("invalid_request", "too_large")  # noqa: PT017  # most bytes are damaged, some are not


async def test_an_error_that_comes_compressed_is_read(start: Start, upstream: Upstream) -> None:
    """Its words reach the client, although nobody asked for a coding."""
    said = {"type": "error", "error": {"type": "invalid_request_error", "message": "max_tokens: too many"}}

    async def refuse(request: web.Request) -> web.Response:
        body = gzip.compress(json.dumps(said).encode())
        return web.Response(status=400, body=body, headers={"Content-Encoding": "gzip", "Content-Type": "application/json"})

    upstream.will(refuse)
    hub = await start(channels(("anthropic", upstream.url)))
    async with hub.post("/v1/messages", ASKS["anthropic"]) as response:
        assert response.status == 400
        assert (await response.json())["error"]["message"] == "max_tokens: too many"
