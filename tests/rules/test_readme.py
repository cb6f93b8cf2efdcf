"""The README tells the truth: what it quotes is what the program prints, what it tells to type is there."""

import ast
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from axonhub_cli.cli.commands import TABLE
from axonhub_cli.cli.lazy import load

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
LEAST = 12  # characters of a message that must stand in the source as they are


def quoted() -> list[str]:
    """The messages of the troubleshooting table."""
    table = README.partition("| it says | it means | do |\n|---|---|---|\n")[2].partition("\n\n")[0]
    return [re.match(r"\| `(.+?)` \|", row)[1] for row in table.splitlines()]  # type: ignore[index]


@cache
def texts() -> list[list[str]]:
    """Every text of the source that a person may read, as what is fixed in it, in order."""
    found = []
    for floor in ("cli", "clients", "config", "routing", "server"):
        for file in (ROOT / "axonhub_cli" / floor).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text())):
                parts = node.values if isinstance(node, ast.JoinedStr) else [node]
                fixed = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
                if sum(map(len, fixed)) >= LEAST:
                    found.append(fixed)
    return found


def prints(fixed: list[str], message: str) -> bool:
    """Whether a message holds all that is fixed of a text, in order."""
    at = 0
    for part in fixed:
        at = message.find(part, at)
        if at < 0:
            return False
        at += len(part)
    return True


@pytest.mark.parametrize("message", quoted())
def test_a_quoted_message_is_one_of_ours(message: str) -> None:
    """It is what some text of the source gives, with values in their places."""
    assert any(prints(fixed, message) for fixed in texts()), message


def commands() -> list[str]:
    """The commands in the README: lines of shell blocks, and code in sentences."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += re.findall(r"`(axonhub [^`]+)`", README.replace("\n", " "))
    return sorted({match[0] for line in lines for match in re.finditer(r"axonhub [a-z][^#;&|)\"'<>…]*", line)})


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_readme_is_there(line: str) -> None:
    """Its name, its sub-command and its options exist."""
    words = shlex.split(line)[1:]
    assert words[0] in TABLE, line
    command: Any = load(TABLE[words[0]][0], words[0])
    for word in words[1:]:
        if word == "--" or words[0] == "run":
            break
        if not word.startswith("-") and word in getattr(command, "commands", {}):
            command = command.commands[word]
        elif word.startswith("--"):
            names = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
            assert word.partition("=")[0] in names | {"--help"}, line


def test_the_whole_command_line_can_be_walked() -> None:
    """What the two tests above rely on."""
    assert len(quoted()) > 10
    assert len(commands()) > 40
