"""Codex: a provider of its own in the user-level `config.toml`, and one environment variable with the local key.

Source: https://developers.openai.com/codex/config-reference, and every name checked with `--strict-config` of 0.169. The
provider's id stays the same for ever, because Codex files its conversations under it. It is never called `OpenAI`: that
name turns on remote compaction. The limits are those that suit a proxy which retries by itself: fewer requests, a longer idle
time (Codex does not count comments as signs of life). Websockets are not offered, so Codex need not try.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .ask import Behind
from .edits import Edit, Scalar
from .environment import no_proxy, url
from .journal import Target
from .shell import Line

NAME = "codex"
TITLE = "Codex"
VARIABLE = "AXONHUB_API_KEY"
PROVIDER = "axonhub-responses"
TABLE = ("model_providers", PROVIDER)
IDLE_MS = 900_000
WINDOW = "model_context_window"


def file() -> Path:
    """The user's own configuration. Codex ignores provider settings in projects, and we never read those."""
    folder = os.environ.get("CODEX_HOME")
    return (Path(folder).expanduser() if folder else Path.home() / ".codex") / "config.toml"


def provider(port: int) -> dict[str, Scalar]:
    """The provider's table."""
    return {
        "name": "AxonHub",
        "base_url": url(port, "/v1"),
        "env_key": VARIABLE,
        "wire_api": "responses",
        "stream_idle_timeout_ms": IDLE_MS,
        "request_max_retries": 2,
        "stream_max_retries": 3,
        "supports_websockets": False,
    }


def target(port: int, model: str | None = None, behind: Behind | None = None) -> Target:
    """The edits of `config.toml`."""
    edits = [Edit(("model_provider",), PROVIDER, own=True)]
    edits += [Edit((name,), value) for name, value in facts(model, behind).items()]
    edits += [Edit((*TABLE, name), value) for name, value in provider(port).items()]
    return Target(NAME, file(), "toml", tuple(edits), whole=(TABLE,), retract=((WINDOW,),))


def facts(model: str | None, behind: Behind | None) -> dict[str, Scalar]:
    """Top-level settings: the model, when one is wanted, and how much it holds, when Codex cannot know that."""
    out: dict[str, Scalar] = {"model": model} if model else {}
    if behind and behind.window:
        out[WINDOW] = behind.window
    return out


def lines(token: str, environ: Mapping[str, str]) -> list[Line]:
    """The variables that Codex needs beside its file."""
    return [Line(VARIABLE, token, "A local key: it opens axonhub on this machine and nothing else."), *no_proxy(environ)]


def remarks(config: Mapping[str, Any]) -> list[str]:
    """What would keep the provider from being used, or Codex from starting: profiles, the old kind in the file itself and the
    new kind in files beside it.

    Sources: https://github.com/openai/codex/pull/24051 (since 0.134), https://developers.openai.com/codex/config-advanced
    """
    out = []
    active = config.get("profile")
    if isinstance(active, str):
        out.append(
            f"{file()} selects the profile {active!r}. Since 0.134 Codex does not start with that line; before, it follows the "
            f"profile's own model_provider. Take it out, and use: codex --profile {active} (it reads {active}.config.toml)"
        )
    return [
        *out,
        *(f"codex --profile {name} does not use axonhub: {path} names another model_provider." for name, path in _astray()),
    ]


def _astray() -> Iterator[tuple[str, Path]]:
    """The profiles beside the file that lead elsewhere; what cannot be read is Codex's to complain about."""
    for path in sorted(file().parent.glob("*.config.toml")):
        try:
            found = tomllib.loads(path.read_text()).get("model_provider", PROVIDER)
        except (OSError, ValueError, RecursionError):
            continue
        if found != PROVIDER:
            yield path.name.removesuffix(".config.toml"), path
