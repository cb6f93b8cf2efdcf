"""`axonhub doctor`: every check with its remedy; the exit code says whether it works.

Nothing is sent to a model unless `--call` asks for it; nothing is changed unless `--fix` does, and then only what is safe.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError
from .output import JsonFlag, Result, clean, emit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rich.console import Console

    from ..config.schema import Config
    from .checks.finding import Check, Finding

_TITLES = {
    "config": "Configuration",
    "secrets": "Secrets",
    "server": "Server",
    "channels": "Channels",
    "clients": "Clients",
    "system": "System",
}
_MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red")}
_WHOLE = 10_000  # columns in a pipe: a remedy is there to be copied, so it is never broken
_NAMES = 20  # columns for names
_WORDS = {"ok": "ok  ", "warn": "warn", "fail": "FAIL"}


def register(app: typer.Typer) -> None:
    """Add doctor."""
    app.command()(doctor)


def doctor(
    fix: Annotated[
        bool, typer.Option("--fix", help="Mend what can be mended safely: modes of files, a stale server.json, a damaged store.")
    ] = False,
    call: Annotated[bool, typer.Option("--call", help="Also ask each channel's model for one token.")] = False,
    json: JsonFlag = False,
) -> None:
    """Check everything, and say what to do about what is wrong. Exit code 1 when something does not work.

    Examples:

        axonhub doctor

        axonhub doctor --fix --call
    """
    from .checks import finding

    found = finding.run(_checks(call))
    mended: list[str] = []
    if fix and any(item.fix for item in found):
        mended = [_mend(item) for item in found if item.fix]
        found = finding.run(_checks(call))
    found = _once(found)
    failed = any(item.status == "fail" for item in found)
    data = {
        "ok": not failed,
        "fixed": mended,
        "findings": [
            {"area": item.area, "name": item.name, "status": item.status, "text": item.text, "remedy": item.remedy}
            for item in found
        ],
    }
    emit(Result(data, lambda out: _show(out, found, mended), exit_code=1 if failed else 0), json=json)


def _once(found: "list[Finding]") -> "list[Finding]":
    """A clock that differs from a provider's is not well, whatever it says itself."""
    wrong = {(item.area, item.name) for item in found if item.status != "ok" and item.area == "system"}
    return [item for item in found if item.status != "ok" or (item.area, item.name) not in wrong]


def _mend(item: "Finding") -> str:
    assert item.fix is not None
    try:
        return item.fix()
    except OSError as error:
        return f"{item.name} could not be mended: {error.strerror}."


def _checks(call: bool) -> "list[tuple[str, str, Check]]":
    """All checks, in the order in which they are shown. Those that need the configuration are left out where it is broken."""
    from ..config.paths import paths
    from .checks import clients, files, finding, system
    from .edit import load

    ours = paths()
    broken = None
    try:
        config: Config | None = load()
    except ConfigError as error:
        config, broken = None, finding.fail("config", "config.toml", error.message, error.hint or "axonhub config edit")
    checks = [
        *([("config", "config.toml", _later(lambda: [broken]))] if broken else []),
        *(_configured(config, call) if config else []),
        ("config", "files", _later(files.private, ours)),
        ("config", "keys.toml", _later(files.keys, ours)),
        ("clients", "proxy", _later(clients.proxies, os.environ)),
        ("system", "versions", _later(system.versions)),
        ("system", "Claude Code", _later(system.client, "claude")),
        ("system", "Codex", _later(system.client, "codex")),
        ("system", "clock", _later(system.clock)),
        ("system", "disk", _later(files.disk, ours, config)),
        ("system", "traces.db", _later(files.database, ours)),
    ]
    return sorted(checks, key=lambda check: list(_TITLES).index(check[0]))


def _configured(config: "Config", call: bool) -> "list[tuple[str, str, Check]]":
    from ..config.paths import paths
    from .checks import channels, clients, files, keyring, otlp, port

    ours = paths()
    return [
        ("config", "config.toml", _later(files.config, ours, config)),
        ("secrets", "keyring", _later(keyring.keyring, config, os.environ)),
        ("secrets", "references", _later(keyring.references, config)),
        ("server", "server", _later(port.server, ours, config)),
        ("server", "trace.otlp", _later(otlp.otlp, config)),
        *(("channels", item.name, _later(channels.channel, item, call=call)) for item in config.channels),
        ("clients", "files", _later(clients.files, ours, config, os.environ)),
        ("clients", "this shell", _later(clients.shell, ours, config, os.environ)),
        ("clients", "overrides", _later(clients.overrides, config, os.environ, Path.cwd())),
    ]


def _later(check: "Callable[..., Iterable[Finding]]", *arguments: Any, **settings: Any) -> "Check":
    """The check as a function without arguments that gives a list."""
    return lambda: list(check(*arguments, **settings))


def _show(out: "Console", found: "Sequence[Finding]", mended: list[str]) -> None:
    from rich.text import Text

    plain = not (out.encoding or "").lower().startswith("utf")
    if not out.is_terminal:
        out.width = _WHOLE
    names = min(max((len(item.name) for item in found), default=0), _NAMES)
    for area, title in _TITLES.items():
        rows = [item for item in found if item.area == area]
        if rows:
            out.print(Text(title, "bold"))
        for item in rows:
            _row(out, item, names, plain)
    for sentence in mended:
        out.print(Text(f"Mended: {clean(sentence)}", "green"))
    out.print(_verdict(found))


def _row(out: "Console", item: "Finding", names: int, plain: bool) -> None:
    """A mark, what was looked at, how it is; below it the remedy, in one line of its own so that it can be copied."""
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    mark, style = _MARKS[item.status]
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold", min_width=names, max_width=_NAMES)
    grid.add_column(overflow="fold")
    text = Text(clean(item.text, 400), style if item.status == "fail" else "")
    grid.add_row(Text(_WORDS[item.status] if plain else mark, style), Text(clean(item.name, 60)), text)
    out.print(Padding.indent(grid, 2), soft_wrap=False)
    if item.remedy and item.status != "ok":
        arrow = "->" if plain else "→"
        for number, line in enumerate(_lines(clean(item.remedy, 400), out.width - 7)):
            lead = f"     {arrow} " if number == 0 else "       "
            out.print(Text.assemble((lead, "dim"), (line, "cyan")), soft_wrap=True)


def _lines(remedy: str, width: int) -> list[str]:
    """A remedy that is too long for one line has its commands on lines of their own."""
    return [remedy] if len(remedy) <= width else re.split(r"(?<=[:,;]) (?=axonhub |export |chmod |eval )", remedy)


def _verdict(found: "Sequence[Finding]") -> Any:
    from rich.text import Text

    counts = {status: sum(item.status == status for item in found) for status in _MARKS}
    if counts["fail"]:
        return Text(f"\n{counts['fail']} to mend, {counts['warn']} to look at, {counts['ok']} well.", "bold red")
    if counts["warn"]:
        return Text(f"\nNothing is broken; {counts['warn']} to look at, {counts['ok']} well.", "bold yellow")
    return Text(f"\nAll {counts['ok']} checks are well.", "bold green")
