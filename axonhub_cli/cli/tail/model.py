"""Folds feed events into the tree. Pure: the same events give the same tree, and no event, however odd or late, raises.

A turn is derived. The client's own turn id decides where there is one; else a new prompt begins a new turn, and so does the same
prompt again after an answer that ended by itself (the user said "continue" twice). Sub-agents hang below the turn that was open
when they first spoke, or below the agent that started them. Side requests join the open turn and never begin one.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from . import facts
from .facts import Event
from .nodes import Attempt, Branch, Request, Totals, Trace

_IDLE = 60.0  # s without an event, after which a trace that speaks again moves to the end
_ATTEMPTS, _TOOLS, _LOSSES, _LOGS, _CHANNELS = 20, 100, 50, 50, 100
_OUTCOMES = frozenset(("running", "ok", "error", "cancelled", "interrupted"))


@dataclass(slots=True)
class Server:
    """What the server said of itself."""

    version: str | None = None
    host: str = "127.0.0.1"
    port: int | None = None
    profile: str | None = None
    channels: list[str] = field(default_factory=list)
    demo: bool = False
    hint: str | None = None
    config: str | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port or 8090}"


@dataclass(slots=True)
class Log:
    """Something that a person at the terminal should see."""

    time: float
    level: str
    message: str


@dataclass(slots=True)
class Tree:
    """Everything that is known, the oldest trace first. At most `max_traces` and `max_requests` are kept; `totals` counts all."""

    max_traces: int = 200
    max_requests: int = 2000
    server: Server = field(default_factory=Server)
    traces: dict[str, Trace] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)  # by id, in the order of their coming
    places: dict[str, tuple[Trace, Branch]] = field(default_factory=dict)  # where each request hangs
    totals: Totals = field(default_factory=Totals)
    traces_seen: int = 0
    logs: "deque[Log]" = field(default_factory=lambda: deque(maxlen=_LOGS))
    clock: float = 0.0  # when the event at hand happened: a late subscriber gets old ones

    def apply(self, event: Any) -> bool:
        """Take one event; says whether it changed anything that is shown."""
        if not isinstance(event, dict):
            return False
        self.clock = facts.number(event, "t") or self.clock
        match event.get("type"):
            case "delta":
                return self._delta(event)
            case "attempt":
                return self._attempt(event)
            case "request":
                return self._begin(event) is not None
            case "end":
                return self._end(event)
            case "cost":
                return self._cost(event)
            case "log":
                return self._log(event)
            case "hello":
                return self._hello(event)
        return False

    def latest(self) -> Trace | None:
        """The trace that spoke last."""
        return max(self.traces.values(), key=lambda trace: trace.last, default=None)

    def _hello(self, event: Event) -> bool:
        self.server = Server(
            version=facts.text(event, "version"),
            host=facts.text(event, "host") or "127.0.0.1",
            port=facts.count(event, "port"),
            profile=facts.text(event, "profile"),
            channels=facts.names(event, "channels", _CHANNELS),
            demo=facts.flag(event, "demo"),
            hint=facts.text(event, "hint", 500),
            config=facts.text(event, "config", 500),
        )
        return True

    def _log(self, event: Event) -> bool:
        message = facts.text(event, "message", 2000)
        if message is None:
            return False
        self.logs.append(Log(facts.number(event, "t") or self.clock, facts.text(event, "level") or "info", message))
        return True

    def _begin(self, event: Event) -> Request | None:
        name = facts.text(event, "id")
        if name is None:
            return None
        request = self.requests.get(name)
        if request is not None:
            if request.running:  # what is over stays as it was counted
                _fill(request, event)
            return request
        request = Request(name, facts.number(event, "started") or self.clock, outcome="running")
        _fill(request, event)
        trace = self._trace(event, request)
        self._place(trace, _branch(trace, request, facts.text(event, "parent_agent")), request)
        return request

    def _place(self, trace: Trace, branch: Branch, request: Request) -> None:
        branch.children.append(request)
        if not request.side:
            branch.last_main = request
        self.requests[request.id] = request
        self.places[request.id] = (trace, branch)
        for totals in self._sums(trace, branch):
            totals.requests += 1
            totals.running += 1
        self._forget()

    def _end(self, event: Event) -> bool:
        request = self._begin(event)
        if request is None or not request.running:
            return request is not None
        outcome = facts.text(event, "outcome")
        request.changes += 1
        request.outcome = outcome if outcome in _OUTCOMES and outcome != "running" else "interrupted"
        request.stream.shrink(3, 1000)
        trace, branch = self.places[request.id]
        for totals in self._sums(trace, branch):
            totals.end(request)
        self._touch(trace)
        return True

    def _cost(self, event: Event) -> bool:
        """A price that was found after the request had ended."""
        request, cost = self._known(event), facts.number(event, "cost")
        if request is None or request.running or cost is None:
            return False
        for totals in self._sums(*self.places[request.id]):
            totals.reprice(request, cost)
        request.cost, request.changes = cost, request.changes + 1
        return True

    def _known(self, event: Event) -> Request | None:
        return self.requests.get(facts.text(event, "id") or "")

    def _attempt(self, event: Event) -> bool:
        request = self._known(event)
        if request is None:
            return False
        _try(request, facts.group(event, "attempt"))
        self._touch(self.places[request.id][0])
        return True

    def _delta(self, event: Event) -> bool:
        piece, request = event.get("text"), self._known(event)
        if request is None or not request.running or not isinstance(piece, str):
            return False
        if request.first_token is None and request.started:
            request.first_token = max(0.0, (self.clock - request.started) * 1000)
        request.stream.add(str(event.get("kind")), piece)
        request.changes += 1
        self._touch(self.places[request.id][0])
        return True

    def _touch(self, trace: Trace) -> None:
        trace.last = max(trace.last, self.clock)

    def _sums(self, trace: Trace, branch: Branch | None) -> Iterator[Totals]:
        yield self.totals
        yield trace.totals
        while branch is not None:
            yield branch.totals
            branch = branch.above

    def _trace(self, event: Event, request: Request) -> Trace:
        name = facts.text(event, "trace_id") or request.id
        trace = self.traces.get(name)
        now = self.clock or request.started
        if trace is None:
            self.traces_seen += 1
            trace = self.traces[name] = Trace(name, request.started or now, now)
        elif now - trace.last > _IDLE and not trace.totals.running:
            self.traces[name] = self.traces.pop(name)
        trace.client = facts.text(event, "client") or trace.client
        trace.client_version = facts.text(event, "client_version") or trace.client_version
        trace.thread = facts.text(event, "thread") or trace.thread
        trace.last = max(trace.last, now)
        return trace

    def _forget(self) -> None:
        """Drop the oldest until the bounds hold; what runs goes only when there is nothing else."""
        while len(self.traces) > self.max_traces:
            idle = (name for name, trace in self.traces.items() if not trace.totals.running)
            self._drop_trace(next(idle, next(iter(self.traces))))
        while len(self.requests) > self.max_requests:
            done = (name for name, request in self.requests.items() if not request.running)
            self._drop_request(next(done, next(iter(self.requests))))

    def _drop_trace(self, name: str) -> None:
        trace = self.traces[name]
        for request_id in [key for key, place in self.places.items() if place[0] is trace]:
            self._drop_request(request_id)
        self.traces.pop(name, None)

    def _drop_request(self, name: str) -> None:
        request = self.requests.pop(name)
        trace, branch = self.places.pop(name)
        if request.running:
            for totals in self._sums(trace, branch):
                totals.running -= 1
        branch.children.remove(request)
        _prune(trace, branch)
        if not trace.turns:
            self.traces.pop(trace.id, None)


def _prune(trace: Trace, branch: Branch) -> None:
    """Take away branches that hold nothing any more, upwards."""
    while not branch.children:
        if branch.kind == "agent":
            trace.agents.pop(branch.name, None)
        if branch.above is None:
            trace.turns.remove(branch)
            return
        branch.above.children.remove(branch)
        branch = branch.above


def _branch(trace: Trace, request: Request, parent: str | None) -> Branch:
    """Where a new request belongs: its agent's branch, or the turn that is open or that it begins."""
    if request.agent is None:
        return _turn(trace, request)
    branch = trace.agents.get(request.agent)
    if branch is None:
        above = trace.agents.get(parent or "") or _open_turn(trace)
        branch = Branch("agent", ("agent", trace.id, request.agent), request.agent, above=above)
        trace.agents[request.agent] = branch
        above.children.append(branch)
    branch.title = branch.title or request.prompt
    return branch


