"""How one client is set up: what is behind it, which kind of set-up it gets."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.setup import app
from axonhub_cli.config.keys import KeyStore


def token(home: Path, name: str) -> str:
    """A local key's token."""
    return next(key.token for key in KeyStore(home / "keys.toml").keys if key.name == name)


def run(*args: str) -> Result:
    """Run a command that must work."""
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output or result.exception
    return result


def test_the_models_behind_are_explained(home: Path) -> None:
    """A profile that maps Claude's names to a smaller model: each line says why; the size is the real model's."""
    (home / "config.toml").write_text(
        'profile = "p"\n[[channels]]\nname = "deepseek"\ntype = "deepseek"\nmodels = ["deepseek-chat"]\n'
        '[profiles.p]\n[[profiles.p.mappings]]\nregex = "claude-.*"\nto = "deepseek-chat"\n'
    )
    done = run("claude-code", "--shell", "bash", "--explain", "--haiku", "small")
    lines = done.stdout.splitlines()
    assert all(line.startswith("# ") for line in lines[::2])
    assert all(line.startswith("export ") for line in lines[1::2])
    assert "export ANTHROPIC_DEFAULT_HAIKU_MODEL='small'" in lines
    assert any(line.startswith("export CLAUDE_CODE_AUTO_COMPACT_WINDOW=") for line in lines)
    codex = run("codex", "--model", "deepseek-chat", "--dry-run").stdout
    assert "+model_context_window = " in codex


def test_opencode_and_zed_list_what_is_offered(home: Path) -> None:
    """Models of channels are named in the file, none of the user's other settings is touched, comments stay."""
    (home / "config.toml").write_text('[[channels]]\nname = "d"\ntype = "deepseek"\nmodels = ["deepseek-chat"]\n')
    for name, file in (("opencode", ".config/opencode/opencode.json"), ("zed", ".config/zed/settings.json")):
        path = Path.home() / file
        path.parent.mkdir(parents=True)
        path.write_text('// mine\n{\n  "theme": "x", // dark\n}\n')
        assert f"axonhub setup {name} --env" in run(name).stdout
        assert '"deepseek-chat"' in path.read_text()
        assert "// dark" in path.read_text()
        assert f"export AXONHUB_API_KEY='{token(home, name)}'\n" == run(name, "--env", "--shell", "bash").stdout
        run(name, "--undo")
        assert path.read_text() == '// mine\n{\n  "theme": "x", // dark\n}\n'


def test_gemini_cli_is_exports_and_one_choice(home: Path) -> None:
    """The exports name what is still to choose; --write chooses it, and undo takes the choice back."""
    assert "--write" in run("gemini-cli", "--shell", "bash").stderr
    run("gemini-cli", "--write")
    file = Path.home() / ".gemini" / "settings.json"
    assert json.loads(file.read_text()) == {"security": {"auth": {"selectedType": "gemini-api-key"}}}
    assert run("gemini-cli", "--shell", "bash").stderr == ""
    run("gemini-cli", "--undo")
    assert not file.exists()


def test_a_keys_profile_counts(home: Path) -> None:
    """What is behind is what that key's profile makes of the names, not the active one's."""
    (home / "config.toml").write_text(
        '[[channels]]\nname = "deepseek"\ntype = "deepseek"\nmodels = ["deepseek-chat"]\n'
        '[profiles.p]\n[[profiles.p.mappings]]\nregex = "claude-.*"\nto = "deepseek-chat"\n'
    )
    KeyStore(home / "keys.toml").create("cheap", "p")
    assert "AUTO_COMPACT_WINDOW" not in run("claude-code", "--shell", "bash").stdout
    assert "AUTO_COMPACT_WINDOW" in run("claude-code", "--shell", "bash", "--key", "cheap").stdout


def test_a_guide_that_is_undone_names_what_the_shell_sets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file was written, and what this shell exports is named."""
    monkeypatch.setenv("OPENAI_API_BASE", "http://127.0.0.1:8090/v1")
    assert "This shell sets OPENAI_API_BASE" in run("aider", "--undo").stdout
