"""`axonhub channel`: the providers, their secrets, and whether they answer."""

from typing import TYPE_CHECKING, Annotated

import typer

from . import channel_override, channel_quirks, channel_rename, channel_write
from .channel_facts import counted, counting, protocols, quirk_rows, secret_states, summary, told_quirks
from .channel_options import Known
from .channel_table import few, listing, told
from .edit import channel as pick
from .edit import channel_table, config_file, load, set_or_drop
from .output import JsonFlag, LimitOption, Result, clean, confirm, emit, table
from .secret import FileOption, SecretOption, StdinOption, note, obtain

if TYPE_CHECKING:
    from ..config.schema import Channel, Config

app = typer.Typer(no_args_is_help=True, help="Model providers: add them, give them secrets, try them.")
app.command()(channel_write.add)


@app.command("list")
def list_(limit: LimitOption = 50, json: JsonFlag = False) -> None:
    """All channels, in the order in which they are tried, and how they are."""
    from .health import state_of, unwell

    sick = unwell()
    channels = sorted(load().channels, key=lambda item: item.priority)[:limit]
    states = secret_states(channels)
    rows = [
        summary(item)
        | {"protocols": list(protocols(item)), "secret_states": {ref: states[ref] for ref in item.secrets}}
        | {"state": state_of(item.name, sick, secrets=len(item.secrets)) if item.enabled else "off"}
        for item in channels
    ]
    none = "No channels yet. Find some: axonhub init. Or add one: axonhub channel add NAME --type TYPE"
    emit(Result(rows, listing(rows) if rows else none), json=json)


@app.command()
def show(name: Known, json: JsonFlag = False) -> None:
    """One channel, with the addresses that it really uses, and whether its secrets are there."""
    found = pick(load(), name)
    data = summary(found) | {
        "endpoints": protocols(found),
        "secret_states": secret_states([found]),
        "headers": sorted(found.headers),
        "body_overrides": channel_override.told(found.body_overrides),
        "header_overrides": channel_override.told(found.header_overrides),
        "quirks": found.quirks,
        "quirk_origins": quirk_rows(found),
        "proxy": bool(found.proxy),
        "token_counts": counting(name),
    }
    shown = data | {"secrets": told(data["secret_states"]), "models": data["models"] or "whatever no other channel serves"}
    apart = ("endpoints", "secret_states", "token_counts", "quirks", "quirk_origins")
    rows = [[key, _shown(value)] for key, value in shown.items() if key not in apart]
    told_lines = told_quirks(name, data["quirk_origins"])
    rows += [["" if at else "quirks", clean(line)] for at, line in enumerate(told_lines)]
    rows += [[protocol, clean(address)] for protocol, address in data["endpoints"].items()]
    rows += [[f"tokens of {clean(fact['model'], 60)}", counted(fact)] for fact in data["token_counts"]]
    emit(Result(data, table(["", ""], rows)), json=json)


app.command()(channel_write.edit)
channel_rename.register(app)
channel_quirks.register(app)


