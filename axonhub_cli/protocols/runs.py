"""The short way for what most of a stream is: frames that are equal, byte for byte, but for one JSON string.

A model that writes sends the same frame again and again with another piece of text in it. Once two of them have been read in
the ordinary way, and differed in that one string as their events did, whoever follows need not be parsed: it is known by its
bytes what it says. Everything else (another part, a tool call, usage, an id that changes) does not match and takes the long way.

    learn(block, events)    frames with their blank lines that were read, and what the last of them said
    take(data, at) -> Run   the frames at this place that say nothing but more of the same text; None when there are none

Only for readers to whom such a delta changes nothing (`Codec.steady`).
"""

from typing import NamedTuple

import msgspec

from ..types.events import Event, ReasoningDelta, TextDelta
from .raw import dumps

Kind = type[TextDelta] | type[ReasoningDelta]
_strings = msgspec.json.Decoder(list[str]).decode
_PATIENCE = 4  # frames of another kind after which those that come are read together
_ATTEMPTS = 12  # frames that may teach nothing before the upstream counts as one whose frames are never alike


class Run(NamedTuple):
    """Consecutive pieces of one part's text, and where the bytes after them begin. `strings` are the same pieces as they stand
    between the quotes of JSON, none of them empty."""

    kind: Kind
    part: int
    texts: list[str]
    strings: list[bytes]
    end: int

    def events(self) -> list[Event]:
        kind, part = self.kind, self.part
        return [kind(part, text) for text in self.texts]


class Runs:
    """What one stream's text frames look like. Without `steady` nothing is ever learned."""

    __slots__ = ("_between", "_head", "_kind", "_left", "_lines", "_others", "_part", "_seen", "_tail")

    def __init__(self, *, steady: bool) -> None:
        self._left = _ATTEMPTS if steady else 0
        self._others = 0
        self._head = self._tail = self._between = b""
        self._lines = (0, 0, 0)  # of a piece's line what is constant before and after it, and how many lines a frame has
        self._kind: Kind = TextDelta
        self._part = -1  # whose text a matching frame is; -1: the next frame must be read, the part may be another
        self._seen: tuple[bytes, bytes, str] = (b"", b"", "")

    @property
    def learning(self) -> bool:
        """Whether frames are worth cutting one from the other: text flows, and is known or may become so."""
        return self._left > 0 and self._others < _PATIENCE

    def learn(self, block: bytes, events: list[Event]) -> None:
        """Compare with the text frame before: when nothing differs but the text, this is how such frames look."""
        self._part = -1
        if self._left <= 0:
            return
        event = events[0] if len(events) == 1 else None
        if not isinstance(event, TextDelta | ReasoningDelta):
            self._others += 1
            return
        if not self.learning:
            block = block[block.rfind(b"\n\n", 0, -2) + 2 :]
        self._others = 0
        if self._head and block.startswith(self._head) and block.endswith(self._tail) and type(event) is self._kind:
            self._part = event.index
            return
        self._left -= 1
        literal = dumps(event.text)
        if block.count(literal) != 1:
            return
        at = block.find(literal)
        head, tail = block[: at + 1], block[at + len(literal) - 1 :]
        if (head, tail) == self._seen[:2] and event.text != self._seen[2]:
            self._shape(head, tail)
            self._kind, self._part, self._left = type(event), event.index, _ATTEMPTS
        self._seen = (head, tail, event.text)

    def _shape(self, head: bytes, tail: bytes) -> None:
        self._head, self._tail, self._between = head, tail, (between := tail + head)
        self._lines = len(between) - between.rfind(b"\n") - 1, between.find(b"\n"), between.count(b"\n")

    def take(self, data: bytes, at: int) -> Run | None:
        """The run of frames at this place of whole frames."""
        if self._part < 0 or not data.startswith(self._head, at):
            return None
        start = at + len(self._head)
        for end in (data.rfind(self._tail, start), data.find(self._tail, start)):  # many, or one with other frames after it
            pieces = self._pieces(data, start, end) if end >= start else []
            if pieces and (texts := _strings_inside(pieces)) is not None:
                if b"" in pieces:
                    texts, pieces = list(filter(None, texts)), list(filter(None, pieces))
                return Run(self._kind, self._part, texts, pieces, end + len(self._tail))
        return None

    def _pieces(self, data: bytes, start: int, end: int) -> list[bytes]:
        """What stands between the constant parts of frames; [] when one of them is another.

        Lines are what bytes are cut into fastest; that all between the pieces was constant is then one comparison.
        """
        inner = data[start:end]
        if b"\n" not in inner:
            return [inner]
        before, after, lines = self._lines
        pieces = [line[before:-after] for line in data[start - before : end + after].split(b"\n")[::lines]]
        return pieces if self._between.join(pieces) == inner else []


def _strings_inside(pieces: list[bytes]) -> list[str] | None:
    """Each piece as the JSON string that it is the inside of; None when one of them is not: it has a quote of its own."""
    inside = b'","'.join(pieces)
    bare = inside.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in inside else inside
    if bare.count(b'"') != 2 * (len(pieces) - 1):
        return None
    try:
        return _strings(b'["' + inside + b'"]')
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
