"""How `axonhub run` starts a client that is pointed here without a change to any of its files.

Claude Code, opencode and Gemini CLI take environment variables. Codex takes `-c` arguments, which were measured (0.169) to win
over its file and its profiles, to hold for `resume` and `fork`, and to leave sign-in, sessions and history where they are; a
TUI that has them does not use a background server that an earlier one left behind. No argument ever holds a key.
"""

import json
from collections.abc import Callable

from msgspec import Struct

from . import claude_code, codex, gemini, opencode
from .ask import Ask
from .shell import Line


class Launch(Struct, frozen=True):
    """Arguments before the user's own, variables, and remarks for the user.

    `overlay` is the text of a private file for the time of the session, whose path goes behind the argument `overlay_by`. A key
    may stand in it.
    """

    arguments: tuple[str, ...] = ()
    lines: tuple[Line, ...] = ()
    overlay: str = ""
    overlay_by: str = ""
    remarks: tuple[str, ...] = ()


class Runnable(Struct, frozen=True):
    """One client that can be started: its command, the client of the catalog, how to get it."""

    command: str
    client: str
    install: str
    launch: Callable[[Ask], Launch]


def _claude(ask: Ask) -> Launch:
    lines = claude_code.lines(ask.port, ask.token, ask.environ, model=ask.model, behind=ask.behind)
    values = {line.name: line.value for line in lines}
    block = ask.settings.get("env")
    clash = isinstance(block, dict) and any(name in values and value != values[name] for name, value in block.items())
    overlay = json.dumps({"env": {name: value or "" for name, value in values.items()}}) if clash else ""
    remarks = claude_code.remarks(ask.environ, ask.settings, {}, model=ask.model, behind=ask.behind)
    return Launch((), tuple(lines), overlay, "--settings", tuple(remarks))


def _codex(ask: Ask) -> Launch:
    values: dict[str, object] = {"model_provider": codex.PROVIDER, ".".join(codex.TABLE): codex.provider(ask.port)}
    values |= codex.facts(ask.model, ask.behind)
    arguments = [part for name, value in values.items() for part in ("-c", f"{name}={_toml(value)}")]
    return Launch(tuple(arguments), tuple(codex.lines(ask.token, ask.environ)))


def _opencode(ask: Ask) -> Launch:
    return Launch((), tuple(opencode.lines(ask.port, ask.token, ask.environ, ask.listed, ask.windows)))


def _gemini(ask: Ask) -> Launch:
    lines = gemini.lines(ask.port, ask.token, ask.environ, ask.model)
    return Launch((), tuple(lines), remarks=tuple(gemini.remarks(ask.settings)))


def _toml(value: object) -> str:
    """A value for `-c`: a string, a number or a flat table of them, in TOML on one line."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{name}={_toml(item)}" for name, item in value.items()) + "}"
    return json.dumps(value)


RUNNABLE: dict[str, Runnable] = {
    item.command: item
    for item in (
        Runnable("claude", claude_code.NAME, "npm install -g @anthropic-ai/claude-code", _claude),
        Runnable("codex", codex.NAME, "npm install -g @openai/codex", _codex),
        Runnable("opencode", opencode.NAME, "npm install -g opencode-ai", _opencode),
        Runnable("gemini", gemini.NAME, "npm install -g @google/gemini-cli", _gemini),
    )
}
