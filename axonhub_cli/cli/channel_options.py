"""The arguments and options that commands about channels share."""

from typing import Annotated

import typer

from . import complete

Name = Annotated[str, typer.Argument(metavar="NAME", help="The channel's name.")]
Known = Annotated[str, typer.Argument(metavar="NAME", help="The channel's name.", autocompletion=complete.channels)]
BaseUrl = Annotated[
    str | None, typer.Option("--base-url", metavar="URL", help="Where it is, when not at its vendor's usual address.")
]
Models = Annotated[
    list[str] | None, typer.Option("--model", "-m", help="A model that it serves; repeat it. None: whatever nobody else serves.")
]
Priority = Annotated[int | None, typer.Option("--priority", help="Lower goes first.")]
Weight = Annotated[int | None, typer.Option("--weight", min=1, help="Its share among channels of the same priority.")]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="A label; repeat it.")]
BodyOverrides = Annotated[
    list[str] | None,
    typer.Option(
        "--body-override",
        metavar="OPERATION",
        help="Change each request's body: 'set temperature=0.2', 'set_if_absent a.b=1', 'delete top_k', 'rename a=b'. Repeat it.",
    ),
]
HeaderOverrides = Annotated[
    list[str] | None,
    typer.Option("--header-override", metavar="OPERATION", help="The same for a header: 'set User-Agent=x/1', 'delete x-app'."),
]
Quirks = Annotated[
    list[str] | None,
    typer.Option(
        "--quirk",
        metavar="NAME=VALUE",
        help="A fact that differs from the preset's: images=false. NAME= gives it back. All: axonhub channel quirks.",
    ),
]
