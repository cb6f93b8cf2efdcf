"""TOML as text: change one value, and leave every other byte alone.

The text is cut into statements: a table's header, or a key with its value. Comments and blank lines belong to no statement,
so they are never touched. The scanner assumes text that `tomllib` accepts (`load` is called first), which keeps it to a few
regular expressions; what it misreads is caught by `edits.rewrite`, which compares the meaning afterwards. A byte-order mark
is the caller's business.
"""

import json
import re
import tomllib
from typing import Any

from msgspec import Struct

_KEY = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
_DOTTED = rf"{_KEY}(?:[ \t]*\.[ \t]*{_KEY})*"
_BLANK = re.compile(r"[ \t\r]*(?:#[^\n]*)?(?:\n|\Z)")
_HEADER = re.compile(rf"[ \t]*(\[\[?)[ \t]*({_DOTTED})[ \t]*\]\]?[^\n]*(?:\n|\Z)")
_PAIR = re.compile(rf"[ \t]*({_DOTTED})[ \t]*=[ \t]*")
_TOKEN = re.compile(
    r'(?P<text>"""(?:[^\\]|\\.)*?"""(?:"{0,2})' + r"|'''.*?'''(?:'{0,2})" + r'|"(?:[^"\\\n]|\\.)*"|' + r"'[^'\n]*')"
    r"|(?P<open>[\[{])|(?P<close>[\]}])|(?P<end>#[^\n]*|\r?\n)|(?P<space>[ \t\r]+)|(?P<other>[^\"'#\[\]{}\s]+)",
    re.DOTALL,
)
_BARE = re.compile(r"[A-Za-z0-9_-]+\Z")
_BLANK_LINE = re.compile(r"[ \t]*\r?\n")


class _Statement(Struct, frozen=True):
    """`start`: where its line begins; `end`: behind its line break. `array`: a `[[header]]`, or below one."""

    path: tuple[str, ...]
    start: int
    end: int
    header: bool
    array: bool
    value: tuple[int, int] = (0, 0)


def load(text: str) -> dict[str, Any]:
    """The parsed value. Floats stay text: they are compared, never used."""
    try:
        return tomllib.loads(text, parse_float=str)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def literal(value: str | int | bool) -> str:
    """A value's source text. JSON's strings are TOML's, but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def comments(_: str) -> list[str]:
    """None: what we write is one value on one line, and a comment behind it is not of it."""
    return []


def find(text: str, path: tuple[str, ...]) -> str | None:
    """The source text of the value at `path`."""
    pair = _pair(_scan(text), path)
    return text[slice(*pair.value)] if pair else None


def put(text: str, path: tuple[str, ...], literal: str) -> str:
    """Set one value: in its place, else at the end of its table, else in a new table at the end of the file."""
    statements = _scan(text)
    pair = _pair(statements, path)
    if pair:
        return text[: pair.value[0]] + literal + text[pair.value[1] :]
    line = f"{_name(path[-1])} = {literal}{_newline(text)}"
    if len(path) == 1:
        return _insert_at_top(text, statements, line)
    position = _end_of_table(statements, path[:-1])
    if position is None:
        return _append_table(text, path[:-1], line)
    return _complete(text[:position]) + line + text[position:]


def drop(text: str, path: tuple[str, ...]) -> str:
    """Remove one value's line; a comment behind it stays, as a line of its own."""
    pair = _pair(_scan(text), path)
    assert pair is not None
    behind = text[pair.value[1] : pair.end].lstrip(" \t")
    return _cut(text, pair.start, pair.end, behind if behind.startswith("#") else "")


def drop_table(text: str, path: tuple[str, ...]) -> str:
    """Remove an empty table's header. A table that has none is there only while something is in it."""
    header = next((item for item in _scan(text) if item.header and not item.array and item.path == path), None)
    return _cut(text, header.start, header.end, "") if header else text


