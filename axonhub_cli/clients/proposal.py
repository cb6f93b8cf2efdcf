"""From what was found to a configuration: which channels, and a profile that gives the names of clients a meaning on them.

Claude Code asks for `claude-…`, Codex for `gpt-…`. A channel that is the vendor of such a family gets its names as they are;
families without their vendor go to one model that the user chose, the small ones of a family to another one where there is one.
A pure function of its arguments.
"""

import re
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from .discovery import Found

# A family's own vendor, the names of its small models, and all of its names. Small ones come first: the first match wins.
_FAMILIES = (
    ("anthropic", r"claude-.*haiku.*|claude-haiku.*", r"claude-.*"),
    ("openai", r"(?:gpt|codex|o\d).*(?:mini|nano).*", r"(?:gpt|codex|o\d).*"),
)
_NO_CHAT = re.compile(r"embed|rerank|whisper|tts|moderation|dall-e|image", re.IGNORECASE)


class Rule(Struct, frozen=True):
    """A mapping: names that match the regex go to this model on this channel (`\\1`: unchanged)."""

    regex: str
    to: str
    channel: str


class Choice(Struct, frozen=True, kw_only=True):
    """The model that answers for families without a vendor, and the one for their small models (None: the same)."""

    channel: str
    model: str
    small: str | None = None


def chat_models(names: Sequence[str]) -> list[str]:
    """The models that can hold a conversation, as far as their names say."""
    return [name for name in names if not _NO_CHAT.search(name)]


def homeless(channels: Sequence[Found]) -> bool:
    """Whether some family of names has no vendor among the channels, so that a model must be chosen for it."""
    types = {channel.type for channel in channels}
    return any(vendor not in types for vendor, _, _ in _FAMILIES)


def rules(channels: Sequence[Found], choice: Choice | None) -> list[Rule]:
    """The mappings of the first profile, in order. Empty when nothing needs to be mapped or nothing was chosen."""
    vendors = {channel.type: channel.name for channel in channels}
    out: list[Rule] = []
    for vendor, small, names in _FAMILIES:
        if vendor in vendors:
            out += [Rule(f"({names})", r"\1", vendors[vendor])] if len(channels) > 1 else []
        elif choice is not None:
            out += [Rule(small, choice.small, choice.channel)] if choice.small else []
            out.append(Rule(names, choice.model, choice.channel))
    return out


def channel_values(found: Found, secret: str | None) -> dict[str, Any]:
    """A channel's table for config.toml; keys without a value are left out."""
    values: dict[str, Any] = {"name": found.name, "type": found.type, "base_url": found.base_url}
    values |= {"secrets": [secret] if secret else None, "models": list(found.models) or None}
    return {key: value for key, value in values.items() if value is not None}


def profile_values(rules: Sequence[Rule]) -> list[dict[str, str]]:
    """The profile's mappings as config.toml has them."""
    return [{"regex": rule.regex, "to": rule.to, "channel": rule.channel} for rule in rules]
