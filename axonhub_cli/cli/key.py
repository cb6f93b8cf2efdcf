"""`axonhub key`: the local keys that clients present to us."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import complete
from .edit import load, server_port
from .edit import profile as pick_profile
from .output import JsonFlag, LimitOption, Result, confirm, emit, table

if TYPE_CHECKING:
    from ..config.keys import Key, KeyStore

app = typer.Typer(no_args_is_help=True, help="Local keys: what clients use to talk to axonhub on this machine.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The key's name.", autocompletion=complete.keys)]


@app.command()
def create(
    name: Name,
    profile: Annotated[str | None, typer.Option("--profile", "-p", help="The profile that requests with this key use.")] = None,
    json: JsonFlag = False,
) -> None:
    """Make a key and print its token.

    Example:

        axonhub key create laptop --profile deepseek
    """
    if profile is not None:
        pick_profile(load(), profile)
    key = _store().create(name, profile)
    emit(Result({"name": key.name, "token": key.token}, _introduced(key)), json=json)


@app.command("list")
def list_(limit: LimitOption = 50, json: JsonFlag = False) -> None:
    """All keys; tokens are not shown in full."""
    rows = [
        {"name": key.name, "token": _masked(key), "profile": key.profile, "created": key.created} for key in _store().keys[:limit]
    ]
    text = (
        table(["NAME", "TOKEN", "PROFILE", "CREATED"], [list(row.values()) for row in rows])
        if rows
        else "No keys yet. Make one: axonhub key create NAME"
    )
    emit(Result(rows, text), json=json)


@app.command()
def show(name: Name, json: JsonFlag = False) -> None:
    """Print a key's token, and nothing else."""
    key = _get(name)
    data: dict[str, Any] = {"name": key.name, "token": key.token, "profile": key.profile, "created": key.created}
    emit(Result(data, key.token), json=json)


@app.command()
def rotate(name: Name, json: JsonFlag = False) -> None:
    """Give a key a new token. The old one stops working at once."""
    _get(name)
    key = _store().rotate(name)
    text = f"{_introduced(key)}\nIf a client's file holds the old one, set it up again: axonhub setup claude-code --write"
    emit(Result({"name": key.name, "token": key.token}, text), json=json)


@app.command()
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, json: JsonFlag = False
) -> None:
    """Forget a key. Clients that use it are turned away at once."""
    _get(name)
    confirm(f"Remove key {name}? Clients that use it stop working.", yes=yes)
    _store().remove(name)
    emit(Result({"name": name}, f"Removed key {name}."), json=json)


def _store() -> "KeyStore":
    from ..config.keys import KeyStore
    from ..config.paths import paths

    return KeyStore(paths().keys_file)


def _get(name: str) -> "Key":
    from ..config.check import nearest
    from ..errors import NotConfigured, UsageError

    keys = _store().keys
    found = next((key for key in keys if key.name == name), None)
    if found is None and not keys:
        raise NotConfigured("There is no key yet.", hint="Make one: axonhub key create NAME")
    if found is None:
        raise UsageError(f"There is no key named {name!r}.", hint=nearest(name, [key.name for key in keys], "Keys"))
    return found


def _masked(key: "Key") -> str:
    return f"{key.token[:6]}…{key.token[-2:]}"


def _introduced(key: "Key") -> str:
    port = server_port()
    return "\n".join(
        [
            f"Key {key.name}: {key.token}",
            "",
            f'Claude Code      eval "$(axonhub setup claude-code --key {key.name})"',
            f'Codex            axonhub setup codex && eval "$(axonhub setup codex --env --key {key.name})"',
            f"OpenAI SDKs      export OPENAI_BASE_URL=http://127.0.0.1:{port}/v1 OPENAI_API_KEY={key.token}",
            f"Anthropic SDKs   export ANTHROPIC_BASE_URL=http://127.0.0.1:{port}/anthropic ANTHROPIC_API_KEY={key.token}",
        ]
    )
