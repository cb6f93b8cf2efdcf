"""The nodes of the tree. A trace holds turns; a turn or a sub-agent (both are a `Branch`) holds requests and sub-agents.

Totals are sums that only grow: they stay right when old requests are forgotten. Each node has a `key` that is its own for good,
by which the screen remembers what the user selected and folded.
"""

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from .stream import Stream

Key: TypeAlias = tuple[str, ...]
FAILED = ("error", "interrupted")


@dataclass(slots=True, eq=False)
class Totals:
    """Sums over requests. None: no request told that figure. `unpriced`: requests whose cost nobody knows; `failovers`: that went
    from one channel to another; `misses`: of the prompt cache."""

    requests: int = 0
    running: int = 0
    errors: int = 0
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    cost: float | None = None
    unpriced: int = 0
    failovers: int = 0
    misses: int = 0

    def end(self, request: "Request") -> None:
        """Count a request that is over."""
        self.running -= 1
        self.errors += request.outcome in FAILED
        self.failovers += len({attempt.channel for attempt in request.attempts.values()}) > 1
        self.misses += request.verdict is not None
        self.input = _sum(self.input, request.input)
        self.cached = _sum(self.cached, request.cached)
        self.output = _sum(self.output, request.output)
        if request.cost is not None:
            self.cost = (self.cost or 0.0) + request.cost
        elif request.output:
            self.unpriced += 1

    def reprice(self, request: "Request", cost: float) -> None:
        """Count the price of a request that is over; its `cost` still holds what was counted before, or None."""
        self.cost = (self.cost or 0.0) + cost - (request.cost or 0.0)
        if request.cost is None and request.output:
            self.unpriced -= 1


def _sum(total: int | None, value: int | None) -> int | None:
    return total if value is None else (total or 0) + value


@dataclass(slots=True, eq=False)
class Attempt:
    """One try on one channel."""

    index: int
    channel: str | None = None
    model: str | None = None
    outcome: str = "running"
    status: int = 0
    reason: str | None = None
    duration: float | None = None
    protocol: str | None = None
    lane: str | None = None
    secret: str | None = None
    first_byte: float | None = None


@dataclass(slots=True, eq=False)
class Request:
    """One call. Times are Unix seconds, durations milliseconds; figures are None until they are told. `changes` counts what was
    told, so that answers about it can be remembered."""

    id: str
    started: float
    kind: str = "turn"
    agent: str | None = None
    turn: str | None = None
    asked: str | None = None
    model: str | None = None
    channel: str | None = None
    lane: str | None = None
    effort: str | None = None
    effort_sent: str | None = None
    profile: str | None = None
    local_key: str | None = None
    protocol: str | None = None
    path: str | None = None
    streamed: bool = False
    prompt: str | None = None
    status: int = 0
    outcome: str = "running"
    error: str | None = None
    finish: str | None = None
    first_byte: float | None = None
    first_token: float | None = None
    duration: float | None = None
    bytes_in: int | None = None
    bytes_out: int | None = None
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    written_5m: int | None = None
    written_1h: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    verdict: str | None = None
    missed: int | None = None
    missed_cost: float | None = None
    tools: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    overrides: list[str] = field(default_factory=list)
    attempts: dict[int, Attempt] = field(default_factory=dict)
    stream: Stream = field(default_factory=Stream)
    changes: int = 0

    @property
    def key(self) -> Key:
        return ("request", self.id)

    @property
    def running(self) -> bool:
        return self.outcome == "running"

    @property
    def failed(self) -> bool:
        return self.outcome in FAILED

    @property
    def side(self) -> bool:
        """Whether the client made it for itself (a title, a count), not for the user's turn."""
        return self.kind != "turn"


@dataclass(slots=True, eq=False)
class Branch:
    """A turn (`title`: the user's prompt) or a sub-agent (`name`: its id, `title`: its task), with what it set off, in order."""

    kind: Literal["turn", "agent"]
    key: Key
    name: str = ""
    title: str | None = None
    above: "Branch | None" = None
    children: "list[Request | Branch]" = field(default_factory=list)
    totals: Totals = field(default_factory=Totals)
    last_main: Request | None = None  # the last request that is no side request: it tells whether the turn is over


@dataclass(slots=True, eq=False)
class Trace:
    """All requests of one session. `last` is the time of its latest event."""

    id: str
    started: float
    last: float
    client: str | None = None
    client_version: str | None = None
    thread: str | None = None
    turns: list[Branch] = field(default_factory=list)
    agents: dict[str, Branch] = field(default_factory=dict)
    totals: Totals = field(default_factory=Totals)
    turns_seen: int = 0

    @property
    def key(self) -> Key:
        return ("trace", self.id)
