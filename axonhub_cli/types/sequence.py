"""Parts in a row: for protocols in which one part ends before the next begins."""

from collections.abc import Iterable, Iterator

from .events import (
    ArgumentsDelta,
    Event,
    Failure,
    OpaqueDelta,
    PartEnd,
    PartStart,
    ReasoningDelta,
    SealDelta,
    TextDelta,
)
from .messages import ToolCall

_OF_PARTS = (PartStart, TextDelta, ReasoningDelta, ArgumentsDelta, SealDelta, OpaqueDelta, PartEnd)


class Sequencer:
    """Puts interleaved parts in a row: at most one part is open, in index order; what comes early is held back.

    The lowest part streams as it comes. `feed` gives the events that may go out now.
    """

    def __init__(self) -> None:
        self._current = 0
        self._open = False
        self._calls: set[int] = set()  # parts that are tool calls
        self._held: dict[int, list[Event]] = {}

    def feed(self, event: Event) -> list[Event]:
        if isinstance(event, _OF_PARTS):
            if isinstance(event, PartStart) and isinstance(event.part, ToolCall):
                self._calls.add(event.index)
            if event.index != self._current:
                self._held.setdefault(event.index, []).append(event)
                return []
            self._open = not isinstance(event, PartEnd)
            return [event] if self._open else [event, *self._advance()]
        if isinstance(event, Failure):
            return [*self._rest(), event]
        return [event]

    def _advance(self) -> list[Event]:
        out: list[Event] = []
        while True:
            self._current += 1
            held = self._held.pop(self._current, [])
            out += held
            self._open = bool(held) and not isinstance(held[-1], PartEnd)
            if self._open or not held:
                return out

    def _rest(self) -> list[Event]:
        """What was held goes out before a failure: it was received, so it is not lost. A call that is not whole ends that: shut
        for the sake of the next part, it would look as if it were."""
        out: list[Event] = []
        for index in sorted(self._held):
            if self._open and self._current in self._calls:
                break
            if self._open:
                out.append(PartEnd(self._current))
            held = self._held[index]
            out += held
            self._current, self._open = index, not isinstance(held[-1], PartEnd)
        self._held.clear()
        return out


def sequential(events: Iterable[Event]) -> Iterator[Event]:
    """The stream with at most one part open at a time."""
    sequencer = Sequencer()
    for event in events:
        yield from sequencer.feed(event)
