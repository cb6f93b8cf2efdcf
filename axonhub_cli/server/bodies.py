"""Content codings of bodies, undone within bounds: zstd, gzip, deflate (zlib's and raw), br, identity, stacked in any order.

A body of a kilobyte can unfold into terabytes, so nothing here is unfolded further than it is looked at. Each coding is a stage
that takes slices of input and yields small pieces of output; stages are generators, one pulls the other, and the pull stops at
the limit. Two more bounds: the output of every stage counts, not only of the last one, and a stage that consists of parts (gzip
members, zstd frames) may not consist of nearly nothing else.

`decode` is for a client's whole body and answers with `RequestError`; `ResponseDecoder` is for what comes piece by piece from an
upstream, and raises `ProtocolError`.
"""

import sys
import zlib
from collections.abc import Iterator
from typing import Any

import brotli  # type: ignore[import-untyped]  # it has no stubs

from ..errors import ProtocolError, RequestError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

SLICE = 64 << 10  # input looked at in one go
PIECE = 256 << 10  # output made in one go
FREE_PARTS = 256  # members or frames that need not hold anything
PART_BYTES = 64  # what each further one holds at least, on average
MAX_STAGES = 4
BURST = 64 << 20  # what one chunk of an upstream may unfold to
UNDERSTOOD = "br, deflate, gzip, identity, zstd"


class _Damaged(Exception):
    """The data is not what its coding says, in words that follow the coding's name."""


class _Over(Exception):
    """A stage has put out more than it may."""


class _Stage:
    """One coding. `pump` undoes a slice lazily; `whole` says that the data could end here."""

    name = ""

    def pump(self, data: bytes) -> Iterator[bytes]:
        raise NotImplementedError

    @property
    def whole(self) -> bool:
        raise NotImplementedError


class _Deflate(_Stage):
    """One deflate stream, in zlib's wrapping as the standard says, or bare as some clients send it: the first two bytes tell."""

    name = "deflate"

    def __init__(self) -> None:
        self._inflate: Any = None
        self._head = b""

    def pump(self, data: bytes) -> Iterator[bytes]:
        if self._inflate is None:
            self._head += data
            if len(self._head) < 2:
                return
            data = self._head
            wrapped = data[0] & 15 == 8 and int.from_bytes(data[:2]) % 31 == 0
            self._inflate = zlib.decompressobj(zlib.MAX_WBITS if wrapped else -zlib.MAX_WBITS)
        yield from _inflate(self._inflate, data)
        if self._inflate.unused_data:
            raise _Damaged("goes on after its end")

    @property
    def whole(self) -> bool:
        return self._inflate is not None and bool(self._inflate.eof)


def _inflate(inflate: Any, data: bytes) -> Iterator[bytes]:
    try:
        piece = inflate.decompress(data, PIECE)
        while piece:
            yield piece
            piece = inflate.decompress(inflate.unconsumed_tail, PIECE)
    except zlib.error as error:
        raise _Damaged(str(error)) from None


