"""What a channel may be asked and what may be spent. Pure counters; the clock is passed in.

`Gate` is one channel's limit: requests a minute and requests at a time. `Meter` counts what a trace, a key and a day have used
against `[limits]`, and how often a model has made the very same tool calls in a row: an agent that runs in a circle is stopped
before it has spent the night's money.
"""

from collections import OrderedDict, deque
from typing import Literal, NamedTuple

from ..config.schema import Budget, ChannelLimits, Limits

_MINUTE = 60.0
_TRACES = 4096  # traces whose use is known
Owner = Literal["trace", "key", "day"]


class Gate:
    """How many requests a channel takes. `admit` gives 0 when one may go, seconds to wait for the minute's limit, or None
    while too many run: then one has to end first."""

    def __init__(self) -> None:
        self.running = 0
        self._starts: deque[float] = deque()

    def admit(self, limits: ChannelLimits, now: float) -> float | None:
        """Ask; nothing is counted yet."""
        if limits.concurrent and self.running >= limits.concurrent:
            return None
        while self._starts and self._starts[0] <= now - _MINUTE:
            self._starts.popleft()
        if limits.rpm and len(self._starts) >= limits.rpm:
            return self._starts[len(self._starts) - limits.rpm] + _MINUTE - now
        return 0.0

    def enter(self, limits: ChannelLimits, now: float) -> None:
        """One goes."""
        self.running += 1
        if limits.rpm:
            self._starts.append(now)

    def leave(self) -> None:
        """It has ended."""
        self.running -= 1


class Use(NamedTuple):
    """What somebody has used: money in US dollars and requests."""

    cost: float = 0.0
    requests: int = 0

    def plus(self, cost: float, requests: int) -> "Use":
        """More of it."""
        return Use(self.cost + cost, self.requests + requests)


class Spent(NamedTuple):
    """A limit that is reached: whose, of what, how much it was."""

    owner: Owner
    what: Literal["cost", "requests", "identical tool calls"]
    limit: float


class _Trace:
    __slots__ = ("allowed", "calls", "recalled", "repeats", "use")

    def __init__(self) -> None:
        self.use = self.allowed = Use()
        self.recalled = False  # what earlier runs used is in it
        self.calls: dict[str | None, object] = {}  # by agent: the last tool calls
        self.repeats: dict[str | None, int] = {}


class Meter:
    """What is used, since the server began or since midnight. `Use`s of earlier runs are brought in by the caller."""

    def __init__(self) -> None:
        self.day = ""
        self._keys: dict[str, Use] = {}
        self._total = Use()
        self._traces: OrderedDict[str, _Trace] = OrderedDict()

    def begin_day(self, day: str, keys: dict[str, Use]) -> None:
        """A new day, or the first one: what the keys have used of it so far."""
        self.day, self._keys = day, dict(keys)
        self._total = Use(sum(use.cost for use in keys.values()), sum(use.requests for use in keys.values()))

    def knows(self, trace: str) -> bool:
        """Whether what earlier runs used of this trace is known here."""
        return trace in self._traces and self._traces[trace].recalled

    def bring(self, trace: str, use: Use) -> None:
        """What a trace had used before this server counted."""
        found = self._trace(trace)
        if not found.recalled:
            found.use = found.use.plus(*use)
            found.recalled = True

    def allow(self, trace: str, more: Use) -> None:
        """Let a trace go on: that much more, and its repetitions are forgiven."""
        found = self._trace(trace)
        found.allowed = found.allowed.plus(*more)
        found.calls.clear()
        found.repeats.clear()

    def spent(self, limits: Limits, trace: str, key: str, agent: str | None) -> Spent | None:
        """The first limit that forbids another request, or None."""
        known = self._traces.get(trace)
        if known is not None:
            if limits.identical_tool_calls and known.repeats.get(agent, 0) >= limits.identical_tool_calls:
                return Spent("trace", "identical tool calls", limits.identical_tool_calls)
            if found := _over("trace", limits.trace, known.use, known.allowed):
                return found
        return _over("key", limits.key, self._keys.get(key, Use())) or _over("day", limits.day, self._total)

    def request(self, trace: str, key: str) -> None:
        """A request was let in."""
        self._add(trace, key, 0.0, 1)

    def cost(self, trace: str, key: str, cost: float) -> None:
        """What one of them cost, as soon as it is known."""
        self._add(trace, key, cost, 0)

    def calls(self, trace: str, agent: str | None, calls: object) -> None:
        """The tool calls of an answer (anything comparable; falsy: none), to see whether they are always the same."""
        known = self._traces.get(trace)
        if known is None:
            return
        same = bool(calls) and known.calls.get(agent) == calls
        known.repeats[agent] = known.repeats.get(agent, 0) + 1 if same else int(bool(calls))
        known.calls[agent] = calls

    def _add(self, trace: str, key: str, cost: float, requests: int) -> None:
        self._keys[key] = self._keys.get(key, Use()).plus(cost, requests)
        self._total = self._total.plus(cost, requests)
        known = self._trace(trace)
        known.use = known.use.plus(cost, requests)

    def _trace(self, name: str) -> _Trace:
        found = self._traces.setdefault(name, _Trace())
        self._traces.move_to_end(name)
        if len(self._traces) > _TRACES:
            self._traces.popitem(last=False)
        return found


def _over(owner: Owner, budget: Budget, use: Use, allowed: Use = Use()) -> Spent | None:  # noqa: B008  # an immutable value
    if budget.cost is not None and use.cost >= budget.cost + allowed.cost:
        return Spent(owner, "cost", budget.cost + allowed.cost)
    if budget.requests is not None and use.requests >= budget.requests + allowed.requests:
        return Spent(owner, "requests", budget.requests + allowed.requests)
    return None


_NONE = Budget()


def wanted(limits: Limits) -> bool:
    """Whether anything is limited at all."""
    return bool(limits.identical_tool_calls) or limits.trace != _NONE or limits.key != _NONE or limits.day != _NONE
