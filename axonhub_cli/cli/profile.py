"""`axonhub profile`: which model is really used when a client asks for one."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from . import complete
from .edit import add_item, check_name, config_file, load
from .edit import channel as pick_channel
from .edit import profile as pick
from .output import JsonFlag, LimitOption, Result, clean, confirm, emit, table
from .secret import note

if TYPE_CHECKING:
    from rich.console import Console
    from tomlkit import TOMLDocument

    from ..config.keys import KeyStore
    from ..config.schema import Mapping, Profile

app = typer.Typer(
    no_args_is_help=True, help="Profiles: lists of rules from the model names that clients ask for to those you want."
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The profile's name.", autocompletion=complete.profiles)]


@app.command()
def add(
    name: Name,
    channel: Annotated[list[str] | None, typer.Option("--channel", "-c", help="Only these channels; repeat it.")] = None,
    model: Annotated[list[str] | None, typer.Option("--model", "-m", help="Only these models; repeat it.")] = None,
    json: JsonFlag = False,
) -> None:
    """Add a profile.

    Example:

        axonhub profile add cheap && axonhub profile map cheap 'claude-.*' deepseek-chat --regex && axonhub profile use cheap
    """
    import tomlkit

    from ..config.store import edit

    config = load()
    check_name(name, "profile", config.profiles)
    for item in channel or ():
        pick_channel(config, item)
    with edit(config_file()) as document:
        fresh = tomlkit.table()
        fresh.update({key: value for key, value in (("channels", channel), ("models", model)) if value})
        document.setdefault("profiles", tomlkit.table(is_super_table=True))[name] = fresh
    emit(
        Result({"name": name, **_limits(pick(load(), name))}, f"Added profile {name}.\nUse it: axonhub profile use {name}"),
        json=json,
    )


@app.command("list")
def list_(limit: LimitOption = 50, json: JsonFlag = False) -> None:
    """All profiles, and who uses them."""
    config = load()
    rows = [
        {"name": name, "active": config.profile == name, "mappings": len(item.mappings), "keys": _keys_of(name), **_limits(item)}
        for name, item in list(config.profiles.items())[:limit]
    ]
    cells = [
        [
            row["name"],
            "yes" if row["active"] else "",
            row["mappings"],
            ", ".join(row["keys"]) or "-",
            ", ".join(row["channels"] or ["any"]),
        ]
        for row in rows
    ]
    text = (
        table(["NAME", "ACTIVE", "RULES", "KEYS", "CHANNELS"], cells, right=["RULES"])
        if rows
        else "No profiles yet: names pass through unchanged."
    )
    emit(Result(rows, text), json=json)


@app.command()
def show(name: Name, json: JsonFlag = False) -> None:
    """One profile's rules, in the order in which they are tried."""
    config = load()
    found = pick(config, name)
    rules = [_rule(number, rule) for number, rule in enumerate(found.mappings, 1)]
    data = {"name": name, "active": config.profile == name, "keys": _keys_of(name), **_limits(found), "mappings": rules}
    cells = [[rule["number"], rule["kind"], clean(rule["from"]), clean(rule["to"]), rule["channel"] or "any"] for rule in rules]
    head = [f"Only {key}: {', '.join(map(clean, names))}" for key, names in _limits(found).items() if names is not None]
    if not rules:
        head.append(f"Profile {name} has no rules: names pass through unchanged.")

    def shown(out: "Console") -> None:
        for line in head:
            out.print(line)
        if rules:
            out.print(table(["#", "KIND", "FROM", "TO", "CHANNEL"], cells, right=["#"]))

    emit(Result(data, shown), json=json)


