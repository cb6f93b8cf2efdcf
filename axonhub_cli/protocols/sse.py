"""Incremental framing of Server-Sent Events, on bytes.

A line ends with LF, CR or CRLF; a blank line ends an event; `data:` lines of one event are joined with LF; a comment starts with a
colon; a byte order mark may come first (WHATWG HTML, section 9.2.6). Nothing else splits a line: U+2028 is text.

`Decoder.feed(chunk) -> [Frame]` is what codecs need. `Splitter.feed(chunk) -> bytes` is for relays that change nothing: it gives
back whole frames as they came and holds a partial one until it is complete.
"""

from typing import NamedTuple

from ..errors import ProtocolError

MAX_FRAME = 16 * 1024 * 1024


class Frame(NamedTuple):
    """One event: its `event:` name (empty when it has none) and its data, lines joined."""

    name: str
    data: bytes


class Splitter:
    """Cuts a byte stream after its last complete frame."""

    __slots__ = ("_rest",)

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, chunk: bytes) -> bytes:
        """Whole frames, as the bytes that came; b"" when none is complete yet."""
        data = self._rest + chunk if self._rest else chunk
        cut = _last_boundary(data)
        if cut == len(data):
            self._rest = b""
            return data
        self._rest = data[cut:]
        if len(self._rest) > MAX_FRAME:
            raise ProtocolError(f"an event of the upstream's stream is larger than {MAX_FRAME >> 20} MiB")
        return data[:cut]

    def close(self) -> bytes:
        """What is left: a frame whose blank line never came."""
        rest, self._rest = self._rest, b""
        return rest


def _last_boundary(data: bytes) -> int:
    """The offset just after the last blank line, 0 when there is none. A final lone CR may be half of a CRLF: not a boundary yet."""
    if data.endswith(b"\n\n"):
        return len(data)
    cut = data.rfind(b"\n\n") + 2 if b"\n\n" in data else 0
    if b"\r" in data:
        for mark in (b"\r\n\r\n", b"\r\r", b"\n\r\n", b"\r\n\n"):
            at = data.rfind(mark)
            if at >= 0:
                cut = max(cut, at + len(mark))
        if cut < len(data) and cut and data[cut : cut + 1] == b"\n" and data[cut - 1 : cut] == b"\r":
            cut += 1
        if cut == len(data) and data.endswith(b"\r"):
            return _last_boundary(data[:-2]) if len(data) > 2 else 0
    return cut


class Decoder:
    """Bytes in, frames out. Bytes of a frame that is not complete are kept; `close` gives the last one if its end never came."""

    __slots__ = ("_fresh", "_splitter")

    def __init__(self) -> None:
        self._splitter = Splitter()
        self._fresh = True

    def feed(self, chunk: bytes) -> list[Frame]:
        return self._frames(self._splitter.feed(chunk))

    def close(self) -> list[Frame]:
        return self._frames(self._splitter.close())

    def _frames(self, data: bytes) -> list[Frame]:
        if not data:
            return []
        if self._fresh:
            self._fresh = False
            data = data.removeprefix(b"\xef\xbb\xbf")
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        frames = []
        for block in data.split(b"\n\n"):
            if block:
                frame = _frame(block)
                if frame is not None:
                    frames.append(frame)
        return frames


def _frame(block: bytes) -> Frame | None:
    """One block of lines as a frame; None when it holds no data (comments, `retry:`)."""
    if block.startswith(b"data: ") and b"\n" not in block:
        return Frame("", block[6:])
    name = ""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if value.startswith(b" "):
            value = value[1:]
        if field == b"data":
            data.append(value)
        elif field == b"event":
            name = value.decode("utf-8", "replace")
    return Frame(name, data[0] if len(data) == 1 else b"\n".join(data)) if data else None


def encode(name: str, data: bytes) -> bytes:
    """One frame; the data has no line breaks (JSON never has)."""
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n" if name else b"data: " + data + b"\n\n"
