"""The service as data: for each of the three managers the file that describes it, and the commands that use it.

All of them start the server at log-in, as the user (the keyring is the user's), and start it again when it fails. systemd
(`systemd.service(5)`), launchd (`launchd.plist(5)`), the Windows Task Scheduler (its XML schema, version 1.2).
"""

import os
import plistlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias
from xml.sax.saxutils import escape

from msgspec import Struct

Manager: TypeAlias = Literal["systemd", "launchd", "windows"]

UNIT = "axonhub.service"
LABEL = "dev.axonhub.cli"
TASK = "axonhub"


class Service(Struct, frozen=True):
    """`file` and its `data`; what to run to start it and have it started from now on, to end that, and to ask about it."""

    manager: Manager
    file: Path
    data: bytes
    start: tuple[tuple[str, ...], ...]
    stop: tuple[tuple[str, ...], ...]
    ask: tuple[str, ...]


def manager(platform: str = sys.platform) -> Manager:
    """The manager of this system."""
    known: dict[str, Manager] = {"darwin": "launchd", "win32": "windows"}
    return known.get(platform, "systemd")


def describe(kind: Manager, program: Sequence[str], home: str | None, log: Path) -> Service:
    """The service for this program. `home` is AXONHUB_HOME, where it is set; `log` takes what the server says."""
    if kind == "systemd":
        return _systemd(program, home)
    return _launchd(program, home, log) if kind == "launchd" else _windows(program, home, log)


def _systemd(program: Sequence[str], home: str | None) -> Service:
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    lines = [
        "# Written by `axonhub service install`; `axonhub service uninstall` takes it away.",
        "[Unit]",
        "Description=axonhub, a local gateway between coding agents and model providers",
        "StartLimitIntervalSec=60",
        "StartLimitBurst=5",
        "",
        "[Service]",
        "Type=exec",
        f"ExecStart={' '.join(_word(word).replace('$', '$$') for word in [*program, 'serve', '--no-tail'])}",
        *([f"Environment={_word(f'AXONHUB_HOME={home}')}"] if home else []),
        "Restart=on-failure",
        "RestartSec=2",
        "UMask=0077",
        "NoNewPrivileges=yes",
        "",
        "[Install]",
        "WantedBy=default.target",
    ]
    user = ("systemctl", "--user")
    return Service(
        "systemd",
        base / "systemd" / "user" / UNIT,
        ("\n".join(lines) + "\n").encode(),
        start=((*user, "daemon-reload"), (*user, "enable", "--now", UNIT)),
        stop=((*user, "disable", "--now", UNIT), (*user, "daemon-reload")),
        ask=(*user, "is-active", UNIT),
    )


def _word(text: str) -> str:
    """One word of a unit file: quoted, with what systemd reads as a specifier doubled."""
    doubled = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{doubled}"'


def _launchd(program: Sequence[str], home: str | None, log: Path) -> Service:
    domain = f"gui/{os.getuid() if hasattr(os, 'getuid') else 0}"
    file = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    said = {
        "Label": LABEL,
        "ProgramArguments": [*program, "serve", "--no-tail"],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 5,
        "ProcessType": "Background",
        "Umask": 0o077,
        "StandardOutPath": str(log),
        "StandardErrorPath": str(log),
        **({"EnvironmentVariables": {"AXONHUB_HOME": home}} if home else {}),
    }
    return Service(
        "launchd",
        file,
        plistlib.dumps(said, sort_keys=False),
        start=(("launchctl", "bootstrap", domain, str(file)),),
        stop=(("launchctl", "bootout", f"{domain}/{LABEL}"),),
        ask=("launchctl", "print", f"{domain}/{LABEL}"),
    )


def _windows(program: Sequence[str], home: str | None, log: Path) -> Service:
    file = log.with_name("axonhub-task.xml")
    command, arguments = _command(program, home)
    said = _XML.format(command=escape(command), arguments=escape(arguments))
    return Service(
        "windows",
        file,
        said.encode("utf-16"),
        start=(("schtasks", "/Create", "/F", "/TN", TASK, "/XML", str(file)), ("schtasks", "/Run", "/TN", TASK)),
        stop=(("schtasks", "/Delete", "/F", "/TN", TASK),),
        ask=("schtasks", "/Query", "/TN", TASK),
    )


def _command(program: Sequence[str], home: str | None) -> tuple[str, str]:
    """The task starts a server without a window, and ends. It has no variables of its own: a shell sets the one that we need."""
    words = [*program, "serve", "--detach"]
    if not home:
        return words[0], " ".join(map(_argument, words[1:]))
    return "cmd.exe", f'/d /c "set "AXONHUB_HOME={home}"&& {" ".join(map(_argument, words))}"'


def _argument(text: str) -> str:
    return f'"{text}"' if " " in text else text


_XML = """\
<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>axonhub, a local gateway between coding agents and model providers</Description>
  </RegistrationInfo>
  <Triggers><LogonTrigger><Enabled>true</Enabled></LogonTrigger></Triggers>
  <Principals>
    <Principal id="Author"><LogonType>InteractiveToken</LogonType><RunLevel>LeastPrivilege</RunLevel></Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <RestartOnFailure><Interval>PT1M</Interval><Count>5</Count></RestartOnFailure>
  </Settings>
  <Actions Context="Author">
    <Exec><Command>{command}</Command><Arguments>{arguments}</Arguments></Exec>
  </Actions>
</Task>
"""
