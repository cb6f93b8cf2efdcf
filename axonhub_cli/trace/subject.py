"""One request as filters see it, whether it comes from the store or from the live feed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Subject:
    """What can be asked of a request. `started` is Unix time, durations are milliseconds; what is not known is None.

    `said` gives what was said in it, as far as it is at hand; it is called only when a filter looks for words.
    """

    id: str
    trace: str
    started: float
    outcome: str = "running"
    kind: str = "turn"
    status: int = 0
    stream: bool = False
    thread: str | None = None
    client: str | None = None
    profile: str | None = None
    agent: str | None = None
    lane: str | None = None
    finish: str | None = None
    effort: str | None = None
    prompt: str | None = None
    error: str | None = None
    verdict: str | None = None
    models: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()  # of its attempts, in order; of a request without attempts its own
    tools: tuple[str, ...] = ()
    losses: int = 0
    attempts: int = 0
    first_byte: float | None = None
    first_token: float | None = None
    duration: float | None = None
    input: int | None = None
    cached: int | None = None
    output: int | None = None
    reasoning: int | None = None
    cost: float | None = None
    said: Callable[[], Iterable[str]] = tuple


def of_row(row: Mapping[str, Any], said: Callable[[], Iterable[str]] = tuple) -> Subject:
    """A request of the store, as `TraceReader.request` gives it."""
    usage = row["usage"] or {}
    tried = tuple(attempt["channel"] for attempt in row["attempts"])
    return Subject(
        id=row["id"], trace=row["trace_id"], started=row["started"], outcome=row["outcome"], kind=row["kind"],
        status=row["status"], stream=row["stream"], thread=row["thread"], client=row["client"], profile=row["profile"],
        agent=row["agent"], lane=row["lane"], finish=row["finish"], effort=row["effort_sent"] or row["effort"],
        prompt=row["prompt"], error=row["error"], verdict=row["verdict"],
        models=tuple(filter(None, (row["asked_model"], row["model"]))),
        channels=tried or tuple(filter(None, (row["channel"],))), tools=tuple(row["tools"]), losses=losses(row["losses"]),
        attempts=len(tried), first_byte=row["first_byte_ms"], first_token=row["first_token_ms"], duration=row["duration_ms"],
        input=usage.get("input"), cached=usage.get("cache_read"), output=usage.get("output"),
        reasoning=usage.get("reasoning"), cost=row["cost"], said=said,
    )  # fmt: skip


def losses(told: Iterable[Mapping[str, Any]]) -> int:
    """How many of a receipt's lines are losses; what the user's own configuration changed is none."""
    return sum(loss["action"] != "override" for loss in told)
