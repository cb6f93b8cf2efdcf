"""What set-up does to a client's file, and what it says besides."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.setup import app


def run(*args: str) -> Result:
    """Run a command that must work."""
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output or result.exception
    return result


def test_undo_says_what_this_shell_still_sets(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No command can take a variable out of the shell, so it is named."""
    run("claude-code", "--write")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:8090/anthropic")
    assert "still sets ANTHROPIC_BASE_URL" in run("claude-code", "--undo").stdout


def test_a_file_that_others_may_read_is_named_when_a_key_goes_into_it(home: Path) -> None:
    """Claude Code's settings would hold the key; Codex's file holds none."""
    for name, file, noted in (("claude-code", ".claude/settings.json", True), ("codex", ".codex/config.toml", False)):
        path = Path.home() / file
        path.parent.mkdir()
        path.write_text("{}" if name == "claude-code" else "")
        path.chmod(0o644)
        said = run(name, *(["--write"] if name == "claude-code" else [])).stderr
        assert ("chmod 600" in said) == noted
        assert path.stat().st_mode & 0o777 == 0o644
