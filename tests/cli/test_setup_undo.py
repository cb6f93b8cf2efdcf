"""`axonhub setup --undo`: all files at once; what cannot be taken back is named and keeps nothing else."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli.setup import app
from axonhub_cli.errors import UsageError

CODEX = '# mine\nmodel = "gpt-5"  # keep\n'


def run(*args: str, code: int = 0) -> Result:
    """Run a command that must end with that code."""
    result = CliRunner().invoke(app, args)
    assert result.exit_code == code, result.output or result.exception
    return result


@pytest.fixture
def edited(home: Path) -> dict[str, Path]:
    """Three clients set up: a file that was there, two that axonhub made."""
    codex = Path.home() / ".codex" / "config.toml"
    codex.parent.mkdir()
    codex.write_text(CODEX)
    for words in (["codex"], ["claude-code", "--write"], ["zed"]):
        run(*words)
    rows = json.loads(run("status", "--json").stdout)
    return {row["client"]: Path(row["file"]) for row in rows if row["state"] == "set up"}


def test_everything_is_taken_back(edited: dict[str, Path]) -> None:
    """The user's file has its bytes again, the made ones are gone, and a second time there is nothing to do."""
    assert set(edited) == {"codex", "claude-code", "zed"}
    said = run("--undo").stdout
    assert edited["codex"].read_text() == CODEX
    assert not edited["claude-code"].exists()
    assert not edited["zed"].exists()
    assert said.count("which axonhub had made") == 2
    assert "Nothing to take back" in run("--undo").stdout


def test_what_stays_in_start_up_files_is_named(edited: dict[str, Path]) -> None:
    """A line that somebody put there, as we say, would go on in every new shell."""
    (Path.home() / ".bashrc").write_text('eval "$(axonhub setup codex --env)"\n')
    named = "~/.bashrc:1 still runs axonhub setup codex in every new shell"
    assert named in run("--undo").stdout
    assert named in run("--undo").stdout
    assert named in run("codex", "--undo").stdout
    (Path.home() / ".bashrc").write_text('eval "$(axonhub setup aider)"\n')
    assert "~/.bashrc:1 still runs axonhub setup aider" in run("aider", "--undo").stdout


@pytest.mark.parametrize("words", [("codex",), ("claude-code", "--write")])
def test_a_lost_journal_is_told_and_made_again(edited: dict[str, Path], home: Path, words: tuple[str, ...]) -> None:
    """Who clears the folder with the traces loses the records, too: what is said then takes everything back."""
    (home / "setup-journal.toml").unlink()
    said = run(words[0], "--undo").stdout
    assert f"To take it back: axonhub setup {' '.join(words)}, then: axonhub setup {words[0]} --undo" in said
    assert "points here, though" in run("--undo").stdout
    run(*words)
    run(words[0], "--undo")
    left = edited[words[0]].read_text() if edited[words[0]].exists() else ""
    assert "axonhub" not in left
    assert "ANTHROPIC" not in left


def test_a_dry_run_shows_all_and_writes_nothing(edited: dict[str, Path]) -> None:
    """The diffs of all files, and the same bytes as before."""
    before = {file: file.read_bytes() for file in edited.values()}
    said = run("--undo", "--dry-run").stdout
    assert [said.count(f"--- {file}") for file in before] == [1, 1, 1]
    assert {file: file.read_bytes() for file in before} == before


def test_a_file_that_cannot_be_read_keeps_no_other(edited: dict[str, Path]) -> None:
    """It is named with the reason, the exit code is 1, and once it is mended it can be taken back."""
    ours = edited["zed"].read_text()
    edited["zed"].write_text("{")
    data = json.loads(run("--undo", "--json", code=1).stdout)
    assert [(item["client"], item["changed"]) for item in data["files"]] == [("codex", True), ("claude-code", True)]
    assert [item["client"] for item in data["failed"]] == ["zed"]
    assert "no valid JSON" in data["failed"][0]["message"]
    edited["zed"].write_text(ours)
    run("--undo")
    assert not edited["zed"].exists()


def test_what_the_user_changed_since_stays_and_is_named(edited: dict[str, Path]) -> None:
    """A value of ours that has another content now is the user's."""
    text = edited["claude-code"].read_text().replace("127.0.0.1:8090", "example.com")
    edited["claude-code"].write_text(text)
    assert "Kept, because you changed it since: env.ANTHROPIC_BASE_URL" in run("--undo").stdout
    assert json.loads(edited["claude-code"].read_text()) == {"env": {"ANTHROPIC_BASE_URL": "http://example.com/anthropic"}}


def test_a_file_of_another_codex_home_is_found(edited: dict[str, Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The command for one client names it, the one for all takes it back."""
    monkeypatch.setenv("CODEX_HOME", str(tmp_path))
    assert f"It did edit {edited['codex']}" in run("codex", "--undo").stdout
    run("--undo")
    assert edited["codex"].read_text() == CODEX


def test_options_without_a_client_are_refused(home: Path) -> None:
    """`setup --yes` names nothing; `setup --undo codex` has its option in the wrong place."""
    for words in (["--yes"], ["--undo", "codex"]):
        assert isinstance(CliRunner().invoke(app, words).exception, UsageError)
    assert "claude-code" in run().stdout


def test_with_a_terminal_it_asks_once(edited: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """A no leaves every file as it is."""
    monkeypatch.setattr("axonhub_cli.cli.output.interactive", lambda: True)
    before = {file: file.read_bytes() for file in edited.values()}
    result = CliRunner().invoke(app, ["--undo"], input="n\n", env=dict(os.environ))
    assert result.exit_code == 1
    assert result.stderr.count("Take all of this back?") == 1
    assert {file: file.read_bytes() for file in before} == before
