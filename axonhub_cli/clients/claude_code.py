"""Claude Code: environment variables, in the shell or in the `env` block of `~/.claude/settings.json`.

It sends `ANTHROPIC_AUTH_TOKEN` as a bearer token without asking; an `ANTHROPIC_API_KEY` would go along in a header of its own
(a real key to whoever listens), so it is taken out. It gives up on a stream after 300 s without content unless told to wait
longer.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .edits import Edit
from .environment import no_proxy, url
from .journal import Target
from .shell import Line

NAME = "claude-code"
TITLE = "Claude Code"
IDLE_MS = 900_000

_ELSEWHERE = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")


def file() -> Path:
    """The user's own settings."""
    folder = os.environ.get("CLAUDE_CONFIG_DIR")
    return (Path(folder).expanduser() if folder else Path.home() / ".claude") / "settings.json"


def lines(port: int, token: str, environ: Mapping[str, str]) -> list[Line]:
    """The variables for a shell."""
    out = [
        Line("ANTHROPIC_BASE_URL", url(port, "/anthropic"), "Claude Code talks to axonhub on this machine."),
        Line("ANTHROPIC_AUTH_TOKEN", token, "A local key: it opens axonhub on this machine and nothing else."),
        Line("CLAUDE_STREAM_IDLE_TIMEOUT_MS", str(IDLE_MS), "Wait 15 minutes for a model that thinks in silence, not 5."),
        *no_proxy(environ),
    ]
    if environ.get("ANTHROPIC_API_KEY"):
        out.append(Line("ANTHROPIC_API_KEY", None, "Your own key would be sent along with every request; axonhub has its own."))
    return out


def target(port: int, token: str, environ: Mapping[str, str], settings: Mapping[str, Any]) -> Target:
    """The same for the settings file, where the `env` block alone is edited; what it sets already counts as set."""
    block = settings.get("env")
    inside = {name: value for name, value in block.items() if isinstance(value, str)} if isinstance(block, dict) else {}
    wanted = lines(port, token, {**environ, **inside, "ANTHROPIC_API_KEY": "to be taken out"})
    edits = tuple(Edit(("env", line.name), line.value, own=line.name == "ANTHROPIC_BASE_URL") for line in wanted)
    return Target(NAME, file(), "json", edits)


def remarks(environ: Mapping[str, str], settings: Mapping[str, Any], written: Mapping[str, str | None]) -> list[str]:
    """What would keep the exports from having an effect: other providers, and the settings file, which wins over the shell."""
    out = [f"{name} is set: Claude Code will not use axonhub while it is. Unset it." for name in _ELSEWHERE if environ.get(name)]
    block = settings.get("env")
    for name, value in block.items() if isinstance(block, dict) else ():
        if name in _ELSEWHERE and value not in ("", "0"):
            out.append(f"{file()} sets {name}: Claude Code will not use axonhub while it does.")
        elif name in written and value != written[name]:
            out.append(f"{file()} sets {name} too, and wins over the shell. Use: axonhub setup claude-code --write")
    return out
