"""What Tab gives: names that are configured, and nothing where something is wrong."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli import complete
from axonhub_cli.cli.main import app

CONFIG = """\
[[channels]]
name = "deepseek"
type = "deepseek"
models = ["deepseek-chat"]
[[channels]]
name = "local"
type = "ollama"
[profiles.cheap]
"""


def test_names_come_from_the_configuration(home: Path) -> None:
    """Those that begin as it was typed."""
    (home / "config.toml").write_text(CONFIG)
    assert CliRunner().invoke(app, ["key", "create", "laptop"]).exit_code == 0
    found = {each: getattr(complete, each)("") for each in ("channels", "profiles", "keys", "models", "clients")}
    assert found == {
        "channels": ["deepseek", "local"],
        "profiles": ["cheap"],
        "keys": ["laptop"],
        "models": ["deepseek-chat"],
        "clients": ["claude", "codex", "opencode", "gemini"],
    }
    assert complete.channels("lo") == ["local"]
    assert "openrouter" in complete.types("open")


@pytest.mark.parametrize("text", ["[broken", "prot = 1"])
def test_a_broken_file_says_nothing(home: Path, text: str) -> None:
    """A Tab is no place for errors."""
    (home / "config.toml").write_text(text)
    assert complete.channels("") == complete.models("") == []


def test_a_shell_is_given_them(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words in which fish asks."""
    (home / "config.toml").write_text(CONFIG)
    for name, value in {"_AXONHUB_COMPLETE": "complete_fish", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}.items():
        monkeypatch.setenv(name, value)
    for line, wanted in (("axonhub channel test lo", "local"), ("axonhub profile use ", "cheap"), ("axonhub run co", "codex")):
        monkeypatch.setenv("_TYPER_COMPLETE_ARGS", line)
        assert CliRunner().invoke(app, [], prog_name="axonhub").stdout.split() == [wanted]
