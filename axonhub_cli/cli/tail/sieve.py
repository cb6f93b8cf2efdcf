"""What of the tree is shown: the filter and `errors only`, asked of each request; answers are kept until something changes."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...trace.filter import Filter
from ...trace.subject import Subject
from .model import Tree
from .nodes import Branch, Request, Trace

_ANSWERS = 5000  # that are kept, more than a tree has requests
_TICK = 5.0  # s for which an answer that depends on the time is good


@dataclass(slots=True)
class Sieve:
    """Says which requests, and so which branches and traces, are shown."""

    filter: Filter | None = None
    errors_only: bool = False
    _answers: dict[str, tuple[int, int, bool]] = field(default_factory=dict)

    @property
    def active(self) -> bool:
        """Whether anything may be left out."""
        return self.filter is not None or self.errors_only

    def any(self, trace: Trace, children: Iterable[Request | Branch], now: float) -> bool:
        """Whether one of these, or of what hangs below them, is shown."""
        return any(
            self.shows(trace, child, now) if isinstance(child, Request) else self.any(trace, child.children, now)
            for child in children
        )

    def shows(self, trace: Trace, request: Request, now: float) -> bool:
        """Whether a request is shown."""
        if self.errors_only and not request.failed:
            return False
        if self.filter is None:
            return True
        tick = int(now / _TICK) if self.filter.timed else 0
        known = self._answers.get(request.id)
        if known is None or known[:2] != (request.changes, tick):
            if len(self._answers) >= _ANSWERS:
                self._answers.clear()
            known = (request.changes, tick, self.filter.matches(subject(trace, request), now))
            self._answers[request.id] = known
        return known[2]

    def counted(self, tree: Tree, now: float) -> int:
        """How many requests are shown."""
        return sum(self.shows(tree.places[request.id][0], request, now) for request in tree.requests.values())


def subject(trace: Trace, request: Request) -> Subject:
    """A request of the tree as filters see it."""
    tried = tuple(attempt.channel or "?" for attempt in request.attempts.values())
    return Subject(
        id=request.id, trace=trace.id, started=request.started, outcome=request.outcome, kind=request.kind, status=request.status,
        stream=request.streamed, thread=trace.thread, client=trace.client, profile=request.profile, agent=request.agent,
        lane=request.lane, finish=request.finish, effort=request.effort_sent or request.effort, prompt=request.prompt,
        error=request.error, verdict=request.verdict, models=tuple(filter(None, (request.asked, request.model))),
        channels=tried or tuple(filter(None, (request.channel,))), tools=tuple(request.tools), losses=len(request.losses),
        attempts=len(tried), first_byte=request.first_byte, first_token=request.first_token, duration=request.duration,
        input=request.input, cached=request.cached, output=request.output, reasoning=request.reasoning, cost=request.cost,
        said=lambda: (part.text for part in request.stream.parts),
    )  # fmt: skip
