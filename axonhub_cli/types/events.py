"""The neutral stream: thirteen events, their grammar, and the functions between a stream and a whole response.

    IDLE      --Start-->                                            OPEN
    OPEN      --PartStart | deltas | PartEnd | UsageUpdate-->       OPEN
    OPEN      --Finish-->                                           FINISHED    (all parts are closed by then)
    FINISHED  --UsageUpdate-->                                      FINISHED
    FINISHED  --End-->                                              CLOSED
    OPEN      --End-->                                              CLOSED      (the upstream never said why it stopped)
    any       --Failure-->                                          CLOSED
    any but CLOSED  --Foreign-->                                    the same

Part indexes are contiguous from 0, a part starts once and ends once, a delta names an open part of its own kind. Several parts
may be open at a time; `sequence` puts them in a row for protocols that allow one.

`fold` and `replay` are inverse, so that streaming and non-streaming are one code path.
"""

from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ..errors import ProtocolError
from .messages import (
    Extra,
    FinishReason,
    Opaque,
    Part,
    Protocol,
    Reasoning,
    Refusal,
    Response,
    Seal,
    Text,
    ToolCall,
    Usage,
)
from .problem import Problem


class Start(Struct, frozen=True, kw_only=True):
    """The stream begins. `usage` is what the vendor knows so far (Anthropic counts the input here)."""

    id: str
    model: str
    usage: Usage | None = None
    extra: Extra | None = None


class PartStart(Struct, frozen=True):
    """A part begins: its kind, ids and name are known, its content is empty (Media and Opaque are whole)."""

    index: int
    part: Part


class TextDelta(Struct, frozen=True, gc=False):
    """More text of a Text or Refusal part."""

    index: int
    text: str


class ReasoningDelta(Struct, frozen=True, gc=False):
    """More text of a Reasoning part."""

    index: int
    text: str


class ArgumentsDelta(Struct, frozen=True, gc=False):
    """More of a tool call's arguments, as the model wrote them."""

    index: int
    text: str


class SealDelta(Struct, frozen=True):
    """The seal of a Reasoning or ToolCall part, which arrives late."""

    index: int
    seal: Seal


class OpaqueDelta(Struct, frozen=True):
    """Something that one protocol adds to an open part, an item of its list `key` (`citations`, `annotations`)."""

    index: int
    protocol: Protocol
    key: str
    raw: Any


class PartEnd(Struct, frozen=True, gc=False):
    """The part is complete."""

    index: int


class UsageUpdate(Struct, frozen=True):
    """Usage so far; cumulative, the last one wins per figure."""

    usage: Usage


class Finish(Struct, frozen=True, kw_only=True):
    """Why the model stopped."""

    reason: FinishReason
    raw_reason: str | None = None
    stop_sequence: str | None = None


class End(Struct, frozen=True, gc=False):
    """The stream is complete; the wire may close."""


class Failure(Struct, frozen=True):
    """The stream failed. Nothing follows."""

    problem: Problem


class Foreign(Struct, frozen=True):
    """A frame that the reader does not know, and pings: its own protocol's writer may repeat it, others ignore it."""

    protocol: Protocol
    name: str
    data: bytes = b""


Event: TypeAlias = (
    Start
    | PartStart
    | TextDelta
    | ReasoningDelta
    | ArgumentsDelta
    | SealDelta
    | OpaqueDelta
    | PartEnd
    | UsageUpdate
    | Finish
    | End
    | Failure
    | Foreign
)
Delta: TypeAlias = TextDelta | ReasoningDelta | ArgumentsDelta | SealDelta | OpaqueDelta

_ACCEPTS: dict[type, tuple[type, ...]] = {
    TextDelta: (Text, Refusal),
    ReasoningDelta: (Reasoning,),
    ArgumentsDelta: (ToolCall,),
    SealDelta: (Reasoning, ToolCall),
}


class Checker:
    """Holds a stream to the grammar. `feed` raises `ProtocolError` at the first event that breaks it."""

    def __init__(self) -> None:
        self.state = "IDLE"
        self._open: dict[int, Part] = {}
        self._next = 0

    def feed(self, event: Event) -> None:
        if self.state == "CLOSED":
            raise ProtocolError(f"{_name(event)} after the end of the stream")
        if isinstance(event, Failure):
            self.state = "CLOSED"
        elif isinstance(event, Foreign):
            return
        elif isinstance(event, Start):
            self._expect(event, "IDLE")
            self.state = "OPEN"
        elif isinstance(event, UsageUpdate):
            self._expect(event, "OPEN", "FINISHED")
        elif isinstance(event, Finish | End):
            self._terminal(event)
        else:
            self._expect(event, "OPEN")
            self._part(event)

    def _expect(self, event: Event, *states: str) -> None:
        if self.state not in states:
            raise ProtocolError(f"{_name(event)} in state {self.state}")

    def _terminal(self, event: Finish | End) -> None:
        self._expect(event, "OPEN", *(["FINISHED"] if isinstance(event, End) else []))
        if self._open:
            raise ProtocolError(f"{_name(event)} while part {min(self._open)} is open")
        self.state = "CLOSED" if isinstance(event, End) else "FINISHED"

    def _part(self, event: PartStart | Delta | PartEnd) -> None:
        if isinstance(event, PartStart):
            if event.index != self._next:
                raise ProtocolError(f"part {event.index} starts where {self._next} is due")
            self._next += 1
            self._open[event.index] = event.part
            return
        part = self._open.get(event.index)
        if part is None:
            raise ProtocolError(f"{_name(event)} for part {event.index}, which is not open")
        if isinstance(event, PartEnd):
            del self._open[event.index]
        elif not isinstance(part, _ACCEPTS.get(type(event), (object,))):
            raise ProtocolError(f"{_name(event)} for part {event.index}, which is a {_name(part)}")


