"""The budgets of `[limits]`: before a request, whether its trace, its key and the day have something left; after it, what it
used.

Who is over a budget gets a 400 that no client repeats (a 402 or 429 would cost Codex six calls, and a made-up answer would
stay in the conversation): the agent stops, its words stay as they are, and the message says how to go on. Costs come from the
store, which prices requests; without it (`trace.enabled = false`) only requests and tool calls are counted.
"""

import asyncio
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from ..config.orders import Allowance
from ..config.schema import Limits
from ..errors import RequestError
from ..routing.limits import Meter, Spent, Use, wanted
from ..trace.recorder import Level, Sink
from ..trace.records import BodyKind, Findings, RequestRecord
from ..trace.spending import of_keys, of_trace
from ..types.edited import Body


class Budgets:
    """Counts for one server. `database` is where earlier runs left what they used."""

    def __init__(self, database: Path | None = None) -> None:
        self._meter = Meter()
        self._lock = threading.Lock()  # costs come from the store's thread
        self._database = database
        self._began = float("inf")  # when the first request was counted: what is older is in the database

    async def check(self, limits: Limits, record: RequestRecord) -> None:
        """Let the request in, or raise what its client hears."""
        if not wanted(limits):
            return
        await self._recall(record)
        with self._lock:
            spent = self._meter.spent(limits, record.trace_id, record.key or "", record.agent)
            if spent is None:
                self._meter.request(record.trace_id, record.key or "")
        if spent is not None:
            raise RequestError(_sentence(spent, record), hint=_hint(spent, record))

    def answered(self, record: RequestRecord, calls: object) -> None:
        """What the model wants done now, to see whether it runs in a circle."""
        with self._lock:
            self._meter.calls(record.trace_id, record.agent, calls)

    def allow(self, trace: str, more: Use) -> None:
        """A command said that the trace may go on."""
        with self._lock:
            self._meter.allow(trace, more)

    def cost(self, record: RequestRecord, price: float) -> None:
        """What a request cost; from any thread."""
        with self._lock:
            self._meter.cost(record.trace_id, record.key or "", price)

    async def _recall(self, record: RequestRecord) -> None:
        """What was used before this server began, once per trace and day."""
        self._began = min(self._began, record.started)
        today = time.strftime("%Y-%m-%d")
        if self._meter.day != today:
            first = not self._meter.day
            keys = await asyncio.to_thread(of_keys, self._database, _midnight(), self._began) if first and self._database else {}
            with self._lock:
                self._meter.begin_day(today, {key: Use(*use) for key, use in keys.items()})
        if self._database and not self._meter.knows(record.trace_id):
            use = await asyncio.to_thread(of_trace, self._database, record.trace_id, self._began)
            with self._lock:
                self._meter.bring(record.trace_id, Use(*use))


class Priced:
    """A store whose prices are heard on their way to the feed."""

    def __init__(self, store: Sink, heard: Callable[[RequestRecord, float], None]) -> None:
        self._store, self._heard = store, heard

    def begin(self, record: RequestRecord) -> None:
        self._store.begin(record)

    def end(self, record: RequestRecord, bodies: dict[BodyKind, Body], told: Callable[[Findings], None]) -> None:
        self._store.end(record, bodies, partial(self._hear, record, told))

    def messages(self) -> list[tuple[Level, str]]:
        return self._store.messages()

    def _hear(self, record: RequestRecord, told: Callable[[Findings], None], found: Findings) -> None:
        if price := found.get("cost"):
            self._heard(record, price)
        told(found)


def allowed(allowance: Allowance, before: Allowance | None) -> Use:
    """What an order adds to what was allowed already."""
    if before is None:
        return Use(allowance.cost, allowance.requests)
    return Use(allowance.cost - before.cost, allowance.requests - before.requests)


def _midnight() -> float:
    now = time.localtime()
    return time.mktime((now.tm_year, now.tm_mon, now.tm_mday, 0, 0, 0, 0, 0, -1))


def _amount(spent: Spent) -> str:
    return f"${spent.limit:.2f}" if spent.what == "cost" else f"{spent.limit:g} {spent.what}"


def _sentence(spent: Spent, record: RequestRecord) -> str:
    if spent.what == "identical tool calls":
        return f"axonhub stopped this session: the model made the very same tool call {spent.limit:g} times in a row."
    whose = {"trace": "This session", "key": f"The key {record.key!r}", "day": "Today's traffic"}[spent.owner]
    return f"{whose} has used up its budget of {_amount(spent)}, so axonhub stopped."


def _hint(spent: Spent, record: RequestRecord) -> str:
    if spent.owner == "trace":
        more = "--requests 50" if spent.what == "requests" else "+5"
        return f"Go on: axonhub trace allow {record.trace_id} {more}"
    return f"Raise [limits] {spent.owner} in config.toml, or go on tomorrow."
