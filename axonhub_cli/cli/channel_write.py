"""`axonhub channel add` and `edit`: what a channel's table in `config.toml` says.

Both take the same options. All of them are looked at before a secret is asked for or anything is written.
"""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import UsageError
from . import channel_override, channel_quirks, complete
from .channel_facts import protocols, summary
from .channel_options import BaseUrl, BodyOverrides, HeaderOverrides, Known, Models, Name, Priority, Quirks, Tags, Weight
from .edit import add_item, channel_table, check_name, config_file, load, set_or_drop
from .edit import channel as pick
from .output import JsonFlag, Result, emit
from .secret import FileOption, SecretOption, StdinOption, obtain

if TYPE_CHECKING:
    from ..config.schema import Channel


def add(
    name: Name,
    type_: Annotated[
        str,
        typer.Option(
            "--type",
            "-t",
            help="A preset (deepseek, ollama, …) or a bare protocol (openai-chat, …).",
            autocompletion=complete.types,
        ),
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
    check_name(name, "channel", [item.name for item in load().channels])
    _check_type(type_, base_url)
    more = {"models": model, "priority": priority, "weight": weight, "tags": tag, **_overrides(body_override, header_override)}
    facts = {key: value for key, value in channel_override.quirks(quirk).items() if value is not None}
    reference = _secret(name, type_, base_url, secret, stdin=secret_stdin, insecure_file=insecure_file)
    values = {"name": name, "type": type_, "base_url": base_url, "secrets": reference and [reference], **more, "quirks": facts}
    _insert(values)
    emit(Result(summary(pick(load(), name)), f"Added channel {name}.\nTry it: axonhub channel test {name}"), json=json)


def edit(
    name: Known,
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
    found = pick(load(), name)
    more = {"models": model, "priority": priority, "weight": weight, "tags": tag, **_overrides(body_override, header_override)}
    changes = {key: value for key, value in {"type": type_, "base_url": base_url, **more}.items() if value is not None}
    facts = channel_override.quirks(quirk)
    if not changes and not facts:
        hint = "See: axonhub channel edit --help. Secrets: axonhub channel secret NAME"
        raise UsageError("Nothing to change was given.", hint=hint)
    _check_type(type_ or found.type, found.base_url if base_url is None else base_url or None)
    _change(found, changes, facts)
    after = pick(load(), name)
    lines = "".join(f"\n{line}" for line in channel_quirks.changed(found, after, facts))
    emit(Result(summary(after), f"Changed channel {name}.{lines}"), json=json)


def _overrides(body: list[str] | None, header: list[str] | None) -> dict[str, Any]:
    return {"body_overrides": channel_override.body(body), "header_overrides": channel_override.header(header)}


def _insert(values: dict[str, Any]) -> None:
    """Add the table; what is empty or at its default is not written."""
    from ..config.store import edit as edited

    with edited(config_file()) as document:
        add_item(document, "channels", {key: value for key, value in values.items() if value})


def _change(found: "Channel", changes: dict[str, Any], facts: dict[str, Any]) -> None:
    """Change the table; an empty value takes its key out."""
    from ..config.store import edit as edited

    with edited(config_file()) as document:
        for key, value in changes.items():
            cleared = [item for item in value if item] if isinstance(value, list) else value or (value if value == 0 else None)
            set_or_drop(channel_table(document, found.name), key, cleared)
        if facts:
            kept = {key: value for key, value in {**found.quirks, **facts}.items() if value is not None}
            set_or_drop(channel_table(document, found.name), "quirks", kept or None)


def _secret(name: str, type_: str, base_url: str | None, given: str | None, *, stdin: bool, insecure_file: bool) -> str | None:
    """The reference of its secret: of the one that is given, else of one that is asked for where the channel needs one."""
    from ..config.presets import PRESETS
    from ..config.schema import Channel

    if given is None and not stdin and not _needs_secret(Channel(name=name, type=type_, base_url=base_url)):
        return None
    return obtain(name, PRESETS[type_].env, given, stdin=stdin, insecure_file=insecure_file)


def _check_type(type_: str, base_url: str | None) -> None:
    """`UsageError` for a type that does not exist or an address that cannot be."""
    from ..config.check import nearest
    from ..config.presets import PRESETS, endpoints
    from ..config.schema import Channel
    from ..errors import ConfigError

    if type_ not in PRESETS:
        raise UsageError(f"There is no channel type {type_!r}.", hint=nearest(type_, PRESETS, "Types"))
    try:
        endpoints(Channel(name="-", type=type_, base_url=base_url))
    except ConfigError as error:
        raise UsageError(f"--base-url: {error.message.rstrip('.')}.", hint=error.hint) from None


def _needs_secret(channel: "Channel") -> bool:
    """Local servers want none; a bare protocol on this machine is a local server, too."""
    from urllib.parse import urlsplit

    from ..config.presets import PRESETS

    hosts = {urlsplit(address).hostname for address in protocols(channel).values()}
    here = hosts <= {"127.0.0.1", "localhost", "::1"} and channel.type in PRESETS[channel.type].endpoints
    return not PRESETS[channel.type].local and not here
