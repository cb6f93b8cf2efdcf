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

from .environment import merged_settings, no_proxy, url
from .shell import Line

NAME = "opencode"
TITLE = "opencode"
VARIABLE = "AXONHUB_API_KEY"
PROVIDER = "axonhub"
INLINE = "OPENCODE_CONFIG_CONTENT"
WHY_KEY = "A local key: it opens axonhub on this machine and nothing else."


def file() -> Path:
    """The user's own configuration: the one that is there, else the plain JSON one."""
    base = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config").expanduser() / "opencode"
    return next((base / name for name in ("opencode.jsonc", "opencode.json") if (base / name).exists()), base / "opencode.json")


def settings(port: int, models: Sequence[str]) -> dict[str, Any]:
    """The provider, and the first model as the one in use."""
    provider = {
        "npm": "@ai-sdk/openai-compatible",
        "name": "AxonHub",
        "options": {"baseURL": url(port, "/v1"), "apiKey": "{env:" + VARIABLE + "}"},
        "models": {name: {"name": name} for name in models},
    }
    chosen = {"model": f"{PROVIDER}/{models[0]}"} if models else {}
    return {"provider": {PROVIDER: provider}, **chosen}


def lines(port: int, token: str, environ: Mapping[str, str], models: Sequence[str]) -> list[Line]:
    """The variables for a run that touches no file. A configuration that was given in the variable before stays in it."""
    try:
        given = json.loads(environ.get(INLINE) or "{}")
    except ValueError:
        given = {}
    merged = merged_settings(given if isinstance(given, dict) else {}, settings(port, models))
    content = json.dumps(merged, ensure_ascii=False)
    return [
        Line(VARIABLE, token, WHY_KEY),
        Line(INLINE, content, "opencode merges this over its files: axonhub as a provider, with the models that it offers."),
        *no_proxy(environ),
    ]
