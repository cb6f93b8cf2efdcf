"""`axonhub channel test --deep`: say what it costs, ask, find out what the model can do here, show it as a table and keep it."""

import sys
from typing import TYPE_CHECKING, Any

from ..errors import NotConfigured, UsageError
from .output import Result, clean, confirm

if TYPE_CHECKING:
    from rich.console import Console

    from ..clients.deep.exchange import Place
    from ..config.capabilities import Capabilities
    from ..config.presets import Endpoint
    from ..config.schema import Channel

_MARKS = {"yes": ("✓", "green"), "partly": ("~", "yellow"), "no": ("✗", "red"), "unknown": ("?", "dim")}


def run(channel: "Channel", model: str | None, protocol: str | None, *, yes: bool) -> Result:
    """Test one model on one endpoint of a channel. Exit code 1 when the model could not be asked at all."""
    from ..clients.deep import trials
    from ..clients.deep.exchange import Place
    from ..config import capabilities
    from ..config.secrets import read

    endpoint = _endpoint(channel, protocol)
    secret = read(channel.secrets[0]) if channel.secrets else None
    place = Place(channel=channel, endpoint=endpoint, secret=secret, model=model or _model(channel, endpoint, secret))
    price = _price(place)
    confirm(f"{price} Go on?", yes=yes)
    if yes:
        _say(price)
    facts = {}
    for name, fact in trials.run(place):
        facts[name] = fact
        _say(f"  {capabilities.NAMES[name]}: {fact.state}")
    found = capabilities.Capabilities(
        channel=channel.name, model=place.model, protocol=endpoint.protocol, address=endpoint.base_url, facts=facts
    )
    works = facts["stream"].state != "no"
    if works:
        capabilities.write(found)
    return Result(data(found, kept=works), lambda out: show(out, found, kept=works), exit_code=0 if works else 1)


def _endpoint(channel: "Channel", protocol: str | None) -> "Endpoint":
    from ..config.presets import endpoints

    available = endpoints(channel)
    if protocol is None:
        return next(iter(available.values()))
    for name, endpoint in available.items():
        if name == protocol:
            return endpoint
    raise UsageError(f"Channel {channel.name} does not speak {protocol!r}.", hint=f"It speaks {', '.join(available)}.")


def _model(channel: "Channel", endpoint: "Endpoint", secret: str | None) -> str:
    from ..clients.probe import models

    name = next(iter(channel.models or models(channel, endpoint, secret)), None)
    if name is None:
        raise NotConfigured(
            "There is no model to ask for.", hint=f"Name one: axonhub channel test {channel.name} --deep --model MODEL"
        )
    return name


def _price(place: "Place") -> str:
    """What the test costs at most, in tokens, and in money where the price is known."""
    from .. import pricing
    from ..clients.deep.questions import cost
    from ..types.messages import Usage

    requests, given, taken = cost(place.endpoint.protocol)
    money = pricing.cost(place.model, Usage(input=given, output=taken), place.endpoint.base_url)
    worth = f", about ${money:.2f}" if money is not None and money >= 0.005 else ", less than a cent" if money is not None else ""
    where = f"{clean(place.model, 80)} on {place.channel.name}"
    tokens = f"about {given:,} tokens in, {taken:,} out at most{worth}"
    return f"The deep test sends up to {requests} requests to {where}: {tokens}."


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def data(found: "Capabilities", *, kept: bool) -> dict[str, Any]:
    """The facts for programs."""
    from msgspec import to_builtins

    return {**to_builtins(found), "kept": kept}


def show(out: "Console", found: "Capabilities", *, kept: bool) -> None:
    """The capability table."""
    from rich.table import Table
    from rich.text import Text

    from ..config.capabilities import NAMES

    out.print(Text.assemble((clean(found.model, 80), "bold"), f" on {found.channel}, {found.protocol} at {clean(found.address)}"))
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    for name, fact in found.facts.items():
        mark, style = _MARKS[fact.state]
        grid.add_row(Text(mark, style), Text(NAMES.get(name, name)), Text(clean(fact.detail, 200), "dim"))
    out.print(grid, soft_wrap=False)
    out.print("Kept: routing, conversion and set-up can use it." if kept else "Nothing was kept: the model could not be asked.")
