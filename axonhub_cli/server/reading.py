"""Reading an upstream's body: what has arrived, decoded, within bounds."""

from typing import Protocol as Interface
from typing import TypeAlias

from ..errors import ProtocolError
from ..protocols.gemini.framing import ArrayToEvents
from .bodies import ResponseDecoder
from .wire import Sink

MAX_ERROR = 1024 * 1024
MAX_WHOLE = 256 * 1024 * 1024


class Answer(Interface):
    """An upstream's response: `wire.Answer` or `borrowed.Borrowed`. Header names are in lower case."""

    status: int
    headers: dict[str, str]
    sink: Sink | None
    done: bool  # nothing more will come than what waits to be read, and one `read` takes all of that

    async def read(self) -> bytes: ...
    def close(self) -> None: ...


class Elements:
    """Decodes an upstream that streams the elements of an array, as Gemini's do when they are not asked for events."""

    def __init__(self, inner: ResponseDecoder | None) -> None:
        self._inner, self._array = inner, ArrayToEvents()

    def begin(self, first: bytes) -> bytes:
        """The events in bytes that were decoded already."""
        return self._array.feed(first)

    def feed(self, chunk: bytes) -> bytes:
        return self._array.feed(chunk if self._inner is None else self._inner.feed(chunk))

    def close(self) -> bytes:
        return b"" if self._inner is None else self._array.feed(self._inner.close())


Decoding: TypeAlias = ResponseDecoder | Elements


def decoder_of(response: Answer) -> ResponseDecoder | None:
    """A decoder where the upstream compresses although it was asked not to."""
    encoding = response.headers.get("content-encoding", "")
    return ResponseDecoder(encoding) if encoding and encoding.lower() != "identity" else None


def is_stream(first: bytes, content_type: str) -> bool:
    """Whether a body is an event stream. What it begins with decides; the content type only where that says nothing."""
    start = first.lstrip(b"\xef\xbb\xbf \r\n\t")
    if start.startswith((b"{", b"[", b"<")):
        return False
    if start.startswith((b"data:", b"event:", b":", b"id:", b"retry:")):
        return True
    return "event-stream" in content_type


async def next_chunk(response: Answer, decoder: Decoding | None) -> bytes:
    """What has arrived, decoded; b"" at the end only."""
    while True:
        chunk = await response.read()
        if decoder is None:
            return chunk
        data = decoder.feed(chunk) if chunk else decoder.close()
        if data or not chunk:
            return data


async def read_whole(response: Answer, limit: int, decoder: Decoding | None = None) -> bytes:
    """The rest of a body, up to `limit` bytes."""
    parts: list[bytes] = []
    size = 0
    while chunk := await next_chunk(response, decoder):
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            raise ProtocolError(f"the upstream's answer is larger than {limit >> 20} MiB")
    return b"".join(parts)