def _scan(text: str) -> list[_Statement]:
    found: list[_Statement] = []
    table: tuple[str, ...] = ()
    array = False
    position = 0
    while position < len(text):
        if blank := _BLANK.match(text, position):
            position = blank.end()
        elif header := _HEADER.match(text, position):
            table = _keys(header[2])
            array = header[1] == "[["
            found.append(_Statement(table, position, header.end(), True, array))
            position = header.end()
        else:
            found.append(_read_pair(text, position, table, array))
            position = found[-1].end
    return found


def _read_pair(text: str, position: int, table: tuple[str, ...], array: bool) -> _Statement:
    match = _PAIR.match(text, position)
    if match is None:
        return _Statement(
            (), position, len(text), False, True
        )  # not understood: nothing behind it can be found, so nothing is edited
    value_end, end = _read_value(text, match.end())
    return _Statement((*table, *_keys(match[1])), position, end, False, array, (match.end(), value_end))


def _read_value(text: str, position: int) -> tuple[int, int]:
    """Where the value ends, and where its line does."""
    depth = 0
    value_end = position
    while token := _TOKEN.match(text, position):
        if token["end"] is not None and depth == 0:
            break
        position = token.end()
        depth += (token["open"] is not None) - (token["close"] is not None)
        if token["space"] is None and token["end"] is None:
            value_end = position
    line_end = text.find("\n", position)
    return value_end, len(text) if line_end < 0 else line_end + 1


def _keys(dotted: str) -> tuple[str, ...]:
    value: Any = tomllib.loads(f"{dotted} = 0")
    names = []
    while isinstance(value, dict):
        [(name, value)] = value.items()
        names.append(name)
    return tuple(names)


def _pair(statements: list[_Statement], path: tuple[str, ...]) -> _Statement | None:
    return next((item for item in statements if not item.header and not item.array and item.path == path), None)


def _name(key: str) -> str:
    return key if _BARE.match(key) else literal(key)


def _newline(text: str) -> str:
    """The line break that the file mostly uses."""
    windows = text.count("\r\n")
    return "\r\n" if windows * 2 > text.count("\n") else "\n"


def _complete(text: str) -> str:
    """The text with its last line ended."""
    return text if not text or text.endswith("\n") else text + _newline(text)


def _insert_at_top(text: str, statements: list[_Statement], line: str) -> str:
    """Behind the last top-level value; without one, above the first table and the comment that belongs to it."""
    first = next((index for index, item in enumerate(statements) if item.header), len(statements))
    if first:
        position = statements[first - 1].end
        return _complete(text[:position]) + line + text[position:]
    if not statements:
        return _complete(text) + line
    position = _comment_above(text, statements[0].start)
    return text[:position] + line + _newline(text) + text[position:]


def _comment_above(text: str, position: int) -> int:
    """Where the run of comment lines directly above `position` begins."""
    while position:
        start = text.rfind("\n", 0, position - 1) + 1
        if not text[start:position].lstrip(" \t").startswith("#"):
            break
        position = start
    return position


def _end_of_table(statements: list[_Statement], path: tuple[str, ...]) -> int | None:
    """Behind the last value of the table with that header."""
    position = None
    inside = False
    for item in statements:
        if item.header:
            inside = item.path == path and not item.array
        if inside:
            position = item.end
    return position


def _append_table(text: str, path: tuple[str, ...], line: str) -> str:
    newline = _newline(text)
    body = _complete(text)
    gap = newline if body.strip() else ""
    return f"{body}{gap}[{'.'.join(map(_name, path))}]{newline}{line}"


def _ends_blank(text: str) -> bool:
    return text == "" or text.endswith(("\n\n", "\n\r\n"))


def _cut(text: str, start: int, end: int, instead: str) -> str:
    """The text without a line. Where that leaves two blank lines in a row, or one at an edge, the one of `put` goes too."""
    before, after = text[:start] + instead, text[end:]
    blank = _BLANK_LINE.match(after)
    if _ends_blank(before) and blank:
        return before + after[blank.end() :]
    if not after and before.endswith("\n\r\n"):
        return before[:-2]
    return before[:-1] if not after and before.endswith("\n\n") else before + after
