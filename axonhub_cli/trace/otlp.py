"""Requests on their way to an OpenTelemetry collector, beside the store: `[trace.otlp]` in config.toml.

`Otlp` stands before the store and passes everything on. What is over is put into a bounded queue, which never waits: when it is
full, or nobody takes the spans, they are dropped and counted. A thread of its own derives turns and sessions, and sends
(`otlp_sender`); the OpenTelemetry packages are imported there, and only when an endpoint is configured.

A turn is sent when the next one begins or nothing happened for five minutes, the session when nothing happened for an hour; both
at the latest when the server ends. Until then a collector shows their requests without them.
"""

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import msgspec

from ..config.schema import Otlp as Settings
from ..types.edited import Body
from . import spans
from .conversation import conversation
from .otlp_sender import Sender
from .recorder import Level, Sink
from .records import BodyKind, Findings, RequestRecord, whole
from .redact import Redactor
from .spans import Span
from .turns import begins, join, opened

Row = dict[str, Any]

QUEUE = 2000  # requests that may wait
BYTES = 32 << 20  # of bodies that may wait, when content is sent
TURN_IDLE, SESSION_IDLE = 300.0, 3600.0  # seconds without a request after which a turn, a session, is over
BATCH = 200  # requests sent at once
TICK = 5.0  # seconds between two looks at what is idle


