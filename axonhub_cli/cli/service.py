"""`axonhub service`: the server starts when you log in, and is started again when it fails.

The manager of the system does it (systemd, launchd, the Windows Task Scheduler); `service_files` says what it is told.
"""

import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from ..config.program import ourselves, outside
from ..errors import AxonHubError, NotRunning, UsageError
from . import detach
from .output import JsonFlag, Result, emit

if TYPE_CHECKING:
    from .service_files import Service

app = typer.Typer(no_args_is_help=True, help="Run axonhub as a service: it starts when you log in.")

_UP = 20.0  # seconds that the server may take to answer after the manager started it
_LIMIT = 60  # seconds that a manager's own command may take


@app.command()
def install(
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the file and the commands, and do nothing.")] = False,
    json: JsonFlag = False,
) -> None:
    """Describe the service to the system, start it now and at every log-in.

    Example:

        axonhub service install --dry-run
    """
    from ..config.files import atomic_write

    service = _service()
    if dry_run:
        shown = service.data.decode("utf-16" if service.manager == "windows" else "utf-8")
        commands = [" ".join(command) for command in service.start]
        described = {"file": str(service.file), "text": shown, "commands": commands}
        emit(
            Result(described, "\n".join([f"{service.file}:", "", shown, "Then:", *(f"  {line}" for line in commands)])), json=json
        )
        return
    found = detach.running()
    if found is not None and not service.file.exists():
        raise UsageError(f"A server runs already (pid {found.pid}).", hint="End it first: axonhub stop")
    before = service.file.exists()
    atomic_write(service.file, service.data)
    try:
        _run(service.start)
    except AxonHubError:
        if not before:
            service.file.unlink()  # a file that nobody reads would be taken for a service
        raise
    state = detach.wait(_UP)
    if state is None:
        raise NotRunning("The service was started, but no server answers.", hint="Look at: axonhub service logs")
    notes = [*_invisible(), *_lingering(service)]
    data = {"installed": True, "file": str(service.file), "port": state.port, "notes": notes}
    text = f"axonhub runs as a service on http://127.0.0.1:{state.port} and starts when you log in."
    emit(Result(data, "\n".join([text, *notes])), json=json)


@app.command()
def uninstall(json: JsonFlag = False) -> None:
    """End the service and take its description away."""
    service = _service()
    if not service.file.exists():
        emit(Result({"installed": False}, f"There is no service of axonhub ({service.file})."), json=json)
        return
    failed = None
    try:
        _run(service.stop[:1])
    except AxonHubError as error:  # the manager does not know it, or is not there: the file goes all the same
        failed = error
    service.file.unlink()
    _run(service.stop[1:], check=False)
    text = f"The service is gone ({service.file})."
    note = [f"Its manager said: {failed.message}"] if failed else []
    emit(Result({"installed": False, "file": str(service.file), "notes": note}, "\n".join([text, *note])), json=json)


@app.command()
def status(json: JsonFlag = False) -> None:
    """Whether the service is installed, what its manager says, and whether a server answers. Exit code 3 when none does."""
    service = _service()
    installed = service.file.exists()
    says = _ask(service) if installed else None
    found = detach.running()
    data = {
        "installed": installed, "manager": service.manager, "file": str(service.file), "says": says,
        "running": found is not None, "port": found and found.port, "pid": found and found.pid,
    }  # fmt: skip
    first = (
        f"Installed ({service.file}); {service.manager} says: {says}." if installed else "Not installed: axonhub service install"
    )
    second = f"A server answers on http://127.0.0.1:{found.port} (pid {found.pid})." if found else "No server answers."
    emit(Result(data, f"{first}\n{second}", exit_code=0 if found else 3), json=json)


@app.command()
def logs(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="The last that many lines.")] = 50,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes (systemd only).")] = False,
) -> None:
    """What the server said last."""
    from .output import clean
    from .service_files import UNIT

    if _service().manager == "systemd" and _service().file.exists():
        command = ["journalctl", "--user", "--unit", UNIT, "--lines", str(limit), *(["--follow"] if follow else ["--no-pager"])]
        raise typer.Exit(_call(command).returncode)
    log = detach.log_file()
    if not log.exists():
        raise NotRunning(f"There is no log yet ({log}).", hint="A server in the background writes it: axonhub serve --detach")
    with open(log, encoding="utf-8", errors="replace") as file:
        lines = file.readlines()[-limit:]
    emit(Result([line.rstrip("\n") for line in lines], "\n".join(clean(line.rstrip("\n")) for line in lines)))


def _service() -> "Service":
    from .service_files import describe, manager

    home = os.environ.get("AXONHUB_HOME")
    return describe(manager(), ourselves(), os.path.abspath(os.path.expanduser(home)) if home else None, detach.log_file())


def _run(commands: Iterable[Sequence[str]], *, check: bool = True) -> None:
    """Run a manager's commands; its refusal is an error with its own words."""
    for command in commands:
        done = _call(command, quiet=True)
        if check and done.returncode:
            said = " ".join((done.stderr or done.stdout or "").split()) or f"it ended with {done.returncode}"
            raise NotRunning(f"{' '.join(command)} failed: {said}.", hint="Without a service: axonhub serve --detach")


def _call(command: Sequence[str], *, quiet: bool = False) -> "subprocess.CompletedProcess[str]":
    try:
        return subprocess.run(  # noqa: S603  # the system's own manager
            command, capture_output=quiet, text=True, check=False, timeout=_LIMIT if quiet else None, env=outside(os.environ)
        )
    except FileNotFoundError:
        raise NotRunning(f"There is no {command[0]} here.", hint="Without a service: axonhub serve --detach") from None
    except subprocess.TimeoutExpired:
        raise NotRunning(f"{command[0]} did not answer.", hint="Try again, or: axonhub serve --detach") from None


def _ask(service: "Service") -> str:
    try:
        done = _call(service.ask, quiet=True)
    except NotRunning as error:
        return error.message
    if service.manager == "systemd":
        return (done.stdout or done.stderr).strip() or "unknown"
    return "known" if done.returncode == 0 else "not known"


def _invisible() -> list[str]:
    """A service sees no variable of this shell: secrets that are read from one would be missing."""
    from ..config.paths import paths
    from ..config.store import load

    channels = load(paths().config_file).channels
    names = [f"{item.name} ({ref})" for item in channels for ref in item.secrets if ref.startswith("env:")]
    if not names:
        return []
    return [f"A service does not see this shell's variables, which these channels read: {', '.join(names)}. "
            "Put the secrets into the keyring: axonhub channel secret --help"]  # fmt: skip


def _lingering(service: "Service") -> list[str]:
    """On a machine where nobody logs in graphically, user services end with the last session."""
    if service.manager != "systemd" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform != "linux":
        return []
    return ["To keep it when you log out: loginctl enable-linger"]
