"""The tail of what one request is answering: the last pieces of text and thinking, and the tool calls between them.

Only a tail is kept, so that a request which writes for an hour costs as much as one that writes a line. Of a tool call the
beginning is kept (it says which file, which command), of text and thinking the end.
"""

from dataclasses import dataclass, field
from typing import Literal

from .facts import harmless

_PARTS = 8
_PART = 2000  # characters kept of a part: 8 parts of at most 4 bytes a character stay below 64 kB
_TOLD_APART = {"text": "text", "thinking": "thinking", "tool": "tool", "arguments": "tool"}


@dataclass(slots=True)
class Part:
    """One piece of output. `length` counts all characters that came, `text` is what is kept of them; `name` is the tool's."""

    kind: Literal["text", "thinking", "tool"]
    text: str = ""
    name: str = ""
    length: int = 0


@dataclass(slots=True)
class Stream:
    """The last parts of a request's output, oldest first; `length` counts all characters that came."""

    parts: list[Part] = field(default_factory=list)
    length: int = 0

    def add(self, kind: str, piece: str) -> None:
        """Take one delta; a kind that is not known is ignored."""
        if kind not in _TOLD_APART or not piece:
            return
        self.length += len(piece)
        if kind == "tool":
            self._open(Part("tool", name=harmless(piece, 200)))
        elif kind == "arguments":
            self._argue(piece)
        else:
            self._say(kind, piece)

    def shrink(self, parts: int, characters: int) -> None:
        """Keep less, for a request that is over."""
        self.parts = self.parts[-parts:]
        for part in self.parts:
            part.text = part.text[:characters] if part.kind == "tool" else part.text[-characters:]

    def _open(self, part: Part) -> Part:
        self.parts.append(part)
        del self.parts[:-_PARTS]
        return part

    def _say(self, kind: str, piece: str) -> None:
        last = self.parts[-1] if self.parts else None
        part = last if last and last.kind == kind else self._open(Part("thinking" if kind == "thinking" else "text"))
        part.length += len(piece)
        part.text = (part.text + harmless(piece[-_PART:], _PART))[-_PART:]

    def _argue(self, piece: str) -> None:
        last = self.parts[-1] if self.parts else None
        part = last if last and last.kind == "tool" else self._open(Part("tool"))
        part.length += len(piece)
        room = _PART - len(part.text)
        if room > 0:
            part.text += harmless(piece[:room], room)
