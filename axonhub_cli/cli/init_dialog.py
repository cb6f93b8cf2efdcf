"""What `axonhub init` asks on a terminal. Questions go to stderr; every default is the sensible answer."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import typer

from .output import clean

if TYPE_CHECKING:
    from ..clients.discovery import Found
    from ..clients.proposal import Choice

_SHOWN = 12  # models in the list to choose from; any other can be typed


def say(*lines: str) -> None:
    """Lines for the person who is asked."""
    sys.stderr.write("".join(f"{line}\n" for line in lines))


def channels(found: "Sequence[Found]") -> "list[Found]":
    """Which of what was found shall become channels."""
    say("Found:")
    chosen = []
    for item in found:
        listed = f" ({', '.join(clean(name, 40) for name in item.models[:3])}{', …' if len(item.models) > 3 else ''})"
        what = f"  {item.title}: {item.where}{listed if item.models else ''}. Use it?"
        if typer.confirm(what, default=True, err=True):
            chosen.append(item)
    return chosen


def store(chosen: "Sequence[Found]") -> Literal["keyring", "env"]:
    """Where the found keys shall be read from. Without a keyring, or without keys, there is nothing to ask."""
    from ..config.secrets import backend

    names = [item.where for item in chosen if item.secret]
    if not names:
        return "env"
    keyring = backend()
    if not keyring.usable:
        say(f"There is no keyring here, so {', '.join(names)} must be set where axonhub starts.")
        return "env"
    copy = typer.confirm(f"Copy {', '.join(names)} into your {keyring.name}? (Else it must be set where axonhub starts)",
                         default=True, err=True)  # fmt: skip
    return "keyring" if copy else "env"


def choice(listed: Mapping[str, Sequence[str]]) -> "Choice | None":
    """The model for the names that clients ask for by themselves. None: let names pass unchanged."""
    from ..clients.proposal import Choice

    offers = [(channel, model) for channel, models in listed.items() for model in models]
    say(
        "",
        "Claude Code asks for claude-…, Codex for gpt-…. Which model shall answer where the vendor is not among your channels?",
    )
    for number, (channel, model) in enumerate(offers[:_SHOWN], 1):
        say(f"  {number:2}  {clean(model, 60)}  on {channel}")
    if len(offers) > _SHOWN:
        say(f"      and {len(offers) - _SHOWN} more: type the name of one")
    typed = typer.prompt(
        "Number or name (empty: none)", default="1" if offers else "", show_default=bool(offers), err=True
    ).strip()
    if not typed:
        return None
    if typed.isdecimal() and 1 <= int(typed) <= len(offers):
        channel, model = offers[int(typed) - 1]
        return Choice(channel=channel, model=model)
    owner = next((channel for channel, model in offers if model == typed), next(iter(listed)))
    return Choice(channel=owner, model=typed)


def confirm(lines: Sequence[str]) -> None:
    """The last question before something is written."""
    say("", *lines)
    if not typer.confirm("Write this?", default=True, err=True):
        say("Nothing was written.")
        raise typer.Exit(1)


def client(name: str) -> bool:
    """Whether a client that is installed shall be set up; it can be taken back."""
    return typer.confirm(f"Set up {name} now? (Take it back: axonhub setup {name} --undo)", default=True, err=True)
