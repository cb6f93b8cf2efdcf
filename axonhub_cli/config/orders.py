"""`orders.json`: what commands ask of the running server. Nothing on the HTTP port changes state, so they leave a note (0600),
and the server looks at it as it looks at its configuration.

    {"resets": {"deepseek": 1764097000.1}, "allowances": {"trace-id": {"cost": 5.0, "requests": 0, "at": 1764097000.1}},
     "renames": [{"old": "deepseek", "new": "ds", "at": 1764097000.1}]}

Times are Unix seconds. An allowance adds up: it holds for a trace also after a restart. Orders older than a month are dropped.
"""

import json
import time
from pathlib import Path

from msgspec import Struct, ValidationError, convert, field, to_builtins
from msgspec.structs import replace

from ..errors import ConfigError
from .files import locked, read_bytes, signature, write_private

_LIMIT = 1 << 20
_MONTH = 30 * 86400.0


class Allowance(Struct, frozen=True, kw_only=True):
    """How much more a trace may use, in all: US dollars and requests; `at` is when that was said last."""

    cost: float = 0.0
    requests: int = 0
    at: float = 0.0


class Rename(Struct, frozen=True, kw_only=True):
    """A channel that is called otherwise since `at`: what a server has learned about it in memory follows."""

    old: str
    new: str
    at: float


class Orders(Struct, frozen=True, kw_only=True):
    """Everything that was asked for."""

    resets: dict[str, float] = field(default_factory=dict)
    allowances: dict[str, Allowance] = field(default_factory=dict)
    renames: list[Rename] = field(default_factory=list)


def read(path: Path) -> Orders:
    """What the file says; a missing or broken one says nothing."""
    try:
        return convert(json.loads(read_bytes(path, _LIMIT)), Orders)
    except (FileNotFoundError, ConfigError, ValueError, RecursionError, ValidationError):
        return Orders()


def reset(path: Path, channel: str) -> None:
    """Ask for everything that is held against a channel to be forgotten."""
    with locked(path):
        orders = read(path)
        _write(path, replace(orders, resets={**orders.resets, channel: time.time()}))


def allow(path: Path, trace: str, *, cost: float = 0.0, requests: int = 0) -> Allowance:
    """Let a trace use that much more. Gives what it is allowed now beyond its budget."""
    with locked(path):
        orders = read(path)
        before = orders.allowances.get(trace, Allowance())
        after = Allowance(cost=before.cost + cost, requests=before.requests + requests, at=time.time())
        _write(path, replace(orders, allowances={**orders.allowances, trace: after}))
    return after


def rename(path: Path, old: str, new: str) -> None:
    """Tell a running server that a channel has another name."""
    with locked(path):
        orders = read(path)
        _write(path, replace(orders, renames=[*orders.renames, Rename(old=old, new=new, at=time.time())]))


def _write(path: Path, orders: Orders) -> None:
    since = time.time() - _MONTH
    fresh = Orders(
        resets={name: at for name, at in orders.resets.items() if at > since},
        allowances={name: each for name, each in orders.allowances.items() if each.at > since},
        renames=[each for each in orders.renames if each.at > since],
    )
    write_private(path, json.dumps(to_builtins(fresh), indent=2).encode() + b"\n")


class OrderBook:
    """The server's side: `poll` gives the orders that are new since the last look."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._signature = signature(path)
        self._known = read(path)

    @property
    def allowances(self) -> dict[str, Allowance]:
        """All allowances that are in force."""
        return self._known.allowances

    def poll(self) -> Orders | None:
        """One `stat`; what is new, or None."""
        now = signature(self.path)
        if now == self._signature:
            return None
        self._signature = now
        before, self._known = self._known, read(self.path)
        return Orders(
            resets={name: at for name, at in self._known.resets.items() if before.resets.get(name) != at},
            allowances={name: each for name, each in self._known.allowances.items() if before.allowances.get(name) != each},
            renames=[each for each in self._known.renames if each not in before.renames],
        )
