"""The live feed: what happens right now, for whoever watches.

Publishing never waits. Each subscription is a queue of its own with a bound; when its reader is too slow it loses the oldest
deltas first, and requests, attempts and ends only when there is no delta left to lose. It counts what it lost.

Events are JSON objects with a `type`: `request`, `attempt`, `delta`, `end`, `log`. All but `log` carry the request's `id`; `t` is
Unix time. A published event is never changed.

Whoever comes late first gets what is known: the requests that run, the last finished ones, the last log lines.
"""

import asyncio
import threading
from collections import deque
from types import TracebackType
from typing import Any

Event = dict[str, Any]

FINISHED_KEPT = 200  # requests that a late subscriber still sees
LOGS_KEPT = 20


class Subscription:
    """One reader's queue. One task may `get`; `drain` may be called from any thread. Leaving the `with` block unsubscribes."""

    def __init__(self, feed: "Feed", capacity: int) -> None:
        self.dropped = 0
        self.closed = False
        self._feed = feed
        self._capacity = capacity
        self._lock = threading.Lock()
        self._order = 0
        self._deltas: deque[tuple[int, Event]] = deque()
        self._others: deque[tuple[int, Event]] = deque()
        self._waiter: asyncio.Future[None] | None = None

    def put(self, event: Event) -> None:
        """Take an event, at the cost of an older one when the queue is full; a delta never costs one that is none."""
        target = self._deltas if event["type"] == "delta" else self._others
        with self._lock:
            if len(self._deltas) + len(self._others) >= self._capacity:
                self.dropped += 1
                if not self._deltas and target is self._deltas:
                    return
                (self._deltas or self._others).popleft()
            self._order += 1
            target.append((self._order, event))
            self._wake()

    async def get(self) -> Event | None:
        """The next event, waiting for it; None once the subscription is closed and empty."""
        while True:
            with self._lock:
                event = self._pop()
                if event is not None or self.closed:
                    return event
                self._waiter = asyncio.get_running_loop().create_future()
            await self._waiter

    def drain(self) -> list[Event]:
        """All events that are waiting, in order, without waiting for more."""
        events = []
        with self._lock:
            while (event := self._pop()) is not None:
                events.append(event)
        return events

    def close(self) -> None:
        """Take no more events; a waiting `get` comes back."""
        self._feed.unsubscribe(self)
        with self._lock:
            self.closed = True
            self._wake()

    def _pop(self) -> Event | None:
        deltas, others = self._deltas, self._others
        if deltas and (not others or deltas[0][0] < others[0][0]):
            return deltas.popleft()[1]
        return others.popleft()[1] if others else None

    def _wake(self) -> None:
        waiter, self._waiter = self._waiter, None
        if waiter is None:
            return
        try:
            waiter.get_loop().call_soon_threadsafe(_resolve, waiter)
        except RuntimeError:
            pass  # the reader's loop is gone, and the reader with it

    def __enter__(self) -> "Subscription":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


def _resolve(waiter: "asyncio.Future[None]") -> None:
    if not waiter.done():
        waiter.set_result(None)


class Feed:
    """Where events are published. `active` says whether anybody listens: nobody needs to build a delta when it is False."""

    def __init__(self, capacity: int = 4096) -> None:
        self.active = False
        self._capacity = capacity
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()
        self._running: dict[str, Event] = {}
        self._finished: dict[str, Event] = {}
        self._logs: deque[Event] = deque(maxlen=LOGS_KEPT)

    def publish(self, event: Event) -> None:
        """Give an event to every subscription, at once and from any thread. The caller must not change it afterwards."""
        if event["type"] == "delta":
            if not self.active:
                return
            for subscription in self._subscriptions:
                subscription.put(event)
            return
        with self._lock:
            self._remember(event)
            for subscription in self._subscriptions:
                subscription.put(event)

    def subscribe(self) -> Subscription:
        """A new subscription, which begins with what is already known."""
        subscription = Subscription(self, self._capacity)
        with self._lock:
            known = [*self._logs, *self._finished.values(), *self._running.values()]
            for event in sorted(known, key=lambda event: float(event.get("t") or 0.0)):
                subscription.put(event)
            self._subscriptions = (*self._subscriptions, subscription)
            self.active = True
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription. `Subscription.close` calls this."""
        with self._lock:
            self._subscriptions = tuple(other for other in self._subscriptions if other is not subscription)
            self.active = bool(self._subscriptions)

    def close(self) -> None:
        """Close every subscription: the server is going away."""
        for subscription in self._subscriptions:
            subscription.close()

    def _remember(self, event: Event) -> None:
        match event["type"]:
            case "request":
                self._running[event["id"]] = event
            case "attempt":
                self._attempt(event)
            case "end":
                self._running.pop(event["id"], None)
                self._finished[event["id"]] = event
                if len(self._finished) > FINISHED_KEPT:
                    del self._finished[next(iter(self._finished))]
            case "log":
                self._logs.append(event)

    def _attempt(self, event: Event) -> None:
        """Keep the newest state of each attempt with its request."""
        request = self._running.get(event["id"])
        if request is None:
            return
        attempt = event["attempt"]
        others = [known for known in request.get("attempts", ()) if known["index"] != attempt["index"]]
        self._running[event["id"]] = {**request, "attempts": sorted([*others, attempt], key=lambda known: int(known["index"]))}
