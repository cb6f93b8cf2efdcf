"""`axonhub channel`: the providers, their secrets, and whether they answer."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import channel_override, channel_rename
from .channel_facts import counted, counting, protocols, quirk_rows, secret_states, told_quirks
from .channel_options import BaseUrl, BodyOverrides, HeaderOverrides, Models, Name, Priority, Quirks, Tags, Weight
from .channel_table import few, listing, told
from .edit import add_item, channel_table, check_name, config_file, load, set_or_drop
from .edit import channel as pick
from .output import JsonFlag, LimitOption, Result, clean, confirm, emit, table
from .secret import FileOption, SecretOption, StdinOption, note, obtain

if TYPE_CHECKING:
    from ..config.schema import Channel, Config

app = typer.Typer(no_args_is_help=True, help="Model providers: add them, give them secrets, try them.")
channel_rename.register(app)


@app.command()
def add(
    name: Name,
    type_: Annotated[
        str, typer.Option("--type", "-t", help="A preset (deepseek, ollama, …) or a bare protocol (openai-chat, …).")
    ],
    base_url: BaseUrl = None,
    secret: SecretOption = None,
    secret_stdin: StdinOption = False,
    insecure_file: FileOption = False,
    model: Models = None,
    priority: Priority = None,
    weight: Weight = None,
    tag: Tags = None,
    body_override: BodyOverrides = None,
    header_override: HeaderOverrides = None,
    quirk: Quirks = None,
    json: JsonFlag = False,
) -> None:
    """Add a channel. Its secret is asked for, hidden, and goes into the keyring.

    Examples:

        axonhub channel add deepseek --type deepseek -m deepseek-chat -m deepseek-reasoner

        axonhub channel add local --type openai-chat --base-url http://127.0.0.1:11434/v1
    """
    from ..config.presets import PRESETS
    from ..config.schema import Channel
    from ..config.store import edit

    config = load()
    check_name(name, "channel", [item.name for item in config.channels])
    _check_type(type_, base_url)
    overrides = {
        "body_overrides": channel_override.body(body_override),
        "header_overrides": channel_override.header(header_override),
    }
    facts = {key: value for key, value in channel_override.quirks(quirk).items() if value is not None}
    given = secret is not None or secret_stdin
    reference = None
    if given or _needs_secret(Channel(name=name, type=type_, base_url=base_url)):
        reference = obtain(name, PRESETS[type_].env, secret, stdin=secret_stdin, insecure_file=insecure_file)
    values: dict[str, Any] = {"name": name, "type": type_, "base_url": base_url, "secrets": [reference] if reference else None}
    values |= {"models": model, "priority": priority, "weight": weight, "tags": tag}
    values |= overrides | ({"quirks": facts} if facts else {})
    with edit(config_file()) as document:
        add_item(document, "channels", {key: value for key, value in values.items() if value})
    emit(Result(_summary(pick(load(), name)), f"Added channel {name}.\nTry it: axonhub channel test {name}"), json=json)


@app.command("list")
def list_(limit: LimitOption = 50, json: JsonFlag = False) -> None:
    """All channels, in the order in which they are tried, and how they are."""
    from .health import state_of, unwell

    sick = unwell()
    channels = sorted(load().channels, key=lambda item: item.priority)[:limit]
    states = secret_states(channels)
    rows = [
        _summary(item)
        | {"protocols": list(protocols(item)), "secret_states": {ref: states[ref] for ref in item.secrets}}
        | {"state": state_of(item.name, sick, secrets=len(item.secrets)) if item.enabled else "off"}
        for item in channels
    ]
    none = "No channels yet. Find some: axonhub init. Or add one: axonhub channel add NAME --type TYPE"
    emit(Result(rows, listing(rows) if rows else none), json=json)


@app.command()
def show(name: Name, json: JsonFlag = False) -> None:
    """One channel, with the addresses that it really uses, and whether its secrets are there."""
    found = pick(load(), name)
    data = _summary(found) | {
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
    rows += [["quirks", clean(line)] for line in told_quirks(data["quirk_origins"])]
    rows += [[protocol, clean(address)] for protocol, address in data["endpoints"].items()]
    rows += [[f"tokens of {clean(fact['model'], 60)}", counted(fact)] for fact in data["token_counts"]]
    emit(Result(data, table(["", ""], rows)), json=json)


@app.command("edit")
def edit_(
    name: Name,
    type_: Annotated[str | None, typer.Option("--type", "-t", help="Another preset or protocol.")] = None,
    base_url: BaseUrl = None,
    model: Models = None,
    priority: Priority = None,
    weight: Weight = None,
    tag: Tags = None,
    body_override: BodyOverrides = None,
    header_override: HeaderOverrides = None,
    quirk: Quirks = None,
    json: JsonFlag = False,
) -> None:
    """Change a channel. Models, tags and overrides that are given replace the old ones; an empty one (--model "") clears them.

    Examples:

        axonhub channel edit local --body-override 'set chat_template_kwargs.enable_thinking=false' --quirk images=false
    """
    from ..config.store import edit
    from ..errors import UsageError

    found = pick(load(), name)
    changes: dict[str, Any] = {
        "type": type_,
        "base_url": base_url,
        "models": model,
        "priority": priority,
        "weight": weight,
        "tags": tag,
    }
    changes |= {
        "body_overrides": channel_override.body(body_override),
        "header_overrides": channel_override.header(header_override),
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    facts = channel_override.quirks(quirk)
    if not changes and not facts:
        raise UsageError(
            "Nothing to change was given.", hint="See: axonhub channel edit --help. Secrets: axonhub channel secret NAME"
        )
    _check_type(type_ or found.type, base_url or found.base_url)
    with edit(config_file()) as document:
        for key, value in changes.items():
            cleared = [item for item in value if item] if isinstance(value, list) else value or (value if value == 0 else None)
            set_or_drop(channel_table(document, name), key, cleared)
        if facts:
            kept = {key: value for key, value in {**found.quirks, **facts}.items() if value is not None}
            set_or_drop(channel_table(document, name), "quirks", kept or None)
    emit(Result(_summary(pick(load(), name)), f"Changed channel {name}."), json=json)


@app.command()
def remove(
    name: Name,
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
def enable(name: Name, json: JsonFlag = False) -> None:
    """Let requests go to a channel again."""
    _switch(name, True, json)


@app.command()
def disable(name: Name, json: JsonFlag = False) -> None:
    """Send no requests to a channel, and keep it."""
    _switch(name, False, json)


@app.command()
def reset(name: Name, json: JsonFlag = False) -> None:
    """Forget what is held against a channel: cooldowns, and secrets that were refused."""
    from ..config import orders
    from ..config.paths import paths

    pick(load(), name)
    orders.reset(paths().orders_file, name)
    emit(Result({"name": name}, f"Channel {name} is used again as if nothing had happened."), json=json)


@app.command("secret")
def secret_(
    name: Name,
    secret: SecretOption = None,
    secret_stdin: StdinOption = False,
    insecure_file: FileOption = False,
    append: Annotated[
        bool, typer.Option("--add", help="Add one more, used when the others fail, instead of replacing them.")
    ] = False,
    json: JsonFlag = False,
) -> None:
    """Set or replace a channel's secret."""
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
    emit(Result({"name": name, "secrets": secrets}, f"Channel {name} uses {few(secrets, 'no secret')}."), json=json)


