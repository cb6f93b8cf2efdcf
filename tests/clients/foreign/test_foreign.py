"""Other routers' files, as their documentation shows them, become channels and profiles of ours."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.clients.foreign.found import ALL, SMALL, Import, Key, Profile, Rule, Upstream, key, place, slug
from axonhub_cli.clients.foreign.read import read
from axonhub_cli.errors import ConfigError

ROUTER = {
    "PORT": 3456,
    "APIKEY": "for-the-router-itself",
    "Providers": [
        {
            "name": "openrouter", "api_base_url": "https://openrouter.ai/api/v1/chat/completions", "api_key": "sk-or-1",
            "models": ["google/gemini-2.5-pro-preview", "anthropic/claude-sonnet-4"], "transformer": {"use": ["openrouter"]},
        },
        {
            "name": "deepseek", "api_base_url": "https://api.deepseek.com/chat/completions", "api_key": "$DEEPSEEK_API_KEY",
            "models": ["deepseek-chat", "deepseek-reasoner"],
            "transformer": {"use": ["deepseek"], "deepseek-chat": {"use": ["tooluse"]}},
        },
        {
            "name": "ollama", "api_base_url": "http://localhost:11434/v1/chat/completions", "api_key": "ollama",
            "models": ["qwen2.5-coder:latest"],
        },
        {
            "name": "gemini", "api_base_url": "https://generativelanguage.googleapis.com/v1beta/models/",
            "api_key": "${GEMINI_API_KEY}", "models": ["gemini-2.5-pro"], "transformer": {"use": ["gemini"]},
        },
        {
            "name": "my relay", "api_base_url": "https://relay.example/api/v1/messages", "api_key": "sk-2",
            "models": ["claude-x"], "transformer": {"use": ["Anthropic", ["maxtoken", {"max_tokens": 65536}]]},
        },
        {"name": "broken", "api_base_url": "ftp://nowhere", "models": []},
    ],
    "Router": {
        "default": "deepseek,deepseek-chat", "background": "ollama,qwen2.5-coder:latest", "think": "deepseek,deepseek-reasoner",
        "longContext": "openrouter,google/gemini-2.5-pro-preview", "longContextThreshold": 60000, "webSearch": "",
    },
}  # fmt: skip

LITELLM = """
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
  - model_name: claude-sonnet
    litellm_params:
      model: anthropic/claude-sonnet-4-5
  - model_name: fast
    litellm_params: {model: groq/llama-3.3-70b, api_key: os.environ/GROQ_API_KEY, rpm: 30}
  - model_name: vllm-models
    litellm_params:
      model: openai/facebook/opt-125m
      api_base: http://127.0.0.1:4000/v1
      api_key: none
  - model_name: "claude-*"
    litellm_params: {model: "openrouter/anthropic/claude-*", api_key: os.environ/OPENROUTER_API_KEY}
  - model_name: azure-gpt
    litellm_params: {model: azure/gpt-4o-eu, api_base: https://my.openai.azure.com/}
  - model_name: "*"
    litellm_params: {model: "*"}
litellm_settings:
  drop_params: True
"""

CC_SWITCH: dict[str, Any] = {
    "version": 2,
    "claude": {
        "current": "a",
        "providers": {
            "a": {
                "name": "DeepSeek",
                "settingsConfig": {
                    "env": {
                        "ANTHROPIC_BASE_URL": "https://api.deepseek.com/anthropic", "ANTHROPIC_AUTH_TOKEN": "sk-3",
                        "ANTHROPIC_MODEL": "deepseek-v4-pro[1m]", "ANTHROPIC_DEFAULT_HAIKU_MODEL": "deepseek-v4-flash",
                    }
                },
            },
            "b": {"name": "Claude Official", "settingsConfig": {"env": {}}},
        },
    },
    "codex": {
        "providers": {
            "c": {
                "name": "Relay",
                "settingsConfig": {
                    "auth": {"OPENAI_API_KEY": "sk-4"},
                    "config": 'model_provider = "r"\n[model_providers.r]\nbase_url = "https://r.example/v1"\n',
                },
            }
        }
    },
}  # fmt: skip

AXONHUB = {
    "version": "1.1",
    "channels": [
        {
            "id": 1, "name": "main", "type": "openai", "base_url": "https://api.openai.com/v1", "status": "enabled",
            "tags": ["eu"],
            "supported_models": ["gpt-5"], "credentials": {"apiKeys": ["sk-5", "sk-6"]}, "settings": {"modelMappings": []},
        },
        {
            "id": 2, "name": "Kimi 2", "type": "moonshot_anthropic", "base_url": "https://api.moonshot.ai/anthropic",
            "status": "disabled", "supported_models": ["kimi-k2"], "credentials": {"apiKey": "sk-7"},
        },
        {"id": 3, "name": "acc", "type": "claudecode", "credentials": {"oauth": {"access_token": "x"}}, "supported_models": []},
    ],
    "api_keys": [
        {
            "name": "laptop",
            "profiles": {
                "activeProfile": "work",
                "profiles": [
                    {
                        "name": "work", "channelIDs": [2], "channelTags": ["eu"],
                        "modelMappings": [{"from": "claude-.*", "to": "kimi-k2"}, {"from": "gpt-4.1", "to": "gpt-5"}],
                    }
                ],
            },
        }
    ],
}  # fmt: skip


def imported(tmp_path: Path, data: Any, name: str = "config.json") -> Import:
    """The file with that content, read."""
    file = tmp_path / name
    file.write_text(data if isinstance(data, str) else json.dumps(data))
    return read(file)


def by_name(found: Import) -> dict[str, Upstream]:
    return {item.name: item for item in found.upstreams}


def test_claude_code_router(tmp_path: Path) -> None:
    """Providers that we know are known by their address, others by what they speak; the router becomes two mappings."""
    found = imported(tmp_path, ROUTER)
    assert found.program == "claude-code-router"
    kinds = {item.name: (item.type, item.base_url) for item in found.upstreams}
    assert kinds == {
        "openrouter": ("openrouter", None), "deepseek": ("deepseek", None), "ollama": ("ollama", None),
        "gemini": ("gemini", None),
        "my-relay": ("anthropic", "https://relay.example/api/v1/messages"),
    }  # fmt: skip
    assert by_name(found)["deepseek"].keys == (Key("DEEPSEEK_API_KEY"),)
    assert by_name(found)["gemini"].keys == (Key("GEMINI_API_KEY"),)
    rules = (
        Rule(regex=SMALL, to="qwen2.5-coder:latest", channel="ollama"),
        Rule(regex=ALL, to="deepseek-chat", channel="deepseek"),
    )
    assert (found.profiles, found.active) == ({"router": Profile(rules)}, "router")
    commented = "// mine\n" + json.dumps(ROUTER, indent=1).replace("\n}", ",\n}")
    assert imported(tmp_path, commented) == found
    assert any("broken was left out" in remark for remark in found.remarks)
    assert any("Router.think, Router.longContext" in remark for remark in found.remarks)


def test_litellm(tmp_path: Path) -> None:
    """Deployments become channels, names that differ from their model become mappings; what we cannot serve is named."""
    found = imported(tmp_path, LITELLM, "config.yaml")
    assert found.program == "LiteLLM"
    kinds = {item.name: (item.type, item.base_url, item.models) for item in found.upstreams}
    assert kinds == {
        "openai": ("openai", None, ("gpt-4o",)), "anthropic": ("anthropic", None, ("claude-sonnet-4-5",)),
        "groq": ("groq", None, ("llama-3.3-70b",)),
        "openai-2": ("openai-chat", "http://127.0.0.1:4000/v1", ("facebook/opt-125m",)),
        "openrouter": ("openrouter", None, ()),
    }  # fmt: skip
    assert by_name(found)["anthropic"].keys == (Key("ANTHROPIC_API_KEY"),)
    rules = {rule.exact or rule.regex: (rule.to, rule.channel) for rule in found.profiles["litellm"].rules}
    assert rules == {
        "claude-sonnet": ("claude-sonnet-4-5", "anthropic"), "fast": ("llama-3.3-70b", "groq"),
        "vllm-models": ("facebook/opt-125m", "openai-2"), r"claude\-(.*)": (r"anthropic/claude-\1", "openrouter"),
    }  # fmt: skip
    assert any("azure-gpt was left out" in remark for remark in found.remarks)


def test_litellms_deployments_of_one_name(tmp_path: Path) -> None:
    """The same model in two places is one mapping that any of them may serve; another model is named."""
    entries = [
        {"model_name": "m", "litellm_params": {"model": "groq/x", "api_key": "sk-a"}},
        {"model_name": "m", "litellm_params": {"model": "openrouter/x", "api_key": "sk-b"}},
        {"model_name": "m", "litellm_params": {"model": "openai/y"}},
    ]
    found = imported(tmp_path, json.dumps({"model_list": entries}), "config.yml")
    assert found.profiles["litellm"].rules == (Rule(exact="m", to="x"),)
    assert any("several models" in remark for remark in found.remarks)


def test_cc_switch_file_and_database(tmp_path: Path) -> None:
    """Each provider with a key is a channel, each of Claude Code's a profile; the database says the same as the file."""
    found = imported(tmp_path, CC_SWITCH)
    assert {item.name: (item.type, item.base_url) for item in found.upstreams} == {
        "DeepSeek": ("deepseek", None), "Relay": ("openai-responses", "https://r.example/v1"),
    }  # fmt: skip
    rules = (
        Rule(regex=SMALL, to="deepseek-v4-flash", channel="DeepSeek"),
        Rule(regex=ALL, to="deepseek-v4-pro", channel="DeepSeek"),
    )
    assert (found.profiles, found.active) == ({"DeepSeek": Profile(rules, ("DeepSeek",))}, "DeepSeek")
    assert found.remarks == ["Claude-Official signs in with an account, not with a key: it was left out."]
    database = tmp_path / "cc-switch.db"
    connection = sqlite3.connect(database)
    connection.execute("CREATE TABLE providers (id TEXT, app_type TEXT, name TEXT, settings_config TEXT, is_current BOOLEAN)")
    for app in ("claude", "codex"):
        for id_, item in CC_SWITCH[app]["providers"].items():
            row = (id_, app, item["name"], json.dumps(item["settingsConfig"]), id_ == CC_SWITCH[app].get("current"))
            connection.execute("INSERT INTO providers VALUES (?, ?, ?, ?, ?)", row)
    connection.commit()
    connection.close()
    assert read(database) == found


def test_axonhub(tmp_path: Path) -> None:
    """Channels with all their keys, and a key's profiles with their channels by number and by tag."""
    found = imported(tmp_path, AXONHUB)
    assert {item.name: (item.type, item.enabled, len(item.keys)) for item in found.upstreams} == {
        "main": ("openai", True, 2), "Kimi-2": ("moonshot", False, 1),
    }  # fmt: skip
    rules = (Rule(regex="claude-.*", to="kimi-k2"), Rule(exact="gpt-4.1", to="gpt-5"))
    assert found.profiles == {"laptop-work": Profile(rules, ("Kimi-2", "main"))}
    assert any("acc was left out" in remark for remark in found.remarks)


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.json", "{", "cannot be read"), ("a.json", "[]", "not hold an object"), ("a.json", '{"x": 1}', "no configuration"),
        ("a.yaml", "[]", "holds no object"),
        ("a.yaml", "a: [", "cannot be read"), ("a.db", "SQLite format 3\0", "no database of cc-switch"),
        ("a.json", "\udcff", "UTF-8"),
    ],
)  # fmt: skip
def test_other_files_are_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    """With what is wrong, and what would be right."""
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigError, match=says) as caught:
        read(tmp_path / name)
    assert caught.value.hint
    with pytest.raises(ConfigError, match="There is no file"):
        read(tmp_path / "absent")


