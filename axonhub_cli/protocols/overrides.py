"""Carries out a channel's operations on a request (`types.override`), after everything else has been done to it.

Only the top-level keys that an operation names are opened; every other value keeps its bytes. An operation that finds nothing to
do changes nothing and is not told. What was done is on the request's receipt as `override`.
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from itertools import pairwise
from typing import Any, TypeAlias, TypeVar

import msgspec

from ..types.messages import Loss, Protocol
from ..types.override import BodyOverride, HeaderOverride, kept_header, steps
from .raw import Raw, dumps, loads, loads_object

Keys: TypeAlias = tuple[str, ...]
Item = TypeVar("Item", BodyOverride, HeaderOverride)
_top = msgspec.json.Decoder(dict[str, Raw]).decode


def meant(items: Iterable[Item], model: str, protocol: Protocol) -> list[Item]:
    """The operations that are for this model and protocol."""
    return [
        item
        for item in items
        if (not item.protocols or protocol in item.protocols)
        and (not item.models or any(fnmatchcase(model, pattern) for pattern in item.models))
    ]


def body(data: bytes, items: Iterable[BodyOverride]) -> tuple[bytes, list[Loss]]:
    """The body after the operations, and what was done. The same bytes when nothing was."""
    try:
        fields: dict[str, Any] = dict(_top(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        fields = loads_object(data)
    told = [Loss("override", item.told, "the channel's body_overrides say so") for item in items if _do(fields, item)]
    return (dumps(fields), told) if told else (data, told)


def headers(pairs: list[tuple[str, str]], items: Iterable[HeaderOverride]) -> tuple[list[tuple[str, str]], list[Loss]]:
    """The headers (names in lower case) after the operations, and what was done."""
    fields = dict(pairs)
    told = [Loss("override", item.told, "the channel's header_overrides say so") for item in items if _do_header(fields, item)]
    return list(fields.items()), told


def _do_header(fields: dict[str, str], item: HeaderOverride) -> bool:
    name, to = item.name.lower(), (item.to or "").lower()
    if kept_header(name) or kept_header(to):
        return False
    if item.op == "set" or (item.op == "set_if_absent" and name not in fields):
        changed = fields.get(name) != item.value
        fields[name] = item.value or ""
        return changed
    if item.op == "set_if_absent" or name not in fields:
        return False
    value = fields.pop(name)
    if item.op == "rename":
        fields[to] = value
    return True


def _do(fields: dict[str, Any], item: BodyOverride) -> bool:
    """One operation at every place that its path means. True when something changed."""
    places = list(_places(fields, steps(item.path)))
    done = [_at(fields, place, item) for place in reversed(places)]  # backwards: a deletion moves what comes after it
    return any(done)


def _at(fields: dict[str, Any], place: Keys, item: BodyOverride) -> bool:
    holder = _holder(fields, place, create=item.op in ("set", "set_if_absent"))
    key = place[-1]
    if item.op == "set":
        return _put(holder, key, item.value)
    there = _has(holder, key)
    if item.op == "set_if_absent":
        return not there and _put(holder, key, item.value)
    if not there:
        return False
    value = holder.pop(_index(holder, key))
    if item.op == "rename":
        to = _same(steps(item.to or ""), steps(item.path), place)
        _put(_holder(fields, to, create=True), to[-1], value)
    return True


def _same(to: Keys, path: Keys, place: Keys) -> Keys:
    """The new path, where each `*` stands for the same item as in the old one."""
    stars = iter([found for step, found in zip(path, place, strict=True) if step == "*"])
    return tuple(next(stars) if step == "*" else step for step in to)


def _places(fields: Any, keys: Keys, before: Keys = ()) -> Iterator[Keys]:
    """The path with every `*` replaced by the indexes that there are."""
    if "*" not in keys:
        yield before + keys
        return
    at = keys.index("*")
    inner = before + keys[:at]
    items = _holder(fields, (*inner, "*"), create=False)
    for index in range(len(items)) if isinstance(items, list) else ():
        yield from _places(fields, keys[at + 1 :], (*inner, str(index)))


def _holder(fields: Any, place: Keys, *, create: bool) -> Any:
    """The object or list that holds the place's last key; None where there is none (and none may be made)."""
    holder = fields
    for key, after in pairwise(place):
        if not _has(holder, key):
            if not (create and _put(holder, key, [] if after == "-" else {})):
                return None
            key = "-1" if key == "-" else key  # what was put behind the last item is the last one now
        at = _index(holder, key)
        if isinstance(holder[at], Raw):
            holder[at] = loads(bytes(holder[at]))
        holder = holder[at]
    return holder


def _has(holder: Any, key: str) -> bool:
    """Whether the key leads to a value; a null is none."""
    if isinstance(holder, dict):
        value = holder.get(key)
        return value is not None and not (isinstance(value, Raw) and bytes(value) == b"null")
    return isinstance(holder, list) and _index(holder, key) is not None


def _index(holder: Any, key: str) -> Any:
    """The key for that holder: itself for an object, a number within the bounds of a list, else None."""
    if isinstance(holder, dict):
        return key
    try:
        number = int(key)
    except ValueError:
        return None
    return number if -len(holder) <= number < len(holder) else None


def _put(holder: Any, key: str, value: Any) -> bool:
    """Put the value there. True when that changed something."""
    if isinstance(holder, list) and key == "-":
        holder.append(value)
        return True
    at = _index(holder, key) if isinstance(holder, dict | list) else None
    if at is None:
        return False
    old = holder.get(at, _put) if isinstance(holder, dict) else holder[at]
    if (loads(bytes(old)) if isinstance(old, Raw) else old) == value:
        return False
    holder[at] = value
    return True
