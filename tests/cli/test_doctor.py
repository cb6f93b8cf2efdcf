"""`axonhub doctor`, as it is typed: every check at once, in words, in JSON, and mended."""

import json
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from axonhub_cli.cli import doctor as command
from axonhub_cli.cli.checks import finding
from axonhub_cli.config.keys import KeyStore
from tests.cli.local_server import model_server

app = typer.Typer(callback=lambda: None)
command.register(app)


@pytest.fixture(autouse=True)
def free(home: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """A port that nobody holds in config.toml, and no clients on the PATH."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = int(listener.getsockname()[1])
    (home / "config.toml").write_text(f"[server]\nport = {number}\n")
    monkeypatch.setenv("PATH", "/bin")
    return number


def run(*args: str) -> Result:
    """One run."""
    return CliRunner().invoke(app, ["doctor", *args])


def test_remarks_are_no_failure() -> None:
    """Nothing configured and nothing running: exit code 0, and every remark has its remedy."""
    result = run("--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    assert data["ok"] is True
    assert {item["area"] for item in data["findings"]} == {"config", "secrets", "server", "clients", "system"}
    assert all(item["remedy"] for item in data["findings"] if item["status"] != "ok")


def test_a_broken_configuration_is_the_first_thing_said(home: Path) -> None:
    """What does not need it is checked all the same."""
    (home / "config.toml").write_text("[server]\nprot = 1\n")
    result = run()
    assert result.exit_code == 1
    assert result.stdout.startswith("Configuration\n  ✗  config.toml")
    assert "config.toml:2" in result.stdout
    assert "disk" in result.stdout
    assert "1 to mend" in result.stdout


def test_channels_are_asked(home: Path) -> None:
    """A channel that answers is well, one that does not is a failure with its remedy."""
    with model_server("m") as server, (home / "config.toml").open("a") as file:
        file.write(f'[[channels]]\nname = "good"\ntype = "openai-chat"\nbase_url = "{server.url}/v1"\n')
        file.write('[[channels]]\nname = "bad"\ntype = "openai-chat"\nbase_url = "http://127.0.0.1:9/v1"\n')
        file.flush()
        data = json.loads(run("--json", "--call").stdout)
    found = [(item["name"], item["status"]) for item in data["findings"] if item["area"] == "channels"]
    assert found == [("good", "ok"), ("good", "ok"), ("bad", "fail"), ("bad", "fail")]
    assert data["ok"] is False


def test_fix_mends_what_is_safe(home: Path) -> None:
    """Modes are set, it is said, and the checks are made anew."""
    KeyStore(home / "keys.toml").create("a")
    (home / "keys.toml").chmod(0o644)
    assert run().exit_code == 1
    result = run("--fix")
    assert result.exit_code == 0, result.output
    assert "Mended: Set the mode of" in result.stdout
    assert (home / "keys.toml").stat().st_mode & 0o777 == 0o600


def test_foreign_text_is_shown_not_obeyed(home: Path) -> None:
    """What a provider says can neither write to the terminal nor pass for markup."""
    with model_server("m") as server, (home / "config.toml").open("a") as file:
        server.models = [{"id": "[bold]\x1b[2J"}]
        file.write(f'[[channels]]\nname = "c"\ntype = "openai-chat"\nbase_url = "{server.url}/v1"\n')
        file.flush()
        text = run("--call").stdout
    assert "\x1b" not in text
    assert "[bold]" in text


def test_a_remedy_is_one_line_in_a_pipe() -> None:
    """However narrow the terminal is thought to be: it is there to be copied."""
    lines = [line.strip() for line in run().stdout.splitlines() if "→" in line]
    assert "→ Run: axonhub run claude, or: axonhub setup list" in lines


def test_a_long_remedy_keeps_its_command_in_one_line(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a narrow terminal the command stands on a line of its own, whole, so that it can be copied."""
    remedy = "Unlock or start it (log in to the desktop), or: axonhub channel secret deepseek --secret env:VAR"
    assert command._lines(remedy, 60) == [remedy[:47], remedy[48:]]
    assert command._lines(remedy, 200) == [remedy]


def test_a_clock_that_is_wrong_is_not_also_well() -> None:
    """A provider's answer says that the clock is wrong: the line that only prints the time is left out."""
    said = [
        finding.ok("system", "clock", "12:00"),
        finding.warn("system", "clock", "is late", "Set it."),
        finding.ok("system", "disk", ""),
    ]
    assert [item.text for item in command._once(said)] == ["is late", ""]
