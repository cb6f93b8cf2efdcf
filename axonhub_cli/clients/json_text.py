"""JSON as text: change one member, and leave every other byte alone.

Comments and trailing commas are tolerated and kept (editors write them; strict readers of the file are their owner's
business): a first pass blanks them with spaces, so that offsets in the blanked text are offsets in the real one, and the
standard decoder finds where values end. What this misreads is caught by `edits.rewrite`.
"""

import json
import re
from typing import Any

from msgspec import Struct

_SKIP = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<comment>//[^\n]*|/\*.*?\*/)', re.DOTALL)
_COMMA = re.compile(r'"(?:[^"\\]|\\.)*"|(?P<comma>,)(?=\s*[}\]])', re.DOTALL)
_SPACE = re.compile(r"\s*")
_DECODER = json.JSONDecoder(strict=False)


class _Member(Struct, frozen=True):
    """`start` is where the key's quote stands; `value` where the value begins; `end` is behind the value."""

    key: str
    start: int
    value: int
    end: int


class _Object(Struct, frozen=True):
    """An object's braces and members: `start` is the opening brace, `end` the closing one."""

    start: int
    end: int
    members: list[_Member]


def load(text: str) -> dict[str, Any]:
    """The parsed value; an empty file is an empty object."""
    if not text.strip():
        return {}
    try:
        value = json.loads(_blanked(text), strict=False)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError("the file does not hold an object")  # callers expect ValueError for every bad file
    return value


def literal(value: Any) -> str:
    """A value's source text."""
    return json.dumps(value, ensure_ascii=False)


def comments(literal: str) -> list[str]:
    """The comments inside a value's source text."""
    return [match[0] for match in _SKIP.finditer(literal) if match["comment"]]


def find(text: str, path: tuple[str, ...]) -> str | None:
    """The source text of the value at `path`."""
    member = _find(_blanked(text), path)
    return text[member.value : member.end] if member else None


def put(text: str, path: tuple[str, ...], literal: str) -> str:
    """Set one member: in its place, else behind the last one of its object; objects above it are made."""
    if not text.strip():
        text = "{}\n"
    blanked = _blanked(text)
    member = _find(blanked, path)
    if member:
        return text[: member.value] + literal + text[member.end :]
    depth = next(length for length in range(len(path) - 1, -1, -1) if length == 0 or _find(blanked, path[:length]))
    return _insert(text, blanked, path[:depth], path[depth:], literal)


def drop(text: str, path: tuple[str, ...]) -> str:
    """Remove one member with its comma, and its line when nothing else is on it. Comments around it stay."""
    blanked = _blanked(text)
    holder = _object(blanked, path[:-1])
    index = max(number for number, member in enumerate(holder.members) if member.key == path[-1])
    member = holder.members[index]
    comma = _comma_after(text, member.end)
    if comma is not None and text[member.end : comma].strip():  # a comment before the comma
        text = _cut(text[:comma] + text[comma + 1 :], member.start, member.end, _skip(text, member.end))
    elif comma is not None:
        space = index == len(holder.members) - 1 and text[member.start - 1] == " "
        text = _cut(text, member.start - space, comma + 1, _skip(text, comma + 1))
    elif index:
        text = _without_comma_before(text, holder, index)
    else:
        text = _cut(text, member.start, member.end, member.end)
    return text if len(holder.members) > 1 else _collapsed(text, holder.start)


def _without_comma_before(text: str, holder: _Object, index: int) -> str:
    """The text without the last member, and without the comma that stood between it and the one before."""
    member, previous = holder.members[index], _comma_after(text, holder.members[index - 1].end)
    assert previous is not None
    start = member.start - (text[member.start - 1] == " " and previous < member.start - 1)
    text = text[:previous] + text[previous + 1 :]
    return _cut(text, start - 1, member.end - 1, member.end - 1)


def _collapsed(text: str, start: int) -> str:
    """The text with the object whose brace stands at `start` as `{}`, when white space is all that is left in it."""
    end = _skip(text, start + 1)
    return text[: start + 1] + text[end:] if text[end] == "}" else text


def drop_table(text: str, path: tuple[str, ...]) -> str:
    """Remove an empty object, unless somebody's comment stands in it."""
    member = _find(_blanked(text), path)
    if member is None or text[member.value : member.end].strip("{} \t\r\n"):
        return text
    return drop(text, path)


