"""Requests that go on with earlier ones: what both have is not read again.

A client's request is mostly what the same client has sent before, byte for byte: the first items of the conversation, tools,
instructions. A short string stands for each of them while the rest is read: where that is found in the place of what it stands
for (as the first item, as the tools), the parser would have found that there, which is known already. In any other case all is
read.
"""

import re
from bisect import bisect_right
from collections.abc import Hashable
from typing import Any

import msgspec

from ..types.edited import Edited
from ..types.latest import Latest
from ..types.once import once
from .body import ITEMS, ClientBody, Glance, Known, look

_COMMA = re.compile(rb"[ \t\r\n]*,[ \t\r\n]*")
_VALUES = ("tools", "system", "instructions")
_FIRST = "first items"
_MARK = b'"axonhub: the same '
_STAND_INS = {name: b'%b%b"' % (_MARK, name.encode()) for name in (*_VALUES, _FIRST)}
_FEW = 1024  # bytes of a value that are read again
_Cut = tuple[int, int, str]  # from where to where is what


class Bodies:
    """What clients sent last. For one thread."""

    def __init__(self) -> None:
        self._latest = Latest[_Base]()

    def read(self, sender: Hashable, data: bytes, in_path: dict[str, Any] | None = None) -> ClientBody:
        """A request's body; its `kept` says what of it is new. `sender`: who goes on with what was sent before. Raises
        `ProtocolError` when it is no JSON object."""
        found = self._latest.edit(sender, data)
        if found is not None:
            edit, base = found
            return ClientBody(data, in_path, base.known(edit, data), edit)
        body = ClientBody(data, in_path)
        self._latest.put(sender, data, _Base(data, body.seen))
        return body


class _Base:
    """A body that others go on with, and what was found in it."""

    def __init__(self, data: bytes, seen: Glance | None) -> None:
        self._data, self._seen = data, seen
        self._said: dict[tuple[bytes, ...], bool] = {}

    def known(self, edit: Edited, data: bytes) -> Known | None:
        """What is found in the body that is this edit; None when it has to be read like any other."""
        shape = self._shape
        if shape is None or self._seen is None:
            return None
        key, first, ends, values = shape
        count = bisect_right(ends, edit.start)
        cuts: list[_Cut] = [(first, ends[count - 1], _FIRST)] if count else []
        longer = len(data) - len(self._data)
        for name, (start, end) in values.items():
            if start >= edit.end:
                cuts.append((start + longer, end + longer, name))
            elif end <= edit.start:
                cuts.append((start, end, name))
        found = _read_without(data, cuts, key) if cuts else None
        if found is None:
            return None
        seen, once, items = found
        setattr(seen, key, [*getattr(self._seen, key)[:count], *items])
        for name in values:
            if bytes(getattr(seen, name)) == _STAND_INS[name]:
                setattr(seen, name, getattr(self._seen, name))
        return Known(seen, once, count, self._says)

    def _says(self, marks: tuple[bytes, ...]) -> bool:
        """Whether one of these stands in what the model has said in this one."""
        if marks not in self._said:
            self._said[marks] = ClientBody(self._data, None, Known(self._seen, False, 0, None)).said(marks)
        return self._said[marks]

    @once
    def _shape(self) -> tuple[str, int, list[int], dict[str, tuple[int, int]]] | None:
        """The name of the conversation, where it begins, where its items end, and where other large values are. All are found by
        their bytes, which may stand somewhere else, too: that does no harm. None where there is no conversation."""
        seen = self._seen
        key = next((name for name in ITEMS if isinstance(getattr(seen, name, None), list)), None)
        if seen is None or key is None or not getattr(seen, key):
            return None
        items = [bytes(item) for item in getattr(seen, key)]
        first = self._data.find(items[0])
        ends = _ends(self._data, first, items)
        if ends is None:
            return None
        values = {}
        for name in _VALUES:
            value = bytes(getattr(seen, name))
            if len(value) >= _FEW:
                at = self._data.rfind(value)
                values[name] = at, at + len(value)
        return key, first, ends, values


def _ends(data: bytes, at: int, items: list[bytes]) -> list[int] | None:
    """Where items end that follow each other from a place on."""
    ends: list[int] = []
    for item in items:
        if ends:
            comma = _COMMA.match(data, at)
            if comma is None:
                return None
            at = comma.end()
        if not data.startswith(item, at):
            return None
        at += len(item)
        ends.append(at)
    return ends


def _read_without(data: bytes, cuts: list[_Cut], key: str) -> tuple[Glance, bool, list[Any]] | None:
    """What is found in a body in which something stands for parts of it, and the items behind the one that stands for the first.
    None where these are not found in their places."""
    pieces: list[bytes | memoryview] = []
    view, at = memoryview(data), 0
    for start, end, name in sorted(cuts):
        if start < at:
            return None
        pieces += (view[at:start], _STAND_INS[name])
        at = end
    short = b"".join((*pieces, view[at:]))
    if short.count(_MARK) != len(cuts):
        return None
    try:
        seen, once = look(short)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    items = getattr(seen, key)
    if not isinstance(items, list):
        return None
    for *_, name in cuts:
        place = getattr(seen, name) if name != _FIRST else items[0] if items else b""
        if bytes(place) != _STAND_INS[name]:
            return None
    return seen, once, items[1:] if items and bytes(items[0]) == _STAND_INS[_FIRST] else items
