"""Zed: an OpenAI-compatible provider in its settings (JSON with comments). It reads the key from a variable whose name it makes
of the provider's (`axonhub` → `AXONHUB_API_KEY`) or from the system's keychain, never from the settings.

It does not ask for models; each needs a name and how much it holds. Source:
https://github.com/zed-industries/zed/blob/main/docs/src/ai/use-api-access.md (Environment Variables, OpenAI-compatible)
"""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from .edits import Edit, KeyPath
from .environment import url
from .journal import Target

NAME = "zed"
TITLE = "Zed"
VARIABLE = "AXONHUB_API_KEY"
TABLE: KeyPath = ("language_models", "openai_compatible", "axonhub")

_WINDOW = 128_000  # tokens, for a model of which it is not known; Zed insists on a number


def file() -> Path:
    """The user's own settings."""
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming") / "Zed" / "settings.json"
    base = os.environ.get("XDG_CONFIG_HOME") if sys.platform == "linux" else None
    return (Path(base).expanduser() if base else Path.home() / ".config") / "zed" / "settings.json"


def target(port: int, models: Sequence[str], windows: Mapping[str, int]) -> Target:
    """The edits of the settings; `windows`: how many tokens the models hold, where it is known."""
    listed = [{"name": name, "max_tokens": windows.get(name, _WINDOW)} for name in models]
    edits = (Edit((*TABLE, "api_url"), url(port, "/v1"), own=True), Edit((*TABLE, "available_models"), listed))
    return Target(NAME, file(), "json", edits)
