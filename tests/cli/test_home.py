"""`axonhub` alone: the state it sees, and the step that comes next."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from axonhub_cli.cli import home as page
from axonhub_cli.cli.main import app

READY: dict[str, Any] = {"problem": None, "channels": ["a"], "server": "http://127.0.0.1:8090", "clients": {"Codex": "set up"}}

STATES = {
    "broken": ({"problem": {"message": "m", "hint": "h"}}, ["axonhub config edit", "axonhub doctor"]),
    "nothing": ({"channels": []}, ["axonhub init", "axonhub serve --demo"]),
    "no server": ({"server": None}, ["axonhub serve", "axonhub doctor"]),
    "no client": ({"clients": {}}, ["axonhub run claude", "axonhub setup list", "axonhub trace tail", "axonhub doctor"]),
    "all there": ({}, ["axonhub trace tail", "axonhub doctor"]),
}


@pytest.mark.parametrize(("change", "commands"), STATES.values(), ids=STATES)
def test_the_next_step_follows_from_the_state(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], commands: list[str]
) -> None:
    """What is missing first comes first."""
    monkeypatch.setenv("PATH", "")
    assert [command for command, _ in page.steps({**READY, **change})] == commands


def shown() -> str:
    """The page as it is printed."""
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_a_fresh_home_is_told_how_to_begin() -> None:
    """No channel, no server: init, or the demo."""
    text = shown()
    assert "none yet" in text
    assert "is not running" in text
    assert text.index("axonhub init") < text.index("axonhub serve --demo")


def test_channels_profile_and_clients_are_named(home: Path) -> None:
    """What is configured is what is shown; a client counts as set up when this shell is prepared for it, or its file is."""
    (home / "config.toml").write_text(
        'profile = "p"\n[profiles.p]\n[[channels]]\nname = "one"\ntype = "ollama"\n'
        '[[channels]]\nname = "two"\ntype = "ollama"\nenabled = false\n'
    )
    settings = Path(os.environ["HOME"]) / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "http://127.0.0.1:8090/anthropic"}}))
    data = page.look()
    assert (data["channels"], data["profile"]) == (["one"], "p")
    assert "two" not in shown()


def test_a_broken_file_is_a_sentence_and_still_exit_code_0(home: Path) -> None:
    """The place of the mistake and the command that mends it."""
    (home / "config.toml").write_text("[server]\nprot = 1\n")
    text = shown()
    assert "config.toml:2" in "".join(text.split())
    assert "axonhub config edit" in text
