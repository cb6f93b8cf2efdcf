"""The health of this server's places, on its clock: what the relay asks before an attempt and tells after it, and what the person
at the terminal hears of it.
"""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

from ..errors import SecretError
from ..routing.health import PATIENCE, Cooldown, Health, Place, RetryBudget
from ..routing.plan import Candidate
from ..types.problem import Problem

_LOOK_AGAIN = 5.0  # seconds between two readings of a secret that was refused, in case it was replaced


class Places:
    """Health and retry budgets of one server. `read` reads a secret's value anew, `log` tells the terminal."""

    def __init__(self, scale: float, read: Callable[[str], Awaitable[str]], log: Callable[[str, str], None]) -> None:
        self.health = Health(scale)
        self.budget = RetryBudget()
        self.scale = scale
        self._read, self._log = read, log
        self._used: dict[str, bytes] = {}  # by reference: a digest of the value that was sent last
        self._looked: dict[str, float] = {}

    def used(self, ref: str, value: str) -> None:
        """This value of the secret is about to be sent."""
        self._used[ref] = _digest(value)

    def begin(self, candidate: Candidate) -> None:
        """An attempt goes there."""
        self.budget.request(candidate.channel.name)
        if not self.health.calm:
            self.health.begin(candidate.spot, time.monotonic())

    def failed(self, candidate: Candidate, problem: Problem) -> None:
        """It failed; the terminal hears of a new cooldown."""
        cooldown = self.health.failed(candidate.spot, problem, time.monotonic())
        if cooldown is not None:
            self._log("error" if cooldown.refused else "warning", self._sentence(candidate.spot, cooldown))

    def succeeded(self, candidate: Candidate) -> None:
        """It works."""
        if not self.health.calm and self.health.succeeded(candidate.spot):
            self._log("info", f"{_named(candidate.spot)} works again.")

    def well(self, candidate: Candidate) -> bool:
        """Whether nothing is held against it."""
        return self.health.rank(candidate.spot, time.monotonic()) == 0

    def wait(self, candidate: Candidate) -> float:
        """Seconds (real ones) for which the upstream asked not to be asked."""
        return 0.0 if self.health.calm else self.health.wait(candidate.spot, time.monotonic())

    async def barred(self, candidate: Candidate) -> Problem | None:
        """Why this candidate is not asked now, from memory; None when it may be tried (after `wait` seconds, a short while)."""
        if self.health.calm:
            return None
        found = self.health.cooldown(candidate.spot)
        wait = self.wait(candidate)
        if found is None or wait <= PATIENCE * self.scale:
            return None
        if found.refused:
            return None if await self._replaced(candidate) else _refused(candidate.spot, found)
        seconds = wait / self.scale
        kind = found.kind if found.kind in ("quota", "billing") else "rate_limit"
        message = f"Channel {candidate.channel.name} asked for a rest of {_length(seconds)}: {found.reason}"
        return Problem(kind=kind, status=429, message=message, retry_after=seconds)

    async def _replaced(self, candidate: Candidate) -> bool:
        """Whether the refused secret has another value now; looked at once in a few seconds."""
        ref, now = candidate.secret, time.monotonic()
        if ref is None or now - self._looked.get(ref, -_LOOK_AGAIN) < _LOOK_AGAIN * self.scale:
            return False
        self._looked[ref] = now
        try:
            value = await self._read(ref)
        except SecretError:
            return False
        if _digest(value) == self._used.get(ref):
            return False
        self.health.reset(secret=ref)
        return True

    def reset(self, channel: str) -> None:
        """A command asked for it."""
        self.health.reset(channel)
        self._looked.clear()
        self._log("info", f"channel {channel} was reset")

    def snapshot(self) -> list[dict[str, Any]]:
        """Every place that is unwell."""
        return self.health.snapshot(time.monotonic())

    def _sentence(self, place: Place, found: Cooldown) -> str:
        if found.refused:
            return f"{_refused(place, found).message}"
        seconds = (found.until - time.monotonic()) / self.scale
        who = "asked for a rest of" if found.told else "goes last for"
        return f"{_named(place)} {who} {_length(seconds)}: {found.reason}"


def _refused(place: Place, found: Cooldown) -> Problem:
    """The provider does not accept the secret: nothing but another one helps."""
    name = place.channel
    message = (
        f"Channel {name}: the provider refused the secret {place.secret} ({found.reason}), so it is not used until it changes. "
        f"Replace it: axonhub channel secret {name}. Try it again as it is: axonhub channel reset {name}"
    )
    return Problem(kind="authentication", status=401, message=message, should_retry=False)


def _named(place: Place) -> str:
    with_secret = f", {place.secret}" if place.secret else ""
    return f"channel {place.channel} ({place.model}{with_secret})"


def _length(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{max(seconds, 0):.0f} s" if seconds >= 1 else f"{seconds:.1f} s"


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "replace")).digest()
