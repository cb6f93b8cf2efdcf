"""What is told of a channel without asking anybody: protocols, and whether secrets are there."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli.channel import app
from axonhub_cli.cli.channel_facts import protocols, secret_states
from axonhub_cli.config.ratios import Ratios
from axonhub_cli.config.schema import Channel


def test_secrets_are_present_missing_or_unreadable(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Variables and files in each state; a reference is looked at once, whoever names it."""
    monkeypatch.setenv("SET", "value")
    (home / "good").write_text("value")
    (home / "good").chmod(0o600)
    (home / "open").write_text("value")
    (home / "open").chmod(0o644)
    references = ("env:SET", "env:UNSET", "file:good", "file:open", "file:gone")
    channels = [Channel(name="a", type="deepseek", secrets=references), Channel(name="b", type="groq", secrets=("env:SET",))]
    assert secret_states(channels) == {
        "env:SET": "present", "env:UNSET": "missing", "file:good": "present", "file:open": "unreadable", "file:gone": "missing",
    }  # fmt: skip
    assert secret_states([]) == {}


def test_protocols_come_in_their_order() -> None:
    """The preferred one first, each with its address."""
    assert list(protocols(Channel(name="a", type="anthropic"))) == ["anthropic"]
    assert list(protocols(Channel(name="a", type="deepseek"))) == ["openai-chat", "anthropic"]


def test_list_and_show_tell_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In words and as data; the value never."""
    monkeypatch.setenv("KEY", "very-secret-value")
    (home / "config.toml").write_text('[[channels]]\nname = "a"\ntype = "deepseek"\nsecrets = ["env:KEY", "env:OTHER"]\n')
    monkeypatch.setenv("COLUMNS", "200")
    listed = CliRunner().invoke(app, ["list"]).stdout
    shown = CliRunner().invoke(app, ["show", "a"]).stdout
    data = json.loads(CliRunner().invoke(app, ["list", "--json"]).stdout)
    assert data[0]["secret_states"] == {"env:KEY": "present", "env:OTHER": "missing"}
    assert data[0]["protocols"] == ["openai-chat", "anthropic"]
    for text in (listed, shown):
        assert "env:KEY (present), env:OTHER (missing)" in text
        assert "very-secret" not in text
    assert "openai-chat" in shown


def test_show_tells_how_tokens_are_estimated(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The ratio of each model, how many answers it comes from, and how far off the numbers were."""
    monkeypatch.setenv("COLUMNS", "200")
    (home / "config.toml").write_text('[[channels]]\nname = "a"\ntype = "ollama"\n')
    known = Ratios()
    for _ in range(4):
        known.learn("a", "qwen", 1000, 1200)
    known.save(home / "ratios.json")
    text = CliRunner().invoke(app, ["show", "a"]).stdout
    assert "tokens of qwen" in text
    assert "estimated × 1.24, from 4 answers; off by 17% as a rule, by 17% one time in ten" in text
    facts = json.loads(CliRunner().invoke(app, ["show", "a", "--json"]).stdout)["token_counts"]
    assert [(fact["model"], fact["ratio"], fact["samples"]) for fact in facts] == [("qwen", 1.236, 4)]
