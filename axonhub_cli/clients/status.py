"""How far each client is set up: what its file says now, compared with what we wrote and with where the server will be."""

import json
from collections.abc import Mapping

from msgspec import Struct

from ..errors import ClientFileError
from . import source as files
from .catalog import Client
from .edits import KeyPath, kind, lookup
from .environment import url
from .journal import Journal, state


class Status(Struct, frozen=True):
    """One client. `state`: `set up`, `partly`, `not set up` or `unreadable`; `shell`: this shell has what the client
    needs; `ignored`: the client passes over its file, see `ignored`."""

    client: str
    title: str
    file: str
    state: str
    address: str | None
    shell: bool
    ignored: bool
    remarks: tuple[str, ...]


def status(client: Client, journal: Journal, port: int, environ: Mapping[str, str]) -> Status:
    """Look at one client; its file is only read."""
    file = client.file()
    shell = bool(environ.get(client.variable))
    try:
        source = files.read(file, client.kind)
    except ClientFileError as error:
        return Status(client.name, client.title, str(file), "unreadable", None, shell, False, (str(error),))
    record = journal.record(client.name, file)
    states = {entry.path: state(kind(client.kind), source.text, entry) for entry in record.edits} if record else {}
    found = lookup(source.value, client.address)
    address = found if isinstance(found, str) else None
    remarks = _drift(states)
    if address and address != url(port, client.below) and "ours" in states.values():
        remarks.append(f"It points at {address}, but axonhub serves at {url(port, '')}. Run the setup again.")
    how = _summary(list(states.values()))
    shell = shell and (client.shell_alone or how != "not set up")
    passed_over = ignored(client, source.text)
    return Status(client.name, client.title, str(file), how, address, shell, passed_over, tuple(remarks))


def ignored(client: Client, text: str) -> bool:
    """Whether a client that takes plain JSON only would pass over a file with that text, without a word."""
    if not client.strict or not text.strip():
        return False
    try:
        json.loads(text)
    except ValueError:
        return True
    return False


def _drift(states: dict[KeyPath, str]) -> list[str]:
    """What is not as we left it, while something of ours is there."""
    if all(value == "before" for value in states.values()):
        return []
    says = {"changed": "was changed since.", "before": "was taken back since."}
    return [f"{'.'.join(path)} {says[value]}" for path, value in states.items() if value in says]


def _summary(states: list[str]) -> str:
    if not states or all(value == "before" for value in states):
        return "not set up"
    return "set up" if all(value == "ours" for value in states) else "partly"
