"""What commands that read or change `config.toml` share. Changes go through `config.store.edit`, so that comments survive."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..errors import NotConfigured, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from tomlkit import TOMLDocument

    from ..config.schema import Channel, Config, Profile

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def config_file() -> "Path":
    """Where config.toml is."""
    from ..config.paths import paths

    return paths().config_file


def load() -> "Config":
    """The configuration as it is now."""
    from ..config.store import load

    return load(config_file())


def server_port() -> int:
    """Where clients find the server: the port of the one that runs, else that of config.toml."""
    from ..config import state
    from ..config.paths import paths

    found = state.running(paths().server_file)
    return found.port if found is not None else load().server.port


def client_port(wanted: int | None) -> int:
    """The port to point a client to. Who listens there must prove to be our server: it will be sent the key and every prompt.
    Where nobody listens, the server is yet to be started. Raises `Taken`."""
    from ..config import state
    from ..config.paths import paths
    from ..errors import Taken

    found = state.running(paths().server_file)
    if found is not None and wanted in (None, found.port):
        return found.port
    port = wanted or load().server.port
    if state.listens(port):
        raise Taken(
            f"What listens on port {port} does not prove to be your axonhub: it would be sent your key and your prompts.",
            hint="See who it is: axonhub doctor. End it, or use another port: --port N, or server.port in config.toml.",
        )
    return port


def check_name(name: str, what: str, taken: Iterable[str]) -> None:
    """`UsageError` unless the name is fit for a new channel or profile."""
    if not _NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} cannot be the name of a {what}.", hint="Use letters, digits, dots, dashes and underscores, 64 at most."
        )
    if name in taken:
        raise UsageError(f"There is a {what} named {name!r} already.", hint=f"Change it: axonhub {what} --help")


def channel(config: "Config", name: str) -> "Channel":
    """The channel of that name, or an error that names the nearest."""
    found = config.channel(name)
    if found is None:
        raise _missing("channel", name, [item.name for item in config.channels], "axonhub channel add NAME --type TYPE")
    return found


def profile(config: "Config", name: str) -> "Profile":
    """The profile of that name, or an error that names the nearest."""
    found = config.profiles.get(name)
    if found is None:
        raise _missing("profile", name, list(config.profiles), "axonhub profile add NAME")
    return found


def _missing(what: str, name: str, known: list[str], add: str) -> UsageError | NotConfigured:
    from ..config.check import nearest

    if not known:
        return NotConfigured(f"There is no {what} yet.", hint=f"Add one: {add}")
    return UsageError(f"There is no {what} named {name!r}.", hint=nearest(name, known, f"{what.capitalize()}s"))


def channel_table(document: "TOMLDocument", name: str) -> Any:
    """The channel's table in a document, in whichever form it is written."""
    return next(table for table in document["channels"] if table["name"] == name)


def add_item(holder: Any, key: str, values: dict[str, Any], *, first: bool = False) -> None:
    """Add a table to a list of tables: as `[[key]]`, or inline where the file writes the list so."""
    import tomlkit
    from tomlkit.items import Array

    found = holder.get(key)
    if isinstance(found, Array):
        item: Any = tomlkit.inline_table()
        item.update(values)
        found.insert(0 if first else len(found), item)
        return
    item = tomlkit.table()
    item.update(values)
    items = list(found or ())
    fresh = tomlkit.aot()
    if not items:
        fresh.append(item)
        holder[key] = fresh
    else:
        item.trivia.indent = "" if first else "\n"  # a blank line above
        found.insert(0 if first else len(items), item)


def set_or_drop(table: Any, key: str, value: Any) -> None:
    """Set a key, or (None, empty list) take it out."""
    if value is None or value in ([], ()):
        table.pop(key, None)
    else:
        table[key] = list(value) if isinstance(value, tuple) else value
