"""claude-code-router's `~/.claude-code-router/config.json` (github.com/musistudio/claude-code-router, README, "Configuration").

`Providers` are channels: a full address, a key, models, transformers that name the protocol. `Router` names one model for each
kind of request as `provider,model`; `default` and `background` have a counterpart in model names (Claude Code asks for a haiku in
the background), the others do not.
"""

from typing import Any

from ...errors import ConfigError
from ...types.messages import Protocol
from .found import ALL, SMALL, Import, Profile, Rule, Upstream, items, key, mapping, place, skipped, slug, texts

_PROFILE = "router"


def looks_like(data: dict[str, Any]) -> bool:
    """Whether a file is one of these."""
    return isinstance(data.get("Providers", data.get("providers")), list) and ("Router" in data or "Providers" in data)


def read(data: dict[str, Any]) -> Import:
    """Channels, and a profile `router` of what `Router` says."""
    result = Import(program="claude-code-router")
    names: dict[str, str] = {}
    for provider in items(data.get("Providers", data.get("providers"))):
        _provider(provider, result, names)
    _router(mapping(data.get("Router")), result, names)
    if data.get("CUSTOM_ROUTER_PATH"):
        result.remarks.append("CUSTOM_ROUTER_PATH is a program of its own: write its rules as mappings of a profile.")
    return result


def _provider(provider: dict[str, Any], result: Import, names: dict[str, str]) -> None:
    address, theirs = str(provider.get("api_base_url") or ""), str(provider.get("name") or "")
    try:
        type_, base_url = place(address, _protocol(provider, address))
    except ConfigError as error:
        skipped(result, theirs, error)
        return
    name = slug(theirs, names.values())
    names[theirs] = name
    models = texts(provider.get("models"))
    result.upstreams.append(Upstream(name=name, type=type_, base_url=base_url, models=models, keys=key(provider.get("api_key"))))


def _protocol(provider: dict[str, Any], address: str) -> Protocol:
    uses = [str(each[0] if isinstance(each, list) and each else each).lower() for each in _transformers(provider)]
    path = address.rstrip("/")
    if "anthropic" in uses or path.endswith("/messages"):
        return "anthropic"
    if "gemini" in uses or path.endswith("/v1beta/models"):
        return "gemini"
    return "openai-responses" if "openai-responses" in uses or path.endswith("/responses") else "openai-chat"


def _transformers(provider: dict[str, Any]) -> list[Any]:
    found = mapping(provider.get("transformer")).get("use")
    return found if isinstance(found, list) else []


def _router(router: dict[str, Any], result: Import, names: dict[str, str]) -> None:
    rules = []
    for use, regex in (("background", SMALL), ("default", ALL)):
        theirs, _, model = str(router.get(use) or "").partition(",")
        if model and theirs in names:
            rules.append(Rule(regex=regex, to=model, channel=names[theirs]))
        elif model:
            result.remarks.append(f"Router.{use} names {theirs!r}, which is no provider of the file.")
    if rules:
        result.profiles[_PROFILE] = Profile(tuple(rules))
        result.active = _PROFILE
    others = [use for use in ("think", "longContext", "webSearch", "image") if router.get(use)]
    if others:
        result.remarks.append(f"Router.{', Router.'.join(others)}: axonhub routes by model name only, so these use the default.")
