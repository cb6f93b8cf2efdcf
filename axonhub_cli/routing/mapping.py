"""Model names: which one a profile makes of the name that a client asked for.

Rules are tried in order, the first match wins, and there is one pass: what a rule gives is not looked up again. A regex is
anchored at both ends and case-sensitive; its groups may be used in `to` (`\\1`, `\\g<name>`).
"""

import re
from functools import lru_cache

from msgspec import Struct

from ..config.schema import Mapping, Profile


class Resolution(Struct, frozen=True, kw_only=True):
    """The model to ask for, the channel that the rule pins (if any), and the rule that decided (None: the name passes
    unchanged)."""

    model: str
    channel: str | None = None
    rule: Mapping | None = None
    index: int | None = None


_SUFFIX = re.compile(r"\[[^\[\]]*\]$")


def plain(model: str) -> str:
    """A client's model name without what the client itself appends (`claude-opus-5-5[1m]`)."""
    return _SUFFIX.sub("", model.strip())


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def matches(rule: Mapping, model: str) -> str | None:
    """The target that the rule gives for this name, or None when it does not match."""
    if rule.exact is not None:
        return rule.to if rule.exact == model else None
    found = _compiled(rule.regex or "").fullmatch(model)
    if found is None:
        return None
    return found.expand(rule.to) if "\\" in rule.to else rule.to


def resolve(profile: Profile | None, model: str) -> Resolution:
    """What the profile makes of a model name."""
    name = plain(model)
    for index, rule in enumerate(profile.mappings if profile else ()):
        to = matches(rule, name)
        if to is not None:
            return Resolution(model=to, channel=rule.channel, rule=rule, index=index)
    return Resolution(model=name)
