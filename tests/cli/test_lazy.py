"""The root's commands: a table that says the truth about modules which are imported only when they are asked for."""

import os
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from axonhub_cli.cli.lazy import load
from axonhub_cli.cli.main import Root, app

# What the command line needs before it knows which command is meant. All else belongs into the command.
HEAVY = {"aiohttp", "asyncio", "brotli", "genai_prices", "keyring", "msgspec", "platformdirs", "rich", "socket", "sqlite3", "ssl",
         "tomli_w", "tomlkit", "tomllib", "truststore", "http", "urllib.request", "uvloop"}  # fmt: skip
OURS = {"axonhub_cli", "axonhub_cli.cli", "axonhub_cli.cli.commands", "axonhub_cli.cli.lazy", "axonhub_cli.cli.main",
        "axonhub_cli.cli.output", "axonhub_cli.errors"}  # fmt: skip


def modules(code: str) -> set[str]:
    """What a new interpreter has loaded after some code."""
    script = f"import sys\ntry:\n    {code}\nexcept SystemExit: pass\nprint('LOADED', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("LOADED")[2].split())


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    """Importing it loads these modules of ours, and none of the libraries that single commands need."""
    loaded = modules("import axonhub_cli.cli.main")
    assert loaded & HEAVY == set()
    assert {name for name in loaded if name.startswith("axonhub_cli")} == OURS


@pytest.mark.parametrize("args", [["--help"], ["channel", "--help"], ["--version"]])
def test_help_loads_no_more(args: list[str]) -> None:
    """Help of the whole, help of a group and the version cost no library either."""
    assert modules(f"sys.argv = {['axonhub', *args]!r}; from axonhub_cli.cli.main import run; run()") & HEAVY == set()


@pytest.mark.parametrize("name", Root.table)
def test_behind_each_name_stands_a_command_with_help(name: str) -> None:
    """The table names a module that has it, and it explains itself."""
    command: Any = load(Root.table[name][0], name)
    assert command.name == name
    assert command.help


def test_commands_are_suggested_by_their_names() -> None:
    """A typing mistake is answered with the nearest command."""
    result = CliRunner().invoke(app, ["chanel"])
    assert result.exit_code == 2
    assert "Did you mean 'channel'" in result.output


def test_a_commands_help_has_no_options_of_the_root() -> None:
    """Completion is installed at the root, and nowhere else."""
    assert "--install-completion" in CliRunner().invoke(app, ["--help"]).output
    assert "--install-completion" not in CliRunner().invoke(app, ["channel", "--help"]).output


BASH = ("complete_bash", {"COMP_WORDS": "{typed}", "COMP_CWORD": "{count}"})
ZSH = ("complete_zsh", {"_TYPER_COMPLETE_ARGS": "{typed}"})
FISH = ("complete_fish", {"_TYPER_COMPLETE_ARGS": "{typed}", "_TYPER_COMPLETE_FISH_ACTION": "get-args"})
POWERSHELL = ("complete_powershell", {"_TYPER_COMPLETE_ARGS": "{typed}", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "{last}"})


@pytest.mark.parametrize(
    ("shell", "typed", "offered"),
    [
        (BASH, "axonhub chan", "channel"),
        (BASH, "axonhub channel sh", "show"),
        (BASH, "axonhub status --js", "--json"),
        (ZSH, "axonhub channel sh", "show"),
        (FISH, "axonhub channel sh", "show"),
        (POWERSHELL, "axonhub channel sh", "show"),
    ],
)
def test_the_shell_completes_through_the_table(shell: tuple[str, dict[str, str]], typed: str, offered: str) -> None:
    """Names at the root come from the table; behind a name stands the real command, whichever shell asks in its own way."""
    what, variables = shell
    given = {name: text.format(typed=typed, count=typed.count(" "), last=typed.split()[-1]) for name, text in variables.items()}
    script = "import sys; sys.argv = ['axonhub']; from axonhub_cli.cli.main import app; app(prog_name='axonhub')"
    environment = {**os.environ, "_AXONHUB_COMPLETE": what, **given}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert offered in done.stdout.replace('"', " ").replace(":::", " ").split(), done


def test_the_root_knows_every_command_by_name() -> None:
    """What walks the tree of commands finds all of them, in the table's order."""
    group: Any = get_command(app)
    assert list(group.commands) == list(Root.table)


@pytest.mark.parametrize("name", Root.table)
def test_the_help_cuts_no_sentence_short(name: str) -> None:
    """In 80 columns every command of a group has its first sentence, and every option's value a name."""
    command: Any = load(Root.table[name][0], name)
    text = command.get_help(command.make_context(name, ["--help"], resilient_parsing=True))
    assert not [line for line in text.splitlines() if line.endswith("...") and not line.startswith("Usage:")]
    assert "<str>" not in text
    assert "range>" not in text