def _open_turn(trace: Trace) -> Branch:
    return trace.turns[-1] if trace.turns else _new_turn(trace)


def _new_turn(trace: Trace) -> Branch:
    trace.turns_seen += 1
    turn = Branch("turn", ("turn", trace.id, str(trace.turns_seen)))
    trace.turns.append(turn)
    return turn


def _turn(trace: Trace, request: Request) -> Branch:
    turn = _open_turn(trace)
    if request.side:
        return turn
    if turn.last_main is not None and _begins_turn(turn, turn.last_main, request):
        turn = _new_turn(trace)
    turn.name = turn.name or request.turn or ""
    turn.title = turn.title or request.prompt
    return turn


def _begins_turn(turn: Branch, before: Request, request: Request) -> bool:
    if turn.name and request.turn:
        return request.turn != turn.name
    if request.prompt and turn.title and request.prompt != turn.title:
        return True
    return before.outcome == "ok" and before.finish in ("stop", "stop_sequence")


def _try(request: Request, told: Event) -> None:
    """Take what is told of one attempt; the latest attempt says where the request is now."""
    index = facts.count(told, "index")
    if index is None or (index not in request.attempts and len(request.attempts) >= _ATTEMPTS):
        return
    attempt = request.attempts.setdefault(index, Attempt(index))
    _take(attempt, told, _ATTEMPT_FIELDS)
    request.changes += 1
    if request.running and index == max(request.attempts):
        request.channel = attempt.channel or request.channel
        request.model = attempt.model or request.model
        request.lane = facts.text(told, "lane") or request.lane


