"""`axonhub config`, as it is typed."""

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli import config as command
from axonhub_cli.cli.config import app
from axonhub_cli.errors import AxonHubError, ConfigError


def run(*args: str, stdin: str = "") -> Result:
    """Run a command that must work."""
    result = CliRunner().invoke(app, args, input=stdin)
    assert result.exit_code == 0, result.output or repr(result.exception)
    return result


def error(*args: str) -> AxonHubError:
    """Run a command that must fail with an error of ours."""
    result = CliRunner().invoke(app, args)
    assert isinstance(result.exception, AxonHubError), result.output
    return result.exception


def editor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Make a shell script the user's editor; `$1` is the file."""
    program = tmp_path / "my editor"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("EDITOR", f"'{program}'")
    monkeypatch.delenv("VISUAL", raising=False)


def test_path_is_the_files(home: Path) -> None:
    """Scripts rely on this line."""
    assert run("path").stdout == f"{home / 'config.toml'}\n"
    assert json.loads(run("path", "--json").stdout) == {"path": str(home / "config.toml"), "exists": False}


def test_show_prints_what_is_in_force_without_secrets(home: Path) -> None:
    """Defaults are there, headers and proxies that may hold a secret are masked, and the output is TOML again."""
    (home / "config.toml").write_text(
        '[[channels]]\nname = "a"\ntype = "ollama"\nproxy = "http://u:pw@h:1"\n'
        'headers = { "X-Api-Key" = "secret-value", "X-Other" = "y" }\n'
    )
    out = run("show").stdout
    data = tomllib.loads(out)
    assert data["server"]["port"] == 8090
    assert data["channels"][0]["headers"]["X-Other"] == "y"
    assert "secret-value" not in out
    assert "pw" not in data["channels"][0]["proxy"]
    assert json.loads(run("show", "--json").stdout) == data


def test_check_says_what_is_wrong_and_where(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No file is fine, a good one is counted, a variable that is not set is a remark, a bad one is an error with its line."""
    assert "default" in run("check").stdout
    (home / "config.toml").write_text('[[channels]]\nname = "a"\ntype = "openai"\nsecrets = ["env:NOT_THERE"]\n')
    out = run("check").stdout
    assert "1 channel, 0 profiles" in out
    assert "NOT_THERE is not set" in out
    monkeypatch.setenv("NOT_THERE", "x")
    assert json.loads(run("check", "--json").stdout)["remarks"] == []
    (home / "config.toml").write_text("[server]\nprot = 1\n")
    found = error("check")
    assert isinstance(found, ConfigError)
    assert "config.toml:2" in found.message


def test_edit_keeps_what_is_good(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the editor saves is taken when it is good, the draft is gone, and saving nothing changes nothing."""
    editor(tmp_path, monkeypatch, 'echo "profile = \\"p\\"" > "$1"; echo "[profiles.p]" >> "$1"')
    assert "Saved" in run("edit").stdout
    assert tomllib.loads((home / "config.toml").read_text()) == {"profile": "p", "profiles": {"p": {}}}
    editor(tmp_path, monkeypatch, "true")
    assert "unchanged" in run("edit").stdout
    assert [path.name for path in home.iterdir()] == ["config.toml"]


def test_edit_refuses_what_is_bad_and_keeps_the_draft(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file stays, the error has its line, and no typing is lost."""
    (home / "config.toml").write_text("# good\n")
    editor(tmp_path, monkeypatch, 'echo "oops = 1" > "$1"')
    found = error("edit")
    assert "oops" in found.message
    assert "config.draft.toml" in str(found.hint)
    assert (home / "config.toml").read_text() == "# good\n"
    assert (home / "config.draft.toml").read_text() == "oops = 1\n"


def test_edit_lets_the_user_go_back(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a mistake can be corrected at once."""
    monkeypatch.setattr(command, "interactive", lambda: True)
    monkeypatch.setattr("axonhub_cli.cli.output.interactive", lambda: True)
    editor(tmp_path, monkeypatch, 'if grep -q oops "$1"; then echo "# right" > "$1"; else echo "oops = 1" > "$1"; fi')
    run("edit", stdin="y\n")
    assert (home / "config.toml").read_text() == "# right\n"


@pytest.mark.parametrize(("script", "says"), [("exit 3", "ended with code 3"), ('printf "\\377" > "$1"', "not UTF-8")])
def test_edit_changes_nothing_when_the_editor_fails(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, says: str
) -> None:
    """An editor that ends badly, or saves no text, leaves the file as it was."""
    (home / "config.toml").write_text("# good\n")
    editor(tmp_path, monkeypatch, script)
    assert says in error("edit").message
    assert (home / "config.toml").read_text() == "# good\n"


def test_edit_leaves_a_file_that_changed_meanwhile(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody else wrote while the editor was open: their text stays, and the draft too."""
    editor(tmp_path, monkeypatch, f'echo "# other" > "{home}/config.toml"; echo "# mine" > "$1"')
    assert "meanwhile" in error("edit").message
    assert (home / "config.toml").read_text() == "# other\n"
    assert (home / "config.draft.toml").read_text() == "# mine\n"


def test_edit_without_an_editor(monkeypatch: pytest.MonkeyPatch) -> None:
    """No editor, or one that is not there, is a sentence."""
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", "/nowhere/editor")
    assert "cannot be started" in error("edit").message
    monkeypatch.delenv("EDITOR")
    assert "no terminal" in error("edit").message
    monkeypatch.setattr(command, "interactive", lambda: True)
    monkeypatch.setenv("PATH", "")
    assert "no editor" in error("edit").message


def test_the_text_of_an_earlier_edit_is_kept(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was saved with a mistake in it is not overwritten by the next edit."""
    editor(tmp_path, monkeypatch, 'echo "prot = 1 # $0" > "$1"')
    assert "config.draft.toml" in (error("edit").hint or "")
    error("edit")
    assert (home / "config.draft-1.toml").read_text().startswith("prot = 1")
    assert (home / "config.draft.toml").exists()
    assert not (home / "config.toml").exists()


def test_schema_describes_the_file() -> None:
    """Editors get a JSON schema with our tables in it."""
    data = json.loads(run("schema").stdout)
    assert "Channel" in data["$defs"]


def test_the_reference_names_every_key() -> None:
    """As a table for people, as a list for programs."""
    assert "| `server.port` | number | `8090` | The port. |" in run("reference").stdout
    rows = json.loads(run("reference", "--json").stdout)
    assert {"path": "server.port", "kind": "number", "default": "8090", "meaning": "The port."} in rows