@pytest.mark.parametrize("data", [ROUTER, CC_SWITCH, AXONHUB])
def test_nothing_of_a_file_breaks_it(tmp_path: Path, data: dict[str, Any]) -> None:
    """Whatever stands where something else is expected, the rest is read."""
    for odd in (None, 7, "x", [], [7], {}, {"x": 7}):
        for name in data:
            changed = {**data, name: odd}
            try:
                imported(tmp_path, changed)
            except ConfigError:
                assert name in ("Providers", "channels", "claude", "codex")
    text = json.dumps(data).replace('"name"', '"title"').replace('"env"', '"environment"')
    imported(tmp_path, text)


def test_small_parts() -> None:
    """Keys in every spelling and never in a repr; names that are taken; addresses of known providers and of others."""
    assert [key(text) for text in ("$A", "${A}", "os.environ/A", " ", None)] == [(Key("A"),)] * 3 + [(), ()]
    assert "secret" not in repr(key("very-secret"))
    assert [slug("a b", []), slug("a", ["a", "a-2"]), slug("", [])] == ["a-b", "a-3", "channel"]
    assert place("https://api.deepseek.com/v1", "openai-chat") == ("deepseek", None)
    assert place("http://127.0.0.1:11435/v1", "openai-chat") == ("openai-chat", "http://127.0.0.1:11435/v1")
