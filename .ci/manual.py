"""Makes the manual page `axonhub.1` while a wheel is built, from the table of commands; nothing is installed for it.

What a command takes stands in `axonhub COMMAND --help`: a page of all of it would be long, and old as soon as one changes.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FILES = {
    "config.toml": "Channels, profiles and settings: yours to edit. \\fBaxonhub config path\\fR prints where it is.",
    "keys.toml": "Local keys, which open axonhub on this machine and nothing else.",
    "traces.db": "What was recorded (SQLite).",
    "setup-journal.toml": "What \\fBaxonhub setup\\fR changed in other programs' files, so that it can be taken back.",
}
VARIABLES = {
    "AXONHUB_HOME": "One folder for all of these files.",
    "NO_COLOR": "No colours.",
    "XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME": "Where the files are otherwise (Linux).",
}
EXITS = {"0": "Done.", "1": "Failed.", "2": "Wrong usage.", "3": "Not running, or not configured."}


def page(version: str, about: str, sections: dict[str, dict[str, tuple[str, str]]]) -> str:
    """The page as roff."""
    lines = [
        f'.TH AXONHUB 1 "" "axonhub {version}"',
        ".SH NAME", "axonhub \\- a local gateway between coding agents and model providers",
        ".SH SYNOPSIS", ".B axonhub", "\\fICOMMAND\\fR [\\fIOPTIONS\\fR]", ".SH DESCRIPTION", about,
        "Without a command it says where you are and what comes next. Each command explains itself, with examples:",
        "\\fBaxonhub \\fICOMMAND\\fB \\-\\-help\\fR.", ".SH COMMANDS",
    ]  # fmt: skip
    for title, rows in sections.items():
        lines += [f".SS {title}", *_terms({f"axonhub {name}": text for name, (_, text) in rows.items()})]
    lines += [".SH FILES", *_terms(FILES), ".SH ENVIRONMENT", *_terms(VARIABLES), ".SH EXIT STATUS", *_terms(EXITS)]
    return "\n".join(lines).replace("'s ", "\\(cqs ") + "\n"


def _terms(rows: dict[str, str]) -> list[str]:
    return [line for name, text in rows.items() for line in (".TP", f".B {name}", text)]


class ManualHook(BuildHookInterface):
    """Called by hatchling for each wheel."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the page where the wheel takes it from."""
        sys.path.insert(0, self.root)
        from axonhub_cli import __version__
        from axonhub_cli.cli.commands import ABOUT, SECTIONS

        file = Path(tempfile.mkdtemp(prefix="axonhub-manual-")) / "axonhub.1"
        file.write_text(page(__version__, ABOUT, SECTIONS), encoding="utf-8")
        build_data["shared_data"][str(file)] = "share/man/man1/axonhub.1"
