"""Puts the parts of an answer together: what the one candidate of a chunk says becomes part events.

A chunk's parts are pieces: texts of one kind that follow each other are one part, and a call comes whole. A signature beside
thinking closes it; beside plain text, or on an empty one, it becomes a part of its own (`parts`). Calls without an id get one
made from the answer's own, the same however often the answer is read.
"""

from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from ...errors import ProtocolError, RequestError
from ...types.events import ArgumentsDelta, Event, OpaqueDelta, PartEnd, PartStart, ReasoningDelta, SealDelta, TextDelta
from ...types.messages import Reasoning, Seal, Text, ToolCall
from .fields import VENDOR
from .parts import read_part

UNNAMED = "unnamed_tool"
_PLAIN = {"text"}
NOTES = ("groundingMetadata", "citationMetadata", "urlContextMetadata")


class Assembly:
    """The parts of one answer. `seed` names the answer, for ids that it leaves out."""

    def __init__(self) -> None:
        self.seed = ""
        self.called = False
        self._next = 0
        self._kind: type[Text] | type[Reasoning] | None = None
        self._ids: set[str] = set()

    def candidate(self, candidate: dict[str, Any], out: list[Event]) -> None:
        """The events of one chunk's candidate, added to `out`. Raises `ProtocolError` where a type is what nobody could mean."""
        content = candidate.get("content")
        if content is not None and not isinstance(content, dict):
            raise ProtocolError("the content of the upstream's answer is no object")
        parts = content.get("parts") if content else None
        if parts is not None and not isinstance(parts, list):
            raise ProtocolError("the parts of the upstream's answer are no list")
        for part in parts or ():
            self._part(part, out)
        if self._kind is Text:
            out += [OpaqueDelta(self._next - 1, VENDOR, key, candidate[key]) for key in NOTES if candidate.get(key)]

    def finish(self, out: list[Event]) -> None:
        """Ends what is open."""
        if self._kind is not None:
            out.append(PartEnd(self._next - 1))
            self._kind = None

    def _part(self, part: Any, out: list[Event]) -> None:
        if isinstance(part, dict) and part.keys() == _PLAIN and isinstance(part["text"], str):  # nearly every part there is
            self._say(Text, part["text"], out)
            return
        try:
            pieces = read_part(part, "part") if part != {} else []
        except RequestError as error:
            raise ProtocolError(f"a part of the upstream's answer cannot be read: {error.message}") from None
        for piece in pieces:
            if isinstance(piece, Text):
                self._say(Text, piece.text, out)
            elif isinstance(piece, Reasoning):
                self._think(piece, out)
            elif isinstance(piece, ToolCall):
                self._call(piece, out)
            else:
                self._whole(PartStart(self._next, piece), [], out)

    def _say(self, kind: type[Text] | type[Reasoning], text: str, out: list[Event]) -> None:
        if not text:
            return
        if self._kind is not kind:
            self.finish(out)
            out.append(PartStart(self._next, kind(text="")))
            self._kind, self._next = kind, self._next + 1
        index = self._next - 1
        out.append(TextDelta(index, text) if kind is Text else ReasoningDelta(index, text))

    def _think(self, piece: Reasoning, out: list[Event]) -> None:
        self._say(Reasoning, piece.text, out)
        if piece.seal is None:
            return
        if self._kind is Reasoning:
            out.append(SealDelta(self._next - 1, piece.seal))
            self.finish(out)
        else:
            self._whole(PartStart(self._next, Reasoning(text="")), [SealDelta(self._next, piece.seal)], out)

    def _call(self, call: ToolCall, out: list[Event]) -> None:
        self.called = True
        call_id = call.id
        if not call_id or call_id in self._ids:
            call_id = self._made(call.name)
        self._ids.add(call_id)
        started = replace(call, id=call_id, name=call.name or UNNAMED, arguments="", seal=None)
        rest: list[Event] = [ArgumentsDelta(self._next, call.arguments)]
        signed: Seal | None = call.seal
        self._whole(PartStart(self._next, started), rest + ([SealDelta(self._next, signed)] if signed else []), out)

    def _made(self, name: str) -> str:
        text = f"{self.seed}\0{len(self._ids)}\0{name}"
        return "call_" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def _whole(self, start: PartStart, rest: list[Event], out: list[Event]) -> None:
        """A part that comes in one piece."""
        self.finish(out)
        out += [start, *rest, PartEnd(self._next)]
        self._next += 1
