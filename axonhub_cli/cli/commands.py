"""Which commands there are, by what they are for, and the page that `axonhub --help` prints.

Nothing heavy is imported here, not even typer: `__main__` answers `--help` and `--version` from this table alone. A new command
is one line: its name, its module beside this one, a sentence that fits into a line of 80 columns.
"""

import shutil
import textwrap

ABOUT = "A local gateway between coding agents (Claude Code, Codex, any OpenAI or Anthropic SDK) and model providers."

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Begin": {
        "init": ("init", "Find provider keys and local models; make channels and a profile."),
        "serve": ("serve", "Run the proxy, with a live tree of what goes through it."),
        "run": ("run", "Start claude, codex, opencode or gemini; no file of theirs changes."),
        "setup": ("setup", "Point clients at axonhub for good; --undo takes it all back."),
    },
    "Models": {
        "channel": ("channel", "Model providers: add them, give them secrets, try them."),
        "profile": ("profile", "Rules from the model names that clients ask for to those you want."),
        "route": ("route", "Explain where a model name goes: the rules, the winner, the rest."),
        "key": ("key", "Local keys: what clients use to talk to axonhub on this machine."),
        "config": ("config", "The configuration file: where it is, what holds, what is wrong."),
    },
    "Look": {
        "trace": ("trace", "Recorded sessions: requests, models, tokens, time and money."),
        "usage": ("usage", "Add up tokens and money by model, channel, client, profile or day."),
        "statusline": ("statusline", "One line for Claude Code's status line: model, cost, cache share."),
    },
    "Server": {
        "status": ("serve", "Whether a server runs here, and which channels are unwell."),
        "stop": ("serve", "End the running server; requests may finish first."),
        "ready": ("ready", "Whether a server answers; --wait waits for one."),
        "service": ("service", "Run axonhub as a service: it starts when you log in."),
    },
    "Check": {
        "doctor": ("doctor", "Check everything, and say what to do about what is wrong."),
        "bench": ("bench", "Measure what axonhub adds to a request on this machine."),
    },
}

TABLE = {name: row for section in SECTIONS.values() for name, row in section.items()}

_OPTIONS = {
    "-h, --help": "This page; after a command: its own, with examples.",
    "--version": "Print the version.",
    "--install-completion": "For this shell: bash, zsh, fish or PowerShell.",
    "--show-completion": "Print the completion script.",
}


def help_page(width: int | None = None) -> str:
    """The help of the whole, for a terminal of that width (None: this one)."""
    width = max(min(width or shutil.get_terminal_size().columns, 100), 40)
    lines = ["Usage: axonhub COMMAND [OPTIONS]", ""]
    lines += textwrap.wrap(ABOUT, width, initial_indent="  ", subsequent_indent="  ")
    lines += textwrap.wrap("Without a command: where you are, and what comes next.", width, initial_indent="  ")
    column = max(map(len, TABLE)) + 2
    for title, rows in SECTIONS.items():
        lines += ["", title, *(line for name, (_, text) in rows.items() for line in _row(name, text, column, width))]
    column = max(map(len, _OPTIONS)) + 2
    lines += ["", "Options", *(line for name, text in _OPTIONS.items() for line in _row(name, text, column, width))]
    return "\n".join(lines) + "\n"


def _row(name: str, text: str, column: int, width: int) -> list[str]:
    """A name and its sentence; on a narrow terminal the sentence goes below."""
    indent = " " * (column + 2)
    return textwrap.wrap(text, width, initial_indent=f"  {name:{column}}", subsequent_indent=indent)