class _Parts(_Stage):
    """A coding whose data may be several complete parts in a row."""

    def __init__(self) -> None:
        self._part: Any = None
        self._count = 0
        self._size = 0

    def pump(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._part is None:
                data = self._skip(data)
                if not data:
                    return
                self._begin()
            for piece in self._unfold(data):
                self._size += len(piece)
                yield piece
            if not self._part.eof:
                return
            data, self._part = self._part.unused_data, None

    def _begin(self) -> None:
        self._part = self._new()
        self._count += 1
        if self._count > FREE_PARTS and self._size < (self._count - FREE_PARTS) * PART_BYTES:
            raise _Damaged("consists of too many empty parts")

    @property
    def whole(self) -> bool:
        return self._part is None

    def _skip(self, data: bytes) -> bytes:
        """What may stand between parts, taken off."""
        return data

    def _new(self) -> Any:
        raise NotImplementedError

    def _unfold(self, data: bytes) -> Iterator[bytes]:
        raise NotImplementedError


class _Gzip(_Parts):
    name = "gzip"

    def _skip(self, data: bytes) -> bytes:
        return data.lstrip(b"\0") if self._count else data  # padding, which gzip itself ignores too

    def _new(self) -> Any:
        return zlib.decompressobj(zlib.MAX_WBITS | 16)

    def _unfold(self, data: bytes) -> Iterator[bytes]:
        return _inflate(self._part, data)


class _Zstd(_Parts):
    name = "zstd"

    def _new(self) -> Any:
        return zstd.ZstdDecompressor()

    def _unfold(self, data: bytes) -> Iterator[bytes]:
        part = self._part
        try:
            piece = part.decompress(data, PIECE)
            while piece:
                yield piece
                if part.eof or part.needs_input:
                    return
                piece = part.decompress(b"", PIECE)
        except zstd.ZstdError as error:
            raise _Damaged(str(error)) from None


class _Brotli(_Stage):
    name = "br"

    def __init__(self) -> None:
        self._part = brotli.Decompressor()

    def pump(self, data: bytes) -> Iterator[bytes]:
        try:
            if not data:
                return
            piece = self._part.process(data, output_buffer_limit=PIECE)
            while piece:
                yield piece
                if self._part.can_accept_more_data() or self._part.is_finished():
                    return
                piece = self._part.process(b"", output_buffer_limit=PIECE)
        except brotli.error as error:
            raise _Damaged(str(error).removeprefix("brotli: ")) from None

    @property
    def whole(self) -> bool:
        return bool(self._part.is_finished())


_STAGES: dict[str, type[_Stage]] = {
    "br": _Brotli, "deflate": _Deflate, "gzip": _Gzip, "x-gzip": _Gzip, "zstd": _Zstd,
}  # fmt: skip


class _Chain:
    """Stages in the order in which they are undone. `limit`: what each of them may put out."""

    def __init__(self, names: list[str], limit: int) -> None:
        self._stages = [_STAGES[name]() for name in reversed(names)]
        self._out = [0] * len(self._stages)
        self.limit = limit

    def pump(self, data: bytes) -> Iterator[bytes]:
        """The output for some input. Raises `ProtocolError` where the data is damaged, `_Over` beyond the limit."""
        pieces: Iterator[bytes] = _slices(data)
        for at in range(len(self._stages)):
            pieces = self._through(at, pieces)
        return pieces

    def _through(self, at: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
        stage = self._stages[at]
        for given in pieces:
            for start in range(0, len(given), SLICE):
                try:
                    for piece in stage.pump(given[start : start + SLICE]):
                        self._out[at] += len(piece)
                        if self._out[at] > self.limit:
                            raise _Over
                        yield piece
                except _Damaged as error:
                    raise ProtocolError(f"the {stage.name} data is damaged: it {_verb(str(error))}") from None

    def fresh(self) -> None:
        """Counts from zero again."""
        self._out = [0] * len(self._stages)

    def check_whole(self) -> None:
        for stage in self._stages:
            if not stage.whole:
                raise ProtocolError(f"the {stage.name} data is damaged: it ends too early")


def _verb(text: str) -> str:
    return text if text.startswith(("goes on", "consists")) else f"cannot be undone ({text})"


def _slices(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), SLICE):
        yield data[start : start + SLICE]


def _codings(encoding: str) -> tuple[list[str], str | None]:
    """The codings that a header names, and the first one that is not understood, if any."""
    names = [name.strip().lower() for name in encoding.split(",")]
    names = [name for name in names if name not in ("", "identity")]
    if len(names) > MAX_STAGES:
        return names, f"{len(names)} codings over one another"
    return names, next((name[:40] for name in names if name not in _STAGES), None)


def decode(body: bytes, encoding: str, limit: int) -> bytes:
    """A client's body without its codings (the value of `content-encoding`), at most `limit` bytes.

    Raises `RequestError`: `unsupported` for a coding that is not understood, `too_large` beyond the limit, `invalid_request` for
    damaged data. Costs no more than the limit in memory, whatever the body would unfold to.
    """
    names, unknown = _codings(encoding)
    if unknown is not None:
        raise RequestError(
            f"content-encoding: {unknown} is not understood.",
            kind="unsupported",
            hint=f"Use one of {UNDERSTOOD}.",
            param="content-encoding",
        )
    if not body or not names:
        return _within(body, limit)
    chain = _Chain(names, limit)
    try:
        whole = b"".join(chain.pump(body))
        chain.check_whole()
    except _Over:
        raise _too_large(limit) from None
    except ProtocolError as error:
        raise RequestError(f"content-encoding {encoding[:40]}: {error.message}.", param="content-encoding") from None
    return whole


def _within(body: bytes, limit: int) -> bytes:
    if len(body) > limit:
        raise _too_large(limit)
    return body


def _too_large(limit: int) -> RequestError:
    size = f"{limit >> 20} MB" if limit >= 1 << 20 else f"{limit} bytes"
    return RequestError(
        f"The request body is larger than {size} when it is decompressed.",
        kind="too_large",
        hint="Raise max_body_mb in config.toml, or shorten the conversation.",
    )


class ResponseDecoder:
    """An upstream's body, chunk by chunk. `ProtocolError`: an unknown coding, damage, a chunk that unfolds without measure."""

    def __init__(self, encoding: str, *, burst: int = BURST) -> None:
        names, unknown = _codings(encoding)
        if unknown is not None:
            raise ProtocolError(
                f"the upstream's answer has the content-encoding {unknown}, and this program understands {UNDERSTOOD}"
            )
        self._chain = _Chain(names, burst)

    def feed(self, chunk: bytes) -> bytes:
        """What this chunk says, as far as it can be known by now."""
        self._chain.fresh()
        try:
            return b"".join(self._chain.pump(chunk))
        except _Over:
            raise ProtocolError(
                f"one chunk of the upstream's answer unfolds to more than {self._chain.limit >> 20} MiB"
            ) from None

    def close(self) -> bytes:
        """The end of the body. Nothing was held back; a missing trailer is no harm: the protocol has last words of its own."""
        return b""
