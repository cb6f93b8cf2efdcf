"""`axonhub service`, with a program in systemd's place that does what the unit file says."""

import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from axonhub_cli.cli import detach, service
from axonhub_cli.errors import AxonHubError, NotRunning

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="plays systemd")

SYSTEMCTL = """#!{python}
import os, shlex, subprocess, sys
words = sys.argv[2:]
open(os.environ["ASKED"], "a").write(" ".join(words) + "\\n")
unit = os.path.expanduser("~/.config/systemd/user/axonhub.service")
if words[0] == "enable":
    said = dict(line.split("=", 1) for line in open(unit).read().splitlines() if "=" in line)
    name, _, home = shlex.split(said["Environment"])[0].partition("=")
    log = open(os.environ["ASKED"] + ".log", "w")
    command = [*shlex.split(said["ExecStart"]), "--port", "0"]
    subprocess.Popen(command, env={{**os.environ, name: home}}, stdout=log, stderr=log, start_new_session=True)
if words[0] == "is-active":
    print("active")
"""
JOURNALCTL = """#!{python}
import sys
print("journal", *sys.argv[1:])
"""


@pytest.fixture
def asked(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What systemctl is asked, line by line."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, text in (("systemctl", SYSTEMCTL), ("journalctl", JOURNALCTL)):
        (folder / name).write_text(text.format(python=sys.executable))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("ASKED", str(tmp_path / "asked"))
    return tmp_path / "asked"


def run(*arguments: str) -> Result:
    """A command that does not raise."""
    result = CliRunner().invoke(service.app, arguments)
    assert not isinstance(result.exception, AxonHubError), result.exception
    return result


def test_a_service_is_installed_seen_and_taken_away(asked: Path, home: Path) -> None:
    """The unit starts a server that answers; what a service cannot see is said; in the end no file is left."""
    (home / "config.toml").write_text('[[channels]]\nname = "d"\ntype = "deepseek"\nsecrets = ["env:DEEPSEEK_API_KEY"]\n')
    unit = Path.home() / ".config" / "systemd" / "user" / "axonhub.service"
    assert run("status").exit_code == 3
    done = json.loads(run("install", "--json").stdout)
    found = detach.running()
    assert found is not None
    try:
        assert (done["installed"], done["port"]) == (True, found.port)
        assert "env:DEEPSEEK_API_KEY" in done["notes"][0]
        state = json.loads(run("status", "--json").stdout)
        assert (state["installed"], state["says"], state["port"]) == (True, "active", found.port)
        assert unit.stat().st_mode & 0o777 == 0o600
    finally:
        os.kill(found.pid, signal.SIGTERM)
    while detach.running() is not None:
        time.sleep(0.02)
    assert "is gone" in run("uninstall").stdout
    assert not unit.exists()
    assert "There is no service" in run("uninstall").stdout
    words = asked.read_text().splitlines()
    assert words == [
        "daemon-reload",
        "enable --now axonhub.service",
        "is-active axonhub.service",
        "disable --now axonhub.service",
        "daemon-reload",
    ]


def test_dry_run_does_nothing(asked: Path) -> None:
    """The file and the commands are shown, and neither is there afterwards."""
    shown = run("install", "--dry-run").stdout
    assert "ExecStart=" in shown
    assert "systemctl --user enable --now axonhub.service" in shown
    assert not asked.exists()
    assert not (Path.home() / ".config").exists()


def test_a_manager_that_refuses_is_quoted_and_nothing_is_left(asked: Path, tmp_path: Path) -> None:
    """Its own words are the error; the file goes again."""
    (tmp_path / "bin" / "systemctl").write_text("#!/bin/sh\necho no bus here >&2\nexit 1\n")
    error = CliRunner().invoke(service.app, ["install"]).exception
    assert isinstance(error, NotRunning)
    assert "no bus here" in error.message
    assert not (Path.home() / ".config" / "systemd" / "user" / "axonhub.service").exists()


def test_without_a_manager_there_is_another_way(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No systemctl: the hint names what works without."""
    monkeypatch.setenv("PATH", "")
    error = CliRunner().invoke(service.app, ["install"]).exception
    assert isinstance(error, NotRunning)
    assert "serve --detach" in (error.hint or "")


def test_logs_are_the_last_lines_of_the_servers_own_file(home: Path) -> None:
    """Without a unit the log of servers in the background is shown, harmless for the terminal; without a log, how to get one."""
    assert isinstance(CliRunner().invoke(service.app, ["logs"]).exception, NotRunning)
    (home / "server.log").write_text("one\ntwo\x1b[2J\nthree\n")
    assert run("logs", "-n", "2").stdout == "two␛[2J\nthree\n"


def test_logs_of_a_unit_are_the_journals(asked: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """With a unit the journal is asked for it."""
    unit = Path.home() / ".config" / "systemd" / "user" / "axonhub.service"
    unit.parent.mkdir(parents=True)
    unit.write_text("")
    assert run("logs", "-n", "7").exit_code == 0
    assert capfd.readouterr().out == "journal --user --unit axonhub.service --lines 7 --no-pager\n"
