"""`axonhub init`: from nothing to a first answer.

It looks for provider keys in the environment and for model servers on this machine, proposes channels and a profile, asks,
writes them in one step, offers to set up the clients that are installed, and ends with a real question to the chosen model.
Every answer can be given as an option; without a terminal nothing is asked, and `--yes` says that the proposal is wanted.
"""

import shutil
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ..errors import AxonHubError, NotConfigured, UsageError
from . import init_dialog as dialog
from .edit import add_item, config_file, load
from .home import look
from .output import JsonFlag, Result, clean, emit, interactive
from .secret import note

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..clients.discovery import Found
    from ..clients.proposal import Choice, Rule
    from ..config.schema import Config

_PROGRAMS = {"claude-code": "claude", "codex": "codex"}  # what is offered to be set up, when it is installed

Store = Literal["keyring", "env"]
Channels = Annotated[
    list[str] | None, typer.Option("--channel", "-c", metavar="NAME", help="Only these of what is found; repeat it.")
]
Model = Annotated[str | None, typer.Option("--model", "-m", help="The model for names whose vendor is not among the channels.")]
Small = Annotated[str | None, typer.Option("--small-model", help="The same for small models (haiku, mini).")]
ProfileName = Annotated[str, typer.Option("--profile", help="What the profile is called.")]
Keep = Annotated[
    Store | None, typer.Option("--store", help="Copy found keys into the keyring, or read them from the environment.")
]
Addresses = Annotated[list[str] | None, typer.Option("--at", metavar="URL", help="Also look for a model server there.")]
Scan = Annotated[bool, typer.Option("--scan/--no-scan", help="Look for model servers on their usual ports.")]
Clients = Annotated[list[str] | None, typer.Option("--client", help="Set up this client; repeat it.")]
Test = Annotated[bool, typer.Option("--test/--no-test", help="Ask the chosen model for one token at the end.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def register(app: typer.Typer) -> None:
    """Add init."""
    app.command()(init)


def init(
    channel: Channels = None,
    model: Model = None,
    small_model: Small = None,
    profile: ProfileName = "default",
    store: Keep = None,
    at: Addresses = None,
    scan: Scan = True,
    client: Clients = None,
    test: Test = True,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: JsonFlag = False,
) -> None:
    """Find provider keys and local model servers, and make channels and a profile of them.

    Examples:

        axonhub init

        axonhub init --yes --model deepseek-chat --client claude-code
    """
    asking = interactive() and not (yes or dry_run or json)
    config = load()
    chosen = _chosen(config, at or [], scan, channel, asking)
    place = store or (dialog.store(chosen) if asking else "env")
    choice = _choice(chosen, model, small_model, asking)
    mapped = _rules(config, profile, chosen, choice)
    data = _data(chosen, mapped, profile, place)
    if dry_run or not (yes or asking):
        _only_told(data, json, dry_run)
        return
    if asking:
        dialog.confirm(_told(data, done=False))
    _write(chosen, mapped, profile, place)
    lines = _told(data, done=True)
    data["clients"] = [_set_up(name, lines) for name in client or (_offered() if asking else [])]
    if test:
        data["test"] = _test(chosen, choice, lines)
    _end(data, lines, json)


def _chosen(config: "Config", addresses: list[str], scan: bool, names: list[str] | None, asking: bool) -> "list[Found]":
    """What of all that is found shall become channels; an error with what to do when there is nothing."""
    found, remarks = _look(config, addresses, scan)
    for remark in remarks:
        note(remark)
    chosen = _only(found, names) if names else found
    if not found:
        _nothing(config)
    if asking:
        chosen = dialog.channels(chosen)
    if not chosen:
        raise NotConfigured(
            "Nothing was chosen, so nothing was written.", hint="Try again, or: axonhub channel add NAME --type TYPE"
        )
    return chosen


def _only_told(data: dict[str, Any], json: bool, dry_run: bool) -> None:
    """The proposal without doing it: what --dry-run asks for, and an error where a yes would have been needed."""
    emit(Result({**data, "written": False}, "\n".join([*_told(data, done=False), "Nothing was written."])), json=json)
    if not dry_run:
        raise UsageError("There is no terminal to ask on.", hint="Add --yes to do this, or --dry-run to only look.")


def _end(data: dict[str, Any], lines: list[str], json: bool) -> None:
    """What was done and what comes next; exit code 1 when the model that was asked did not answer."""
    works = data["test"] is None or data["test"]["ok"]
    steps = look()["next"]
    column = max(len(command) for command, _ in steps)
    lines += ["", "Next:", *(f"  {command:{column}}  {why}" for command, why in steps)]
    emit(Result({**data, "written": True}, "\n".join(lines), exit_code=0 if works else 1), json=json)


def _look(config: "Config", addresses: list[str], scan: bool) -> "tuple[list[Found], list[str]]":
    """What is there and not configured yet."""
    import os

    from ..clients import discovery

    found, remarks = discovery.variables(os.environ)
    found += discovery.servers(addresses, scan=scan)
    known = {(item.type, item.base_url) for item in config.channels}
    taken = {item.name for item in config.channels}
    fresh = [item for item in found if (item.type, item.base_url) not in known and item.name not in taken]
    remarks += [f"{item.title} is configured already." for item in found if item not in fresh]
    return fresh, remarks


def _nothing(config: "Config") -> None:
    """The end, with what to do, when nothing new was found."""
    if config.channels:
        raise NotConfigured("Nothing new was found.", hint="Add a channel by hand: axonhub channel add NAME --type TYPE")
    raise NotConfigured(
        "No provider's key is in the environment, and no model server answers on this machine.",
        hint="Add a channel (axonhub channel add NAME --type deepseek), start Ollama, or look around first: axonhub serve --demo",
    )


def _only(found: "list[Found]", names: list[str]) -> "list[Found]":
    from ..config.check import nearest

    known = [item.name for item in found]
    for name in names:
        if name not in known:
            raise UsageError(f"Nothing named {name!r} was found.", hint=nearest(name, known, "Found"))
    return [item for item in found if item.name in names]


def _choice(chosen: "list[Found]", model: str | None, small: str | None, asking: bool) -> "Choice | None":
    """The model for families without a vendor: the one given, else asked for, else the only sensible one."""
    from ..clients.proposal import Choice, chat_models, homeless

    if model is not None:
        return Choice(channel=_owner(chosen, model), model=model, small=small)
    if not homeless(chosen):
        return None
    if asking:
        return dialog.choice({item.name: chat_models(_models(item)) for item in chosen})
    first = chat_models(_models(chosen[0]))
    if len(first) in (1, 2):
        return Choice(channel=chosen[0].name, model=first[0], small=small)
    note("No model was named for names like claude-… and gpt-…, so they pass unchanged. Name one: --model MODEL")
    return None


def _owner(chosen: "list[Found]", model: str) -> str:
    """The channel that a model belongs to: one that lists it, is named in it, says so when asked; else the first."""

    def first(fits: "Callable[[Found], bool]") -> str | None:
        return next((item.name for item in chosen if fits(item)), None)

    if len(chosen) == 1:
        return chosen[0].name
    return (
        first(lambda item: model in item.models)
        or first(lambda item: item.type in model)
        or first(lambda item: model in _models(item))
        or chosen[0].name
    )


def _models(found: "Found") -> list[str]:
    """Which models a channel has; an answer that does not come is no reason to stop."""
    from ..clients.probe import models
    from ..config.presets import PRESETS, endpoints
    from ..config.schema import Channel
    from ..config.secrets import read

    if found.models:
        return list(found.models)
    channel = Channel(name=found.name, type=found.type, base_url=found.base_url)
    try:
        secret = read(found.secret) if found.secret else None
        return models(channel, next(iter(endpoints(channel).values())), secret, timeout=5.0)
    except AxonHubError as error:
        note(f"{found.name}: {error.message}")
        return list(PRESETS[found.type].models)


def _rules(config: "Config", profile: str, chosen: "list[Found]", choice: "Choice | None") -> "list[Rule]":
    """The profile's rules; none where the user has an active profile or one of that name: those stay as they are."""
    from ..clients.proposal import rules

    if config.profile is not None or profile in config.profiles:
        note(f"Your profile {config.profile or profile} stays as it is: axonhub profile map {config.profile or profile} FROM TO")
        return []
    return rules(chosen, choice)


def _data(chosen: "list[Found]", mapped: "list[Rule]", profile: str, store: str) -> dict[str, Any]:
    from msgspec import to_builtins

    return {
        "channels": [{**to_builtins(item), "secret": _reference(item, store), "models": list(item.models)} for item in chosen],
        "profile": profile if mapped else None,
        "mappings": [to_builtins(rule) for rule in mapped],
        "clients": [],
        "test": None,
    }


def _reference(found: "Found", store: str) -> str | None:
    return f"keyring:{found.name}" if found.secret and store == "keyring" else found.secret


def _told(data: dict[str, Any], *, done: bool) -> list[str]:
    """The proposal, or what was done, for people."""
    lines = ["Added to config.toml:" if done else "To be added to config.toml:"]
    for item in data["channels"]:
        listed = f", {len(item['models'])} models" if len(item["models"]) != 1 else f", {clean(item['models'][0], 60)}"
        lines.append(
            f"  channel {item['name']}: {item['title']}, {item['secret'] or item['where']}{listed if item['models'] else ''}"
        )
    if data["profile"]:
        lines.append(f"  profile {data['profile']}, {'now' if done else 'to be'} the active one:")
        lines += [f"    {rule['regex']}  →  {_target(rule)} on {rule['channel']}" for rule in data["mappings"]]
    return lines


def _target(rule: dict[str, str]) -> str:
    return "the same name" if rule["to"] == r"\1" else clean(rule["to"], 80)


def _write(chosen: "list[Found]", mapped: "list[Rule]", profile: str, store: str) -> None:
    """Everything in one edit; secrets go into the keyring first, so that a failure there leaves nothing half done."""
    import tomlkit

    from ..clients.proposal import channel_values, profile_values
    from ..config import secrets
    from ..config.store import edit

    for item in chosen:
        if item.secret and store == "keyring":
            secrets.store(f"keyring:{item.name}", secrets.read(item.secret))
    with edit(config_file()) as document:
        if mapped:  # a plain key must stand above the tables
            document["profile"] = profile
        for item in chosen:
            add_item(document, "channels", channel_values(item, _reference(item, store)))
        if mapped:
            fresh = tomlkit.table()
            document.setdefault("profiles", tomlkit.table(is_super_table=True))[profile] = fresh
            for values in profile_values(mapped):
                add_item(fresh, "mappings", dict(values))


def _offered() -> list[str]:
    """Clients that are installed and that the user wants set up."""
    return [name for name, program in _PROGRAMS.items() if shutil.which(program) and dialog.client(name)]


def _set_up(name: str, lines: list[str]) -> dict[str, Any]:
    """Run `axonhub setup NAME` as a user would, and take over what it says."""
    from .setup_call import set_up

    done = set_up(name)
    lines += [
        "",
        f"{name}: wrote {done['file']} (take it back: axonhub setup {name} --undo)",
        *(clean(step) for step in done["next"]),
    ]
    return done


def _test(chosen: "list[Found]", choice: "Choice | None", lines: list[str]) -> dict[str, Any] | None:
    """Ask the model that was chosen, else the first channel's first model."""
    from .channel_test import run

    name = choice.channel if choice else chosen[0].name
    found = load().channel(name)
    assert found is not None
    result = run(found, choice.model if choice else None)
    lines += ["", str(result.text)]
    return dict(result.data)
