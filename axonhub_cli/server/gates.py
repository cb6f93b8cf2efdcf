"""The limits of channels (`[channels.limits]`): who may go in, who waits in line, who is sent away.

A request that could go elsewhere never waits: the next candidate is asked. The last candidate's line is first come, first served,
bounded in length and patience.
"""

import asyncio
import time
from collections import deque

from ..config.schema import Channel
from ..routing.limits import Gate
from ..types.problem import Problem


class _Lane:
    """One channel: its gate, who waits, and the event that says that something has changed."""

    def __init__(self) -> None:
        self.gate = Gate()
        self.line: deque[object] = deque()
        self.changed = asyncio.Event()

    def wake(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()


class Gates:
    """The gates of all channels that have limits. `scale` shortens minutes and waits in tests."""

    def __init__(self, scale: float) -> None:
        self._scale = scale
        self._lanes: dict[str, _Lane] = {}

    async def enter(self, channel: Channel, *, may_wait: bool) -> Problem | None:
        """Go in (then `leave` must follow), or hear why not."""
        limits = channel.limits
        if not limits.rpm and not limits.concurrent:
            return None
        lane = self._lanes.setdefault(channel.name, _Lane())
        if not lane.line and lane.gate.admit(limits, self._now()) == 0:
            lane.gate.enter(limits, self._now())
            return None
        if not may_wait or len(lane.line) >= limits.queue or not limits.wait:
            return _busy(channel, len(lane.line))
        return await self._stand_in_line(channel, lane)

    def leave(self, channel: Channel) -> None:
        """A request that went in has ended."""
        lane = self._lanes.get(channel.name)
        if lane is not None and lane.gate.running:
            lane.gate.leave()
            lane.wake()

    async def _stand_in_line(self, channel: Channel, lane: _Lane) -> Problem | None:
        ticket = object()
        lane.line.append(ticket)
        try:
            async with asyncio.timeout(channel.limits.wait * self._scale):
                await self._turn(channel, lane, ticket)
            lane.gate.enter(channel.limits, self._now())
        except TimeoutError:
            return _busy(channel, len(lane.line) - 1)
        finally:
            lane.line.remove(ticket)
            lane.wake()
        return None

    async def _turn(self, channel: Channel, lane: _Lane, ticket: object) -> None:
        """Until this ticket is the first and the gate is open."""
        while True:
            pause: float | None = None
            if lane.line[0] is ticket:
                pause = lane.gate.admit(channel.limits, self._now())
                if pause == 0:
                    return
            try:
                async with asyncio.timeout(pause * self._scale if pause is not None else None):
                    await lane.changed.wait()
            except TimeoutError:
                pass  # the minute's oldest request is a minute old now: ask again

    def _now(self) -> float:
        return time.monotonic() / self._scale


def _busy(channel: Channel, waiting: int) -> Problem:
    limits = channel.limits
    reason = f"{limits.concurrent} requests at a time" if limits.concurrent else f"{limits.rpm} requests a minute"
    if limits.concurrent and limits.rpm:
        reason += f", {limits.rpm} a minute"
    message = f"Channel {channel.name} is at its own limit ({reason}); {waiting} more wait. See [channels.limits] in config.toml."
    return Problem(kind="overloaded", code="channel_limit", message=message, retry_after=1.0)
