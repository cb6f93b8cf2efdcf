"""`axonhub config import` and `export`, as they are typed."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.config import app
from axonhub_cli.config.store import load
from axonhub_cli.errors import NotConfigured, UsageError

FILE = {
    "Providers": [
        {
            "name": "deepseek", "api_base_url": "https://api.deepseek.com/chat/completions", "api_key": "$DEEPSEEK_API_KEY",
            "models": ["deepseek-chat"],
        },
        {
            "name": "relay", "api_base_url": "https://relay.example/v1/chat/completions", "api_key": "sk-very-secret",
            "models": ["m"],
        },
        {"name": "ollama", "api_base_url": "http://127.0.0.1:11434/v1/chat/completions", "api_key": "ollama", "models": ["q"]},
    ],
    "Router": {"default": "relay,m", "background": "deepseek,deepseek-chat"},
}  # fmt: skip


def run(*args: str, code: int = 0) -> Result:
    """A command that must end with that code."""
    result = CliRunner().invoke(app, args)
    assert result.exit_code == code, result.output or result.exception
    return result


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A router's configuration."""
    path = tmp_path / "config.json"
    path.write_text(json.dumps(FILE))
    return str(path)


def test_it_is_taken_over_and_good(file: str, home: Path) -> None:
    """Comments of config.toml stay, keys go where --secrets says and nowhere else, the profile is active."""
    (home / "config.toml").write_text("# mine\n[server]\nport = 9000\n")
    said = run("import", file, "--secrets", "file").output
    text = (home / "config.toml").read_text()
    assert "# mine" in text
    assert "sk-very-secret" not in text + said
    config = load(home / "config.toml")
    assert [(item.name, item.type, item.secrets) for item in config.channels] == [
        ("deepseek", "deepseek", ("env:DEEPSEEK_API_KEY",)),
        ("relay", "openai-chat", ("file:secrets/relay",)),
        ("ollama", "ollama", ()),
    ]
    assert (home / "secrets" / "relay").read_text().strip() == "sk-very-secret"
    assert config.profile == "router"
    assert [(rule.to, rule.channel) for rule in config.profiles["router"].mappings] == [
        ("deepseek-chat", "deepseek"),
        ("m", "relay"),
    ]


def test_a_second_time_there_is_nothing_new(file: str, home: Path) -> None:
    """What is here stays as it is, and is named."""
    run("import", file, "--secrets", "none")
    before = (home / "config.toml").read_bytes()
    result = CliRunner().invoke(app, ["import", file])
    assert isinstance(result.exception, NotConfigured)
    assert "is here already" in str(result.exception.hint)
    assert (home / "config.toml").read_bytes() == before


def test_a_dry_run_writes_nothing(file: str, home: Path) -> None:
    """The proposal, in words and in JSON."""
    assert "To be added from claude-code-router" in run("import", file, "--dry-run").stdout
    data: dict[str, Any] = json.loads(run("import", file, "--dry-run", "--json").stdout)
    assert (data["written"], data["active"], len(data["channels"])) == (False, "router", 3)
    assert not (home / "config.toml").exists()
    assert "sk-very-secret" not in json.dumps(data)


def test_without_a_keyring_nothing_is_half_done(file: str, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to choose."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")
    result = CliRunner().invoke(app, ["import", file])
    if isinstance(result.exception, UsageError):  # a system with a keyring of another kind has one all the same
        assert "--secrets file" in str(result.exception.hint)
        assert not (home / "config.toml").exists()


def test_a_profile_that_is_active_stays_active(file: str, home: Path) -> None:
    """The imported one is there to be chosen."""
    (home / "config.toml").write_text('profile = "mine"\n[profiles.mine]\n')
    run("import", file, "--secrets", "none")
    assert load(home / "config.toml").profile == "mine"
    assert "router" in load(home / "config.toml").profiles


def test_an_export_has_references_and_no_secrets(home: Path) -> None:
    """It is a good config.toml by itself, without headers and passwords; what it needs stands on top."""
    (home / "config.toml").write_text(
        '[[channels]]\nname = "a"\ntype = "openai-chat"\nbase_url = "https://x.example/v1"\nsecrets = ["keyring:a", "env:B"]\n'
        'proxy = "http://user:pass-word@proxy:3128"\nheaders = { Authorization = "Bearer sk-1", X-Team = "blue" }\n'
    )
    text = run("export").stdout
    assert "# needs the secret keyring:a (channel a)" in text
    assert "# left out: channels.headers.Authorization" in text
    assert "sk-1" not in text
    assert "pass-word" not in text
    (channel,) = tomllib.loads(text)["channels"]
    assert channel["headers"] == {"X-Team": "blue"}
    assert channel["proxy"] == "http://proxy:3128"
    (home / "config.toml").write_text(text)
    assert load(home / "config.toml").channels[0].secrets == ("keyring:a", "env:B")


def test_nothing_to_export(home: Path) -> None:
    """An empty configuration is one."""
    assert json.loads(run("export", "--json").stdout) == {"config": {}, "secrets": [], "left_out": []}
