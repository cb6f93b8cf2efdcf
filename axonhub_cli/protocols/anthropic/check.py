"""Typed access to parsed JSON: a value of the wrong type is a `RequestError` that names the field, what is due and what came.

A key that is absent and a key that is null are the same thing here.
"""

from typing import Any, TypeVar, cast, overload

from ...errors import RequestError

T = TypeVar("T")
_DUE = {str: "a string", int: "an integer", bool: "true or false", dict: "an object", list: "a list", float: "a number"}
_OBJECT = frozenset({dict})
_FOUND = {**_DUE, int: "a number", type(None): "nothing"}


def wrong(path: str, due: str, found: object) -> RequestError:
    """The error for a value of the wrong type."""
    return RequestError(f"{path}: expected {due}, found {_FOUND.get(type(found), 'something else')}.", param=path)


@overload
def take(fields: dict[str, Any], key: str, kind: type[T], path: str, *, required: bool) -> T: ...
@overload
def take(fields: dict[str, Any], key: str, kind: type[T], path: str) -> T | None: ...
def take(fields: dict[str, Any], key: str, kind: type[T], path: str, *, required: bool = False) -> T | None:
    """The value of a key; None when it is absent and not required. `path` is the object's own path ("" at the top)."""
    value = fields.get(key)
    if type(value) is kind:  # nearly always
        return value
    if value is None and not required:
        return None
    return of_kind(value, kind, f"{path}.{key}" if path else key)


def of_kind(value: Any, kind: type[T], path: str) -> T:
    """The value, when it is of that kind. An integer is a number too; a boolean is neither."""
    accepted = (int, float) if kind is float else kind
    if not isinstance(value, accepted) or (isinstance(value, bool) and kind is not bool):
        raise wrong(path, _DUE[kind], value)
    return cast(T, value)


def objects(value: Any, path: str) -> list[dict[str, Any]]:
    """The value as a list of objects."""
    items: list[Any] = of_kind(value, list, path)
    if _OBJECT.issuperset(map(type, items)):
        return items
    return [of_kind(item, dict, f"{path}[{at}]") for at, item in enumerate(items)]