@app.command()
def use(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The profile; none with --none.", autocompletion=complete.profiles)
    ] = None,
    key: Annotated[str | None, typer.Option("--key", "-k", help="For this key only.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="For every key, also those that have a profile of their own.")] = False,
    none: Annotated[bool, typer.Option("--none", help="Use no profile: names pass through unchanged.")] = False,
    json: JsonFlag = False,
) -> None:
    """Make a profile the active one. A running server follows with its next request."""
    from ..errors import UsageError

    if (name is None) != none:
        raise UsageError("Name a profile, or give --none.", hint="See: axonhub profile list")
    if key and all_:
        raise UsageError("--key and --all exclude each other.", hint="Give one of them.")
    if name is not None:
        pick(load(), name)
    if key:
        _keys().set_profile(key, name)
    else:
        _use_globally(name, all_)
    who = f"key {key}" if key else "every key" if all_ else "every key without a profile of its own"
    emit(Result({"profile": name, "key": key}, f"Profile for {who}: {name or 'none'}."), json=json)


@app.command("map")
def map_(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", autocompletion=complete.profiles)],
    from_: Annotated[str, typer.Argument(metavar="FROM", help="The model name that clients ask for.")],
    to: Annotated[str, typer.Argument(metavar="TO", help="The model to use instead.", autocompletion=complete.models)],
    regex: Annotated[bool, typer.Option("--regex", "-r", help="FROM is a regex; it must match the whole name.")] = False,
    channel: Annotated[str | None, typer.Option("--channel", "-c", help="Only on this channel.")] = None,
    first: Annotated[bool, typer.Option("--first", help="Put the rule before all others; the first match wins.")] = False,
    json: JsonFlag = False,
) -> None:
    """Add a rule, or change the one for that name.

    Example:

        axonhub profile map cheap 'claude-haiku-.*' deepseek-chat --regex
    """
    from ..config.store import edit

    config = load()
    found = pick(config, profile)
    if channel is not None:
        pick_channel(config, channel)
    kind = "regex" if regex else "exact"
    _check_rule(kind, from_)
    values = {kind: from_, "to": to, **({"channel": channel} if channel else {})}
    with edit(config_file()) as document:
        if any(getattr(rule, kind) == from_ for rule in found.mappings):
            _replace(document, profile, kind, values)
        else:
            add_item(document["profiles"][profile], "mappings", values, first=first)
    if not regex:
        _warn_if_hidden(pick(load(), profile), from_, to)
    emit(Result({"profile": profile, **values}, f"{profile}: {from_} → {to}"), json=json)


@app.command()
def unmap(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", autocompletion=complete.profiles)],
    from_: Annotated[str, typer.Argument(metavar="FROM", help="The rule's name or regex, as it is written.")],
    json: JsonFlag = False,
) -> None:
    """Remove the rule for a name."""
    from ..config.check import nearest
    from ..config.store import edit
    from ..errors import UsageError

    known = [rule.exact or rule.regex or "" for rule in pick(load(), profile).mappings]
    if from_ not in known:
        raise UsageError(f"Profile {profile} has no rule for {from_!r}.", hint=nearest(from_, known, "Rules"))
    with edit(config_file()) as document:
        holder: Any = document["profiles"][profile]
        for item in [item for item in holder["mappings"] if from_ in (item.get("exact"), item.get("regex"))]:
            holder["mappings"].remove(item)
        if not holder["mappings"]:
            del holder["mappings"]
    emit(Result({"profile": profile, "from": from_}, f"{profile}: {from_} is mapped no longer."), json=json)


@app.command()
def remove(
    name: Name, yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False, json: JsonFlag = False
) -> None:
    """Remove a profile. Whoever uses it gets names unchanged from then on."""
    from ..config.store import edit

    config = load()
    pick(config, name)
    keys = _keys_of(name)
    used = [*(["the active one"] if config.profile == name else []), *(f"that of key {key}" for key in keys)]
    confirm(f"Remove profile {name}?" + (f" It is {' and '.join(used)}." if used else ""), yes=yes)
    with edit(config_file()) as document:
        profiles: Any = document["profiles"]
        del profiles[name]
        if not profiles:
            del document["profiles"]
        if config.profile == name:
            del document["profile"]
    for key in keys:
        _keys().set_profile(key, None)
    emit(Result({"name": name, "keys": keys}, f"Removed profile {name}."), json=json)


@app.command("test")
def try_out(
    profile: Annotated[str, typer.Argument(metavar="PROFILE", autocompletion=complete.profiles)],
    model: Annotated[str, typer.Argument(metavar="MODEL")],
    json: JsonFlag = False,
) -> None:
    """Show which rule a model name meets, and what becomes of it."""
    from ..routing.mapping import resolve

    found = pick(load(), profile)
    answer = resolve(found, model)
    rules = [_rule(number, rule) for number, rule in enumerate(found.mappings, 1)]
    number = None if answer.index is None else answer.index + 1
    data = {"profile": profile, "model": model, "to": answer.model, "channel": answer.channel, "rule": number}
    lines = [
        f"{'→' if rule['number'] == number else ' '} {rule['number']}. {rule['kind']} {clean(rule['from'])}" for rule in rules
    ]
    result = f"{clean(model)} → {clean(answer.model)}" + (f" on channel {answer.channel}" if answer.channel else "")
    emit(
        Result(data, "\n".join([*lines, result if number else f"No rule matches: {clean(answer.model)} passes unchanged."])),
        json=json,
    )


def _limits(profile: "Profile") -> dict[str, Any]:
    return {
        key: None if value is None else list(value) for key, value in (("channels", profile.channels), ("models", profile.models))
    }


def _rule(number: int, rule: "Mapping") -> dict[str, Any]:
    kind = "regex" if rule.regex is not None else "exact"
    return {"number": number, "kind": kind, "from": rule.regex or rule.exact or "", "to": rule.to, "channel": rule.channel}


def _keys() -> "KeyStore":
    from ..config.keys import KeyStore
    from ..config.paths import paths

    return KeyStore(paths().keys_file)


def _keys_of(name: str) -> list[str]:
    return [key.name for key in _keys().keys if key.profile == name]


def _use_globally(name: str | None, every: bool) -> None:
    """Set config.toml's `profile`; keys with one of their own are changed with `every`, and named without."""
    from ..config.store import edit

    with edit(config_file()) as document:
        if name is None:
            document.pop("profile", None)
        else:
            document["profile"] = name
    for key in _keys().keys:
        if key.profile is not None and every:
            _keys().set_profile(key.name, None)
        elif key.profile not in (None, name):
            note(f"Key {key.name} keeps its own profile, {key.profile}. Change it: axonhub profile use … --key {key.name}")


def _check_rule(kind: str, from_: str) -> None:
    import re

    from ..errors import UsageError

    if not from_:
        raise UsageError("FROM is empty.", hint="Name the model that clients ask for.")
    if kind == "regex":
        try:
            re.compile(from_)
        except re.error as error:
            raise UsageError(
                f"The regex {from_!r} does not compile: {error}.", hint="It must match the whole name, as in 'claude-.*'."
            ) from None
    elif "*" in from_:
        note(f"{from_} is taken literally. For a pattern, add --regex: 'claude-.*'")


def _replace(document: "TOMLDocument", profile: str, kind: str, values: dict[str, str]) -> None:
    mappings: Any = document["profiles"][profile]["mappings"]
    item = next(item for item in mappings if item.get(kind) == values[kind])
    item["to"] = values["to"]
    if "channel" in values:
        item["channel"] = values["channel"]
    else:
        item.pop("channel", None)


def _warn_if_hidden(profile: "Profile", name: str, to: str) -> None:
    """Say so when an earlier rule takes the name away from the one just written."""
    from ..routing.mapping import resolve

    answer = resolve(profile, name)
    if answer.rule is not None and answer.rule.exact != name and answer.index is not None:
        note(f"Rule {answer.index + 1} ({answer.rule.regex}) comes first and takes {name}. Use --first to put yours before it.")
