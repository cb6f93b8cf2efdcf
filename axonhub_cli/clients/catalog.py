"""The clients whose files `setup` can edit, as data. A client that is one file with values in it needs a file like `zed.py` and
a row here; one that is told by variables or by hand is a row of `guides.py`.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from ..types.messages import Protocol
from . import claude_code, codex, gemini, opencode, zed
from .ask import Ask
from .edits import KeyPath, KindName
from .journal import Target
from .shell import Line


def _no_remarks(_: Ask) -> list[str]:
    return []


def _wanted(model: str | None, _: Mapping[str, Any], __: Mapping[str, str]) -> list[str]:
    return [model] if model else []


class Client(Struct, frozen=True, kw_only=True):
    """One client. `address` is where its file says whom it talks to (empty: it does not), `below` the part of that address
    behind the port.

    `protocol` is what it speaks, `asks` the models that it will ask for: from the one that is wanted, its file, the environment.
    `variable` is the environment variable that shows that a shell is prepared for it; `shell_alone`: that is enough, so that the
    file is edited only on request (`--write`). `strict`: it ignores a file with comments or a trailing comma. `lists`: it is told
    each model, and how much that holds. `lines` are its variables, `target` its file's edits, `remarks` what stands in the way.
    `start` is what to type next, `after_undo` what to know after an undo.
    """

    name: str
    title: str
    file: Callable[[], Path]
    kind: KindName
    protocol: Protocol
    asks: Callable[[str | None, Mapping[str, Any], Mapping[str, str]], list[str]] = _wanted
    address: KeyPath
    below: str
    variable: str
    lines: Callable[[Ask], list[Line]]
    target: Callable[[Ask], Target]
    remarks: Callable[[Ask], list[str]] = _no_remarks
    shell_alone: bool = False
    strict: bool = False
    lists: bool = False
    start: str
    after_undo: str = ""


def find(name: str) -> Client:
    """The client of that name."""
    return next(client for client in CLIENTS if client.name == name)


def _claude_code_asks(model: str | None, _: Mapping[str, Any], environ: Mapping[str, str]) -> list[str]:
    named = model or environ.get("ANTHROPIC_MODEL")
    return [named] if named else list(claude_code.DEFAULTS)


def _codex_asks(model: str | None, settings: Mapping[str, Any], _: Mapping[str, str]) -> list[str]:
    named = model or settings.get("model")
    return [named] if isinstance(named, str) else []


def _claude_code_lines(ask: Ask) -> list[Line]:
    return claude_code.lines(ask.port, ask.token, ask.environ, model=ask.model, behind=ask.behind, slots=ask.slots)


def _claude_code_target(ask: Ask) -> Target:
    facts = {"model": ask.model, "behind": ask.behind, "slots": ask.slots}
    return claude_code.target(ask.port, ask.token, ask.environ, ask.settings, **facts)


def _claude_code_remarks(ask: Ask) -> list[str]:
    return claude_code.remarks(ask.environ, {}, {}, model=ask.model, behind=ask.behind)


CLIENTS: tuple[Client, ...] = (
    Client(
        name=claude_code.NAME,
        title=claude_code.TITLE,
        file=claude_code.file,
        kind="json",
        protocol="anthropic",
        asks=_claude_code_asks,
        address=("env", "ANTHROPIC_BASE_URL"),
        below="/anthropic",
        variable="ANTHROPIC_BASE_URL",
        lines=_claude_code_lines,
        target=_claude_code_target,
        remarks=_claude_code_remarks,
        shell_alone=True,
        strict=True,  # measured with 2.1.197: the whole file is as if it were not there, and nothing says so
        start="claude",
    ),
    Client(
        name=codex.NAME,
        title=codex.TITLE,
        file=codex.file,
        kind="toml",
        protocol="openai-responses",
        asks=_codex_asks,
        address=(*codex.TABLE, "base_url"),
        below="/v1",
        variable=codex.VARIABLE,
        lines=lambda ask: codex.lines(ask.token, ask.environ),
        target=lambda ask: codex.target(ask.port, ask.model, ask.behind),
        remarks=lambda ask: codex.remarks(ask.settings),
        start="codex",
        after_undo="Codex files conversations under their provider: to resume one held through axonhub, set it up again.",
    ),
    Client(
        name=opencode.NAME,
        title=opencode.TITLE,
        file=opencode.file,
        kind="json",
        protocol="openai-chat",
        address=(*opencode.TABLE, "options", "baseURL"),
        below="/v1",
        variable=opencode.VARIABLE,
        lines=lambda ask: opencode.key(ask.token, ask.environ),
        target=lambda ask: opencode.target(ask.port, ask.listed, choose=ask.model is not None, windows=ask.windows),
        lists=True,
        start="opencode",
    ),
    Client(
        name=gemini.NAME,
        title=gemini.TITLE,
        file=gemini.file,
        kind="json",
        protocol="gemini",
        address=(),
        below="",
        variable=gemini.VARIABLE,
        lines=lambda ask: gemini.lines(ask.port, ask.token, ask.environ, ask.model),
        target=lambda ask: gemini.target(),
        remarks=lambda ask: gemini.remarks(ask.settings),
        shell_alone=True,
        start="gemini",
    ),
    Client(
        name=zed.NAME,
        title=zed.TITLE,
        file=zed.file,
        kind="json",
        protocol="openai-chat",
        address=(*zed.TABLE, "api_url"),
        below="/v1",
        variable=zed.VARIABLE,
        lines=lambda ask: opencode.key(ask.token, ask.environ),
        target=lambda ask: zed.target(ask.port, ask.listed, ask.windows),
        lists=True,
        start="zed (from this shell: a Zed started elsewhere does not see the variable)",
    ),
)
