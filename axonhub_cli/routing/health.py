"""Which places are unwell, and until when. Pure values; the clock is passed in.

A place is a channel, a secret and a model. After a failure it cools down:

- for as long as the upstream asked (`retry-after`, or the hint in its words), at most 30 minutes: that wait is *told*, nobody is
  sent there meanwhile;
- without such a word for a second, doubling while it keeps failing: that wait is ours, so it only puts the place behind the
  others. Where nobody else is left it is tried all the same; a wait that no upstream asked for is never imposed on a client;
- a secret that was refused (401) is out for every model until its value changes, somebody resets the channel, or half an hour
  is over.

When a wait is over the place is half open: one request at a time tries it while the others go elsewhere. A success forgets
everything. Failures that arrive while a place is cooling already (requests that ran side by side) count once.
"""

import re
from typing import Any, NamedTuple, TypeVar

from msgspec import Struct
from msgspec.structs import replace

from ..types.problem import ErrorKind, Problem

LONGEST = 1800.0  # seconds; no wait is longer, whoever asks
PATIENCE = 2.0  # seconds that a request waits for a place itself rather than being sent away
_LEASE = 30.0  # seconds after which a probe that has not ended lets another one try
_MANY = 2048  # places remembered
_ALL_MODELS = "*"

# The first wait and the longest one, in seconds, where the upstream named none. Kinds that are not here are nobody's illness.
_WAITS: dict[ErrorKind, tuple[float, float]] = {
    "rate_limit": (1, 60),
    "overloaded": (1, 60),
    "server": (1, 60),
    "upstream": (1, 60),
    "timeout": (5, 120),
    "authentication": (5, 60),
    "quota": (60, LONGEST),
    "billing": (60, LONGEST),
    "permission": (60, LONGEST),
    "not_found": (60, LONGEST),
}
_HINT = re.compile(r"(?:try again|retry) (?:in|after) (?:(\d+)m)?(\d+(?:\.\d+)?) ?(ms|s\b|sec|min)", re.IGNORECASE)
_RETRY_INFO = re.compile(rb'"retryDelay"\s*:\s*"(\d+(?:\.\d+)?)s"')
_UNITS = {"ms": 0.001, "s": 1.0, "sec": 1.0, "min": 60.0}


class Place(NamedTuple):
    """Where an attempt goes; `secret` is a reference."""

    channel: str
    secret: str | None
    model: str


class Cooldown(Struct, frozen=True, kw_only=True):
    """A place that is unwell. `told`: the upstream itself asked for the wait. `refused`: it does not accept the secret."""

    until: float
    told: bool
    failures: int
    kind: ErrorKind
    reason: str
    refused: bool = False


T = TypeVar("T")


def hinted(problem: Problem, body: bytes = b"") -> Problem:
    """The problem with the wait that its words (`try again in 2s`) or Google's RetryInfo ask for, where no header did."""
    if problem.retry_after is not None:
        return problem
    if found := _HINT.search(problem.message):
        seconds = float(found[1] or 0) * 60 + float(found[2]) * _UNITS[found[3].lower()]
    elif info := _RETRY_INFO.search(body[:65536]):
        seconds = float(info[1])
    else:
        return problem
    return replace(problem, retry_after=seconds)


def refuses(place: Place, problem: Problem) -> bool:
    """Whether the upstream does not accept the secret as such. Without a secret there is nothing that could change."""
    return problem.kind == "authentication" and problem.status in (401, 403) and place.secret is not None


def after(before: Cooldown | None, problem: Problem, now: float, *, refused: bool = False, scale: float = 1.0) -> Cooldown | None:
    """How a place is after this failure: None when the failure says nothing against it. `scale` shortens waits in tests."""
    if problem.kind not in _WAITS:
        return None
    cooling = before is not None and now < before.until
    failures = before.failures + (not cooling) if before is not None else 1
    first, longest = _WAITS[problem.kind]
    told = problem.retry_after is not None and problem.retry_after > 0
    if refused:
        wait, told = LONGEST, True
    elif told:
        wait = min(problem.retry_after or 0.0, LONGEST)
    else:
        wait = min(first * 2 ** min(failures - 1, 12), longest)
    until = now + wait * scale
    if before is not None and cooling and before.until > until:
        return before
    return Cooldown(until=until, told=told, failures=failures, kind=problem.kind, reason=problem.message, refused=refused)