@app.command()
def remove(
    name: Known,
    keep_secret: Annotated[bool, typer.Option("--keep-secret", help="Leave its secret in the keyring.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json: JsonFlag = False,
) -> None:
    """Remove a channel, and its secret where no other channel uses it."""
    from ..config.store import edit
    from ..errors import UsageError

    config = load()
    found = pick(config, name)
    users = _users(config, name)
    if users:
        raise UsageError(
            f"Channel {name} is used by {', '.join(users)}.", hint="Take it out there first: axonhub profile show NAME"
        )
    confirm(f"Remove channel {name}?", yes=yes)
    with edit(config_file()) as document:
        channels = document["channels"]
        channels.remove(channel_table(document, name))
        if not channels:
            del document["channels"]
    gone = [] if keep_secret else _forget(found, load())
    emit(Result({"name": name, "secrets_removed": gone}, f"Removed channel {name}."), json=json)


@app.command()
def enable(name: Known, json: JsonFlag = False) -> None:
    """Let requests go to a channel again."""
    _switch(name, True, json)


@app.command()
def disable(name: Known, json: JsonFlag = False) -> None:
    """Send no requests to a channel, and keep it."""
    _switch(name, False, json)


@app.command()
def reset(name: Known, json: JsonFlag = False) -> None:
    """Forget what is held against a channel: cooldowns, and secrets that were refused."""
    from ..config import orders
    from ..config.paths import paths

    pick(load(), name)
    orders.reset(paths().orders_file, name)
    emit(Result({"name": name}, f"Channel {name} is used again as if nothing had happened."), json=json)


@app.command("secret")
def secret_(
    name: Known,
    secret: SecretOption = None,
    secret_stdin: StdinOption = False,
    insecure_file: FileOption = False,
    append: Annotated[
        bool, typer.Option("--add", help="Add one more, used when the others fail, instead of replacing them.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Set or replace a channel's secret. A replaced one is deleted where we stored it and no other channel uses it."""
    from ..config import orders
    from ..config.paths import paths
    from ..config.presets import PRESETS
    from ..config.store import edit

    found = pick(load(), name)
    stored = _free_name(found) if append else name
    reference = obtain(stored, PRESETS[found.type].env, secret, stdin=secret_stdin, insecure_file=insecure_file)
    fresh = [reference] if reference else []
    secrets = list(dict.fromkeys([*(found.secrets if append else ()), *fresh]))
    with edit(config_file()) as document:
        set_or_drop(channel_table(document, name), "secrets", secrets)
    orders.reset(paths().orders_file, name)  # the old one may have been refused; the reference is often the same
    gone = _forget(found, load())
    said = f"Channel {name} uses {few(secrets, 'no secret')}." + (f" Deleted: {', '.join(gone)}." if gone else "")
    emit(Result({"name": name, "secrets": secrets, "secrets_removed": gone}, said), json=json)


@app.command()
def models(name: Known, limit: LimitOption = 200, json: JsonFlag = False) -> None:
    """Ask the provider which models it has."""
    from ..clients.probe import models as ask
    from ..config.presets import endpoints

    found = pick(load(), name)
    endpoint = next(iter(endpoints(found).values()))
    names = sorted(ask(found, endpoint, _first_secret(found)))[:limit]
    emit(Result([{"id": item} for item in names], "\n".join(clean(item) for item in names) or "It lists none."), json=json)


@app.command("test")
def try_out(
    name: Known,
    model: Annotated[str | None, typer.Option("--model", "-m", help="The model to ask; by default its first.")] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Find out what it can do: tools, reasoning, images, counting, …")] = False,
    protocol: Annotated[str | None, typer.Option("--protocol", help="With --deep: which of its protocols to test.")] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="With --deep: do not ask about its cost.")] = False,
    json: JsonFlag = False,
) -> None:
    """Try a channel: list its models, then ask each of its secrets for one token.

    With --deep one model is asked about ten questions, and what it can do is kept.

    Examples:

        axonhub channel test deepseek

        axonhub channel test local --deep --model qwen3:8b --yes
    """
    from ..errors import UsageError
    from . import channel_deep, channel_test

    found = pick(load(), name)
    if not deep and (protocol or yes):
        raise UsageError("--protocol and --yes belong to --deep.", hint=f"Run: axonhub channel test {name} --deep")
    result = channel_deep.run(found, model, protocol, yes=yes) if deep else channel_test.run(found, model)
    emit(result, json=json)


def _shown(value: object) -> str:
    """A field for people."""
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return few(value, "-")
        case dict():
            return few([f"{key}={entry}" for key, entry in value.items()], "-")
    return "-" if value is None else clean(str(value))


def _users(config: "Config", name: str) -> list[str]:
    return [
        f"profile {key}"
        for key, profile in config.profiles.items()
        if name in (profile.channels or ()) or any(rule.channel == name for rule in profile.mappings)
    ]


def _forget(channel: "Channel", config: "Config") -> list[str]:
    """Delete the secrets that we stored for a channel and that no other one uses."""
    from ..config.secrets import delete
    from ..errors import SecretError

    used = {secret for other in config.channels for secret in other.secrets}
    gone = []
    for reference in channel.secrets:
        if reference in used or not reference.startswith(("keyring:", "file:secrets/")):
            continue
        try:
            delete(reference)
            gone.append(reference)
        except SecretError as error:
            note(f"{reference} stays: {error.message}")
    return gone


def _switch(name: str, on: bool, json: bool) -> None:
    from ..config.store import edit

    pick(load(), name)
    with edit(config_file()) as document:
        set_or_drop(channel_table(document, name), "enabled", None if on else False)
    emit(Result({"name": name, "enabled": on}, f"Channel {name} is {'on' if on else 'off'}."), json=json)


def _free_name(channel: "Channel") -> str:
    taken = {reference.rpartition(":")[2].removeprefix("secrets/") for reference in channel.secrets}
    candidates = [channel.name, *(f"{channel.name}-{number}" for number in range(2, len(taken) + 3))]
    return next(item for item in candidates if item not in taken)


def _first_secret(channel: "Channel") -> str | None:
    from ..config.secrets import read

    return read(channel.secrets[0]) if channel.secrets else None
