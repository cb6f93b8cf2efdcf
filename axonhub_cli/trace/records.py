"""What the trace remembers of one request. The relay fills a record in as things happen; the store writes it down.

`started` is Unix time in seconds; every duration is in milliseconds since then and comes from a monotonic clock.

Records are no business of the garbage collector (`gc=False`): a thousand of them may wait for the disk, each with half a hundred
fields that it would look at, and nothing in one leads back to it.
"""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

from ..types.edited import Body
from ..types.messages import Loss, Usage

Outcome = Literal["running", "ok", "error", "cancelled", "interrupted", "skipped"]  # skipped: an attempt that could not be formed
RequestKind = Literal["turn", "title", "compaction", "memory", "web_search", "count_tokens", "prewarm", "other"]
Lane = Literal["verbatim", "splice", "convert", "local"]


class AttemptRecord(Struct, gc=False):
    """One try on one channel with one secret. `secret` is its reference, never its value; `reason` says why it ended as it
    did."""

    index: int
    channel: str
    protocol: str
    model: str
    secret: str | None = None
    lane: Lane = "verbatim"
    outcome: Outcome = "running"
    status: int = 0
    reason: str | None = None
    started_ms: float = 0.0
    first_byte_ms: float | None = None
    duration_ms: float | None = None


class RequestRecord(Struct, gc=False):
    """One call of a client, from accept to end. `error` is the message that the client saw."""

    id: str  # ar-…
    trace_id: str
    started: float
    protocol: str
    path: str
    client: str = "unknown"  # claude-code, codex, opencode, anthropic-sdk, openai-sdk, …
    client_version: str | None = None
    thread: str | None = None
    agent: str | None = None  # sub-agent id; None is the main one
    parent_agent: str | None = None
    turn: str | None = None  # the client's own turn id, where it has one
    kind: RequestKind = "turn"
    key: str | None = None
    profile: str | None = None
    asked_model: str = ""
    model: str | None = None  # the one that really answered
    channel: str | None = None
    lane: Lane | None = None
    stream: bool = False
    effort: str | None = None  # asked for
    effort_sent: str | None = None  # what the upstream was asked for
    prompt: str | None = None  # the last user text, cut
    status: int = 0
    outcome: Outcome = "running"
    error: str | None = None
    finish: str | None = None
    first_byte_ms: float | None = None
    first_token_ms: float | None = None
    duration_ms: float | None = None
    bytes_in: int = 0
    bytes_out: int = 0
    usage: Usage | None = None
    cost: float | None = None
    verdict: str | None = None  # why the prompt cache was missed, in words; None when it was not
    verdict_cause: str | None = None  # the same as one word of `insight.Cause`
    missed_tokens: int | None = None  # that the cache would have had
    missed_cost: float | None = None  # what that cost more, in dollars
    tools: list[str] = field(default_factory=list)  # names of the tools called, in order
    losses: list[Loss] = field(default_factory=list)
    attempts: list[AttemptRecord] = field(default_factory=list)


# What the store finds out at the end of a request: new values of a record's fields.
Findings = dict[str, Any]

# Bodies kept beside a record, by what they are.
BodyKind = Literal["client_request", "upstream_request", "upstream_response", "client_response"]


def whole(bodies: Mapping[BodyKind, Body]) -> dict[BodyKind, bytes]:
    """The bodies as bytes."""
    return {kind: bytes(data) for kind, data in bodies.items()}


def branch(kind: BodyKind, record: RequestRecord) -> tuple[str, ...]:
    """Whose bodies go on with one another: a session's, or those that a client sends to one path without a session."""
    if record.trace_id[3:] == record.id[3:]:
        return kind, record.client, record.path
    return kind, record.trace_id, record.agent or "", record.client
