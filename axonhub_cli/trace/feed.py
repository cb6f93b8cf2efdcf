"""The live feed: what happens right now, for whoever watches.

Publishing never waits. Each subscription is a queue of its own with a bound; when its reader is too slow it loses the oldest
deltas first, and requests, attempts and ends only when there is no delta left to lose. It counts what it lost.

Events are JSON objects with a `type`: `request`, `attempt`, `delta`, `end`, `log`. All but `log` carry the request's `id`; `t` is
Unix time. A published event is never changed.

Whoever comes late first gets what is known: the requests that run, the last finished ones, the last log lines. What `tell` was
given is made into an event only when somebody is there to read it; most of the time nobody is.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

Event = dict[str, Any]
Make = Callable[[], Event]

FINISHED_KEPT = 200  # requests that a late subscriber still sees
LOGS_KEPT = 20


class Subscription:
    """One reader's queue. One task may `get`; `drain` may be called from any thread. Leaving the `with` block unsubscribes."""

    def __init__(self, feed: "Feed", capacity: int, *, deltas: bool, troubles: bool) -> None:
        self.dropped = 0
        self.closed = False
        self.deltas = deltas and not troubles
        self.troubles = troubles
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
    """Where events are published. `watched` says whether anybody listens to more than troubles, `active` whether to deltas:
    nobody needs to build one when it is False."""

    def __init__(self, capacity: int = 4096) -> None:
        self.active = False
        self.watched = False
        self._capacity = capacity
        self._lock = threading.Lock()
        self._subscriptions: tuple[Subscription, ...] = ()
        self._running: dict[str, Event | Make] = {}
        self._finished: dict[str, Event | Make] = {}
        self._logs: deque[Event] = deque(maxlen=LOGS_KEPT)

    def publish(self, event: Event) -> None:
        """Give an event to every subscription, at once and from any thread. The caller must not change it afterwards."""
        if event["type"] == "delta":
            if not self.active:
                return
            for subscription in self._subscriptions:
                if subscription.deltas:
                    subscription.put(event)
            return
        with self._lock:
            self._remember(event["type"], event.get("id", ""), event)
            trouble = _is_trouble(event)
            for subscription in self._subscriptions:
                if trouble or not subscription.troubles:
                    subscription.put(event)

    def tell(self, kind: str, request_id: str, make: Make, *, trouble: bool = False) -> None:
        """Publish the `request` or `end` event that `make` gives: now to those who listen, later to those who come. It is called
        in the thread of whoever publishes or subscribes, and tells of the request as it is then. `trouble`: it failed."""
        with self._lock:
            if kind == "end":
                self._over(request_id, make)
            else:
                self._running[request_id] = make
            if self.watched or (trouble and self._subscriptions):
                event = make()
                for subscription in self._subscriptions:
                    if trouble or not subscription.troubles:
                        subscription.put(event)

    def subscribe(self, *, deltas: bool = True, troubles: bool = False) -> Subscription:
        """A new subscription, which begins with what is already known. `deltas`: whether it wants to hear every word; `troubles`:
        it wants to hear only log lines and the ends of requests that failed, and costs the others nothing."""
        subscription = Subscription(self, self._capacity, deltas=deltas, troubles=troubles)
        with self._lock:
            known = [*self._logs, *map(_made, self._finished.values()), *map(_made, self._running.values())]
            for event in sorted(known, key=lambda event: float(event.get("t") or 0.0)):
                if not troubles or _is_trouble(event):
                    subscription.put(event)
            self._subscribed(*self._subscriptions, subscription)
        return subscription

    def _subscribed(self, *subscriptions: Subscription) -> None:
        self._subscriptions = subscriptions
        self.watched = any(not subscription.troubles for subscription in subscriptions)
        self.active = any(subscription.deltas for subscription in subscriptions)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Forget a subscription. `Subscription.close` calls this."""
        with self._lock:
            self._subscribed(*(other for other in self._subscriptions if other is not subscription))

    def close(self) -> None:
        """Close every subscription: the server is going away."""
        for subscription in self._subscriptions:
            subscription.close()

    def _remember(self, kind: str, request_id: str, event: Event) -> None:
        match kind:
            case "request":
                self._running[request_id] = event
            case "attempt":
                self._attempt(event)
            case "end":
                self._over(request_id, event)
            case "log":
                self._logs.append(event)

    def _over(self, request_id: str, event: Event | Make) -> None:
        self._running.pop(request_id, None)
        self._finished[request_id] = event
        if len(self._finished) > FINISHED_KEPT:
            del self._finished[next(iter(self._finished))]

    def _attempt(self, event: Event) -> None:
        """Keep the newest state of each attempt with its request; one that is made when it is asked for knows its attempts."""
        request = self._running.get(event["id"])
        if request is None or callable(request):
            return
        attempt = event["attempt"]
        others = [known for known in request.get("attempts", ()) if known["index"] != attempt["index"]]
        self._running[event["id"]] = {**request, "attempts": sorted([*others, attempt], key=lambda known: int(known["index"]))}


def merged(events: Iterable[Event]) -> list[Event]:
    """The same events, with the words of a request that follow each other as one delta. Between requests the order of words may
    change, within one it does not."""
    out: list[Event] = []
    open_: dict[str, tuple[int, list[str]]] = {}  # where the last delta of a request is, and the pieces of its text
    for event in events:
        name = event.get("id", "")
        place = open_.get(name)
        if event["type"] != "delta" or event["kind"] == "tool":
            open_.pop(name, None)
            out.append(event)
        elif place is not None and out[place[0]]["kind"] == event["kind"]:
            place[1].append(event["text"])
        else:
            open_[name] = (len(out), pieces := [event["text"]])
            out.append({**event, "text": pieces})
    return [{**event, "text": "".join(event["text"])} if isinstance(event.get("text"), list) else event for event in out]


def _is_trouble(event: Event) -> bool:
    return bool(event["type"] == "log" or (event["type"] == "end" and event.get("outcome") == "error"))


def _made(event: Event | Make) -> Event:
    return event() if callable(event) else event
