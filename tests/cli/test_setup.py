"""`axonhub setup`, as it is typed."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.setup import app
from axonhub_cli.clients.catalog import CLIENTS
from axonhub_cli.clients.guides import GUIDES
from axonhub_cli.config.keys import KeyStore
from axonhub_cli.errors import AxonHubError, ClientFileError, UsageError

CODE = "import sys; from axonhub_cli.cli.setup import app; app(sys.argv[1:])"


def run(*args: str) -> Result:
    """Run a command that must work."""
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output or result.exception
    return result


def error(*args: str) -> AxonHubError:
    """Run a command that must fail with an error of ours."""
    result = CliRunner().invoke(app, args)
    assert isinstance(result.exception, AxonHubError), result.output
    return result.exception


def token(home: Path, name: str) -> str:
    """A local key's token."""
    return next(key.token for key in KeyStore(home / "keys.toml").keys if key.name == name)


@pytest.mark.parametrize("shell", [shell for shell in ("bash", "dash", "zsh") if shutil.which(shell)])
def test_eval_of_the_exports_works(home: Path, shell: str) -> None:
    """The line of the README sets the variables in a real shell; the user's own key is gone there."""
    (home / "config.toml").write_text("[server]\nport = 9\n")  # where nobody listens
    line = f'eval "$({sys.executable} -c "$CODE" claude-code --explain)"; env'
    environ = {
        **os.environ,
        "CODE": CODE,
        "SHELL": f"/bin/{shell}",
        "ANTHROPIC_API_KEY": "user's own",
        "HTTPS_PROXY": "http://p",
        "NO_PROXY": "corp",
    }
    out = subprocess.run([shell, "-c", line], env=environ, capture_output=True, text=True, check=True).stdout.splitlines()
    assert "ANTHROPIC_BASE_URL=http://127.0.0.1:9/anthropic" in out
    assert f"ANTHROPIC_AUTH_TOKEN={token(home, 'claude-code')}" in out
    assert "CLAUDE_STREAM_IDLE_TIMEOUT_MS=900000" in out
    assert "NO_PROXY=corp,127.0.0.1,localhost" in out
    assert not any(item.startswith("ANTHROPIC_API_KEY=") for item in out)


