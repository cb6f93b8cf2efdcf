"""A backup of an AxonHub server (github.com/looplj/axonhub, internal/server/backup): channels, and the profiles of its API keys.

Its profiles belong to keys, ours stand alone: each becomes `KEY-PROFILE`. Mappings are names or regular expressions, as here.
"""

import re
from typing import Any

from ...config.presets import PRESETS
from ...errors import ConfigError
from ...types.messages import Protocol
from .found import Import, Key, Profile, Rule, Upstream, items, mapping, place, skipped, slug, texts

_PLAIN = re.compile(r"[\w./:@-]*")  # a name; a dot in one is a dot


def looks_like(data: dict[str, Any]) -> bool:
    """Whether a file is one of these."""
    channels = data.get("channels")
    return isinstance(channels, list) and all("credentials" in item or "supported_models" in item for item in items(channels))


def read(data: dict[str, Any]) -> Import:
    """Channels and profiles."""
    result = Import(program="AxonHub")
    names: dict[Any, str] = {}
    tags: dict[str, list[str]] = {}
    for channel in items(data.get("channels")):
        _channel(channel, result, names)
    for upstream in result.upstreams:
        for tag in upstream.tags:
            tags.setdefault(tag, []).append(upstream.name)
    for owner in items(data.get("api_keys")):
        profiles = mapping(owner.get("profiles"))
        for profile in items(profiles.get("profiles")):
            _profile(f"{owner.get('name')}-{profile.get('name')}", profile, result, names, tags)
    if data.get("models"):
        result.remarks.append("Models and their associations were not taken over: a channel's own models are.")
    return result


def _channel(channel: dict[str, Any], result: Import, names: dict[Any, str]) -> None:
    theirs, type_ = channel.get("name"), str(channel.get("type") or "")
    credentials = mapping(channel.get("credentials"))
    if credentials.get("oauth") or credentials.get("gcp") or credentials.get("azure"):
        result.remarks.append(f"{theirs} was left out: it signs in with an account or a cloud's own credentials.")
        return
    try:
        kind, base_url = _place(type_, channel.get("base_url"))
    except ConfigError as error:
        skipped(result, theirs, error)
        return
    name = slug(theirs, names.values())
    names[channel.get("id")] = name
    values = dict.fromkeys([*texts([credentials.get("apiKey")]), *texts(credentials.get("apiKeys"))])
    settings = mapping(channel.get("settings"))
    if settings.get("modelMappings"):
        result.remarks.append(f"{theirs}: aliases of a channel are mappings of a profile here; they were not taken over.")
    result.upstreams.append(
        Upstream(
            name=name, type=kind, base_url=base_url, models=texts(channel.get("supported_models")),
            keys=tuple(Key(None, value) for value in values), tags=texts(channel.get("tags")),
            enabled=channel.get("status", "enabled") == "enabled",
        )
    )  # fmt: skip


def _place(type_: str, address: Any) -> tuple[str, str | None]:
    protocol: Protocol = "anthropic" if "anthropic" in type_ else "gemini" if type_ == "gemini" else "openai-chat"
    if type_ == "openai_responses":
        protocol = "openai-responses"
    if isinstance(address, str) and address:
        return place(address, protocol)
    preset = type_.partition("_")[0]
    if preset not in PRESETS:
        raise ConfigError(f"axonhub has no provider {type_!r}, and the file names no address")
    return preset, None


def _profile(title: str, profile: dict[str, Any], result: Import, names: dict[Any, str], tags: dict[str, list[str]]) -> None:
    rules = []
    for each in items(profile.get("modelMappings")):
        source, to = str(each.get("from") or ""), str(each.get("to") or "")
        if source and to:
            plain = _PLAIN.fullmatch(source) is not None
            rules.append(Rule(to=to, exact=source if plain else None, regex=None if plain else source))
    ids = profile.get("channelIDs")
    channels = [names[each] for each in ids if each in names] if isinstance(ids, list) else []
    channels += [name for tag in texts(profile.get("channelTags")) for name in tags.get(tag, [])]
    if rules or channels:
        name = slug(title, result.profiles)
        result.profiles[name] = Profile(tuple(rules), tuple(dict.fromkeys(channels)))
