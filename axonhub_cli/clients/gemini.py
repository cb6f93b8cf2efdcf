"""Gemini CLI: environment variables. It speaks Gemini's own protocol and appends `/v1beta/models/…` to the base URL.

Its settings should name the sign-in by key: with a Google account chosen there it asks Google, not us; with no choice the TUI
takes the base URL for one, but 0.61 refuses `-p`. Settings that would help from outside it takes from root only, so this is
said, and `setup gemini-cli --write` makes the choice. Sources: https://geminicli.com/docs/get-started/authentication,
https://developers.cloudflare.com/ai-gateway/integrations/coding-agents/gemini-cli (GOOGLE_GEMINI_BASE_URL).
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .edits import Edit, lookup
from .environment import no_proxy, url
from .journal import Target
from .shell import Line

NAME = "gemini-cli"
TITLE = "Gemini CLI"
VARIABLE = "GOOGLE_GEMINI_BASE_URL"

_ELSEWHERE = ("GOOGLE_API_KEY", "GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_GCA", "CODE_ASSIST_ENDPOINT")


AUTH = "gemini-api-key"
SELECTED = ("security", "auth", "selectedType")


def file() -> Path:
    """The user's own settings; only read."""
    base = os.environ.get("GEMINI_CLI_HOME")
    return (Path(base).expanduser() if base else Path.home()) / ".gemini" / "settings.json"


def lines(port: int, token: str, environ: Mapping[str, str], model: str | None = None) -> list[Line]:
    """The variables; what would send it to another Google service is taken out."""
    out = [
        Line(VARIABLE, url(port, ""), "Gemini CLI talks to axonhub on this machine."),
        Line("GEMINI_API_KEY", token, "A local key: it opens axonhub on this machine and nothing else."),
        *([Line("GEMINI_MODEL", model, "The model that it asks for.")] if model else []),
        *no_proxy(environ),
    ]
    taken = "It would make Gemini CLI use another Google service, or send your own key along."
    return [*out, *(Line(name, None, taken) for name in _ELSEWHERE if environ.get(name))]


def target() -> Target:
    """The one edit of the settings: the sign-in by key."""
    return Target(NAME, file(), "json", (Edit(SELECTED, AUTH),))


def chosen(settings: Mapping[str, Any]) -> object:
    """The way to sign in that the settings name."""
    return lookup(dict(settings), SELECTED)


def remarks(settings: Mapping[str, Any]) -> list[str]:
    """What in the settings would keep the variables from being used."""
    found = chosen(settings)
    if found == AUTH:
        return []
    write = "Choose the API key there: axonhub setup gemini-cli --write"
    if isinstance(found, str):
        return [f"{file()} signs in by {found!r}: Gemini CLI will not use axonhub. {write}"]
    return [f"{file()} names no way to sign in: gemini -p will refuse to start. {write}"]
