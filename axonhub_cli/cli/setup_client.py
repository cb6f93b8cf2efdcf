"""How one client is set up: which of exports, edits and instructions it gets, and what they depend on."""

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct

from ..types.messages import Protocol
from . import setup_files, setup_undo
from .output import Result, emit

if TYPE_CHECKING:
    from ..clients.ask import Ask
    from ..clients.catalog import Client
    from ..clients.guides import Guide

_PLACEHOLDER = "ah-made-when-written"


class Wish(Struct, frozen=True, kw_only=True):
    """The options of a set-up command. `slots`: Claude Code's models by their use."""

    shell: Literal["bash", "zsh", "fish", "powershell"] | None = None
    key: str | None = None
    port: int | None = None
    model: str | None = None
    slots: Mapping[str, str] = {}
    explain: bool = False
    write: bool = False
    env: bool = False
    dry_run: bool = False
    undo: bool = False
    yes: bool = False
    json: bool = False


def set_up(name: str, wish: Wish) -> None:
    """A client with a file: undo, edit, or exports."""
    from ..clients.catalog import find

    client = find(name)
    if wish.undo:
        setup_undo.undo(client, dry_run=wish.dry_run, yes=wish.yes, json=wish.json)
        return
    edits = not wish.env and (wish.write or wish.dry_run or not client.shell_alone)
    ask = _ask(client, wish, edits=edits)
    if edits:
        setup_files.write(client, ask, _steps(client, wish), dry_run=wish.dry_run, yes=wish.yes, json=wish.json)
        return
    command = f"axonhub setup {name}" + (" --env" if wish.env else "")
    setup_files.print_exports(name, command, wish.shell, client.lines(ask), explain=wish.explain, json=wish.json)
    if not wish.env:
        setup_files.notes(_export_notes(client, ask, wish.key))


def guide(name: str, wish: Wish) -> None:
    """A client without a file for us: exports, or what to do by hand."""
    from ..clients.guides import GUIDES, lines, text

    found = next(item for item in GUIDES if item.name == name)
    if wish.undo:
        emit(Result({"client": name, "changed": False}, _nothing_written(found)), json=wish.json)
        return
    needs_key = bool(found.variables) or "{key}" in found.text
    ask = _all(name, "openai-chat", [], {}, wish, make=needs_key)
    told = text(found, ask)
    if not found.variables:
        emit(Result({"client": name, "text": told, "source": found.source}, told), json=wish.json)
        return
    setup_files.print_exports(name, f"axonhub setup {name}", wish.shell, lines(found, ask), explain=wish.explain, json=wish.json)
    setup_files.notes([line for line in told.splitlines() if line.strip()])


def _nothing_written(found: "Guide") -> str:
    from ..clients.start_files import leftovers

    ours = [name for name in found.variables if os.environ.get(name)]
    said = f"axonhub wrote no file for {found.title}."
    here = [f"{said} This shell sets {', '.join(ours)}: unset what is ours of it." if ours else said]
    return "\n".join([*here, *leftovers(found.name, next(iter(found.variables), ""), os.environ)])


def _ask(client: "Client", wish: Wish, *, edits: bool) -> "Ask":
    """A file that is to be edited must be readable; one that only may stand in the way need not."""
    from ..errors import ClientFileError

    try:
        settings = setup_files.settings(client)
    except ClientFileError:
        if edits:
            raise
        settings = {}
    names = client.asks(wish.model, settings, os.environ)
    return _all(client.name, client.protocol, names, settings, wish, make=not wish.dry_run, lists=client.lists)


def _all(
    client: str, protocol: Protocol, names: list[str], settings: dict[str, Any], wish: Wish, *, make: bool, lists: bool = False
) -> "Ask":
    """All that a set-up depends on. `make`: the client's local key, when it has none yet; `lists`: what each model holds."""
    from msgspec.structs import replace

    from ..clients.ask import Ask, look, models, windows
    from ..config.paths import paths
    from ..config.store import load
    from .edit import client_port

    config = load(paths().config_file)
    profile = _profile(wish.key or client)
    ask = Ask(
        port=client_port(wish.port), token=_token(client, wish.key, make=make), environ=os.environ,
        models=models(config, profile), model=wish.model, behind=look(config, profile, protocol, names), slots=wish.slots,
        settings=settings,
    )  # fmt: skip
    return replace(ask, windows=windows(config, profile, protocol, ask.listed)) if lists else ask


def _profile(key: str) -> str | None:
    from ..config.keys import KeyStore
    from ..config.paths import paths

    return next((item.profile for item in KeyStore(paths().keys_file).keys if item.name == key), None)


def _token(client: str, key: str | None, *, make: bool) -> str:
    from .local_key import named, token

    if not make and key is None:
        return named(client) or _PLACEHOLDER
    found, made = token(key or client, make=key is None)
    if made:
        setup_files.notes([f"Created the local key {client!r}."])
    return found


def _export_notes(client: "Client", ask: "Ask", key: str | None) -> list[str]:
    """What stands in the way of the exports; Claude Code's settings file wins over them."""
    from ..clients import claude_code
    from ..clients.ask import unserved

    if client.name != claude_code.NAME:
        return [*client.remarks(ask), *unserved(ask, client.title, lists=client.lists)]
    written = {line.name: line.value for line in client.lines(ask)}
    found = claude_code.remarks(os.environ, ask.settings, written, model=ask.model, behind=ask.behind, key=key)
    return [*found, *unserved(ask, client.title, lists=client.lists)]


def _steps(client: "Client", wish: Wish) -> list[str]:
    """What to do after the file is written."""
    from ..clients.shell import detect, use

    start = f"Start it as always: {client.start}"
    if client.name == "claude-code":
        return [start]
    words = ["axonhub setup", client.name, *([] if client.shell_alone else ["--env"]), *(["--key", wish.key] if wish.key else [])]
    command = use(wish.shell or detect(os.environ), " ".join(words))
    said = f"reads its local key from {client.variable}" if not client.shell_alone else "needs its variables, too"
    return [f"{client.title} {said}. Put this into your shell and its start-up file: {command}", start]
