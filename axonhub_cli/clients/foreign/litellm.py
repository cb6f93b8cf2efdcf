"""LiteLLM's `config.yaml` (docs.litellm.ai/docs/proxy/configs): `model_list` says which name is served by which provider's model.

Deployments of one provider with one address and one key become one channel. A name that differs from the model behind it
becomes a mapping of the profile `litellm`; names with a `*` become a regex.
"""

import re
from typing import Any

from ...config.presets import PRESETS
from ...errors import ConfigError
from ...types.messages import Protocol
from .found import Import, Key, Profile, Rule, Upstream, items, key, mapping, place, skipped, slug

_PROFILE = "litellm"
_PRESETS = {
    "openai": "openai", "anthropic": "anthropic", "gemini": "gemini", "deepseek": "deepseek", "openrouter": "openrouter",
    "groq": "groq", "mistral": "mistral", "xai": "xai", "ollama": "ollama", "ollama_chat": "ollama", "hosted_vllm": "vllm",
    "lm_studio": "lmstudio", "moonshot": "moonshot", "zai": "zai", "custom_openai": "openai-chat",
    "openai_like": "openai-chat", "litellm_proxy": "openai-chat",
}  # fmt: skip
_PROTOCOLS: dict[str, Protocol] = {"anthropic": "anthropic", "gemini": "gemini"}


class _Places:
    """The channels so far, by provider, address and key."""

    def __init__(self) -> None:
        self.names: dict[tuple[str, str | None, tuple[Key, ...]], str] = {}
        self.models: dict[str, list[str]] = {}

    def name(self, provider: str, place_: tuple[str, str | None, tuple[Key, ...]]) -> str:
        if place_ not in self.names:
            self.names[place_] = slug(provider, self.names.values())
            self.models[self.names[place_]] = []
        return self.names[place_]


def looks_like(data: dict[str, Any]) -> bool:
    """Whether a file is one of these."""
    return isinstance(data.get("model_list"), list)


def read(data: dict[str, Any]) -> Import:
    """Channels, and a profile `litellm` of the names that mean something else."""
    result, places = Import(program="LiteLLM"), _Places()
    rules: dict[str, Rule] = {}
    for entry in items(data.get("model_list")):
        _entry(entry, result, places, rules)
    for (type_, base_url, keys), name in places.names.items():
        models = tuple(dict.fromkeys(places.models[name]))
        result.upstreams.append(Upstream(name=name, type=type_, base_url=base_url, models=models, keys=keys))
    if rules:
        result.profiles[_PROFILE] = Profile(tuple(rules.values()))
        result.active = _PROFILE
    for section in ("router_settings", "litellm_settings", "general_settings"):
        if data.get(section):
            result.remarks.append(f"{section} was not taken over: see `axonhub config reference` for what there is.")
    return result


def _entry(entry: dict[str, Any], result: Import, places: _Places, rules: dict[str, Rule]) -> None:
    alias, params = str(entry.get("model_name") or ""), mapping(entry.get("litellm_params"))
    provider, _, model = str(params.get("model") or "").partition("/")
    if not model:
        provider, model = "openai", provider
    if provider not in _PRESETS:
        result.remarks.append(f"{alias} was left out: axonhub has no provider {provider!r}.")
        return
    try:
        where = _place(provider, params)
    except ConfigError as error:
        skipped(result, alias, error)
        return
    channel = places.name(provider, where)
    if "*" not in model:
        places.models[channel].append(model)
    rule = _rule(alias, model, channel)
    if alias in rules and (rule is None or rules[alias].to != rule.to):
        result.remarks.append(f"{alias} is served by several models; the first one was taken: {rules[alias].to}.")
    elif alias in rules:
        rules[alias] = Rule(exact=rules[alias].exact, regex=rules[alias].regex, to=rules[alias].to)  # whichever channel has it
    elif rule is not None:
        rules[alias] = rule


def _place(provider: str, params: dict[str, Any]) -> tuple[str, str | None, tuple[Key, ...]]:
    preset = PRESETS[_PRESETS[provider]]
    address = params.get("api_base") or params.get("base_url")
    keys = key(params.get("api_key")) or ((Key(preset.env),) if preset.env and not address else ())
    if not isinstance(address, str):
        return preset.name, None, keys
    return *place(address, _PROTOCOLS.get(provider, "openai-chat")), keys


def _rule(alias: str, model: str, channel: str) -> Rule | None:
    """None for a name that is its own model, or any name of a provider."""
    if alias in (model, "*", "") or alias.partition("/")[2] == model == "*":
        return None
    if "*" in alias:
        parts = [re.escape(part) for part in alias.split("*")]
        return Rule(regex="(.*)".join(parts), to=model.replace("*", r"\1", 1), channel=channel)
    return Rule(exact=alias, to=model, channel=channel)
