"""From a stream's events to what the live tree shows and the record keeps: text as it comes, and which tools were called."""

from ..trace.recorder import DeltaKind, Recorder
from ..trace.records import RequestRecord
from ..types.events import ArgumentsDelta, Event, PartStart, ReasoningDelta, TextDelta
from ..types.messages import Response, ToolCall


class Listener:
    """Hears every event of one response. Deltas of one chunk are joined per kind; nobody watching costs one look."""

    def __init__(self, record: RequestRecord, recorder: Recorder) -> None:
        self._record, self._recorder = record, recorder
        self.calls: tuple[tuple[str, str], ...] = ()  # name and arguments of each tool call of the answer

    def watching(self) -> bool:
        """Whether somebody wants the deltas."""
        return self._recorder.feed.active

    def hear(self, events: list[Event]) -> None:
        """Publish what a person would see. Consecutive deltas of one kind become one."""
        if not self._recorder.feed.active:
            return
        kind: DeltaKind | None = None
        text: list[str] = []
        for event in events:
            found = _spoken(event)
            if found is None:
                continue
            if found[0] != kind or kind == "tool":
                self._say(kind, text)
                kind, text = found[0], []
            text.append(found[1])
        self._say(kind, text)

    def _say(self, kind: DeltaKind | None, text: list[str]) -> None:
        if kind is not None and (joined := "".join(text)):
            self._recorder.delta(self._record, kind, joined)

    def note(self, response: Response) -> None:
        """Keep which tools were called."""
        self.calls = tuple((part.name, part.arguments) for part in response.parts if isinstance(part, ToolCall))
        self._record.tools = [name for name, _ in self.calls]


def _spoken(event: Event) -> tuple[DeltaKind, str] | None:
    if isinstance(event, TextDelta):
        return "text", event.text
    if isinstance(event, ReasoningDelta):
        return "thinking", event.text
    if isinstance(event, ArgumentsDelta):
        return "arguments", event.text
    if isinstance(event, PartStart) and isinstance(event.part, ToolCall):
        return "tool", event.part.name
    return None
