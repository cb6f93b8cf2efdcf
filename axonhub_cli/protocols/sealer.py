"""The way back for seals: a stream transducer that packs what the client's protocol cannot hold into the field that it echoes.

    thinking            its seal, packed, when it ends; without one, a note whose words they are
    a call with a seal  Messages and Responses have no field on a call: a sealed thinking part of its own goes before it
    Gemini clients      give calls their seal back, and strip thoughts: so a thought's seal travels on the call after it, too
    Chat clients        have no field at all: the seal stays on its part, and the gateway keeps it by the call's id

Between two ends of one protocol nothing is packed: seals pass as they are.
"""

from typing import Protocol as Interface

from msgspec.structs import replace

from ..types.events import (
    ArgumentsDelta,
    Event,
    OpaqueDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    SealDelta,
    TextDelta,
    fold,
    replay,
)
from ..types.messages import Protocol, Reasoning, Response, Seal, ToolCall
from .raw import dumps
from .seals import FIELDS, ON_CALL, UNSEALED, VENDORS, pack

_DETAILS, _CONTENT = "reasoning_details", "extra_content"  # where vendors of Chat put what they want back


class _Thought:
    """A thinking part under way."""

    __slots__ = ("details", "part", "seal", "texts")

    def __init__(self, part: Reasoning) -> None:
        self.part, self.seal = part, part.seal
        self.texts = [part.text] if part.text else []
        found = (part.extra or {}).get(_DETAILS)
        self.details: list[object] = list(found) if isinstance(found, list) else []


class Sealer:
    """One answer's seals, for one client. `maker` and `channel` say who made them."""

    def __init__(self, client: Protocol, maker: str, channel: str) -> None:
        self._client, self._maker, self._channel = client, maker, channel
        self._thoughts: dict[int, _Thought] = {}
        self._calls: set[int] = set()
        self._moved: dict[int, int] = {}
        self._shift = 0
        self._carried: tuple[Seal, str] | None = None

    def feed(self, events: list[Event]) -> list[Event]:
        """The events with their seals packed."""
        out: list[Event] = []
        for at, event in enumerate(events):
            if isinstance(event, PartStart):
                self._start(event, events[at + 1 :], out)
            elif isinstance(event, TextDelta | ReasoningDelta | ArgumentsDelta | SealDelta | OpaqueDelta | PartEnd):
                self._inside(event, out)
            else:
                out.append(event)
        return out

    def passes(self, kind: type[Event]) -> bool:
        """Text has no seal; it only moves where a part was put in front."""
        return kind is TextDelta and not self._moved

    def _start(self, event: PartStart, later: list[Event], out: list[Event]) -> None:
        part = event.part
        if isinstance(part, Reasoning):
            self._thoughts[event.index] = _Thought(part)
            part = replace(part, seal=None)
        elif isinstance(part, ToolCall):
            self._calls.add(event.index)
            seal = part.seal or _own_content(part) or _sealed_later(event.index, later)
            part = replace(part, seal=None)
            self._before(part, seal, event.index, out)
        index = event.index + self._shift
        if self._shift:
            self._moved[event.index] = index
        out.append(PartStart(index, part))
        if isinstance(part, ToolCall):
            self._on(part, seal, index, out)

    def _before(self, call: ToolCall, seal: Seal | None, index: int, out: list[Event]) -> None:
        """A sealed thinking part in front of a call, where the client's protocol has no other place."""
        if seal is None or self._client not in ("anthropic", "openai-responses"):
            return
        packed = pack(Seal(self._maker, ON_CALL + seal.kind, seal.value, call.id, self._channel))
        at = index + self._shift
        self._shift += 1
        out += [PartStart(at, Reasoning(text="")), SealDelta(at, self._field(packed, said=False)), PartEnd(at)]

    def _on(self, call: ToolCall, seal: Seal | None, index: int, out: list[Event]) -> None:
        """A seal on the call itself."""
        carried, self._carried = self._carried, None
        if self._client == "openai-chat" and seal is not None:
            out.append(SealDelta(index, self._made(seal)))
        elif self._client == "gemini" and seal is not None:
            out.append(SealDelta(index, self._field(pack(self._made(seal)), said=True)))
        elif self._client == "gemini" and carried is not None:
            out.append(SealDelta(index, self._field(pack(*carried), said=True)))

    def _inside(
        self, event: TextDelta | ReasoningDelta | ArgumentsDelta | SealDelta | OpaqueDelta | PartEnd, out: list[Event]
    ) -> None:
        thought = self._thoughts.get(event.index)
        if isinstance(event, SealDelta):
            if thought is not None:
                thought.seal = event.seal
            return  # a call's was taken when the call began
        if thought is not None:
            if isinstance(event, ReasoningDelta):
                thought.texts.append(event.text)
            elif isinstance(event, OpaqueDelta) and event.key == _DETAILS:
                thought.details.append(event.raw)
            elif isinstance(event, PartEnd):
                self._end(thought, self._moved.get(event.index, event.index), out)
        out.append(replace(event, index=self._moved[event.index]) if event.index in self._moved else event)

    def _end(self, thought: _Thought, index: int, out: list[Event]) -> None:
        text = "".join(thought.texts)
        seal = thought.seal
        if seal is None and thought.details:
            seal = Seal(self._maker, _DETAILS, dumps(thought.details).decode())
        if seal is None and not text:
            return
        made = self._made(seal) if seal is not None else Seal(self._maker, UNSEALED, "", None, self._channel)
        if self._client == "openai-chat":
            out.append(SealDelta(index, made))
        else:
            out.append(SealDelta(index, self._field(pack(made), said=bool(text))))
            self._carried = (made, text)

    def _made(self, seal: Seal) -> Seal:
        return replace(seal, vendor=self._maker, channel=self._channel)

    def _field(self, packed: str, *, said: bool) -> Seal:
        """A packed seal in the client's own form: Messages has one for thinking that says something and one for the rest."""
        kind = "redacted" if self._client == "anthropic" and not said else FIELDS[self._client]
        return Seal(VENDORS[self._client], kind, packed)


def _own_content(call: ToolCall) -> Seal | None:
    value = (call.extra or {}).get(_CONTENT)
    return Seal("", _CONTENT, dumps(value).decode()) if isinstance(value, dict) else None


def _sealed_later(index: int, events: list[Event]) -> Seal | None:
    """The seal of a call that is whole in this chunk, as Gemini's are."""
    found = next((e for e in events if isinstance(e, SealDelta | PartEnd) and e.index == index), None)
    return found.seal if isinstance(found, SealDelta) else None


class Step(Interface):
    """A transducer of event lists. `passes`: deltas of that kind go through it as they are, and tell it nothing."""

    def feed(self, events: list[Event]) -> list[Event]: ...
    def passes(self, kind: type[Event]) -> bool: ...


class Back:
    """What an answer goes through between two codecs, one after the other: seals are packed, then tool calls get their own
    names again."""

    def __init__(self, *steps: Step | None) -> None:
        self._steps = [step for step in steps if step is not None]

    def feed(self, events: list[Event]) -> list[Event]:
        """The events as the client's writer may have them."""
        for step in self._steps:
            events = step.feed(events)
        return events

    def passes(self, kind: type[Event]) -> bool:
        """Whether `feed` would give back just what it got, for deltas of that kind."""
        return all([step.passes(kind) for step in self._steps])

    def restore(self, response: Response) -> Response:
        """The same for a whole answer."""
        return fold(self.feed(list(replay(response))), response.origin)
