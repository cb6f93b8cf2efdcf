"""`axonhub channel quirks`: what upstreams refuse or need, and for a channel what holds, why, and how to switch it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from .edit import channel as pick
from .edit import load
from .output import JsonFlag, Result, clean, emit, table

if TYPE_CHECKING:
    from ..config.schema import Channel

_SWITCH = "Switch one: axonhub channel edit {name} --quirk QUIRK=VALUE. Give it back to the preset: --quirk QUIRK="


def register(app: typer.Typer) -> None:
    """Add quirks."""
    app.command()(quirks)


def quirks(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A channel. Without one: what there is.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Also those that are as the protocol's own vendor has them.")] = False,
    json: JsonFlag = False,
) -> None:
    """What a channel's upstream refuses or needs: each fact in force, where it comes from, and what its source says.

    Examples:

        axonhub channel quirks

        axonhub channel quirks deepseek --all
    """
    if name is None:
        _known(json)
        return
    found = pick(load(), name)
    rows = _in_force(found, every=every)
    emit(Result(rows, _page(name, rows)), json=json)


def changed(before: "Channel", after: "Channel", facts: dict[str, Any]) -> list[str]:
    """What an edit of these quirks did to what is in force, in lines."""
    from ..config.presets import endpoints
    from ..types.quirks import concerns

    old, new = endpoints(before), endpoints(after)
    lines = []
    for quirk in facts:
        at = [protocol for protocol in new if concerns(quirk, protocol)]
        was = [getattr(old[protocol].quirks, quirk) if protocol in old else None for protocol in at]
        now = [getattr(new[protocol].quirks, quirk) for protocol in at]
        lines += [_change(quirk, at, was, now)]
    return lines


def _change(quirk: str, at: list[Any], was: list[Any], now: list[Any]) -> str:
    """`images = false (was true)`; by protocol where they differ."""
    if not at:
        return f"{quirk}: none of this channel's protocols asks for it."
    told = [f"{_text(new)} ({'as before' if old == new else f'was {_text(old)}'})" for old, new in zip(was, now, strict=True)]
    if len(set(told)) == 1:
        return f"{quirk} = {told[0]}"
    return f"{quirk} = " + ", ".join(f"{each} at {protocol}" for each, protocol in zip(told, at, strict=True))


def _known(json: bool) -> None:
    from ..types.quirks import MEANINGS, Quirks

    plain = Quirks()
    rows = [{"quirk": quirk, "default": getattr(plain, quirk), "meaning": meaning} for quirk, meaning in MEANINGS.items()]
    cells = [[row["quirk"], _text(row["default"]), row["meaning"]] for row in rows]
    emit(Result(rows, table(["quirk", "default", "meaning"], cells)), json=json)


def _in_force(found: "Channel", *, every: bool) -> list[dict[str, Any]]:
    """Rows of `learned.origins`, each with its meaning; with `every` also the defaults, in the same order."""
    from ..config import learned
    from ..config.presets import endpoints
    from ..types.quirks import MEANINGS, concerns

    rows = [{**row, "meaning": MEANINGS[row["quirk"]]} for row in learned.origins(found, learned.read())]
    if not every:
        return rows
    told = {(row["protocol"], row["quirk"]) for row in rows}
    for protocol, endpoint in endpoints(found).items():
        for quirk in MEANINGS:
            if concerns(quirk, protocol) and (protocol, quirk) not in told:
                row = {"protocol": protocol, "quirk": quirk, "value": getattr(endpoint.quirks, quirk), "about": None}
                rows.append({**row, "by": "default", "instead": row["value"], "meaning": MEANINGS[quirk]})
    order = {(protocol, quirk): at for at, (protocol, quirk) in enumerate((p, q) for p in endpoints(found) for q in MEANINGS)}
    return sorted(rows, key=lambda row: order[row["protocol"], row["quirk"]])


def _page(name: str, rows: list[dict[str, Any]]) -> str:
    """A paragraph for each: what holds and who says so, what that means, what its source says; addresses stay whole."""
    if not rows:
        return f"Nothing differs from what the protocol's own vendor takes. Everything: axonhub channel quirks {name} --all"
    parts: list[str] = []
    for protocol in dict.fromkeys(row["protocol"] for row in rows):
        parts.append(f"{protocol}:")
        parts += [_paragraph(row) for row in rows if row["protocol"] == protocol]
        parts.append("")
    return "\n".join([*parts, _SWITCH.format(name=name)])


def _paragraph(row: dict[str, Any]) -> str:
    lines = [f"  {row['quirk']} = {_text(row['value'])}   ({_from(row)})", f"      {row['meaning']}"]
    if row.get("source"):
        lines.append(f"      {row['says']}: {row['source']}")
    return "\n".join(lines)


def _from(row: dict[str, Any]) -> str:
    if row["by"] == "your config":
        return f"your config; else {_text(row['instead'])}"
    return clean(f"{row['by']} of {row['about']}" if row["about"] else row["by"])


def _text(value: Any) -> str:
    """As one writes it on the command line."""
    match value:
        case bool():
            return "true" if value else "false"
        case None | "" | ():
            return "-"
        case tuple() | list():
            return ",".join(map(str, value))
    return str(value)
