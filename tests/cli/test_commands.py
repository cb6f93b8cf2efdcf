"""The first page of the help: complete, narrow enough, and printed without the machinery behind the commands."""

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from axonhub_cli import __version__
from axonhub_cli.cli.commands import SECTIONS, TABLE, help_page
from axonhub_cli.cli.main import app

# All that the page may load of what is not Python's own start-up.
HEAVY = {"typer", "rich", "msgspec", "aiohttp", "platformdirs", "json", "inspect", "asyncio", "socket", "subprocess"}


def test_a_command_is_one_line_of_eighty_columns() -> None:
    """Each is there once, under its heading, in order."""
    lines = help_page(80).splitlines()
    assert all(len(line) <= 80 for line in lines)
    names = [line.split()[0] for line in lines if line.startswith("  ") and line.split()[0] in TABLE]
    assert names == list(TABLE)
    assert [line for line in lines if line in SECTIONS] == list(SECTIONS)


@pytest.mark.parametrize("width", [20, 40, 60, 100, 200])
def test_the_page_keeps_its_width(width: int) -> None:
    """Between 40 and 100 columns it is as wide as the terminal."""
    assert max(map(len, help_page(width).splitlines())) <= min(max(width, 40), 100)


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["--version"]])
def test_nothing_heavy_is_loaded(words: list[str]) -> None:
    """The command answers these from the table alone, in well under the time that the libraries need to load."""
    call = "from axonhub_cli.__main__ import main; main(); print('LOADED', *sys.modules)"
    script = f"import sys; sys.argv = {['axonhub', *words]!r}; {call}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    said, _, loaded = done.stdout.rpartition("LOADED")
    assert set(loaded.split()) & HEAVY == set()
    assert said.strip() == (f"axonhub {__version__}" if words == ["--version"] else help_page(80).strip())


def test_the_command_line_prints_the_same_page() -> None:
    """Help that is asked for among other options comes from the same table; every command takes -h."""
    assert CliRunner().invoke(app, ["--help"]).output.strip() == help_page(80).strip()
    assert "--port PORT" in CliRunner().invoke(app, ["setup", "codex", "-h"]).output
