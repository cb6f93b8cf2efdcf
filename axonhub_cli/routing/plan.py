"""Who may serve a request, and in which order. A pure function of the configuration, the profile, the request and the session.

A channel with `models` claims those names; one without serves every name that nobody claims. A profile may limit channels and
models, a mapping may pin a channel. Candidates go by priority; inside one priority the weights decide, by rendezvous hashing
on the trace id: the same session keeps its channel and secret without any memory, and sessions spread as the weights say. What
served the trace last goes first all the same, since its provider's prompt cache is money. Places that cool down after a
failure go last, the first to recover first among them.
"""

import difflib
import hashlib
import math
from collections.abc import Iterable

from msgspec import Struct

from ..config.learned import Learned
from ..config.presets import Endpoint, endpoints
from ..config.schema import Channel, Config, Profile
from ..errors import RequestError
from ..types.messages import Protocol
from .health import Health, Place
from .mapping import Resolution, resolve


class Candidate(Struct, frozen=True, kw_only=True):
    """One possible attempt: this model on this channel's endpoint with this secret (a reference, None for none)."""

    channel: Channel
    endpoint: Endpoint
    model: str
    secret: str | None

    @property
    def place(self) -> tuple[str, str | None]:
        """Channel and secret: what affinity remembers."""
        return self.channel.name, self.secret

    @property
    def spot(self) -> Place:
        """What a cooldown belongs to."""
        return Place(self.channel.name, self.secret, self.model)


class Plan(Struct, frozen=True, kw_only=True):
    """The candidates in order, the rule that chose the model, and what was left out, with the reason (for `axonhub route`)."""

    asked: str
    resolution: Resolution
    candidates: tuple[Candidate, ...]
    rejected: tuple[tuple[str, str], ...] = ()


def plan(
    config: Config,
    profile_name: str | None,
    model: str,
    protocol: Protocol,
    *,
    trace_id: str = "",
    last: tuple[str, str | None] | None = None,
    health: Health | None = None,
    now: float = 0.0,
    learned: Learned | None = None,
) -> Plan:
    """The attempts for a request, best first. Raises `RequestError` (not_found) when nobody serves the model.

    `learned` is what deep tests found of the channels.
    """
    profile = config.profiles.get(profile_name) if profile_name else None
    resolution = resolve(profile, model)
    kept, rejected = _eligible(config, profile, resolution)
    if not kept:
        raise _nobody(config, profile_name, model, resolution, rejected)
    candidates = [
        candidate
        for channel in _ordered(kept, trace_id)
        for candidate in _candidates(channel, resolution, protocol, trace_id, learned or _NOTHING)
    ]
    candidates.sort(key=lambda candidate: candidate.place != last)  # stable: only what served last moves, to the front
    if health is not None:
        candidates = health.ordered([(candidate.spot, candidate) for candidate in candidates], now)
    return Plan(asked=model, resolution=resolution, candidates=tuple(candidates), rejected=tuple(rejected))


def _eligible(config: Config, profile: Profile | None, resolution: Resolution) -> tuple[list[Channel], list[tuple[str, str]]]:
    kept: list[Channel] = []
    rejected: list[tuple[str, str]] = []
    claimed = any(resolution.model in c.models for c in config.channels if c.enabled and _allowed(profile, c))
    for channel in config.channels:
        reason = _why_not(channel, profile, resolution, claimed)
        if reason is None:
            kept.append(channel)
        else:
            rejected.append((channel.name, reason))
    return kept, rejected


def _allowed(profile: Profile | None, channel: Channel) -> bool:
    return profile is None or profile.channels is None or channel.name in profile.channels


def _why_not(channel: Channel, profile: Profile | None, resolution: Resolution, claimed: bool) -> str | None:
    model = resolution.model
    if not channel.enabled:
        return "disabled"
    if resolution.channel is not None:
        return None if channel.name == resolution.channel else f"the rule pins {resolution.channel}"
    if not _allowed(profile, channel):
        return "not among the profile's channels"
    if profile is not None and profile.models is not None and model not in profile.models:
        return f"the profile does not allow {model}"
    if channel.models and model not in channel.models:
        return f"does not offer {model}"
    if not channel.models and claimed:
        return "another channel claims this model"
    return None


def _ordered(channels: Iterable[Channel], trace_id: str) -> list[Channel]:
    return sorted(channels, key=lambda channel: (channel.priority, -_score(f"{trace_id}/{channel.name}", channel.weight)))


def _score(seed: str, weight: int) -> float:
    """Weighted rendezvous hashing: the highest score wins with a probability proportional to its weight."""
    number = int.from_bytes(hashlib.blake2b(seed.encode("utf-8", "replace"), digest_size=8).digest(), "big")
    return -max(weight, 0) / math.log((number + 1) / (2**64 + 2))


_NOTHING = Learned()


def _candidates(channel: Channel, resolution: Resolution, protocol: Protocol, trace_id: str, learned: Learned) -> list[Candidate]:
    available = endpoints(channel)
    endpoint = available.get(protocol) or next(iter(available.values()))
    endpoint = learned.endpoint(channel, resolution.model, endpoint)
    secrets: list[str | None] = sorted(channel.secrets, key=lambda ref: -_score(f"{trace_id}/{channel.name}/{ref}", 1))
    return [Candidate(channel=channel, endpoint=endpoint, model=resolution.model, secret=ref) for ref in secrets or [None]]


def sighted(candidates: Iterable[Candidate], here: Candidate) -> bool:
    """Whether somebody behind `here`, on another channel, sees images."""
    channel = here.channel.name
    behind = False
    for each in candidates:
        if behind and each.channel.name != channel and each.endpoint.quirks.images:
            return True
        behind = behind or each.channel.name == channel
    return False


def _nobody(
    config: Config, profile: str | None, model: str, resolution: Resolution, rejected: list[tuple[str, str]]
) -> RequestError:
    """Why nobody serves it, and what would change that."""
    named = f"{model!r}" if resolution.model == model else f"{model!r} (mapped to {resolution.model!r})"
    if not config.channels:
        return RequestError(
            f"No channel is configured, so nothing can serve {named}.",
            kind="not_found",
            hint="Add one: axonhub channel add NAME --type TYPE",
        )
    known = offered(config, profile)
    near = difflib.get_close_matches(resolution.model, known, n=3, cutoff=0.4)
    hints = [f"Nearest names: {', '.join(near)}." if near else ""]
    hints.append(f"Map it: axonhub profile map {profile or 'PROFILE'} {model} TARGET. Explain it: axonhub route {model}")
    reasons = "; ".join(f"{name}: {reason}" for name, reason in rejected[:6])
    return RequestError(
        f"No channel serves the model {named} ({reasons}).", kind="not_found", hint=" ".join(filter(None, hints)), param="model"
    )


def offered(config: Config, profile_name: str | None) -> list[str]:
    """The model names that can be asked for: exact mappings of the profile, then what its channels list. In order, without
    repeats."""
    profile = config.profiles.get(profile_name) if profile_name else None
    names = [rule.exact for rule in profile.mappings if rule.exact] if profile else []
    for channel in config.channels:
        if channel.enabled and _allowed(profile, channel):
            names += [name for name in channel.models if profile is None or profile.models is None or name in profile.models]
    return list(dict.fromkeys(names))
