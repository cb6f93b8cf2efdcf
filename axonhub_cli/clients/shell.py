"""Setting variables in the four families of shells, so that `eval` of the output sets exactly these values and does nothing
else.

Each family has one way to write a string in which nothing is special but the quote itself; that one is used, always.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Literal, TypeAlias, get_args

from msgspec import Struct

from ..errors import UsageError

Shell: TypeAlias = Literal["bash", "zsh", "fish", "powershell"]
SHELLS: tuple[Shell, ...] = get_args(Shell)

_KNOWN: dict[str, Shell] = {
    "sh": "bash", "bash": "bash", "dash": "bash", "ash": "bash", "ksh": "bash", "mksh": "bash", "busybox": "bash",
    "zsh": "zsh", "fish": "fish", "pwsh": "powershell", "powershell": "powershell",
}  # fmt: skip

_USE = {
    "bash": 'eval "$({})"',
    "zsh": 'eval "$({})"',
    "fish": "{} | source",
    "powershell": "{} | Out-String | Invoke-Expression",
}


class Line(Struct, frozen=True):
    """One variable to set (None: to remove), and why."""

    name: str
    value: str | None
    why: str


def detect(environ: Mapping[str, str], *, windows: bool = os.name == "nt") -> Shell:
    """The shell that $SHELL names. Without one: PowerShell on Windows, bash elsewhere."""
    given = environ.get("SHELL", "")
    if not given:
        return "powershell" if windows else "bash"
    name = PurePath(given.replace("\\", "/")).name.removesuffix(".exe")
    if name not in _KNOWN:
        raise UsageError(
            f"Your shell, {name}, is none that exports can be written for.", hint=f"Add --shell, one of: {', '.join(SHELLS)}."
        )
    return _KNOWN[name]


def quote(shell: Shell, value: str) -> str:
    """The value as one word of that shell, whatever is in it."""
    if shell == "fish":
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    if shell == "powershell":  # it takes typographic quotes for quotes, too
        return "'" + "".join(char * 2 if char in "'\u2018\u2019\u201a\u201b" else char for char in value) + "'"
    return "'" + value.replace("'", "'\\''") + "'"


def script(shell: Shell, lines: Sequence[Line], *, explain: bool = False) -> str:
    """The statements, each above its own comment line with `explain`."""
    out = []
    for line in lines:
        if explain:
            out.append(f"# {line.why}")
        out.append(_statement(shell, line))
    return "".join(f"{line}\n" for line in out)


def use(shell: Shell, command: str) -> str:
    """What the user types to have the output of `command` take effect."""
    return _USE[shell].format(command)


def _statement(shell: Shell, line: Line) -> str:
    if line.value is None:
        return {"fish": f"set -e {line.name}", "powershell": f"Remove-Item Env:{line.name} -ErrorAction SilentlyContinue"}.get(
            shell, f"unset {line.name}"
        )
    value = quote(shell, line.value)
    return {"fish": f"set -gx {line.name} {value}", "powershell": f"$env:{line.name} = {value}"}.get(
        shell, f"export {line.name}={value}"
    )
