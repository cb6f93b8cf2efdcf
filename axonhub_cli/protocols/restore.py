"""The way back for tool calls: a stream transducer that gives them their own name, namespace and kind again.

Most calls only change their start. The arguments of a wrapped free-text tool pass through an `Unwrapper`. A call of the
stand-in for `tool_search` becomes an item of its own, which is whole or not at all: it is held until its end, and so is what
comes after it.
"""

from collections.abc import Callable
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from ..types.events import ArgumentsDelta, Delta, Event, Failure, PartEnd, PartStart
from ..types.messages import ToolCall
from .search import as_item
from .trim import Trimmer
from .unwrap import Unwrapper


class Entry(Struct, frozen=True, kw_only=True):
    """One tool: what the client calls it, and its name and namespace on the wire.

    `wrapped`: a free-text tool that is a function there; `patch` and `grammar` say what its text is. `search`: stands in for
    `tool_search`.
    """

    name: str
    namespace: str | None
    wire: str
    wire_namespace: str | None
    wrapped: bool = False
    patch: bool = False
    grammar: bool = False
    search: bool = False

    @property
    def same(self) -> bool:
        """The wire tool is the client's own."""
        return not (self.wrapped or self.search) and (self.name, self.namespace) == (self.wire, self.wire_namespace)

    def unwrapper(self) -> Unwrapper:
        return Unwrapper(Trimmer(patch=self.patch) if self.patch or self.grammar else None)


Find: TypeAlias = Callable[[ToolCall], Entry | None]


class Restorer:
    """One event list in, one out. Without `find` there is nothing to restore, and the list itself comes back."""

    __slots__ = ("_find", "_held", "_later", "_open")

    def __init__(self, find: Find | None) -> None:
        self._find = find
        self._open: dict[int, Unwrapper] = {}
        self._held: tuple[int, ToolCall, list[str]] | None = None
        self._later: list[Event] = []

    def feed(self, events: list[Event]) -> list[Event]:
        """The events with calls restored."""
        if self._find is None:
            return events
        out: list[Event] = []
        for event in events:
            if self._held is None:
                self._pass(event, out)
            else:
                self._hold(event, out)
        return out

    def passes(self, kind: type[Event]) -> bool:
        """Only calls are restored, but what comes after a search call waits for its end."""
        return self._find is None or (self._held is None and kind is not ArgumentsDelta)

    def _pass(self, event: Event, out: list[Event]) -> None:
        if isinstance(event, PartStart) and isinstance(event.part, ToolCall):
            self._start(event.index, event.part, out)
        elif isinstance(event, ArgumentsDelta | PartEnd) and event.index in self._open:
            self._unwrap(event, out)
        else:
            out.append(event)

    def _start(self, index: int, call: ToolCall, out: list[Event]) -> None:
        entry = self._find(call) if self._find is not None else None
        if entry is None:
            out.append(PartStart(index, call))
        elif entry.search:
            self._held = (index, call, [call.arguments])
        elif entry.wrapped and call.kind == "function":
            own = replace(call, name=entry.name, namespace=entry.namespace, kind="custom", arguments="")
            out.append(PartStart(index, own))
            self._open[index] = entry.unwrapper()
            if call.arguments:
                self._unwrap(ArgumentsDelta(index, call.arguments), out)
        else:
            out.append(PartStart(index, replace(call, name=entry.name, namespace=entry.namespace)))

    def _unwrap(self, event: ArgumentsDelta | PartEnd, out: list[Event]) -> None:
        unwrapper = self._open[event.index]
        text = unwrapper.feed(event.text) if isinstance(event, ArgumentsDelta) else unwrapper.close()
        if text:
            out.append(ArgumentsDelta(event.index, text))
        if isinstance(event, PartEnd):
            del self._open[event.index]
            out.append(event)

    def _hold(self, event: Event, out: list[Event]) -> None:
        """While a search call is not whole: its arguments are collected, other parts wait, the rest passes."""
        assert self._held is not None
        index, call, texts = self._held
        if isinstance(event, Failure):
            self._held = None
            out.append(event)
        elif not isinstance(event, PartStart | PartEnd | Delta):
            out.append(event)
        elif event.index != index:
            self._later.append(event)
        elif isinstance(event, ArgumentsDelta):
            texts.append(event.text)
        elif isinstance(event, PartEnd):
            out += [PartStart(index, as_item(replace(call, arguments="".join(texts)))), event]
            self._held, later, self._later = None, self._later, []
            out += self.feed(later)
