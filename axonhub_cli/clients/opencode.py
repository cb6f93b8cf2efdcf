"""opencode: a provider of its own, by Chat Completions, in the user's `opencode.json` or in an environment variable.

It lists no models by itself: those that channels and profiles offer are named. The key is read from the environment
(`{env:…}`), so that neither the file nor the variable holds it. `OPENCODE_CONFIG_CONTENT` is merged over all files, which is
what `run` uses. Sources: https://opencode.ai/docs/config, https://opencode.ai/docs/providers (custom provider).
"""

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from .edits import Edit, KeyPath
from .environment import merged_settings, no_proxy, url
from .journal import Target
from .shell import Line

NAME = "opencode"
TITLE = "opencode"
VARIABLE = "AXONHUB_API_KEY"
PROVIDER = "axonhub"
TABLE: KeyPath = ("provider", PROVIDER)
INLINE = "OPENCODE_CONFIG_CONTENT"
_UNKNOWN: Mapping[str, int] = {}
_OUTPUT = 32_000  # what opencode asks for by itself
_WHY_KEY = "A local key: it opens axonhub on this machine and nothing else."


def file() -> Path:
    """The user's own configuration: the one that is there, else the plain JSON one."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config").expanduser() / "opencode"
    return next((base / name for name in ("opencode.jsonc", "opencode.json") if (base / name).exists()), base / "opencode.json")


def target(port: int, models: Sequence[str], *, choose: bool, windows: Mapping[str, int] = _UNKNOWN) -> Target:
    """The edits of the file. `choose`: also make the first model the one in use; else that choice stays the user's."""
    said = settings(port, models, windows)
    provider = said["provider"][PROVIDER]
    edits = [Edit((*TABLE, name), provider[name]) for name in ("npm", "name", "models")]
    edits += [Edit((*TABLE, "options", name), value, own=name == "baseURL") for name, value in provider["options"].items()]
    edits += [Edit(("model",), said["model"])] if choose and models else []
    return Target(NAME, file(), "json", tuple(edits))


def settings(port: int, models: Sequence[str], windows: Mapping[str, int] = _UNKNOWN) -> dict[str, Any]:
    """The provider, and the first model as the one in use; `windows`: how many tokens they hold, where it is known."""
    listed: dict[str, Any] = {name: {"name": name} for name in models}
    for name, window in windows.items():
        listed[name] |= {"limit": {"context": window, "output": min(window // 4, _OUTPUT)}}
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "AxonHub",
        "options": {"baseURL": url(port, "/v1"), "apiKey": "{env:" + VARIABLE + "}"},
        "models": listed,
    }
    chosen = {"model": f"{PROVIDER}/{models[0]}"} if models else {}
    return {"provider": {PROVIDER: provider}, **chosen}


def key(token: str, environ: Mapping[str, str]) -> list[Line]:
    """The variables that it needs beside its file."""
    return [Line(VARIABLE, token, _WHY_KEY), *no_proxy(environ)]


def lines(
    port: int, token: str, environ: Mapping[str, str], models: Sequence[str], windows: Mapping[str, int] = _UNKNOWN
) -> list[Line]:
    """The variables for a run that touches no file. A configuration that was given in the variable before stays in it."""
    try:
        given = json.loads(environ.get(INLINE) or "{}")
    except ValueError:
        given = {}
    merged = merged_settings(given if isinstance(given, dict) else {}, settings(port, models, windows))
    content = json.dumps(merged, ensure_ascii=False)
    return [
        *key(token, environ),
        Line(INLINE, content, "opencode merges this over its files: axonhub as a provider, with the models that it offers."),
    ]
