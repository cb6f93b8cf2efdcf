"""The providers' data keep the promises that the rest of the program relies on."""

import re

import pytest

from axonhub_cli.config.presets import normalise
from axonhub_cli.config.providers import PRESETS, Preset
from axonhub_cli.types.messages import PROTOCOLS

OWN_HEADERS = {("anthropic", "x-api-key"), ("gemini", "x-goog-api-key")}
ALL = pytest.mark.parametrize("preset", PRESETS.values(), ids=PRESETS.keys())


def test_the_promised_providers_are_there() -> None:
    """Every provider of the documentation is a type, and so is every protocol that has a codec."""
    assert set(PRESETS) >= {
        "anthropic", "openai", "openai-chat", "openai-responses", "deepseek", "moonshot", "zhipu", "zai", "zai-coding",
        "openrouter", "dashscope", "groq", "mistral", "xai", "minimax", "cerebras", "together",
        "fireworks", "azure", "ollama", "lmstudio", "llamacpp", "vllm", "sglang", "axonhub",
    }  # fmt: skip
    assert set(PRESETS) >= set(PROTOCOLS)


@ALL
def test_each_entry_is_whole(preset: Preset) -> None:
    """It has a name, a title, a documented source, and a way to a key unless it is local."""
    assert PRESETS[preset.name] is preset
    assert re.fullmatch(r"[a-z][a-z-]*", preset.name)
    assert preset.title
    assert preset.sources
    assert all(source.startswith("https://") for source in (*preset.sources, *filter(None, [preset.url])))
    assert (preset.env is None) is preset.local
    assert preset.env is None or re.fullmatch(r"[A-Z_]+_API_KEY", preset.env)


@ALL
def test_each_endpoint_is_normal_and_below_the_root(preset: Preset) -> None:
    """Addresses are in the form that `url` expects, at the provider's own root, and local ones on this machine."""
    assert preset.endpoints
    for protocol, endpoint in preset.endpoints.items():
        assert endpoint.protocol == protocol
        assert endpoint.base_url == normalise(protocol, endpoint.base_url)
        assert endpoint.base_url.startswith(preset.root)
        assert not preset.local or endpoint.base_url.startswith("http://127.0.0.1:")
        assert endpoint.auth == "bearer" or (protocol, endpoint.auth) in OWN_HEADERS


def test_facts_that_are_documented_stand() -> None:
    """Spot checks of what real upstreams refuse."""
    deepseek = PRESETS["deepseek"].endpoints["openai-chat"].quirks
    assert (deepseek.max_tokens_field, deepseek.replay_reasoning, deepseek.developer_role) == ("max_tokens", True, False)
    assert (deepseek.json_schema, deepseek.thinks_unasked, deepseek.late_system) == (False, True, True)
    assert PRESETS["mistral"].endpoints["openai-chat"].quirks.max_tokens_field == "max_tokens"
    assert PRESETS["moonshot"].endpoints["openai-chat"].quirks.forced_tool_choice is False
    assert PRESETS["openrouter"].endpoints["anthropic"].auth == "bearer"
    assert PRESETS["ollama"].endpoints["openai-responses"].quirks.native_responses is False
    assert PRESETS["anthropic"].endpoints["anthropic"].quirks.adaptive is True
    assert PRESETS["zai"].endpoints["anthropic"].quirks.adaptive is False
    assert PRESETS["anthropic"].endpoints["anthropic"].quirks.cache_control is True
    assert PRESETS["mistral"].endpoints["openai-chat"].quirks.user_after_tool is False
    assert not any(
        endpoint.quirks.late_system for preset in PRESETS.values() if preset.local for endpoint in preset.endpoints.values()
    )