def _fill(request: Request, event: Event) -> None:
    """Take what a record tells; what it does not tell stays as it was."""
    _take(request, event, _REQUEST_FIELDS)
    _take(request, facts.group(event, "usage"), _USAGE_FIELDS)
    request.streamed = facts.flag(event, "stream") or request.streamed
    request.changes += 1
    request.tools = facts.names(event, "tools", _TOOLS) or request.tools
    told = [(_loss(loss), facts.text(loss, "action")) for loss in facts.groups(event, "losses", _LOSSES)]
    if told:
        request.losses = [line for line, action in told if action != "override"]
        request.overrides = [line for line, action in told if action == "override"]
    for attempt in facts.groups(event, "attempts", _ATTEMPTS):
        _try(request, attempt)


def _loss(told: Event) -> str:
    return f"{facts.text(told, 'path') or '?'} {facts.text(told, 'action') or 'changed'}: {facts.text(told, 'why', 500) or '?'}"


def _name(event: Event, name: str) -> Any:
    return facts.text(event, name)


def _message(event: Event, name: str) -> Any:
    return facts.text(event, name, 2000)


_Fields = tuple[tuple[str, str, Callable[[Event, str], Any]], ...]  # attribute, field of the event, how it is read
_REQUEST_FIELDS: _Fields = (
    ("kind", "kind", _name), ("agent", "agent", _name), ("turn", "turn", _name), ("asked", "asked_model", _name),
    ("model", "model", _name), ("channel", "channel", _name), ("lane", "lane", _name), ("effort", "effort", _name),
    ("prompt", "prompt", _message), ("status", "status", facts.count), ("error", "error", _message), ("finish", "finish", _name),
    ("first_token", "first_token_ms", facts.number), ("duration", "duration_ms", facts.number), ("cost", "cost", facts.number),
    ("first_byte", "first_byte_ms", facts.number), ("effort_sent", "effort_sent", _name), ("profile", "profile", _name),
    ("local_key", "key", _name), ("protocol", "protocol", _name), ("path", "path", _name), ("bytes_in", "bytes_in", facts.count),
    ("bytes_out", "bytes_out", facts.count), ("verdict", "verdict", _message), ("missed", "missed_tokens", facts.count),
    ("missed_cost", "missed_cost", facts.number),
)  # fmt: skip
_USAGE_FIELDS: _Fields = (
    ("input", "input", facts.count), ("output", "output", facts.count), ("cached", "cache_read", facts.count),
    ("reasoning", "reasoning", facts.count), ("written_5m", "cache_write_5m", facts.count),
    ("written_1h", "cache_write_1h", facts.count),
)  # fmt: skip
_ATTEMPT_FIELDS: _Fields = (
    ("channel", "channel", _name), ("model", "model", _name), ("outcome", "outcome", _name), ("status", "status", facts.count),
    ("reason", "reason", _message), ("duration", "duration_ms", facts.number), ("protocol", "protocol", _name),
    ("lane", "lane", _name), ("secret", "secret", _name), ("first_byte", "first_byte_ms", facts.number),
)  # fmt: skip


def _take(node: Request | Attempt, told: Event, fields: _Fields) -> None:
    for attribute, name, read in fields:
        value = read(told, name)
        if value is not None:
            setattr(node, attribute, value)
