"""What the relay tells about a request, passed on to the store and to the live feed.

Every method is synchronous, returns at once and never raises: a trace that cannot be kept must not cost anybody an answer. The
first failure is published as a `log` event, so that somebody sees it; so is what the store has to say, when `look` is called.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Literal, Protocol

import msgspec

from ..types.edited import Body
from .feed import Event, Feed
from .records import AttemptRecord, BodyKind, Findings, RequestRecord

DeltaKind = Literal["text", "thinking", "tool", "arguments"]
Level = Literal["info", "warning", "error"]


class Sink(Protocol):
    """What the recorder needs of a store: `store.Store` is one. `told` is called once, from any thread, with what it found."""

    def begin(self, record: RequestRecord) -> None: ...
    def end(self, record: RequestRecord, bodies: dict[BodyKind, Body], told: Callable[[Findings], None]) -> None: ...
    def messages(self) -> list[tuple[Level, str]]: ...


class Recorder:
    """The relay's one way to the trace. Without a store only the feed is told."""

    def __init__(self, store: Sink | None, feed: Feed) -> None:
        self.store = store
        self.feed = feed
        self._failed = False
        self.look()

    def begin(self, record: RequestRecord) -> None:
        """A request was accepted."""
        try:
            self.feed.tell("request", record.id, partial(_event, "request", time.time(), record))
        except Exception as error:  # noqa: BLE001  # whatever goes wrong in here, the request goes on
            self._report(error)
        try:
            if self.store is not None:
                self.store.begin(record)
        except Exception as error:  # noqa: BLE001  # the same
            self._report(error)

    def attempt(self, record: RequestRecord, attempt: AttemptRecord) -> None:
        """An attempt of the record started or ended. Costs one look when nobody listens."""
        if self.feed.watched:
            self._safely(lambda: {"type": "attempt", "id": record.id, "t": time.time(), "attempt": msgspec.to_builtins(attempt)})

    def delta(self, record: RequestRecord, kind: DeltaKind, text: str) -> None:
        """The model said something. Costs one look at `feed.active` when nobody listens; nothing of it is stored."""
        if self.feed.active:
            self._safely(lambda: {"type": "delta", "id": record.id, "t": time.time(), "kind": kind, "text": text})

    def end(self, record: RequestRecord, bodies: dict[BodyKind, Body]) -> None:
        """A request is over, however it ended: nothing of its record changes any more. The bodies are stored as they are, apart
        from secrets in them.

        The feed's `end` event waits for the store to find the price and the cache verdict, which takes milliseconds: not for the
        disk, and not at all when the store has trouble.
        """
        told = partial(self._over, record)
        if self.store is None:
            told({})
            return
        try:
            self.store.end(record, bodies, told)
        except Exception as error:  # noqa: BLE001  # the same
            self._report(error)
            told({})

    def log(self, level: Level, message: str) -> None:
        """Something that a person at the terminal should see."""
        self._safely(lambda: {"type": "log", "t": time.time(), "level": level, "message": message})

    def look(self) -> None:
        """Publish what the store has to say. For once in a while."""
        try:
            for level, message in self.store.messages() if self.store is not None else ():
                self.log(level, message)
        except Exception as error:  # noqa: BLE001  # the same
            self._report(error)

    def _over(self, record: RequestRecord, found: Findings) -> None:
        """Tell the end, with what the store has found out; in any thread."""
        try:
            make = partial(_event, "end", time.time(), record, found)
            self.feed.tell("end", record.id, make, trouble=record.outcome == "error")
        except Exception as error:  # noqa: BLE001  # the same
            self._report(error)

    def _safely(self, make: Callable[[], Event]) -> None:
        try:
            self.feed.publish(make())
        except Exception as error:  # noqa: BLE001  # the same
            self._report(error)

    def _report(self, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        try:
            message = f"Recording a request failed ({type(error).__name__}); traffic goes on, the trace may have gaps."
            self.feed.publish({"type": "log", "t": time.time(), "level": "error", "message": message})
        except Exception:  # noqa: BLE001, S110  # the feed itself is what fails: nobody is left to tell
            pass


def _event(kind: str, now: float, record: RequestRecord, found: Findings | None = None) -> Event:
    return {"type": kind, "t": now, **msgspec.to_builtins(record), **(found or {})}
