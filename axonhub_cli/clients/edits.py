"""Edits of somebody else's file, as data: what shall be where, and the text that results.

A client's file is never rewritten. An edit changes the bytes of one value (or adds, or removes, one line), and every other
byte stays: comments, order, spacing, line endings. The two kinds of file (`toml_text`, `json_text`) offer the same small set
of functions over text, the `Kind` below; everything above them does not care which it is.

The promise is checked, not hoped for: `rewrite` parses the text before and after, applies the same changes to the parsed
value, and refuses (`ClientFileError`, nothing written) when the two differ. A file in a form that the text functions do not
understand, such as an inline table, ends there with a sentence instead of in damage.
"""

import copy
import difflib
import re
from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Any, Literal, Protocol, TypeAlias, cast

from msgspec import Struct

from ..errors import ClientFileError
from . import json_text, toml_text

KeyPath: TypeAlias = tuple[str, ...]
KindName: TypeAlias = Literal["toml", "json"]
Scalar: TypeAlias = str | int | bool
Value: TypeAlias = Scalar | list[Any] | dict[str, Any]  # the latter two in JSON only, as one value


class Edit(Struct, frozen=True):
    """One value at `path` (None: nothing may be there). `own`: nobody else writes that value, so where it is found it is ours."""

    path: KeyPath
    value: Value | None
    own: bool = False


class Change(Struct, frozen=True):
    """One change of text: `literal` is the value's source text, None removes it."""

    path: KeyPath
    literal: str | None


class Kind(Protocol):
    """What a kind of file can do. All functions take and give the whole text and assume that `load` accepts it."""

    def load(self, text: str) -> dict[str, Any]:
        """The parsed value; ValueError says what is wrong and where."""

    def literal(self, value: Any) -> str:
        """A value's source text."""

    def comments(self, literal: str) -> list[str]:
        """The comments inside a value's source text."""

    def find(self, text: str, path: KeyPath) -> str | None:
        """The source text of the value at `path`; None when it is not there as a value of its own."""

    def put(self, text: str, path: KeyPath, literal: str) -> str:
        """Set one value; tables above it are made when they are missing."""

    def drop(self, text: str, path: KeyPath) -> str:
        """Remove one value that `find` finds."""

    def drop_table(self, text: str, path: KeyPath) -> str:
        """Remove an empty table."""


_KINDS: dict[KindName, ModuleType] = {"toml": toml_text, "json": json_text}


def kind(name: KindName) -> Kind:
    """The functions for one kind of file."""
    return cast(Kind, _KINDS[name])


def lookup(value: Any, path: KeyPath) -> Any:
    """The parsed value at `path`, None when there is none."""
    for name in path:
        if not isinstance(value, dict) or name not in value:
            return None
        value = value[name]
    return value


def same(kind_: Kind, left: str | None, right: str | None) -> bool:
    """Whether two source texts mean the same value; None means absent."""
    if left is None or right is None:
        return left is right
    return left == right or _meaning(kind_, left) == _meaning(kind_, right)


def _meaning(kind_: Kind, literal: str) -> Any:
    return kind_.load(f"x = {literal}" if kind_ is kind("toml") else '{"x": ' + literal + "}")["x"]


def missing_tables(value: dict[str, Any], paths: Iterable[KeyPath]) -> tuple[KeyPath, ...]:
    """The tables above `paths` that are not there yet, outermost first."""
    above = {path[:length] for path in paths for length in range(1, len(path))}
    return tuple(sorted((table for table in above if lookup(value, table) is None), key=lambda table: (len(table), table)))


def rewrite(kind_: Kind, text: str, changes: Sequence[Change], where: str, *, tables: Sequence[KeyPath] = ()) -> str:
    """The text with the changes made, and with those of `tables` removed that are empty afterwards."""
    before = kind_.load(text)
    wanted = copy.deepcopy(before)
    result = text
    for change in changes:
        _check_parents(before, change.path, where)
        result = _change(kind_, result, change)
        if change.literal is None:
            _remove(wanted, change.path)
        else:
            _set(wanted, change.path, _meaning(kind_, change.literal))
    for table in sorted(tables, key=len, reverse=True):
        if lookup(wanted, table) == {}:
            result = kind_.drop_table(result, table)
            _remove(wanted, table)  # so that the table around it may be empty, too
    _check_meaning(kind_, result, wanted, changes, where)
    return result


def _change(kind_: Kind, text: str, change: Change) -> str:
    if change.literal is not None:
        return kind_.put(text, change.path, change.literal)
    return text if kind_.find(text, change.path) is None else kind_.drop(text, change.path)


def _check_parents(value: Any, path: KeyPath, where: str) -> None:
    for length, name in enumerate(path[:-1], 1):
        if name not in value:
            return
        value = value[name]
        if not isinstance(value, dict):
            dotted = ".".join(path[:length])
            raise ClientFileError(
                f"{where}: {dotted} is {_describe(value)} where a table is expected; nothing was written.",
                hint=f"Correct {dotted} in that file, then run the command again.",
            )


def _describe(value: Any) -> str:
    names = {list: "a list", str: "a string", bool: "a boolean", int: f"the number {value}", type(None): "null"}
    return names.get(type(value), f"a {type(value).__name__}")


def _check_meaning(kind_: Kind, text: str, wanted: dict[str, Any], changes: Sequence[Change], where: str) -> None:
    try:
        if _pruned(kind_.load(text)) == _pruned(wanted):
            return
    except ValueError:
        pass  # the text no longer parses: the same refusal
    by_hand = ", ".join(".".join(change.path) for change in changes)
    raise ClientFileError(
        f"{where} is written in a form that cannot be edited without touching other parts of it; nothing was written.",
        hint=f"Edit these by hand, or write inline tables as tables of their own: {by_hand}.",
    )


def _set(value: dict[str, Any], path: KeyPath, new: Any) -> None:
    for name in path[:-1]:
        value = value.setdefault(name, {})
    value[path[-1]] = new


def _remove(value: dict[str, Any], path: KeyPath) -> None:
    holder = lookup(value, path[:-1])
    if isinstance(holder, dict):
        holder.pop(path[-1], None)


def _pruned(value: Any) -> Any:
    """The value without empty tables: whether an empty one is spelled out changes no meaning."""
    if not isinstance(value, dict):
        return value
    inner = {name: _pruned(item) for name, item in value.items()}
    return {name: item for name, item in inner.items() if item != {}}


_SECRET = re.compile(
    r"((?:token|api_key|apikey|secret|password)[\"']?\s*[:=]\s*[\"'])(?!\{env:|\$|keyring:|env:)([^\"'\s]{8,})", re.IGNORECASE
)  # a reference is none


def masked(text: str) -> str:
    """Text for showing: the values of keys that name a secret keep their first characters only."""
    return _SECRET.sub(lambda match: f"{match[1]}{match[2][:5]}…", text)


def diff(before: str, after: str, name: str) -> str:
    """A unified diff for showing, secrets masked; empty when nothing changes."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="")
    return masked("\n".join(lines))
