"""cc-switch's providers (github.com/farion1231/cc-switch): `config.json` in its folder, later `cc-switch.db`.

A provider there is a set of values for one client's files. It becomes a channel, and for Claude Code a profile of the same name
too, since to switch providers there is what `axonhub profile use NAME` is here.
"""

import json
import tomllib
from pathlib import Path
from typing import Any

from ...errors import ConfigError
from .found import ALL, SMALL, Import, Profile, Rule, Upstream, key, mapping, place, skipped, slug

_SLOTS = (("HAIKU", SMALL), ("SONNET", "claude-.*sonnet.*"), ("OPUS", "claude-.*opus.*"))


def looks_like(data: dict[str, Any]) -> bool:
    """Whether a file is one of these; `database` gives a database in this form."""
    return any("providers" in mapping(data.get(app)) for app in ("claude", "codex"))


def database(path: Path) -> dict[str, Any]:
    """The table `providers`, in the form that config.json has. Raises `ConfigError` for a file that has none."""
    import sqlite3

    data: dict[str, Any] = {"claude": {"providers": {}}, "codex": {"providers": {}}}
    try:
        connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)
        try:
            for id_, app, name, settings, current in connection.execute(
                "SELECT id, app_type, name, settings_config, is_current FROM providers"
            ):
                if app in data:
                    data[app]["providers"][id_] = {"name": name, "settingsConfig": json.loads(settings)}
                    data[app].update({"current": id_} if current else {})
        finally:
            connection.close()
    except (sqlite3.Error, ValueError) as error:
        raise ConfigError(f"{path} is no database of cc-switch: {error}.", hint="It is ~/.cc-switch/cc-switch.db.") from error
    return data


def read(data: dict[str, Any]) -> Import:
    """Channels, and a profile for each of Claude Code's providers."""
    result = Import(program="cc-switch")
    for app, one in (("claude", _claude), ("codex", _codex)):
        known = mapping(mapping(data.get(app)).get("providers"))
        for id_, provider in known.items():
            name = slug(mapping(provider).get("name") or id_, [item.name for item in result.upstreams])
            try:
                one(name, mapping(mapping(provider).get("settingsConfig")), result)
            except ConfigError as error:
                skipped(result, name, error)
                continue
            if app == "claude" and id_ == data[app].get("current") and name in result.profiles:
                result.active = name
    return result


def _claude(name: str, settings: dict[str, Any], result: Import) -> None:
    env = mapping(settings.get("env"))
    address = env.get("ANTHROPIC_BASE_URL")
    keys = key(env.get("ANTHROPIC_AUTH_TOKEN") or env.get("ANTHROPIC_API_KEY"))
    if not address and not keys:
        result.remarks.append(f"{name} signs in with an account, not with a key: it was left out.")
        return
    type_, base_url = place(address, "anthropic") if isinstance(address, str) and address else ("anthropic", None)
    result.upstreams.append(Upstream(name=name, type=type_, base_url=base_url, keys=keys))
    found = [(regex, env.get(f"ANTHROPIC_DEFAULT_{slot}_MODEL")) for slot, regex in _SLOTS]
    found[0] = (SMALL, found[0][1] or env.get("ANTHROPIC_SMALL_FAST_MODEL"))
    found.append((ALL, env.get("ANTHROPIC_MODEL")))
    rules = tuple(Rule(regex=regex, to=_plain(to), channel=name) for regex, to in found if isinstance(to, str) and to)
    result.profiles[name] = Profile(rules, (name,))


def _plain(model: str) -> str:
    """Without Claude Code's mark for a large window, which no upstream knows."""
    return model.removesuffix("[1m]")


def _codex(name: str, settings: dict[str, Any], result: Import) -> None:
    try:
        config = tomllib.loads(str(settings.get("config") or ""))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"its config.toml cannot be read: {error}") from None
    provider = mapping(mapping(config.get("model_providers")).get(str(config.get("model_provider"))))
    keys = key(mapping(settings.get("auth")).get("OPENAI_API_KEY"))
    address = provider.get("base_url")
    if not isinstance(address, str) and not keys:
        result.remarks.append(f"{name} signs in with an account, not with a key: it was left out.")
        return
    protocol = "openai-chat" if provider.get("wire_api") == "chat" else "openai-responses"
    type_, base_url = place(address, protocol) if isinstance(address, str) else ("openai", None)  # type: ignore[arg-type]
    result.upstreams.append(Upstream(name=name, type=type_, base_url=base_url, keys=keys))