@dataclass(slots=True)
class _Item:
    """A request as it began or, with `final`, as it ended."""

    row: Row
    final: bool = False
    bodies: Mapping[BodyKind, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return sum(map(len, self.bodies.values()))

    @property
    def spans(self) -> int:
        return 1 + len(self.row["attempts"]) if self.final else 0


@dataclass(slots=True)
class _Session:
    """A trace as far as it was seen here: its open turn, and the first requests of the turns of those that still run."""

    client: str
    first: float
    last: float = 0.0
    told: float = 0.0  # when something was heard of it, by the monotonic clock
    turn: Row | None = None
    turns: int = 0
    running: dict[str, Row] = field(default_factory=dict)  # by request: its turn

    def begin(self, row: Row) -> Row | None:
        """A request began: gives the turn that is over thereby."""
        before = self.turn
        if before is None or begins(row, before):
            self.turns += 1
            self.turn = opened(self.turns, row)
        assert self.turn is not None
        join(self.turn, row)
        self.running[row["id"]] = self.turn
        return before if before is not self.turn else None

    def end(self, row: Row) -> Row:
        """A request ended: gives its turn."""
        turn = self.running.pop(row["id"])
        ended = row["started"] + (row["duration_ms"] or 0) / 1000
        turn["ended"], self.last = max(turn["ended"], ended), max(self.last, ended)
        if row["cost"] is not None:
            turn["cost"] = (turn["cost"] or 0.0) + row["cost"]
        if row["kind"] == "turn" and row["agent"] is None:
            turn["answered"] = turn["answered"] or row["outcome"] == "ok"
        return turn


class Otlp:
    """A sink before the store (None: nothing is stored).

    `settings` gives what the file says now; `secret` reads a reference; `redactor` is made anew for each batch.
    """

    def __init__(
        self,
        store: Sink | None,
        settings: Callable[[], Settings | None],
        secret: Callable[[str], str],
        redactor: Callable[[], Redactor] = Redactor,
    ) -> None:
        self._store, self._settings, self._redactor = store, settings, redactor
        self._sender = Sender(secret)
        self._changed = threading.Condition()
        self._items: deque[_Item] = deque()
        self._bytes = 0
        self._closing = False
        self._thread: threading.Thread | None = None
        self._sessions: dict[str, _Session] = {}

    def begin(self, record: RequestRecord) -> None:
        """A request was accepted."""
        if self._store is not None:
            self._store.begin(record)
        if self._settings() is not None:
            self._put(_Item(_small(record)))

    def end(self, record: RequestRecord, bodies: dict[BodyKind, Body], told: Callable[[Findings], None]) -> None:
        """A request is over; its spans are queued when the store has found its price."""
        settings = self._settings()
        if settings is not None:
            told = partial(self._hear, record, whole(bodies) if settings.content else {}, told)
        if self._store is not None:
            self._store.end(record, bodies, told)
        else:
            told({})

    def messages(self) -> list[tuple[Level, str]]:
        """What a person should be told: by the store and by the sender."""
        return [*(self._store.messages() if self._store is not None else ()), *self._sender.messages()]

    def state(self) -> Row | None:
        """For `status`: endpoint, sent and dropped spans, waiting requests, what is wrong; None when nothing is configured."""
        settings = self._settings()
        if settings is None:
            return None
        return {"endpoint": settings.endpoint, "waiting": len(self._items), **self._sender.state()}

    def close(self, timeout: float) -> None:
        """Send what is waiting, with the turns and sessions that are open; not longer than that many seconds."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
            self._sender.stop()

    def _hear(
        self, record: RequestRecord, bodies: Mapping[BodyKind, bytes], told: Callable[[Findings], None], found: Findings
    ) -> None:
        self._put(_Item({**msgspec.to_builtins(record), **found}, True, bodies))
        told(found)

    def _put(self, item: _Item) -> None:
        with self._changed:
            if self._closing or len(self._items) >= QUEUE or self._bytes + item.size > BYTES:
                self._sender.drop(item.spans)
                return
            self._items.append(item)
            self._bytes += item.size
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="axonhub-otlp", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def _run(self) -> None:
        while True:
            batch, closing = self._take()
            try:
                self._send(batch, closing=closing and len(batch) < BATCH)
            except Exception as error:  # noqa: BLE001  # the thread must live: what it cannot send is lost, counted, and said
                self._sender.failed(sum(item.spans for item in batch), f"{type(error).__name__}: {error}")
            if closing and len(batch) < BATCH:
                return

    def _take(self) -> tuple[list[_Item], bool]:
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closing, TICK)
            batch = [self._items.popleft() for _ in range(min(BATCH, len(self._items)))]
            self._bytes -= sum(item.size for item in batch)
            return batch, self._closing

    def _send(self, batch: list[_Item], *, closing: bool) -> None:
        settings = self._settings()
        found = [span for item in batch for span in self._seen(item)]
        found += self._idle(time.monotonic(), everything=closing)
        if settings is not None and found:
            self._sender.send(settings, found, self._redactor())

    def _seen(self, item: _Item) -> list[Span]:
        """At a begin the turn that is over, if one is; at an end the spans of the request."""
        row = item.row
        name = row["trace_id"]
        session = self._sessions.setdefault(name, _Session(row["client"], row["started"]))
        session.told = time.monotonic()
        over = session.begin(row) if row["id"] not in session.running else None
        found = [spans.turn(name, session.client, over)] if over is not None else []
        if item.final:
            said = conversation(row, item.bodies) if item.bodies else ()
            found += spans.request(row, session.end(row)["requests"][0], said)
        return found

    def _idle(self, now: float, *, everything: bool) -> list[Span]:
        """The turns and sessions that are over because nothing has happened for a while."""
        found: list[Span] = []
        for name, session in list(self._sessions.items()):
            quiet = now - session.told if not session.running else 0.0
            if session.turn is not None and (everything or quiet > TURN_IDLE):
                found.append(spans.turn(name, session.client, session.turn))
                session.turn = None
            if everything or quiet > SESSION_IDLE:
                found.append(spans.session(name, session.client, session.first, session.last))
                del self._sessions[name]
        return found


def _small(record: RequestRecord) -> Row:
    """What a turn is derived from."""
    names = ("id", "trace_id", "client", "started", "kind", "agent", "turn", "prompt", "outcome")
    return {**{name: getattr(record, name) for name in names}, "duration_ms": None, "cost": None, "attempts": ()}
