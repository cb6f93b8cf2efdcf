"""Claude Code: environment variables, in the shell or in the `env` block of `~/.claude/settings.json`.

It sends `ANTHROPIC_AUTH_TOKEN` as a bearer token without asking; an `ANTHROPIC_API_KEY` would go along in a header of its own
(a real key to whoever listens), so it is taken out. It gives up on a stream after 300 s without content unless told to wait
longer. What is left alone on purpose: tool search (the proxy carries or undoes it), the second try without streaming (it saves
sessions), the models behind its aliases (only on request).

How much a model holds it takes from the name (read in 2.1.197): `CLAUDE_CODE_MAX_CONTEXT_TOKENS` counts for names that are not
Claude's, `CLAUDE_CODE_AUTO_COMPACT_WINDOW` for all, but never below 100,000; `[1m]` at the end of a name means a million.
Source of the names: https://code.claude.com/docs/en/env-vars
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .ask import Behind
from .edits import Edit
from .environment import no_proxy, url
from .journal import Target
from .shell import Line

NAME = "claude-code"
TITLE = "Claude Code"
IDLE_MS = 900_000
DEFAULTS = ("claude-opus-5-5", "claude-sonnet-5-5")  # what it asks for when nobody says otherwise
SLOTS = {
    "haiku": "ANTHROPIC_DEFAULT_HAIKU_MODEL",
    "sonnet": "ANTHROPIC_DEFAULT_SONNET_MODEL",
    "opus": "ANTHROPIC_DEFAULT_OPUS_MODEL",
    "subagent": "CLAUDE_CODE_SUBAGENT_MODEL",
}

_ELSEWHERE = ("CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY")
_NO_SECOND_TRY = "CLAUDE_CODE_DISABLE_NONSTREAMING_FALLBACK"
_HOLDS = "CLAUDE_CODE_MAX_CONTEXT_TOKENS"
_COMPACTS = "CLAUDE_CODE_AUTO_COMPACT_WINDOW"
_BILLING = "CLAUDE_CODE_ATTRIBUTION_HEADER"
_LEAST, _MILLION = 100_000, 1_000_000


def file() -> Path:
    """The user's own settings."""
    folder = os.environ.get("CLAUDE_CONFIG_DIR")
    return (Path(folder).expanduser() if folder else Path.home() / ".claude") / "settings.json"


def lines(
    port: int,
    token: str,
    environ: Mapping[str, str],
    *,
    model: str | None = None,
    behind: Behind | None = None,
    slots: Mapping[str, str] | None = None,
) -> list[Line]:
    """The variables for a shell. `slots`: models for haiku, sonnet, opus and subagents, by those names."""
    out = [
        Line("ANTHROPIC_BASE_URL", url(port, "/anthropic"), "Claude Code talks to axonhub on this machine."),
        Line("ANTHROPIC_AUTH_TOKEN", token, "A local key: it opens axonhub on this machine and nothing else."),
        Line("CLAUDE_STREAM_IDLE_TIMEOUT_MS", str(IDLE_MS), "Wait 15 minutes for a model that thinks in silence, not 5."),
        *_models(model, behind or Behind(), slots or {}),
        *_facts(model, behind or Behind()),
        *no_proxy(environ),
    ]
    if environ.get("ANTHROPIC_API_KEY"):
        out.append(Line("ANTHROPIC_API_KEY", None, "Your own key would be sent along with every request; axonhub has its own."))
    return out


def _models(model: str | None, behind: Behind, slots: Mapping[str, str]) -> list[Line]:
    out = []
    if model:
        large = model.startswith("claude-") and not behind.own and (behind.window or 0) >= _MILLION and "[" not in model
        why = "The model that Claude Code asks for" + ("; [1m] since what is behind it holds a million tokens." if large else ".")
        out.append(Line("ANTHROPIC_MODEL", f"{model}[1m]" if large else model, why))
    use = {"subagent": "The model of sub-agents."}
    out += [Line(SLOTS[slot], name, use.get(slot, f"What the alias {slot} stands for.")) for slot, name in slots.items()]
    return out


def _facts(model: str | None, behind: Behind) -> list[Line]:
    """What Claude Code cannot know: how much the model behind the name holds, and that it is not Anthropic's."""
    out = []
    claudes = model is None or model.startswith("claude-")
    if behind.window and not claudes:
        out.append(Line(_HOLDS, str(behind.window), f"{model} holds that many tokens; unknown names are taken for 1,000,000."))
    if behind.window and behind.window < _MILLION:
        held = max(behind.window, _LEAST)
        least = f" ({_LEAST:,} is the least that can be said here)" if held > behind.window else ""
        out.append(Line(_COMPACTS, str(held), f"Compact in time: the model behind holds {behind.window:,} tokens{least}."))
    if behind.window and not behind.anthropic:
        out.append(Line(_BILLING, "0", "Leave out a line that only Anthropic reads, and that changes with each conversation."))
    return out


def target(port: int, token: str, environ: Mapping[str, str], settings: Mapping[str, Any], **more: Any) -> Target:
    """The same for the settings file, where the `env` block alone is edited; what it sets already counts as set."""
    block = settings.get("env")
    inside = {name: value for name, value in block.items() if isinstance(value, str)} if isinstance(block, dict) else {}
    wanted = lines(port, token, {**environ, **inside, "ANTHROPIC_API_KEY": "to be taken out"}, **more)
    edits = tuple(Edit(("env", line.name), line.value, own=line.name == "ANTHROPIC_BASE_URL") for line in wanted)
    retract = tuple(("env", name) for name in (_HOLDS, _COMPACTS, _BILLING))
    return Target(NAME, file(), "json", edits, retract=retract)


def remarks(
    environ: Mapping[str, str],
    settings: Mapping[str, Any],
    written: Mapping[str, str | None],
    *,
    model: str | None = None,
    behind: Behind | None = None,
    key: str | None = None,
) -> list[str]:
    """What would keep the exports from having an effect (other providers, the settings file, which wins), and what to know."""
    out = [f"{name} is set: Claude Code will not use axonhub while it is. Unset it." for name in _ELSEWHERE if environ.get(name)]
    if environ.get(_NO_SECOND_TRY):
        out.append(f"{_NO_SECOND_TRY} is set: a stream that breaks ends the turn. Unset it.")
    block = settings.get("env")
    for name, value in block.items() if isinstance(block, dict) else ():
        if name in _ELSEWHERE and value not in ("", "0"):
            out.append(f"{file()} sets {name}: Claude Code will not use axonhub while it does.")
        elif name in written and value != written[name]:
            use = "axonhub setup claude-code --write" + (f" --key {key}" if key else "")
            out.append(f"{file()} sets {name} too, and wins over the shell. Use: {use}")
    out += [
        f"A deep test found that {name} calls no tools; Claude Code can do little without. Map another model."
        for name in (behind.unable if behind else ())
    ]
    window = behind.window if behind else None
    if window and window < _LEAST and (model is None or model.startswith("claude-")):
        out.append(
            f"The model behind holds {window:,} tokens, but under a Claude name Claude Code compacts at {_LEAST:,} at the "
            "earliest. Ask for it by its own name: --model NAME"
        )
    return out
