"""A group of commands that are imported when they are asked for.

`axonhub --help` and shell completion need names and one line each, which stand in a table; what a command imports is paid for by
the command alone. In the group stands a stub with that line for each of them; `resolve_command`, through which every call and
every completion of arguments goes, puts the real one in its place.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command


class LazyGroup(TyperGroup):
    """Derive from it and fill in `table`: name → (module beside this one, the help's first sentence)."""

    table: ClassVar[Mapping[str, tuple[str, str]]] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, (_, sentence) in self.table.items():
            self.commands.setdefault(name, TyperCommand(name, help=sentence))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """The real command of that name; an unknown one is refused with the nearest."""
        name, found, rest = super().resolve_command(ctx, args)
        if name is not None and name in self.table:
            self.commands[name] = found = load(self.table[name][0], name)
        return name, found, rest


def load(module: str, name: str) -> Any:
    """Import a module of this package and give the command of that name.

    A module has an `app` (a whole group), or `register(app)`, which adds one or several commands.
    """
    found = import_module(f".{module}", __package__)
    if hasattr(found, "app"):
        command: Any = get_command(_plain(found.app))
        command.name = name
        return _named(command)
    holder = typer.Typer(callback=lambda: None)
    found.register(_plain(holder))
    group: Any = get_command(holder)
    return _named(group.commands[name])


def _named(command: Any) -> Any:
    """In the help an option's value is called what the option is called (`--port PORT`), not by its type (`<int range>`), and
    the line of a command in its group is its first sentence, whole."""
    for each in [command, *getattr(command, "commands", {}).values()]:
        sentence = " ".join((each.help or "").partition("\n\n")[0].split()).partition(". ")[0]
        each.short_help = each.short_help or sentence.rstrip(".") + "."
        for option in each.params:
            word = max(option.opts, key=len)
            if word.startswith("--") and option.metavar is None and not option.is_flag and not hasattr(option.type, "choices"):
                option.metavar = word.removeprefix("--").upper().replace("-", "_")
    return command


def _plain(app: typer.Typer) -> typer.Typer:
    """The settings that would else come from the root: help without markup, completion at the root only."""
    app._add_completion = False
    app.rich_markup_mode = None
    return app