def check(events: Iterable[Event], *, complete: bool = True) -> list[Event]:
    """The events, as a list, once they have passed the grammar. `complete`: the stream must also have ended."""
    checker = Checker()
    out = []
    for event in events:
        checker.feed(event)
        out.append(event)
    if complete and checker.state != "CLOSED":
        raise ProtocolError(f"the stream stops in state {checker.state}")
    return out


def _name(value: object) -> str:
    return type(value).__name__


class _Open:
    """A part under construction: text is collected in a list and joined once."""

    __slots__ = ("lists", "part", "seal", "text")

    def __init__(self, part: Part) -> None:
        self.part = part
        self.text: list[str] = []
        self.seal: Seal | None = None
        self.lists: dict[str, list[Any]] = {}

    def done(self) -> Part:
        part, text = self.part, "".join(self.text)
        if isinstance(part, Text | Refusal):
            part = replace(part, text=part.text + text)
        elif isinstance(part, Reasoning):
            part = replace(part, text=part.text + text, seal=self.seal or part.seal)
        elif isinstance(part, ToolCall):
            part = replace(part, arguments=part.arguments + text, seal=self.seal or part.seal)
        if self.lists and isinstance(part, Opaque):
            part = replace(part, raw=_extended(part.raw, self.lists))
        elif self.lists and not isinstance(part, Opaque):
            part = replace(part, extra=_extended(part.extra or {}, self.lists))
        return part


def _extended(fields: dict[str, Any], lists: dict[str, list[Any]]) -> dict[str, Any]:
    """The fields with items added to their lists; the part may have started with some (`citations: []`)."""
    started = {key: fields[key] for key in lists if isinstance(fields.get(key), list)}
    return {**fields, **{key: [*started.get(key, ()), *items] for key, items in lists.items()}}


class Folder:
    """Collects a stream into a `Response`, one event at a time; `response()` may be asked at any moment."""

    def __init__(self, origin: Protocol) -> None:
        self.origin = origin
        self.start: Start | None = None
        self.usage: Usage | None = None
        self.finish: Finish | None = None
        self.problem: Problem | None = None
        self.ended = False
        self._parts: list[_Open] = []

    def feed(self, event: Event) -> None:
        match event:
            case TextDelta() | ReasoningDelta() | ArgumentsDelta():
                self._parts[event.index].text.append(event.text)
            case PartStart():
                self._parts.append(_Open(event.part))
            case SealDelta():
                self._parts[event.index].seal = event.seal
            case OpaqueDelta():
                self._parts[event.index].lists.setdefault(event.key, []).append(event.raw)
            case Start():
                self.start = event
                self._count(event.usage)
            case UsageUpdate():
                self._count(event.usage)
            case Finish():
                self.finish = event
            case Failure():
                self.problem = event.problem
            case End():
                self.ended = True

    def more(self, index: int, texts: list[str]) -> None:
        """The same as a delta for each of the texts."""
        self._parts[index].text += texts

    def _count(self, usage: Usage | None) -> None:
        if usage is not None:
            self.usage = usage if self.usage is None else self.usage.merge(usage)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts so far."""
        return tuple(part.done() for part in self._parts)

    def response(self) -> Response:
        """Everything so far as a response."""
        start, finish = self.start, self.finish
        return Response(
            origin=self.origin,
            id=start.id if start else "",
            model=start.model if start else "",
            parts=self.parts,
            finish=finish.reason if finish else None,
            raw_finish=finish.raw_reason if finish else None,
            stop_sequence=finish.stop_sequence if finish else None,
            usage=self.usage,
            extra=start.extra if start else None,
        )


def fold(events: Iterable[Event], origin: Protocol) -> Response:
    """A stream as a whole response."""
    folder = Folder(origin)
    for event in events:
        folder.feed(event)
    return folder.response()


def replay(response: Response) -> Iterator[Event]:
    """A whole response as the stream that folds into it."""
    yield Start(id=response.id, model=response.model, extra=response.extra)
    for index, part in enumerate(response.parts):
        yield from _replay_part(index, part)
    if response.usage is not None:
        yield UsageUpdate(response.usage)
    if response.finish is not None:
        yield Finish(reason=response.finish, raw_reason=response.raw_finish, stop_sequence=response.stop_sequence)
    yield End()


def _replay_part(index: int, part: Part) -> Iterator[Event]:
    if isinstance(part, Text | Refusal):
        yield PartStart(index, replace(part, text=""))
        if part.text:
            yield TextDelta(index, part.text)
    elif isinstance(part, Reasoning):
        yield PartStart(index, replace(part, text="", seal=None))
        if part.text:
            yield ReasoningDelta(index, part.text)
    elif isinstance(part, ToolCall):
        yield PartStart(index, replace(part, arguments="", seal=None))
        if part.arguments:
            yield ArgumentsDelta(index, part.arguments)
    else:
        yield PartStart(index, part)
    if isinstance(part, Reasoning | ToolCall) and part.seal is not None:
        yield SealDelta(index, part.seal)
    yield PartEnd(index)
