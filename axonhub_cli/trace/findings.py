"""What the store finds out when a request is over: its price, and why the prompt cache was missed.

It happens in the writer's thread. The last turns of each branch are known, so that a turn whose cached share did not fall costs a
look and no question to the file; only for one that missed the cache are bodies read and compared. Nothing here is worth a row,
so whatever goes wrong, the fact is unknown.
"""

import sqlite3
import zlib
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from .. import pricing
from ..types.edited import Body
from ..types.messages import Usage
from ..types.price import Price
from . import bodies, rows, schema
from .insight import Bodies, Turn, judge_among
from .records import BodyKind, Findings, RequestRecord, whole

BRANCHES = 1024  # whose last turns are known
TURNS = 4  # of a branch: requests of one may overlap

_Kept = Mapping[BodyKind, Body]


@dataclass(slots=True, eq=False)
class _Said:
    """The bodies of a turn, at hand as long as they are not in the file."""

    id: str
    bodies: _Kept | None = None


class Finder:
    """`provider` turns a channel's name into a hint for `pricing.cost`; `prices` are the user's own, by model. `connection` is
    that of the file, once it is open."""

    def __init__(self) -> None:
        self.provider: Callable[[str], str | None] = lambda channel: channel
        self.prices: Callable[[], Mapping[str, Price]] = dict
        self.connection: sqlite3.Connection | None = None
        self._branches: OrderedDict[tuple[str, str | None], deque[Turn]] = OrderedDict()
        self._unwritten: list[_Said] = []
        self._prepared = False
        self._hints: dict[str, str | None] = {}  # of the channels of this batch

    def find(self, record: RequestRecord, kept: _Kept) -> Findings:
        """New values of the request's fields."""
        found: Findings = {"cost": record.cost}
        try:
            if found["cost"] is None:
                found["cost"] = self._price(record, record.usage)
            found.update(self._verdict(record, kept))
        except Exception:  # noqa: BLE001, S110  # a broken price list, a locked file: the request is recorded without
            pass
        return found

    def prepare(self, record: RequestRecord) -> None:
        """Load the price list, where one is needed, while a request runs: so that its end need not wait for that."""
        if not self._prepared and record.channel:
            self._prepared = True
            self._price(record, Usage(input=0, output=0))

    def written(self) -> None:
        """What was found out about is in the file: its bodies need not be held."""
        for said in self._unwritten:
            said.bodies = None
        self._unwritten.clear()
        self._hints.clear()

    def _price(self, record: RequestRecord, usage: Usage | None) -> float | None:
        if usage is None:
            return None
        channel = record.channel or ""
        if channel not in self._hints:
            self._hints[channel] = self.provider(channel) if channel else None
        return pricing.cost(record.model or record.asked_model, usage, self._hints[channel], self.prices())

    def _verdict(self, record: RequestRecord, kept: _Kept) -> Findings:
        usage = record.usage
        if usage is None or record.kind != "turn" or record.outcome != "ok" or record.trace_id[3:] == record.id[3:]:
            return {}  # no turn, or one in a trace of its own, which has no other request
        branch = record.trace_id, record.agent
        said = _Said(record.id, kept)
        now = _turn(record, usage, partial(self._read, said))
        previous = self._previous(record, branch)
        self._remember(branch, now, said)
        verdict = judge_among(previous, now)
        if verdict is None:
            return {}
        return {
            "verdict": verdict.text,
            "verdict_cause": verdict.cause,
            "missed_tokens": verdict.tokens,
            "missed_cost": self._missed(record, usage, verdict.tokens),
        }

    def _previous(self, record: RequestRecord, branch: tuple[str, str | None]) -> list[Turn]:
        """The last turns of the branch that were over when this one began: those that are known, or the one in the file."""
        over = [turn for turn in reversed(self._branches.get(branch, ())) if turn.ended <= record.started]
        if over or self.connection is None:
            return over
        cursor = self.connection.execute(schema.PREVIOUS, (*branch, record.started))
        row = cursor.fetchone()
        if row is None:
            return []
        other = rows.stored(dict(zip((column[0] for column in cursor.description), row, strict=True)))
        return [_turn(other, other.usage or Usage(), partial(self._read, _Said(other.id)))]

    def _remember(self, branch: tuple[str, str | None], now: Turn, said: _Said) -> None:
        self._branches.setdefault(branch, deque(maxlen=TURNS)).append(now)
        self._branches.move_to_end(branch)
        self._unwritten.append(said)
        if len(self._branches) > BRANCHES:
            self._branches.popitem(last=False)

    def _read(self, said: _Said) -> Bodies:
        if said.bodies is not None:
            return whole(said.bodies)
        try:
            return bodies.get(self.connection, said.id) if self.connection is not None else {}
        except (zlib.error, bodies.Damaged):
            return {}

    def _missed(self, record: RequestRecord, usage: Usage, tokens: int) -> float | None:
        """What the tokens cost more than from the cache."""
        read = (usage.cache_read or 0) + tokens
        written = max(0, min((usage.input or 0) - read, (usage.cache_write_5m or 0) + (usage.cache_write_1h or 0)))
        hour = min(written, usage.cache_write_1h or 0)
        full = self._price(record, usage)
        hit = Usage(input=usage.input, output=usage.output, cache_read=read, cache_write_5m=written - hour, cache_write_1h=hour)
        cached = self._price(record, hit)
        return None if full is None or cached is None else max(0.0, full - cached)


def _turn(record: RequestRecord, usage: Usage, read: Callable[[], Bodies]) -> Turn:
    """A turn as the verdict needs it."""
    secret = record.attempts[-1].secret if record.attempts else None
    ended = record.started + (record.duration_ms or 0.0) / 1000
    return Turn(record.started, ended, usage, record.channel, secret, record.model, read)
