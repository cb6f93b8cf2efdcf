"""The clients that `setup` knows, as data. A client that is one file with values in it needs a file like `codex.py` and a row
here.
"""

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from . import claude_code, codex
from .edits import KeyPath, KindName


class Client(Struct, frozen=True, kw_only=True):
    """One client. `address` is where its file says whom it talks to, `below` the part of that address behind the port.

    `variable` is the environment variable that shows that a shell is prepared for it; `after_undo` is what to know after an undo.
    """

    name: str
    title: str
    file: Callable[[], Path]
    kind: KindName
    address: KeyPath
    below: str
    variable: str
    after_undo: str = ""


CLIENTS: tuple[Client, ...] = (
    Client(
        name=claude_code.NAME,
        title=claude_code.TITLE,
        file=claude_code.file,
        kind="json",
        address=("env", "ANTHROPIC_BASE_URL"),
        below="/anthropic",
        variable="ANTHROPIC_BASE_URL",
    ),
    Client(
        name=codex.NAME,
        title=codex.TITLE,
        file=codex.file,
        kind="toml",
        address=(*codex.TABLE, "base_url"),
        below="/v1",
        variable=codex.VARIABLE,
        after_undo="Codex files conversations under their provider: to resume one held through axonhub, set it up again.",
    ),
)
