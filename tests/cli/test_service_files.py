"""The service as text, for each manager, and as systemd itself reads it."""

import os
import plistlib
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from axonhub_cli.cli.service_files import UNIT, describe, manager

HARD = ["/opt/my tools/py%h$HOME\"x'", "-m", "axonhub_cli"]
NAMESPACE = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


@pytest.mark.parametrize(
    ("platform", "kind"), [("linux", "systemd"), ("freebsd14", "systemd"), ("darwin", "launchd"), ("win32", "windows")]
)
def test_each_system_has_its_manager(platform: str, kind: str) -> None:
    """By the platform's name."""
    assert manager(platform) == kind


def test_systemd(tmp_path: Path) -> None:
    """A user unit that restarts on failure, is private, and starts with the session; what systemd would expand is escaped."""
    found = describe("systemd", HARD, "/home/me/100%", tmp_path / "log")
    lines = found.data.decode().splitlines()
    assert found.file == Path.home() / ".config" / "systemd" / "user" / UNIT
    assert 'ExecStart="/opt/my tools/py%%h$$HOME\\"x\'" "-m" "axonhub_cli" "serve" "--no-tail"' in lines
    assert 'Environment="AXONHUB_HOME=/home/me/100%%"' in lines
    assert {"Restart=on-failure", "UMask=0077", "NoNewPrivileges=yes", "WantedBy=default.target"} <= set(lines)
    assert found.start == (("systemctl", "--user", "daemon-reload"), ("systemctl", "--user", "enable", "--now", UNIT))
    assert b"Environment" not in describe("systemd", HARD, None, tmp_path / "log").data


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_itself_accepts_the_unit(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about it."""
    program = tmp_path / "my tools" / "axonhub 100%"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    found = describe("systemd", [str(program)], str(tmp_path / "a home"), tmp_path / "log")
    unit = tmp_path / UNIT
    unit.write_bytes(found.data)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(["systemd-analyze", "verify", "--user", unit], env=environ, capture_output=True, text=True)
    if "Failed to initialize manager" in done.stderr:
        pytest.skip("systemd-analyze does not run here")
    assert (done.returncode, done.stderr.replace("\n", "")) == (0, "")


def test_launchd(tmp_path: Path) -> None:
    """A property list that starts at log-in, restarts on failure and logs to our file."""
    found = describe("launchd", HARD, "/home/me", tmp_path / "log")
    said = plistlib.loads(found.data)
    assert said["ProgramArguments"] == [*HARD, "serve", "--no-tail"]
    assert (said["RunAtLoad"], said["KeepAlive"], said["Umask"]) == (True, {"SuccessfulExit": False}, 0o077)
    assert said["StandardErrorPath"] == str(tmp_path / "log")
    assert said["EnvironmentVariables"] == {"AXONHUB_HOME": "/home/me"}
    assert found.file == Path.home() / "Library" / "LaunchAgents" / f"{said['Label']}.plist"
    assert found.start[0][-1] == str(found.file)
    assert found.stop[0][-1].endswith(said["Label"])


@pytest.mark.parametrize(
    ("home", "command", "arguments"),
    [
        (None, r"C:\Program Files\Py\python.exe", "-m axonhub_cli serve --detach"),
        (
            r"C:\My <files>",
            "cmd.exe",
            r'/d /c "set "AXONHUB_HOME=C:\My <files>"&& "C:\Program Files\Py\python.exe" -m axonhub_cli serve --detach"',
        ),
    ],
)
def test_windows(tmp_path: Path, home: str | None, command: str, arguments: str) -> None:
    """A task in the scheduler's own encoding that starts a server without a window at log-in, and without limits."""
    found = describe("windows", [r"C:\Program Files\Py\python.exe", "-m", "axonhub_cli"], home, tmp_path / "log")
    task = ET.fromstring(found.data.decode("utf-16"))
    said = {node.tag.removeprefix(NAMESPACE): node.text for node in task.iter()}
    assert (said["Command"], said["Arguments"]) == (command, arguments)
    assert (said["ExecutionTimeLimit"], said["LogonType"]) == ("PT0S", "InteractiveToken")
    assert str(found.file) in found.start[0]
