"""Where in a TOML text a key stands. Only looked at when there is an error to report, so that reading stays cheap.

`locate(text)` maps paths such as `("channels", 1, "models", 0)` to line numbers. The text has already passed tomllib, so the
scanner may trust its syntax: it only has to find where keys and values begin and end.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]

_DEEP = 10  # keys; no path of ours is that long, and a hostile file must not make millions of long ones
_KEY = re.compile(r"""[ \t]*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([A-Za-z0-9_-]+))[ \t]*""")
_STRING = re.compile(r'"""(?:[^\\]|\\.)*?"{3,5}|\'\'\'.*?\'{3,5}|"(?:[^"\\]|\\.)*"|\'[^\']*\'', re.DOTALL)
_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_PLAIN = re.compile(r"[^,\]}\n#]*")


def locate(text: str) -> dict[Path, int]:
    """The line of every key and array item, counted from 1."""
    return _Scanner(text).run()


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of that path, or of the nearest thing around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _plain_key(match: re.Match[str]) -> str:
    quoted, literal, bare = match.groups()
    if quoted is None:
        return literal if bare is None else bare
    try:
        return str(tomllib.loads(f'key = "{quoted}"')["key"])
    except tomllib.TOMLDecodeError:
        return str(quoted)


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.line = 1
        self._counted = 0
        self.lines: dict[Path, int] = {}
        self._arrays: dict[Path, int] = {}  # path of an array of tables -> index of its last item

    def run(self) -> dict[Path, int]:
        table: Path = ()
        self._space()
        while self.at < len(self.text):
            if self.text[self.at] == "[":
                table = self._header()
            else:
                self._pair(table)
            self._space()
        return self.lines

    def _space(self) -> None:
        self._skip(_SPACE)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        self.at = match.end() if match else self.at + 1

    def _mark(self, path: Path) -> None:
        self.line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        self.lines.setdefault(path, self.line)

    def _keys(self) -> list[str]:
        keys = []
        while match := _KEY.match(self.text, self.at):
            keys.append(_plain_key(match))
            self.at = match.end()
            if len(keys) > _DEEP:
                keys.pop()
            if self.text[self.at : self.at + 1] != ".":
                break
            self.at += 1
        return keys

    def _header(self) -> Path:
        array = self.text.startswith("[[", self.at)
        self.at += 2 if array else 1
        *parents, last = self._keys()
        self.at += 2 if array else 1
        path: Path = ()
        for key in parents:
            path = self._inside((*path, key))
            self._mark(path)
        path = (*path, last)
        if array:
            self._arrays[path] = self._arrays.get(path, -1) + 1
            self._mark(path)
            path = self._inside(path)
        self._mark(path)
        return path

    def _inside(self, path: Path) -> Path:
        return (*path, self._arrays[path]) if path in self._arrays else path

    def _pair(self, table: Path) -> None:
        path = table
        for key in self._keys():
            path = (*path, key)
            self._mark(path)
        self.at += 1  # the "="
        self._space()
        self._value(path)

    def _value(self, path: Path) -> None:
        opening = self.text[self.at : self.at + 1]
        if opening == "[":
            self._items(path)
        elif opening == "{":
            self._inline(path)
        else:
            self._skip(_STRING if opening in ('"', "'") else _PLAIN)

    def _items(self, path: Path) -> None:
        self.at += 1
        index = 0
        self._space()
        while self.at < len(self.text) and self.text[self.at] != "]":
            self._mark((*path, index))
            self._value((*path, index))
            index += 1
            self._comma()
        self.at += 1

    def _inline(self, path: Path) -> None:
        self.at += 1
        self._space()
        while self.at < len(self.text) and self.text[self.at] != "}":
            self._pair(path)
            self._comma()
        self.at += 1

    def _comma(self) -> None:
        self._space()
        if self.text[self.at : self.at + 1] == ",":
            self.at += 1
        self._space()
