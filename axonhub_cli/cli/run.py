"""`axonhub run CLIENT [-- ARGS]`: a client that is pointed here, with none of its files touched.

A server that runs already is used. Else one is started for as long as such sessions live (`config.leases`). Then this process
becomes the client (exec), so that the terminal, signals, job control and the exit code are the client's own; where there is no
exec (Windows), it waits for the client and leaves with its code.
"""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import NotConfigured, UsageError
from . import complete

if TYPE_CHECKING:
    from ..clients.launch import Launch, Runnable

_KEY_WAIT = 5.0  # seconds that a running server may take to see a new key; it looks twice a second


def register(app: typer.Typer) -> None:
    """Add run."""
    app.command(
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "allow_interspersed_args": False},
    )(run)


def run(
    ctx: typer.Context,
    client: Annotated[str, typer.Argument(help="claude, codex, opencode or gemini.", autocompletion=complete.clients)],
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile", help="The profile of this session; by default the active one.", autocompletion=complete.profiles
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="NAME", help="The local key to use.", autocompletion=complete.keys)
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", help="The model that the client asks for.")] = None,
) -> None:
    """Start claude, codex, opencode or gemini so that it uses axonhub, without touching its files.

    What follows the client's name is passed on to it.

    Examples:

        axonhub run claude

        axonhub run codex -- exec "explain this repository"

        axonhub run --profile deepseek claude -p "say hello"
    """
    from ..clients.launch import RUNNABLE

    if client not in RUNNABLE:
        raise UsageError(f"axonhub cannot start {client!r}.", hint=f"It knows: {', '.join(RUNNABLE)}.")
    known = RUNNABLE[client]
    binary = shutil.which(known.command)
    if binary is None:
        raise NotConfigured(f"There is no command {known.command!r} on the PATH.", hint=f"Install it: {known.install}")
    lease = _lease()
    try:
        passed = ctx.args[1:] if ctx.args[:1] == ["--"] else ctx.args
        launch = _prepare(known, profile, key, model or model_in(passed, known.command))
        arguments = [*launch.arguments, *_overlay(launch, lease), *passed]
        _become(binary, arguments, environment(os.environ, launch))
    finally:  # reached only when there is no exec, or when it failed
        lease.unlink(missing_ok=True)


def environment(environ: Mapping[str, str], launch: "Launch") -> dict[str, str]:
    """The client's environment: ours with the lines applied."""
    from ..config.program import outside

    out = outside(environ)
    for line in launch.lines:
        if line.value is None:
            out.pop(line.name, None)
        else:
            out[line.name] = line.value
    return out


def model_in(arguments: Sequence[str], command: str) -> str | None:
    """The model that the user's own arguments to Claude Code or Codex name, so that what depends on it is right."""
    if command not in ("claude", "codex"):
        return None
    for flag, value in zip(arguments, [*arguments[1:], ""], strict=False):
        if flag == "--":
            return None
        if flag in ("-m", "--model"):
            return value or None
        if flag.startswith("--model="):
            return flag.removeprefix("--model=") or None
    return None


def _lease() -> Path:
    from ..config import leases
    from ..config.paths import paths

    return leases.take(leases.folder(paths().state_dir), os.getpid())


def _prepare(known: "Runnable", profile: str | None, key: str | None, model: str | None) -> "Launch":
    from msgspec.structs import replace

    from ..clients.ask import Ask, look, models, unserved, windows
    from ..clients.catalog import find
    from ..config.paths import paths
    from ..config.store import load

    config = load(paths().config_file)
    if profile is not None and profile not in config.profiles:
        raise UsageError(f"There is no profile {profile!r}.", hint=f"Profiles: {', '.join(config.profiles) or 'none yet'}.")
    token, made = _key(known.client, key, profile)
    port = _server(config.server.port, token if made else None)
    client, settings = find(known.client), _settings(known.client)
    behind = look(config, profile, client.protocol, client.asks(model, settings, os.environ))
    ask = Ask(
        port=port, token=token, environ=os.environ, models=models(config, profile), model=model, behind=behind, settings=settings
    )
    if client.lists:
        ask = replace(ask, windows=windows(config, profile, client.protocol, ask.listed))
    launch = known.launch(ask)
    _say([*launch.remarks, *unserved(ask, client.title, lists=client.lists)])
    return launch


def _key(client: str, key: str | None, profile: str | None) -> tuple[str, bool]:
    """A key named after the client, and after the profile when one was asked for: it is the key that carries it."""
    from .local_key import token

    if key is not None and profile is not None:
        raise UsageError("A key has a profile of its own.", hint="Give --key or --profile, not both.")
    if key is not None:
        return token(key, make=False)
    return token(f"{client}-{profile}" if profile else client, make=True, profile=profile)


def _server(port: int, new_token: str | None) -> int:
    """The port of the server that runs, or of one that is started now. A new key must be known to it before a client comes."""
    from . import detach

    found = detach.running()
    if found is None:
        wanted = [] if _free(port) else ["--port", "0"]
        found = detach.start(["--while-used", *wanted])
        if sys.stderr.isatty():
            _say([f"started a server on port {found.port} for this session; its log: {detach.log_file()}"])
    elif new_token is not None:
        _await_key(found.port, new_token)
    return found.port


def _free(port: int) -> bool:
    import socket

    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _await_key(port: int, token: str) -> None:
    """Until the server accepts a key that was made a moment ago, or the time is over: the client would say the rest."""
    import time
    from http.client import HTTPConnection, HTTPException

    until = time.monotonic() + _KEY_WAIT
    while time.monotonic() < until:
        connection = HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/v1/models", headers={"Authorization": f"Bearer {token}"})
            if connection.getresponse().status != 401:
                return
        except (OSError, HTTPException):
            pass  # it answers in a moment, or the client says that it does not
        finally:
            connection.close()
        time.sleep(0.05)


def _settings(client: str) -> dict[str, object]:
    """What the client's own settings say; a file that cannot be read is not this command's business."""
    from ..clients import source
    from ..clients.catalog import find
    from ..errors import ClientFileError

    known = find(client)
    try:
        return source.read(known.file(), known.kind).value
    except ClientFileError:
        return {}


def _overlay(launch: "Launch", lease: Path) -> list[str]:
    """Settings that must win over the client's file, in a private file beside the lease that goes away with it."""
    if not launch.overlay:
        return []
    from ..config.files import write_private

    file = lease.with_name(f"{lease.name}.settings.json")
    write_private(file, launch.overlay.encode())
    return [launch.overlay_by, str(file)]


def _become(binary: str, arguments: list[str], environ: dict[str, str]) -> None:
    command = [binary, *arguments]
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        if os.name == "posix":
            os.execve(binary, command, environ)  # noqa: S606  # the program that the user named, found on the PATH
        import subprocess

        raise typer.Exit(subprocess.run(command, env=environ, check=False).returncode)  # noqa: S603  # the same
    except OSError as error:
        raise NotConfigured(f"{binary} cannot be started: {error.strerror}.", hint="Install it again.") from error


def _say(notes: list[str]) -> None:
    from .output import clean

    for note in notes:
        sys.stderr.write(f"axonhub: {clean(note)}\n")
