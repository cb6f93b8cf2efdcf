"""What the start-up files of shells say about clients: lines that run `axonhub setup`, or that name an address on this machine.

A set-up is often completed there by hand (we tell people to), and so are those of other tools. No command edits such a file: an
undo and `doctor` name the line instead.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from ..config.files import read_bytes
from ..errors import ConfigError

_LIMIT = 1024 * 1024
_NAMES = (".profile", ".bash_profile", ".bash_login", ".bashrc", ".zshenv", ".zprofile", ".zshrc", ".zlogin")
_CONFIG = ("fish/config.fish", "fish/conf.d/*.fish", "powershell/*profile.ps1")  # below XDG_CONFIG_HOME
_WINDOWS = ("Documents/PowerShell/*profile.ps1", "Documents/WindowsPowerShell/*profile.ps1")  # below the home directory
_RUNS = re.compile(r"\baxonhub\s+setup\s+([a-z][a-z-]+)")
_SETS = re.compile(
    r"\b(ANTHROPIC_BASE_URL|OPENAI_BASE_URL|OPENAI_API_BASE|GOOGLE_GEMINI_BASE_URL)\b"
    r"[\s=\"']+(https?://(?:127\.0\.0\.1|localhost|\[::1\])[^\s\"';]*)"
)


class StartLine(Struct, frozen=True):
    """One line: `client` is set where it runs our set-up of that client, `name` and `address` where it sets a variable."""

    file: Path
    number: int
    client: str = ""
    name: str = ""
    address: str = ""

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        home, file = str(Path.home()), str(self.file)
        return f"{'~' + file.removeprefix(home) if file.startswith(home + os.sep) else file}:{self.number}"


def read(environ: Mapping[str, str]) -> Iterator[StartLine]:
    """All such lines; comments, and files that cannot be read, say nothing."""
    for file in _files(environ):
        try:
            text = read_bytes(file, _LIMIT).decode(errors="replace")
        except (OSError, ConfigError):
            continue
        for number, line in enumerate(text.splitlines(), 1):
            if not line.lstrip().startswith("#"):
                yield from _said(file, number, line)


def leftovers(client: str, variable: str, environ: Mapping[str, str]) -> list[str]:
    """Sentences on what would set a client up again in every new shell."""
    return [
        f"{line.place} still {'runs axonhub setup ' + client if line.client else 'sets ' + variable} in every new shell: "
        "take that line out."
        for line in read(environ)
        if line.client == client or (line.name and line.name == variable)
    ]


def _said(file: Path, number: int, line: str) -> Iterator[StartLine]:
    if runs := _RUNS.search(line):
        yield StartLine(file, number, client=runs[1])
    elif sets := _SETS.search(line):
        yield StartLine(file, number, name=sets[1], address=sets[2])


def _files(environ: Mapping[str, str]) -> Iterator[Path]:
    home = Path.home()
    for name in _NAMES:
        yield home / name
        if environ.get("ZDOTDIR") and name.startswith(".z"):
            yield Path(environ["ZDOTDIR"]) / name
    config = Path(environ.get("XDG_CONFIG_HOME") or home / ".config").expanduser()
    for folder, patterns in ((config, _CONFIG), (home, _WINDOWS)):
        for pattern in patterns:
            yield from sorted(folder.glob(pattern))