def test_exports_alone_are_on_stdout(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notes go to stderr; a second run uses the same key."""
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    first = run("claude-code")
    assert [line.split()[:2] for line in first.stdout.splitlines()] == [["set", "-gx"]] * 3
    assert "Created the local key" in first.stderr
    second = run("claude-code")
    assert (second.stdout, second.stderr) == (first.stdout, "")


def test_port_comes_from_the_option_then_from_the_config(home: Path) -> None:
    """--port wins over config.toml, which wins over 8090."""
    (home / "config.toml").write_text("[server]\nport = 7\n")
    assert "127.0.0.1:7/anthropic" in run("claude-code", "--shell", "bash").stdout
    assert (
        "$env:ANTHROPIC_BASE_URL = 'http://127.0.0.1:9/anthropic'"
        in run("claude-code", "--shell", "powershell", "--port", "9").stdout
    )


def test_json_holds_the_same(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs get values and what to unset."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "x")
    data = json.loads(run("claude-code", "--json", "--shell", "zsh").stdout)
    assert data["env"]["ANTHROPIC_AUTH_TOKEN"] == token(home, "claude-code")
    assert data["unset"] == ["ANTHROPIC_API_KEY"]


def test_a_named_key_must_exist(home: Path) -> None:
    """A mistyped key is not created."""
    assert isinstance(error("claude-code", "--key", "nope", "--shell", "bash"), UsageError)
    key = KeyStore(home / "keys.toml").create("laptop")
    assert key.token in run("claude-code", "--key", "laptop", "--shell", "bash").stdout


def test_settings_that_win_over_the_shell_are_named(home: Path) -> None:
    """Claude Code's own settings file wins, so a value there is worth a note."""
    settings = Path.home() / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text('{"env": {"ANTHROPIC_BASE_URL": "http://elsewhere"}}')
    assert "wins over the shell" in run("claude-code", "--shell", "bash").stderr


SETTINGS = """\
{
    // my settings
    "permissions": {"allow": ["Bash(ls)"]},
    "env": {
        "ANTHROPIC_API_KEY": "sk-user-1234567890", // old
        "FOO": "bar"
    },
    "model": "opus"
}
"""


def test_write_edits_only_the_env_block_and_undo_returns_it(home: Path) -> None:
    """Order, indent and comments stay; the diff shows no secret; undo gives the old bytes back."""
    settings = Path.home() / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text(SETTINGS)
    dry = run("claude-code", "--write", "--dry-run")
    assert settings.read_text() == SETTINGS
    assert not (home / "keys.toml").exists()
    assert '+        "ANTHROPIC_BASE_URL"' in dry.stdout
    done = run("claude-code", "--write")
    assert "sk-user-1234567890" not in dry.stdout + done.stdout
    assert token(home, "claude-code") not in done.stdout
    after = settings.read_text()
    lines = [line for line in SETTINGS.splitlines() if "API_KEY" not in line and "FOO" not in line]
    assert [line for line in after.splitlines() if line in lines] == lines
    assert "// old" in after
    assert "sk-user" not in after
    assert token(home, "claude-code") in after
    assert "already set up" in run("claude-code", "--write").stdout
    run("claude-code", "--undo")
    assert settings.read_text() == SETTINGS


def test_write_makes_the_settings_and_undo_removes_them(home: Path) -> None:
    """Without a settings file one is made, private; undo takes it away again."""
    settings = Path.home() / ".claude" / "settings.json"
    run("claude-code", "--write")
    assert settings.stat().st_mode & 0o777 == 0o600
    assert json.loads(settings.read_text())["env"]["CLAUDE_STREAM_IDLE_TIMEOUT_MS"] == "900000"
    assert "Removed" in run("claude-code", "--undo").stdout
    assert not settings.exists()


def test_settings_that_are_no_object_are_refused(home: Path) -> None:
    """A list is not edited, and no key is made for it."""
    settings = Path.home() / ".claude" / "settings.json"
    settings.parent.mkdir()
    settings.write_text("[]")
    assert isinstance(error("claude-code", "--write"), ClientFileError)
    assert settings.read_text() == "[]"
    assert not (home / "keys.toml").exists()


def test_codex_from_nothing_to_nothing(home: Path) -> None:
    """Dry run, setup, again, status, undo, again: each says what it did."""
    file = Path.home() / ".codex" / "config.toml"
    assert "+[model_providers.axonhub-responses]" in run("codex", "--dry-run").stdout
    assert not file.exists()
    assert not (home / "setup-journal.toml").exists()
    done = run("codex", "--yes", "--model", "gpt-5.5")
    assert "axonhub setup codex --env" in done.stdout
    value = tomllib.loads(file.read_text())
    assert (value["model_provider"], value["model"]) == ("axonhub-responses", "gpt-5.5")
    assert token(home, "codex") not in file.read_text()
    assert "already set up" in run("codex").stdout
    rows: list[dict[str, Any]] = json.loads(run("status", "--json").stdout)
    assert {row["client"] for row in rows if row["state"] == "set up"} == {"codex"}
    assert "codex" in run("status").stdout
    assert "(--dry-run)" in run("codex", "--undo", "--dry-run").stdout
    assert file.exists()
    assert "Removed" in run("codex", "--undo").stdout
    assert not file.exists()
    assert "Nothing to take back" in run("codex", "--undo").stdout


def test_codex_env_prints_the_export_alone(home: Path) -> None:
    """What Codex needs in the shell is one line."""
    out = run("codex", "--env", "--shell", "bash").stdout
    assert out == f"export AXONHUB_API_KEY='{token(home, 'codex')}'\n"


def test_codex_undo_names_what_it_kept(home: Path) -> None:
    """A value that the user changed since is named, in both forms."""
    file = Path.home() / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text("# mine\n")
    run("codex")
    file.write_text(file.read_text().replace('"axonhub-responses"', '"other"'))
    data = json.loads(run("codex", "--undo", "--json").stdout)
    assert data["kept"] == ["model_provider"]
    assert tomllib.loads(file.read_text()) == {"model_provider": "other"}


def test_codex_json_has_the_diff_and_the_backup(home: Path) -> None:
    """Programs get the diff, the backup's path and the next step."""
    file = Path.home() / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text("a = 1\n")
    data = json.loads(run("codex", "--json").stdout)
    assert data["changed"] is True
    assert Path(data["backup"]).read_text() == "a = 1\n"
    assert "model_provider" in data["diff"]
    assert data["next"]


def test_codex_shows_a_hostile_file_harmlessly(home: Path) -> None:
    """Control characters of the user's file do not reach the terminal."""
    file = Path.home() / ".codex" / "config.toml"
    file.parent.mkdir()
    file.write_text("a = 1 # \u009b2J\u202e\n")
    assert "\u009b" not in run("codex", "--dry-run").stdout


def test_list_names_the_clients() -> None:
    """Every client is listed with its file."""
    rows = json.loads(run("list", "--json").stdout)
    assert [row["client"] for row in rows] == [item.name for item in (*CLIENTS, *GUIDES)]
    assert len(json.loads(run("list", "--json", "--limit", "1").stdout)) == 1
    assert "~/.codex/config.toml" in run("list").stdout


def test_every_client_that_is_listed_has_a_command_with_an_undo(home: Path) -> None:
    """`setup NAME --undo` works for each, and writes nothing when there is nothing to take back."""
    before = {path for path in Path.home().rglob("*")}
    for row in json.loads(run("list", "--json").stdout):
        said = run(row["client"], "--undo").stdout
        assert "Nothing to take back" in said or "wrote no file" in said
    assert {path for path in Path.home().rglob("*")} == before


@pytest.mark.parametrize("guide", GUIDES, ids=lambda guide: guide.name)
def test_guides_are_printed_with_their_key(guide: Any, home: Path) -> None:
    """Exports or instructions name the port and the key where they need one; nothing is left to fill in."""
    done = run(guide.name, "--shell", "bash", "--model", "some-model")
    said = done.stdout + done.stderr
    assert "{" not in said.replace("{env:", "")
    keys = {key.name: key.token for key in KeyStore(home / "keys.toml").keys}
    assert (guide.name in keys) == (guide.name != "cursor")
    assert keys.get(guide.name, "") in said
    data = json.loads(run(guide.name, "--shell", "bash", "--json").stdout)
    assert data.get("env") or data["text"]
