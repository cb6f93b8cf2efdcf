"""`config.toml`: reading it, editing it without harm to comments, and noticing when somebody else has changed it.

Reading uses tomllib and msgspec only. Errors say file, line, place, what was found and what was expected:

    config.toml:12: [[channels]] #2 "deepseek": unknown key 'modles'. Did you mean 'models'?

Editing goes through tomlkit: comments, order, spacing and line ends survive; the result must pass the same
checks before it is written.
"""

import re
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .check import Fault, meaning, structure
from .check import Path as KeyPath
from .files import atomic_write, locked, read_bytes, signature
from .schema import Config

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

LIMIT = 256 * 1024  # bytes; a larger file is not a configuration
_LONG_KEY = re.compile(r"""(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){100}""")
_BOM = "\ufeff"
_HEADER = """\
# axonhub: channels (where models are) and profiles (which model names go where).
# Every key has a default. `axonhub config show` prints what is in force, `axonhub config check` says what is wrong.

"""


def load(path: Path) -> Config:
    """The configuration of that file; a missing file is an empty one. Raises a located `ConfigError`."""
    try:
        return parse(_read(path), str(path))
    except FileNotFoundError:
        return Config()


def parse(text: str, where: str) -> Config:
    """The configuration of a text; `where` is what errors call it. Raises a located `ConfigError`."""
    data = _toml(text, where)
    try:
        config = structure(data)
        meaning(config)
    except Fault as fault:
        raise _located(fault, text, data, where) from None
    except RecursionError:
        raise _nested(text, where) from None
    return config


@contextmanager
def edit(path: Path) -> "Iterator[TOMLDocument]":
    """A tomlkit document of the file, to be changed in place; on leaving it is checked and written, atomically.

    A missing file begins with a short commented header. Raises a located `ConfigError` when the file is broken before or after
    the change; then nothing is written. The file is locked against other processes of ours meanwhile.
    """
    import tomlkit
    from tomlkit.exceptions import TOMLKitError

    with locked(path):
        try:
            text = _read(path)
        except FileNotFoundError:
            text = _HEADER
        parse(text, str(path))
        try:
            document = tomlkit.parse(text.removeprefix(_BOM))
        except (TOMLKitError, RecursionError) as error:
            raise _uneditable(path) from error
        yield document
        changed = _like(text, tomlkit.dumps(document))
        parse(changed, str(path))
        if _toml(changed, str(path)) != document.unwrap():
            raise _uneditable(path)
        if changed != text:
            atomic_write(path, changed.encode())


class Reloader:
    """Keeps the configuration of a running server up to date.

    `config` is the last good one; `error` says why the file on disk is not it. Raises `ConfigError` at the start, when there is
    no good one yet.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.error: ConfigError | None = None
        self._signature = signature(path)
        self.config = load(path)

    def poll(self) -> bool:
        """Look at the file (one `stat` while it stays the same). True when a new good configuration was taken."""
        now = signature(self.path)
        if now == self._signature:
            return False
        self._signature = now
        if now is None:
            self.error = ConfigError(f"{self.path} is gone; what it said stays in force.", hint="Restart to begin without it.")
            return False
        try:
            config = load(self.path)
        except ConfigError as error:
            self.error = error
            return False
        changed, self.config, self.error = config != self.config, config, None
        return changed


def _read(path: Path) -> str:
    data = read_bytes(path, LIMIT)
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path}:{line}: the file is not UTF-8.", hint="Save it as UTF-8.") from None


def _toml(text: str, where: str) -> dict[str, Any]:
    if len(text) > LIMIT:
        raise ConfigError(f"{where} is larger than {LIMIT // 1024} KiB.", hint="Such a file is not ours.")
    if match := _LONG_KEY.search(text):  # tomllib's time and memory for those grow with the square of their length
        line = text.count("\n", 0, match.start()) + 1
        raise ConfigError(f"{where}:{line}: a key has more than a hundred parts.", hint="No key of ours has more than six.")
    try:
        return tomllib.loads(text.removeprefix(_BOM))
    except tomllib.TOMLDecodeError as error:
        raise _syntax(str(error), text, where) from None
    except RecursionError:
        raise _nested(text, where) from None
    except ValueError:  # Python's limit on digits
        line = _line_of(r"[0-9][0-9_]{4000}", text)
        raise ConfigError(f"{where}:{line}: a number is too long.", hint="Numbers have 18 digits at most.") from None


def _syntax(message: str, text: str, where: str) -> ConfigError:
    match = re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", message, re.DOTALL)
    if match is None:  # "(at end of document)"
        line, what, column = text.count("\n") + 1, message.partition(" (at ")[0], "the end of the file"
    else:
        line, what, column = int(match[2]), match[1], f"column {match[3]}"
    remedy = "a name may be set once only" if what.startswith("Cannot") else "strings need quotes, brackets must be closed"
    return ConfigError(f"{where}:{line}: not valid TOML: {what}.", hint=f"Look at {column}: {remedy}.")


def _nested(text: str, where: str) -> ConfigError:
    line = _line_of(r"(?:[\[{][^\[{\]}]{0,80}){30}", text)
    return ConfigError(f"{where}:{line}: values are nested too deeply.", hint="Flatten them.")


def _line_of(pattern: str, text: str) -> int:
    match = re.search(pattern, text)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _located(fault: Fault, text: str, data: dict[str, Any], where: str) -> ConfigError:
    from .locate import line_of, locate

    try:
        line = line_of(locate(text.removeprefix(_BOM)), fault.path)
    except RecursionError:
        line = 1
    place = _place(fault.path, data)
    return ConfigError(f"{where}:{line}: {place}{': ' if place else ''}{fault.text}", hint=fault.hint)


def _place(path: KeyPath, data: dict[str, Any]) -> str:
    """The table as the file writes it: `[[channels]] #2 "deepseek"`, `[profiles.work]`, `[[profiles.work.mappings]] #1`."""
    if path[:1] == ("channels",) and len(path) > 1:
        index = int(path[1])
        item = data["channels"][index]
        name = item.get("name") if isinstance(item, dict) else None
        return f"[[channels]] #{index + 1}" + (f' "{name}"' if isinstance(name, str) and name.isprintable() else "")
    if path[:1] == ("profiles",) and len(path) > 3 and path[2] == "mappings":
        return f"[[profiles.{path[1]}.mappings]] #{int(path[3]) + 1}"
    if path[:1] in (("profiles",), ("prices",)) and len(path) > 1:
        return f"[{path[0]}.{path[1]}]"
    return f"[{path[0]}]" if len(path) > 1 else ""


def _like(original: str, text: str) -> str:
    """The text with the original's byte order mark, and its line ends where all of them are CRLF."""
    if original.count("\n") and original.count("\n") == original.count("\r\n"):
        text = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return _BOM + text if original.startswith(_BOM) else text


def _uneditable(path: Path) -> ConfigError:
    return ConfigError(
        f"{path} is written in a way that cannot be edited safely; nothing was changed.", hint="Make the change by hand."
    )
