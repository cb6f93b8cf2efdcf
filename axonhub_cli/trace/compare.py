"""Two JSON bodies compared by their structure: which values came, went or changed, and where.

Items of lists are matched by their content first, so that an item that was put in does not make all that follow look changed;
what stands in the same place on both sides is looked into.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from ..errors import ProtocolError
from ..protocols.raw import dumps, loads

_LARGEST = 2000  # items of a list that are matched by content; longer lists are compared place by place


@dataclass(frozen=True, slots=True)
class Change:
    """One difference. `old` is None for what came, `new` for what went; values are as JSON has them."""

    kind: Literal["added", "removed", "changed"]
    path: str
    old: Any = None
    new: Any = None


def compare(old: bytes, new: bytes) -> list[Change]:
    """The changes that lead from one body to the other. A body that is no JSON is compared as a text."""
    return list(_values("", _loaded(old), _loaded(new)))


def _loaded(body: bytes) -> Any:
    try:
        return loads(body)
    except ProtocolError:
        return body.decode("utf-8", "replace")


def _values(path: str, old: Any, new: Any) -> Iterator[Change]:
    if isinstance(old, dict) and isinstance(new, dict):
        yield from _objects(path, old, new)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    elif type(old) is not type(new) or old != new:
        yield Change("changed", path or "(the whole body)", old, new)


def _objects(path: str, old: dict[str, Any], new: dict[str, Any]) -> Iterator[Change]:
    for key in old:
        where = f"{path}.{key}" if path else key
        if key in new:
            yield from _values(where, old[key], new[key])
        else:
            yield Change("removed", where, old=old[key])
    for key in new:
        if key not in old:
            yield Change("added", f"{path}.{key}" if path else key, new=new[key])


def _lists(path: str, old: list[Any], new: list[Any]) -> Iterator[Change]:
    if max(len(old), len(new)) > _LARGEST:
        yield from _places(path, old, new, 0, 0)
        return
    matcher = SequenceMatcher(None, [dumps(item) for item in old], [dumps(item) for item in new], autojunk=False)
    for _, start, end, other, until in (code for code in matcher.get_opcodes() if code[0] != "equal"):
        yield from _places(path, old[start:end], new[other:until], start, other)


def _places(path: str, old: list[Any], new: list[Any], start: int, other: int) -> Iterator[Change]:
    """Two runs of items, place by place; numbers are those of the side that an item is on, of the new one for changes."""
    both = min(len(old), len(new))
    for index in range(both):
        yield from _values(f"{path}[{other + index}]", old[index], new[index])
    for index, item in enumerate(old[both:], start + both):
        yield Change("removed", f"{path}[{index}]", old=item)
    for index, item in enumerate(new[both:], other + both):
        yield Change("added", f"{path}[{index}]", new=item)
