"""What the relay tells about a request, passed on to the store and to the live feed.

Every method is synchronous, returns at once and never raises: a trace that cannot be kept must not cost anybody an answer. The
first failure is published as a `log` event, so that somebody sees it; so is what the store has to say.
"""

import time
from collections.abc import Callable
from typing import Any, Literal, Protocol

import msgspec

from .feed import Event, Feed
from .records import AttemptRecord, BodyKind, Findings, RequestRecord

DeltaKind = Literal["text", "thinking", "tool", "arguments"]
Level = Literal["info", "warning", "error"]


class Sink(Protocol):
    """What the recorder needs of a store: `store.Store` is one. `told` is called once, from any thread, with what it found."""

    def begin(self, record: RequestRecord) -> None: ...
    def end(self, record: RequestRecord, bodies: dict[BodyKind, bytes], told: Callable[[Findings], None]) -> None: ...
    def messages(self) -> list[tuple[Level, str]]: ...


class Recorder:
    """The relay's one way to the trace. Without a store only the feed is told."""

    def __init__(self, store: Sink | None, feed: Feed) -> None:
        self.store = store
        self.feed = feed
        self._failed = False
        if store is not None:
            self._safely(self._messages)

    def begin(self, record: RequestRecord) -> None:
        """A request was accepted."""
        self._safely(self._tell, "request", record)
        if self.store is not None:
            self._safely(self.store.begin, record)
            self._safely(self._messages)

    def attempt(self, record: RequestRecord, attempt: AttemptRecord) -> None:
        """An attempt of the record started or ended. Costs one look when nobody listens."""
        if self.feed.watched:
            self._safely(self._attempt, record, attempt)

    def delta(self, record: RequestRecord, kind: DeltaKind, text: str) -> None:
        """The model said something. Costs one look at `feed.active` when nobody listens; nothing of it is stored."""
        if self.feed.active:
            self._safely(self._delta, record, kind, text)

    def end(self, record: RequestRecord, bodies: dict[BodyKind, bytes]) -> None:
        """A request is over, however it ended. The bodies are stored as they are, apart from secrets in them.

        The feed's `end` event waits for the store to find the price and the cache verdict, which takes milliseconds: not for the
        disk, and not at all when the store has trouble.
        """
        self._safely(self._end, record, bodies)
        if self.store is not None:
            self._safely(self._messages)

    def log(self, level: Level, message: str) -> None:
        """Something that a person at the terminal should see."""
        self._safely(self._log, level, message)

    def _tell(self, kind: str, record: RequestRecord, found: Findings | None = None) -> None:
        now = time.time()

        def make() -> Event:
            return {"type": kind, "t": now, **msgspec.to_builtins(record), **(found or {})}

        self.feed.tell(kind, record.id, make, trouble=kind == "end" and record.outcome == "error")

    def _attempt(self, record: RequestRecord, attempt: AttemptRecord) -> None:
        self.feed.publish({"type": "attempt", "id": record.id, "t": time.time(), "attempt": msgspec.to_builtins(attempt)})

    def _delta(self, record: RequestRecord, kind: DeltaKind, text: str) -> None:
        self.feed.publish({"type": "delta", "id": record.id, "t": time.time(), "kind": kind, "text": text})

    def _end(self, record: RequestRecord, bodies: dict[BodyKind, bytes]) -> None:
        def told(found: Findings) -> None:
            self._safely(self._tell, "end", record, found)

        if self.store is None:
            told({})
            return
        try:
            self.store.end(record, bodies, told)
        except Exception:
            told({})
            raise

    def _log(self, level: Level, message: str) -> None:
        self.feed.publish({"type": "log", "t": time.time(), "level": level, "message": message})

    def _messages(self) -> None:
        if self.store is not None:
            for level, message in self.store.messages():
                self._log(level, message)

    def _safely(self, action: Callable[..., None], *arguments: Any) -> None:
        try:
            action(*arguments)
        except Exception as error:  # noqa: BLE001  # whatever goes wrong in here, the request goes on
            self._report(error)

    def _report(self, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        try:
            self._log("error", f"Recording a request failed ({type(error).__name__}); traffic goes on, the trace may have gaps.")
        except Exception:  # noqa: BLE001, S110  # the feed itself is what fails: nobody is left to tell
            pass
