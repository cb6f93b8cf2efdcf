"""`axonhub` without a command: where you are, and what comes next.

Computed from the configuration, the running server and the clients' files; nothing is asked of a provider, nothing is written.
"""

import os
import shutil
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import AxonHubError, ConfigError
from .output import Result, clean

if TYPE_CHECKING:
    from rich.console import Console

    from ..config.schema import Config

_PROGRAMS = {"claude-code": "claude", "codex": "codex", "opencode": "opencode", "gemini-cli": "gemini"}


def look() -> dict[str, Any]:
    """The state: `problem` (a sentence and its remedy, when config.toml is broken), `channels`, `profile`, `server` (its URL or
    None), `clients` (name → how far it is set up), `next` (commands, each with what it is for)."""
    from ..config import state
    from ..config.paths import paths
    from .edit import load

    problem, config = None, None
    try:
        config = load()
    except ConfigError as error:
        problem = {"message": error.message, "hint": error.hint}
    server = state.running(paths().server_file)
    data: dict[str, Any] = {
        "version": __version__,
        "problem": problem,
        "channels": [channel.name for channel in config.channels if channel.enabled] if config else [],
        "profile": config.profile if config else None,
        "server": f"http://127.0.0.1:{server.port}" if server else None,
        "clients": _clients(config),
    }
    data["next"] = steps(data)
    return data


def steps(data: dict[str, Any]) -> list[tuple[str, str]]:
    """What comes next in a state: commands, the most useful first. A pure function of `look`'s value."""
    if data["problem"]:
        return [("axonhub config edit", "mend config.toml"), ("axonhub doctor", "check everything")]
    if not data["channels"]:
        return [
            ("axonhub init", "find provider keys and local models, and set all up"),
            ("axonhub serve --demo", "look around first: a built-in model, offline"),
        ]
    if not data["server"]:
        return [("axonhub serve", "start the proxy, with the live tree"), *_client_steps(data), _DOCTOR]
    return [*_client_steps(data), ("axonhub trace tail", "watch what your tools and models say to each other"), _DOCTOR]


_DOCTOR = ("axonhub doctor", "when something does not work")


def _client_steps(data: dict[str, Any]) -> list[tuple[str, str]]:
    if any(state == "set up" for state in data["clients"].values()):
        return []
    installed = [program for program in ("claude", "codex") if shutil.which(program)] or ["claude"]
    runs = [(f"axonhub run {program}", "start it through axonhub, touching none of its files") for program in installed]
    return [*runs, ("axonhub setup list", "or set a client up for good; --undo takes it back")]


def _clients(config: "Config | None") -> dict[str, str]:
    """Each client that is installed or set up, and how far: in its file, or in this shell."""
    from ..clients.catalog import CLIENTS
    from ..clients.journal import Journal
    from ..clients.status import status
    from ..config.paths import paths

    port = config.server.port if config else 8090
    found = {}
    for client in CLIENTS:
        try:
            item = status(client, Journal(paths().journal_file), port, os.environ)
        except AxonHubError:
            continue
        state = "set up" if item.state == "set up" or (item.shell and item.state != "unreadable") else item.state
        if state != "not set up" or shutil.which(_PROGRAMS.get(client.name, client.name)):
            found[client.title] = state
    return found


def result() -> Result:
    """The state for people and programs; the exit code is 0 whatever the state is."""
    data = look()
    return Result(data, lambda out: _show(out, data))


def _show(out: "Console", data: dict[str, Any]) -> None:
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    out.print(
        Text.assemble(("axonhub ", "bold"), (data["version"], "dim"), "  coding agents on one side, any model on the other")
    )
    out.print()
    facts = Table.grid(padding=(0, 2, 0, 0))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    for name, value, style in _facts(data):
        facts.add_row(Text(name, "dim"), Text(value, style))
    out.print(Padding.indent(facts, 2))
    out.print(Text("\nNext", "bold"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    for command, why in data["next"]:
        grid.add_row(Text(command, "cyan"), Text(why, "dim"))
    out.print(Padding.indent(grid, 2))
    out.print(Text("\nAll commands: axonhub --help", "dim"))


def _facts(data: dict[str, Any]) -> list[tuple[str, str, str]]:
    problem = data["problem"]
    if problem:
        rows = [("config", clean(problem["message"]), "red"), ("", clean(problem["hint"] or ""), "")]
    else:
        names = data["channels"]
        more = f" and {len(names) - 4} more" if len(names) > 4 else ""
        rows = [("channels", ", ".join(map(clean, names[:4])) + more if names else "none yet", "" if names else "yellow")]
        if names:
            rows.append(("profile", clean(data["profile"] or "none: model names pass unchanged"), ""))
    rows.append(
        ("server", f"runs on {data['server']}" if data["server"] else "is not running", "green" if data["server"] else "yellow")
    )
    clients = " · ".join(f"{name}: {state}" for name, state in data["clients"].items())
    return [*rows, ("clients", clients or "none found on this machine", "")]
