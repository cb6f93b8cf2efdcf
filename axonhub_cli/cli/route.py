"""`axonhub route MODEL`: which channel a model name would go to, and why."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import RequestError
from . import complete
from .output import JsonFlag, Result, clean, emit, table

if TYPE_CHECKING:
    from rich.console import Console

_CLIENTS = {"claude-code": "anthropic", "codex": "openai-responses", "opencode": "openai-chat"}


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(route)


def route(
    model: Annotated[str, typer.Argument(help="The name as the client asks for it.", autocompletion=complete.models)],
    key: Annotated[str | None, typer.Option("--key", help="Name of the local key: decides the active profile.")] = None,
    client: Annotated[str, typer.Option("--client", help="claude-code, codex, opencode, or a protocol.")] = "claude-code",
    profile: Annotated[str | None, typer.Option("--profile", help="Explain for this profile instead.")] = None,
    json: JsonFlag = False,
) -> None:
    """Explain where a model name goes: the rules tried, the one that won, the candidates in order."""
    from ..config import learned
    from ..config.keys import KeyStore
    from ..config.paths import paths
    from ..config.store import load
    from ..routing.plan import plan
    from ..types.messages import PROTOCOLS

    where = paths()
    config = load(where.config_file)
    keys = {each.name: each for each in KeyStore(where.keys_file).keys}
    if key is not None and key not in keys:
        raise typer.BadParameter(f"there is no key {key!r}; keys: {', '.join(keys) or 'none'}")
    active = profile or (keys[key].profile if key else None) or config.profile
    protocol = _CLIENTS.get(client, client)
    if protocol not in PROTOCOLS:
        raise typer.BadParameter(f"{client!r} is no client or protocol that axonhub knows: {', '.join([*_CLIENTS, *PROTOCOLS])}")
    try:
        found = plan(config, active, model, protocol, learned=learned.read())
    except RequestError as error:
        emit(Result({"model": model, "profile": active, "error": str(error)}, clean(str(error)), exit_code=1), json=json)
        return
    data = _data(model, active, protocol, found)
    _add_health(data)
    emit(Result(data, lambda console: _show(console, data)), json=json)


def _data(model: str, active: str | None, protocol: str, found: Any) -> dict[str, Any]:
    rule = found.resolution.rule
    return {
        "model": model,
        "profile": active,
        "client_protocol": protocol,
        "target": found.resolution.model,
        "rule": None
        if rule is None
        else {
            "number": found.resolution.index + 1,
            "exact": rule.exact,
            "regex": rule.regex,
            "to": rule.to,
            "channel": rule.channel,
        },
        "candidates": [
            {
                "channel": each.channel.name,
                "protocol": each.endpoint.protocol,
                "base_url": each.endpoint.base_url,
                "model": each.model,
                "secret": each.secret,
                "priority": each.channel.priority,
                "converts": each.endpoint.protocol != protocol,
            }
            for each in found.candidates
        ],
        "rejected": [{"channel": name, "reason": reason} for name, reason in found.rejected],
    }


def _add_health(data: dict[str, Any]) -> None:
    """How the running server sees each candidate; those that cool go last, as they would."""
    from .health import unwell, word

    rows = unwell()
    for each in data["candidates"]:
        mine = [
            row
            for row in rows
            if (row["channel"], row["secret"]) == (each["channel"], each["secret"]) and row["model"] in (None, each["model"])
        ]
        each["state"] = word(mine[0]) if mine else "ready"
        each["seconds"] = mine[0]["seconds"] if mine else 0.0
        each["reason"] = mine[0]["reason"] if mine else None
    data["candidates"].sort(key=lambda each: each["seconds"])


def _show(console: "Console", data: dict[str, Any]) -> None:
    rule = data["rule"]
    console.print(f"{clean(data['model'])} → {clean(data['target'])}   (profile: {data['profile'] or 'none'})")
    if rule is None:
        console.print("  no rule matched: the name passes unchanged")
    else:
        form = f"exact {rule['exact']!r}" if rule["exact"] is not None else f"regex {rule['regex']!r}"
        console.print(
            clean(f"  rule {rule['number']}: {form} → {rule['to']!r}")
            + (f", pinned to {rule['channel']}" if rule["channel"] else "")
        )
    rows = [
        (
            number,
            each["channel"],
            each["protocol"] + (" (converted)" if each["converts"] else ""),
            each["secret"],
            each["base_url"],
            each["state"],
        )
        for number, each in enumerate(data["candidates"], 1)
    ]
    console.print(table(["#", "channel", "speaks", "secret", "address", "state"], rows, right=["#"]))
    for each in data["rejected"]:
        console.print(f"  not {each['channel']}: {each['reason']}")
