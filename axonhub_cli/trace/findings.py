"""What the store finds out when a request is over: its price, the effort that was sent, and why the prompt cache was missed.

It happens in the writer's thread, from the snapshot, its bodies, and the previous turn of the same branch: one that is waiting
in the same batch, or the last one in the file. Nothing here is worth a row, so whatever goes wrong, the fact is unknown.
"""

import sqlite3
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from .. import pricing
from ..errors import AxonHubError
from ..protocols.body import ClientBody
from ..types.messages import Usage
from ..types.price import Price
from . import bodies, rows, schema
from .effort import effort
from .insight import Bodies, Turn, judge
from .records import BodyKind, Findings
from .rows import Snapshot

Waiting = Sequence[tuple[Snapshot, Mapping[BodyKind, bytes]]]


class Finder:
    """`provider` turns a channel's name into a hint for `pricing.cost`; `prices` are the user's own, by model."""

    def __init__(self) -> None:
        self.provider: Callable[[str], str | None] = lambda channel: channel
        self.prices: Callable[[], Mapping[str, Price]] = dict

    def find(
        self, values: Snapshot, kept: Mapping[BodyKind, bytes], before: Waiting, connection: sqlite3.Connection | None
    ) -> Findings:
        """New values of the request's fields. `before` are the requests of its batch that came earlier."""
        found: Findings = {"cost": values["cost"], "effort_sent": values["effort_sent"] or self._effort(values, kept)}
        try:
            if found["cost"] is None:
                found["cost"] = self._price(values, rows.usage_of(values))
            found.update(self._verdict(values, kept, before, connection))
        except Exception:  # noqa: BLE001, S110  # a broken price list, a locked file: the request is recorded without
            pass
        return found

    def _price(self, values: Snapshot, usage: Usage | None) -> float | None:
        hint = self.provider(values["channel"]) if values["channel"] else None
        return pricing.cost(values["model"] or values["asked_model"], usage, hint, self.prices())

    def _effort(self, values: Snapshot, kept: Mapping[BodyKind, bytes]) -> str | None:
        """What the upstream was asked; without a body of its own it got what the client sent."""
        if "upstream_request" not in kept:
            return values["effort"] if values["channel"] else None
        try:
            return effort(ClientBody(kept["upstream_request"]))
        except (AxonHubError, ValueError):
            return None

    def _verdict(
        self, values: Snapshot, kept: Mapping[BodyKind, bytes], before: Waiting, connection: sqlite3.Connection | None
    ) -> Findings:
        now = _turn(values, lambda: kept)
        previous = _waiting(values, before) or (_stored(values, connection) if connection is not None else None)
        verdict = judge(previous, now) if now is not None and previous is not None else None
        if verdict is None or now is None:
            return {}
        return {
            "verdict": verdict.text,
            "verdict_cause": verdict.cause,
            "missed_tokens": verdict.tokens,
            "missed_cost": self._missed(values, now.usage, verdict.tokens),
        }

    def _missed(self, values: Snapshot, usage: Usage, tokens: int) -> float | None:
        """What the tokens cost more than from the cache."""
        read = (usage.cache_read or 0) + tokens
        written = (usage.input or 0) - read
        full = self._price(values, usage)
        cached = self._price(values, Usage(input=usage.input, output=usage.output, cache_read=read, cache_write_5m=max(
            0, min(written, (usage.cache_write_5m or 0) + (usage.cache_write_1h or 0)))))  # fmt: skip
        return None if full is None or cached is None else max(0.0, full - cached)


def _turn(values: Snapshot, read: Callable[[], Bodies]) -> Turn | None:
    """A snapshot as the verdict needs it; None for side requests and for what tells no usage."""
    usage = rows.usage_of(values)
    if values["kind"] != "turn" or values["outcome"] != "ok" or usage is None:
        return None
    attempts: Iterable[Snapshot] = values["attempts"]
    secret = next((attempt["secret"] for attempt in reversed(list(attempts))), None)
    ended = values["started"] + (values["duration_ms"] or 0.0) / 1000
    return Turn(values["started"], ended, usage, values["channel"], secret, values["model"], read)


def _waiting(values: Snapshot, before: Waiting) -> Turn | None:
    for other, kept in reversed(before):
        if (other["trace_id"], other["agent"]) == (values["trace_id"], values["agent"]):
            turn = _turn(other, lambda kept=kept: kept)  # type: ignore[misc]  # mypy cannot infer a lambda with a default
            if turn is not None and turn.ended <= values["started"]:
                return turn
    return None


def _stored(values: Snapshot, connection: sqlite3.Connection) -> Turn | None:
    cursor = connection.execute(schema.PREVIOUS, (values["trace_id"], values["agent"], values["started"]))
    row = cursor.fetchone()
    if row is None:
        return None
    other = dict(zip((column[0] for column in cursor.description), row, strict=True))
    other["usage"] = {name: other[name] for name in Usage.__struct_fields__}
    other["attempts"] = [{"secret": other["secret"]}]
    return _turn(other, lambda: _read(connection, other["id"]))


def _read(connection: sqlite3.Connection, request_id: str) -> Bodies:
    try:
        return bodies.get(connection, request_id)
    except zlib.error:
        return {}
