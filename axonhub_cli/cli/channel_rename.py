"""`axonhub channel rename`: the name changes in the channel's own table and wherever a profile uses it, in one edit.

Its secrets keep the names that they are stored under; what was learned about it (`channel test --deep`, how its models count
tokens) goes with it, in the files and in a server that runs.
"""

from typing import Any

import typer

from .channel_options import Known, Name
from .edit import channel as pick
from .edit import channel_table, check_name, config_file, load
from .output import JsonFlag, Result, emit


def register(app: typer.Typer) -> None:
    """Add rename."""
    app.command()(rename)


def rename(name: Known, new: Name, json: JsonFlag = False) -> None:
    """Give a channel another name, also where profiles use it."""
    from ..config import capabilities, orders, ratios
    from ..config.paths import paths
    from ..config.store import edit

    config = load()
    pick(config, name)
    check_name(new, "channel", [item.name for item in config.channels])
    with edit(config_file()) as document:
        channel_table(document, name)["name"] = new
        touched = [key for key, profile in document.get("profiles", {}).items() if _follow(profile, name, new)]
    capabilities.rename(name, new)
    ratios.rename(paths().ratios_file, name, new)
    orders.rename(paths().orders_file, name, new)
    also = f" Profiles that use it follow: {', '.join(touched)}." if touched else ""
    emit(Result({"name": new, "before": name, "profiles": touched}, f"Channel {name} is now called {new}.{also}"), json=json)


def _follow(profile: Any, name: str, new: str) -> bool:
    """Change the name in a profile's limits and rules; whether it was there."""
    channels = profile.get("channels", [])
    places = [index for index, item in enumerate(channels) if item == name]
    rules = [rule for rule in profile.get("mappings", []) if rule.get("channel") == name]
    for index in places:
        channels[index] = new
    for rule in rules:
        rule["channel"] = new
    return bool(places or rules)