class Health:
    """What is known of every place. `now` is a monotonic time in seconds."""

    def __init__(self, scale: float = 1.0) -> None:
        self.scale = scale
        self._places: dict[Place, Cooldown] = {}
        self._probes: dict[Place, float] = {}

    @property
    def calm(self) -> bool:
        """Whether nothing is held against any place."""
        return not self._places

    def cooldown(self, place: Place) -> Cooldown | None:
        """Why this place is unwell, or None: its secret's refusal comes first."""
        return self._places.get(place._replace(model=_ALL_MODELS)) or self._places.get(place)

    def rank(self, place: Place, now: float) -> float:
        """The key to sort by: 0 for a place that may be used, else when it may. Half open and being tried counts as not yet."""
        found = self.cooldown(place)
        if found is None:
            return 0.0
        if found.until > now:
            return found.until
        return self._probes.get(place, 0.0) if self._probes.get(place, 0.0) > now else 0.0

    def ordered(self, items: list[tuple[Place, T]], now: float) -> list[T]:
        """The items with those that cool last, the first to recover first among them."""
        if not self._places:
            return [item for _, item in items]
        return [item for _, item in sorted(items, key=lambda pair: self.rank(pair[0], now))]

    def wait(self, place: Place, now: float) -> float:
        """Seconds for which the upstream itself asked not to be asked."""
        found = self.cooldown(place)
        return max(0.0, found.until - now) if found is not None and found.told else 0.0

    def begin(self, place: Place, now: float) -> None:
        """A request goes there: the one probe, if the place is half open."""
        if self._places and self.cooldown(place) is not None:
            self._probes[place] = now + _LEASE * self.scale

    def failed(self, place: Place, problem: Problem, now: float) -> Cooldown | None:
        """Note a failure. Gives the cooldown when it is one that nobody has heard of yet."""
        self._probes.pop(place, None)
        refused = refuses(place, problem)
        key = place._replace(model=_ALL_MODELS) if refused else place
        before = self._places.get(key)
        cooldown = after(before, problem, now, refused=refused, scale=self.scale)
        if cooldown is None:
            self.succeeded(place)
            return None
        self._places[key] = cooldown
        if len(self._places) > _MANY:
            self._forget_old(now)
        return cooldown if cooldown is not before and (before is None or before.until <= now) else None

    def succeeded(self, place: Place) -> bool:
        """It works. True when that is news."""
        if not self._places:
            return False
        self._probes.pop(place, None)
        known = [self._places.pop(key, None) for key in (place, place._replace(model=_ALL_MODELS))]
        return any(known)

    def release(self, place: Place) -> None:
        """The request that went there ended without a verdict: its client left."""
        self._probes.pop(place, None)

    def reset(self, channel: str | None = None, secret: str | None = None) -> int:
        """Forget what is held against a channel or a secret (None: any). How many places that were."""
        gone = [place for place in self._places if channel in (None, place.channel) and secret in (None, place.secret)]
        for place in gone:
            del self._places[place]
            self._probes.pop(place, None)
        return len(gone)

    def snapshot(self, now: float) -> list[dict[str, Any]]:
        """Every place that is unwell, for people: `seconds` is 0 for one that is half open."""
        return [
            {
                "channel": place.channel,
                "secret": place.secret,
                "model": None if place.model == _ALL_MODELS else place.model,
                "seconds": round(max(0.0, found.until - now) / self.scale, 1),
                "told": found.told,
                "refused": found.refused,
                "failures": found.failures,
                "kind": found.kind,
                "reason": found.reason,
            }
            for place, found in sorted(self._places.items(), key=lambda pair: pair[1].until)
        ]

    def _forget_old(self, now: float) -> None:
        for place, _ in sorted(self._places.items(), key=lambda pair: pair[1].until)[: _MANY // 2]:
            del self._places[place]


class RetryBudget:
    """A fifth of a channel's requests may be tried once more on it, and a few at the start."""

    SHARE, START, MOST = 0.2, 3.0, 10.0

    def __init__(self) -> None:
        self._tokens: dict[str, float] = {}

    def request(self, channel: str) -> None:
        """A request went to the channel."""
        self._tokens[channel] = min(self._tokens.get(channel, self.START) + self.SHARE, self.MOST)

    def take(self, channel: str) -> bool:
        """Whether one more try is within the budget; it is spent then."""
        left = self._tokens.get(channel, self.START)
        if left < 1:
            return False
        self._tokens[channel] = left - 1
        return True