def _blanked(text: str) -> str:
    """The text with comments and trailing commas turned into spaces: same length, same lines."""

    def blank(match: re.Match[str]) -> str:
        return match[0] if match.lastgroup is None else re.sub(r"[^\n]", " ", match[0])

    return _COMMA.sub(blank, _SKIP.sub(blank, text))


def _skip(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    assert match is not None
    return match.end()


def _members(text: str, start: int) -> _Object:
    """The members of the object whose brace stands at `start`, in blanked text."""
    members = []
    position = _skip(text, start + 1)
    while text[position] != "}":
        if text[position] == ",":
            position = _skip(text, position + 1)
            continue
        key, after = _DECODER.raw_decode(text, position)
        value = _skip(text, _skip(text, after) + 1)
        _, end = _DECODER.raw_decode(text, value)
        members.append(_Member(key, position, value, end))
        position = _skip(text, end)
    return _Object(start, position, members)


def _object(text: str, path: tuple[str, ...]) -> _Object:
    found = _members(text, _skip(text, 0))
    for name in path:
        member = next(member for member in reversed(found.members) if member.key == name)
        found = _members(text, member.value)
    return found


def _find(text: str, path: tuple[str, ...]) -> _Member | None:
    """The member at `path` in blanked text; of two with one name the last counts, as it does for readers."""
    start = _skip(text, 0)
    member = None
    for name in path:
        if start >= len(text) or text[start] != "{":
            return None
        member = next((item for item in reversed(_members(text, start).members) if item.key == name), None)
        if member is None:
            return None
        start = member.value
    return member


def _comma_after(text: str, position: int) -> int | None:
    """Where the comma behind a value stands in the real text (comments may stand between)."""
    real = _SKIP.sub(lambda match: match[0] if match.lastgroup is None else " " * len(match[0]), text)
    position = _skip(real, position)
    return position if real[position : position + 1] == "," else None


def _insert(text: str, blanked: str, parent: tuple[str, ...], names: tuple[str, ...], literal: str) -> str:
    holder = _object(blanked, parent)
    newline = "\r\n" if text.count("\r\n") * 2 > text.count("\n") else "\n"
    unit = _unit(text)
    last = holder.members[-1] if holder.members else None
    if last and "\n" not in text[holder.start : holder.end]:
        return _splice(text, holder, " ", _flat(names, literal))
    indent = _indent(text, last.start) if last else _indent(text, holder.start) + unit
    member = _nested(names, literal, indent, unit, newline)
    if last:
        return _splice(text, holder, newline + indent, member)
    inside = text[holder.start + 1 : holder.end].rstrip()
    return text[: holder.start + 1] + inside + newline + indent + member + newline + indent[: -len(unit)] + text[holder.end :]


def _splice(text: str, holder: _Object, gap: str, member: str) -> str:
    """The comma directly behind the last value, the new member behind the comments that follow it. Where the last one had a
    comma already, so has the new one."""
    last = holder.members[-1].end
    between = text[last : holder.end]
    kept = between.rstrip()
    before, after = (",", "") if _comma_after(text, last) is None else ("", ",")
    return text[:last] + before + kept + gap + member + after + between[len(kept) :] + text[holder.end :]


def _flat(names: tuple[str, ...], literal: str) -> str:
    head = json.dumps(names[0])
    return f"{head}: {literal}" if len(names) == 1 else f"{head}: {{{_flat(names[1:], literal)}}}"


def _nested(names: tuple[str, ...], literal: str, indent: str, unit: str, newline: str) -> str:
    head = json.dumps(names[0])
    if len(names) == 1:
        return f"{head}: {literal}"
    inner = _nested(names[1:], literal, indent + unit, unit, newline)
    return f"{head}: {{{newline}{indent}{unit}{inner}{newline}{indent}}}"


def _indent(text: str, position: int) -> str:
    """The white space that begins the line at `position`."""
    line = text[text.rfind("\n", 0, position) + 1 : position]
    return line[: len(line) - len(line.lstrip(" \t"))]


def _unit(text: str) -> str:
    """One step of indentation: that of the file's first indented line."""
    match = re.search(r"\n([ \t]+)\S", text)
    return match[1] if match else "  "


def _cut(text: str, start: int, end: int, next_: int) -> str:
    """The text without `start` to `end`: with its line when nothing else is on it, else up to `next_` on the same line."""
    line_start = text.rfind("\n", 0, start) + 1
    line_end = text.find("\n", end)
    if not text[line_start:start].strip() and line_end >= 0 and not text[end:line_end].strip():
        return text[:line_start] + text[line_end + 1 :]
    return text[:start] + text[next_ if "\n" not in text[end:next_] else end :]
