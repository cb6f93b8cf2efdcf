"""What looks after the calls that are being served: grace times, keep-alives, patience with upstreams and with clients.

There is no task and no timer for each of them, and nothing is done for each event: whoever reads notes when it heard something,
and one timer looks at those who are due.
"""

import asyncio
from collections.abc import Iterator
from types import TracebackType

from ..types.problem import Problem
from .client import ClientStream
from .tasks import scale, spawn

_SPACING = 0.05  # seconds between two looks
_NEVER = float("inf")
_UNREAD = 120.0  # seconds for which a client may take nothing of what waits for it


class Keepers:
    """The calls that are being served, and the one timer for all of them: one for each would be a twentieth of what a small
    request costs. It is a coarse one: who is due is looked at up to `_SPACING` late.
    """

    def __init__(self) -> None:
        self._running: set[Keeper] = set()
        self._spacing = _SPACING * scale()
        self._at = _NEVER  # when the timer comes
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> "Iterator[Keeper]":
        return iter(list(self._running))

    def add(self, keeper: "Keeper") -> None:
        """A call begins."""
        self._running.add(keeper)

    def discard(self, keeper: "Keeper") -> None:
        """A call is over: no more pings, no more limits."""
        self._running.discard(keeper)

    def look_by(self, due: float) -> None:
        """Somebody has to be looked at by then, on the loop's clock."""
        if due < self._at:
            if self._timer is not None:
                self._timer.cancel()
            self._at = due
            self._timer = asyncio.get_running_loop().call_at(due, self._look)

    def _look(self) -> None:
        now = asyncio.get_running_loop().time()
        self._at, self._timer = -_NEVER, None  # who asks for another look meanwhile gets it below
        try:
            for keeper in self:
                if keeper.looks_at <= now:
                    keeper.look(now)
        finally:  # one that fails costs no other its timer
            self._at = _NEVER
            due = min((keeper.looks_at for keeper in self._running), default=_NEVER)
            if due < _NEVER:
                self.look_by(max(due, now + self._spacing))


class Keeper:
    """What looks after a stream: opens it after the grace time, pings a silent one, and breaks a wait for an upstream that is
    dead.

    `heard` is the loop's time of the upstream's last byte; whoever reads sets it. `limit` is how many seconds of silence are
    too many, `looks_at` when it wants to `look` again.
    """

    def __init__(self, stream: ClientStream | None, others: Keepers, *, grace: float, ping: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._stream, self._others, self._grace, self._ping = stream, others, grace, ping
        self._begun = self.heard = self._loop.time()
        self._task = asyncio.current_task()
        self.limit = 0.0
        self.reason: Problem | None = None  # why somebody else ended this: a shutdown
        self._watch: Watch | None = None
        self.looks_at = _NEVER

    def guard(self, limit: float) -> "Watch":
        """A `with` block that raises TimeoutError after `limit` seconds without a byte from the upstream, or at once when it was
        interrupted."""
        self.heard, self.limit = self._loop.time(), limit
        assert self._task is not None
        self._watch = watch = Watch(self, self._task)
        if self.reason is not None:
            self._loop.call_soon(watch.end)
        self._schedule()
        return watch

    def left(self) -> None:
        """The block is over."""
        self._watch = None

    def interrupt(self, reason: Problem) -> None:
        """End the wait that goes on, or the next one; whoever waits finds the reason here."""
        self.reason = reason
        if self._watch is not None:
            self._watch.end()

    def _schedule(self) -> None:
        due = self._due()
        if due < self.looks_at:  # else it looks again when it comes
            self.looks_at = due
            self._others.look_by(due)

    def _due(self) -> float:
        due = self.heard + self.limit
        if self._stream is None:
            return due
        return min(due, self._stream.last + self._ping if self._stream.opened else self._begun + self._grace)

    def look(self, now: float) -> None:
        """Do what is due."""
        self.looks_at = _NEVER
        unread = self._stream.unread(now) if self._stream is not None else None
        if self._stream is not None and unread is not None:
            if unread >= _UNREAD * scale():
                self._stream.drop(f"the client has read nothing for {_UNREAD:g} s")
                return
            self.heard = self._stream.last = now  # nobody waits for the upstream, and a keep-alive would not be read either
        if now >= self.heard + self.limit:
            if self._watch is not None:
                self._watch.end()
                return
            self.heard = now  # nobody waits for the upstream just now
        if self._stream is not None and now >= self._due():
            self._stream.last = now
            spawn(self._keep_alive(self._stream), "keep-alive")
            if not self._stream.opened:  # the opening is on its way; look again after one interval
                self._begun = now
                self._grace = self._ping
        self._schedule()

    @staticmethod
    async def _keep_alive(stream: ClientStream) -> None:
        try:
            await stream.ping()
        except ConnectionError:
            pass  # the client left: the handler is told by its cancellation


class Watch:
    """A wait that its keeper can end. It is what `asyncio.timeout` is, without a timer of its own for each wait."""

    __slots__ = ("_before", "_ended", "_keeper", "_over", "_task")

    def __init__(self, keeper: Keeper, task: asyncio.Task[object]) -> None:
        self._keeper, self._task, self._before = keeper, task, task.cancelling()
        self._ended = self._over = False

    def end(self) -> None:
        """End the wait; whoever waits gets a TimeoutError."""
        if not self._ended and not self._over:
            self._ended = True
            self._task.cancel()

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over = True
        self._keeper.left()
        if self._ended and self._task.uncancel() <= self._before and kind is asyncio.CancelledError:
            raise TimeoutError from error