@app.command()
def models(name: Name, limit: LimitOption = 200, json: JsonFlag = False) -> None:
    """Ask the provider which models it has."""
    from ..clients.probe import models as ask
    from ..config.presets import endpoints

    found = pick(load(), name)
    endpoint = next(iter(endpoints(found).values()))
    names = sorted(ask(found, endpoint, _first_secret(found)))[:limit]
    emit(Result([{"id": item} for item in names], "\n".join(clean(item) for item in names) or "It lists none."), json=json)


@app.command("test")
def try_out(
    name: Name,
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


def _summary(channel: "Channel") -> dict[str, Any]:
    names = ("name", "type", "base_url", "secrets", "models", "priority", "weight", "tags", "enabled")
    values = {key: getattr(channel, key) for key in names}
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}


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


def _check_type(type_: str, base_url: str | None) -> None:
    """`UsageError` for a type that does not exist or an address that cannot be."""
    from ..config.check import nearest
    from ..config.presets import PRESETS, endpoints
    from ..config.schema import Channel
    from ..errors import ConfigError, UsageError

    if type_ not in PRESETS:
        raise UsageError(f"There is no channel type {type_!r}.", hint=nearest(type_, PRESETS, "Types"))
    try:
        endpoints(Channel(name="-", type=type_, base_url=base_url))
    except ConfigError as error:
        raise UsageError(f"--base-url: {error.message}", hint=error.hint) from None


def _needs_secret(channel: "Channel") -> bool:
    """Local servers want none; a bare protocol on this machine is a local server, too."""
    from urllib.parse import urlsplit

    from ..config.presets import PRESETS

    hosts = {urlsplit(address).hostname for address in protocols(channel).values()}
    here = hosts <= {"127.0.0.1", "localhost", "::1"} and channel.type in PRESETS[channel.type].endpoints
    return not PRESETS[channel.type].local and not here


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
